"""DKIM signatures (RFC 6376), for offices whose mail server does not sign."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from flows.errors import ConfigurationError

_SIGNED = (
    "from",
    "to",
    "cc",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "content-type",
    "list-id",
    "list-unsubscribe",
    "list-unsubscribe-post",
)
"""Header fields that a signature covers where a message has them (RFC 6376 5.4.1, RFC 8058 4)."""


@dataclass(frozen=True, slots=True)
class Signer:
    """A domain's private key and the selector under which its public key is in the DNS."""

    domain: str
    selector: str
    key: bytes = field(repr=False)
    """PEM."""

    @classmethod
    def load(cls, domain: str, selector: str, path: Path) -> "Signer":
        """The signer with the key in this file. Raises ConfigurationError."""
        try:
            made = cls(domain, selector, path.read_bytes())
            made.signed(b"From: chair@example.org\r\n\r\n", datetime(2013, 9, 4))
        except OSError as error:
            raise ConfigurationError(
                f"MAIL_DKIM_KEY: {path}: cannot be read ({error.strerror})"
            ) from error
        except ConfigurationError as error:
            raise ConfigurationError(f"MAIL_DKIM_KEY: {path}: {error}") from error
        return made

    def signed(self, content: bytes, at: datetime) -> bytes:
        """The message with a DKIM-Signature of this moment before it; equal arguments give equal
        bytes. Raises ConfigurationError where the key cannot be used."""
        import dkim  # slow to load, and most offices' servers sign

        stamp = str(int(at.timestamp())).encode()

        class Dated(dkim.DKIM):  # type: ignore[misc]
            """The library takes the time from the clock, and would sign two attempts apart."""

            def gen_header(self, fields: Sequence[tuple[bytes, bytes]], *rest: Any) -> bytes:
                dated = [(tag, stamp if tag == b"t" else value) for tag, value in fields]
                made: bytes = super().gen_header(dated, *rest)
                return made

        present = {
            line.partition(b":")[0].strip().lower().decode()
            for line in content.partition(b"\r\n\r\n")[0].split(b"\r\n")
            if line[:1] not in (b" ", b"\t")
        }
        try:
            header: bytes = Dated(content).sign(
                self.selector.encode(),
                self.domain.encode(),
                self.key,
                canonicalize=(b"relaxed", b"relaxed"),
                include_headers=[name for name in _SIGNED if name in present],
            )
        except (dkim.DKIMException, ValueError, UnicodeError) as error:
            raise ConfigurationError(
                f"not an RSA key that can sign ({error}); make one with: "
                "openssl genrsa -out dkim.pem 2048"
            ) from error
        return header + content
