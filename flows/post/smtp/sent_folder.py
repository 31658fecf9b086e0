"""Evidence from outside: whether a Message-ID lies in the Sent or archive mailbox (IMAP)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from imap_tools import AND, H

from flows.post.smtp.imap import ImapFolder, opened

_CHUNK = 200
"""Headers that are fetched with one command."""


@dataclass(frozen=True, slots=True)
class SentMail:
    """A mail that lies there, by its header."""

    message_id: str
    date: str
    to: str
    subject: str

    def __str__(self) -> str:
        return f"{self.date}, to {self.to}: {self.subject}"


def sent_mails(archive: ImapFolder, since: datetime | None) -> dict[str, SentMail]:
    """The mails that lie there, by Message-ID; those that came in since that day, where one is
    given. Raises ImapError."""
    mails: dict[str, SentMail] = {}
    with opened(archive) as box:
        # A day earlier: IMAP's SINCE knows no time zones (RFC 9051, 6.4.4).
        criteria = AND(date_gte=(since - timedelta(days=1)).date()) if since else "ALL"
        for message in box.fetch(criteria, headers_only=True, mark_seen=False, bulk=_CHUNK):
            for identity in message.obj.get_all("Message-ID") or ():
                key = str(identity).strip()
                mails[key] = SentMail(key, message.date_str, ", ".join(message.to), message.subject)
    return mails


def found(archive: ImapFolder, message_id: str) -> bool:
    """Whether a message with this Message-ID lies there. Raises ConfigurationError."""
    with opened(archive) as box:
        # The server's search is by substring; the header itself decides.
        query = AND(header=H("Message-ID", message_id.strip("<>")))
        for message in box.fetch(query, headers_only=True, mark_seen=False):
            if message_id in [value.strip() for value in message.headers["message-id"]]:
                return True
    return False
