"""The mail server that letters are handed to."""

import ssl
from dataclasses import dataclass, field
from ipaddress import ip_address

from flows.errors import ConfigurationError
from flows.post.smtp.token import TokenSource


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail is handed in. ``security`` is tls, starttls or none; ``timeout`` in seconds."""

    host: str
    port: int
    security: str = "tls"
    user: str = ""
    password: str = field(default="", repr=False)
    timeout: float = 600.0
    token: TokenSource | None = field(default=None, repr=False)
    """For XOAUTH2 in place of the password."""
    context: ssl.SSLContext | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.security == "none" and not loopback(self.host):
            raise ConfigurationError(
                f"SMTP_SECURITY: none is allowed only to this machine, not to {self.host}; "
                "use tls (port 465) or starttls (port 587)"
            )

    @property
    def name(self) -> str:
        """host:port, as messages name it."""
        return f"{self.host}:{self.port}"


def loopback(host: str) -> bool:
    """Whether the host is this machine, by name or number, without asking the network."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
