"""Evidence from outside: whether a Message-ID lies in the Sent or archive mailbox (IMAP)."""

import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from imap_tools import AND, BaseMailBox, H, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError

from flows.errors import ConfigurationError
from flows.post.smtp.server import loopback

_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class ImapFolder:
    """The mailbox that holds what went out. ``security`` as for the mail server."""

    host: str
    port: int
    security: str
    user: str
    password: str = field(repr=False)
    folder: str = "Sent"

    def __post_init__(self) -> None:
        if self.security == "none" and not loopback(self.host):
            raise ConfigurationError(
                f"IMAP_SECURITY: none is allowed only to this machine, not to {self.host}; "
                "use tls (port 993) or starttls (port 143)"
            )


def found(archive: ImapFolder, message_id: str) -> bool:
    """Whether a message with this Message-ID lies there. Raises ConfigurationError."""
    with _open(archive) as box:
        # The server's search is by substring; the header itself decides.
        query = AND(header=H("Message-ID", message_id.strip("<>")))
        for message in box.fetch(query, headers_only=True, mark_seen=False):
            if message_id in [one.strip() for one in message.headers["message-id"]]:
                return True
    return False


@contextmanager
def _open(archive: ImapFolder) -> Iterator[BaseMailBox]:
    where = f"{archive.host}:{archive.port}"
    try:
        connected = _connect(archive)
        ascii_only = archive.user.isascii() and archive.password.isascii()
        login = connected.login if ascii_only else connected.login_utf8
        box = login(archive.user, archive.password, archive.folder)
        try:
            yield box
        finally:
            box.logout()
    except (ImapToolsError, OSError, UnicodeError, imaplib.IMAP4.error) as error:
        words = " ".join(str(error).split())[:200]
        raise ConfigurationError(
            f"{where}: the mailbox {archive.folder} cannot be searched ({words}); "
            "check IMAP_HOST, IMAP_PORT, IMAP_SECURITY, IMAP_USER, IMAP_PASSWORD and IMAP_FOLDER"
        ) from error


def _connect(archive: ImapFolder) -> BaseMailBox:
    if archive.security == "none":
        return MailBoxUnencrypted(archive.host, archive.port, timeout=_SECONDS)
    context = ssl.create_default_context()
    if archive.security == "starttls":
        return MailBoxStartTls(archive.host, archive.port, _SECONDS, ssl_context=context)
    return MailBox(archive.host, archive.port, _SECONDS, ssl_context=context)
