"""A folder of an IMAP server, opened, and every way that it can fail as one clear line."""

import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError

from flows.errors import ConfigurationError
from flows.post.smtp.server import loopback
from flows.post.smtp.token import TokenSource

_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class ImapFolder:
    """One folder of one account. ``security`` as for the mail server."""

    host: str
    port: int
    security: str
    user: str
    password: str = field(repr=False)
    folder: str = "Sent"
    token: TokenSource | None = field(default=None, repr=False)
    """For XOAUTH2 in place of the password."""

    def __post_init__(self) -> None:
        if self.security == "none" and not loopback(self.host):
            raise ConfigurationError(
                f"IMAP_SECURITY: none is allowed only to this machine, not to {self.host}; "
                "use tls (port 993) or starttls (port 143)"
            )

    @property
    def name(self) -> str:
        """What messages and the ledger call it: without the password."""
        return f"{self.user}@{self.host}:{self.port}/{self.folder}"


class ImapError(ConfigurationError):
    """The folder cannot be opened or read; the text says which, why, and what to check."""


@contextmanager
def opened(imap: ImapFolder, *, read_only: bool = True) -> Iterator[BaseMailBox]:
    """The folder, selected; ``read_only`` by EXAMINE, so that nothing in it can change.

    Raises ImapError, for whatever goes wrong within the block as well.
    """
    where = f"{imap.host}:{imap.port}"
    try:
        box = _connect(imap)
        try:
            _log_in(box, imap)
            box.folder.set(imap.folder, readonly=read_only)
            yield box
        finally:
            with suppress(ImapToolsError, OSError, imaplib.IMAP4.error):
                box.logout()
    except (ImapToolsError, OSError, UnicodeError, imaplib.IMAP4.error) as error:
        secret = "the token (IMAP_AUTH)" if imap.token else "IMAP_PASSWORD"
        said = " ".join(str(error).split())[:200] or type(error).__name__
        raise ImapError(
            f"{where}: the mailbox {imap.folder} cannot be read ({said}); check IMAP_HOST, "
            f"IMAP_PORT, IMAP_SECURITY, IMAP_USER, {secret} and the folder "
            "(IMAP_FOLDER, IMAP_INBOX)"
        ) from error


def _log_in(box: BaseMailBox, imap: ImapFolder) -> None:
    if imap.token:
        box.xoauth2(imap.user, imap.token.token(), None)
        return
    ascii_only = imap.user.isascii() and imap.password.isascii()
    login = box.login if ascii_only else box.login_utf8
    login(imap.user, imap.password, None)


def _connect(imap: ImapFolder) -> BaseMailBox:
    if imap.security == "none":
        return MailBoxUnencrypted(imap.host, imap.port, timeout=_SECONDS)
    context = ssl.create_default_context()
    if imap.security == "starttls":
        return MailBoxStartTls(imap.host, imap.port, _SECONDS, ssl_context=context)
    return MailBox(imap.host, imap.port, _SECONDS, ssl_context=context)
