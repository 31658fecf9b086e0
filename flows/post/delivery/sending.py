"""What a sending is, what it says while it runs, and what it came to."""

from dataclasses import dataclass
from datetime import datetime

from flows.post.mailing import return_path
from flows.post.states import State


@dataclass(frozen=True, slots=True)
class Sending:
    """What is sent and to whom it may go. ``rehearsal`` 0 is live."""

    mailing: str
    sender: str
    """RFC 5321 reverse-path."""
    rehearsal: int = 0
    redirect: str = ""
    """A rehearsal's only recipient (MAIL_REDIRECT_TO); blank: the built-in mailbox."""
    archive: str = ""
    """Gets a copy of each letter in the same transaction (MAIL_BCC_ARCHIVE)."""
    bounces: str = ""
    """Where reports of letters that did not arrive go (MAIL_BOUNCES_TO); blank: to ``sender``."""
    hash: str = ""
    """The mailing's."""

    def reverse_path(self, dispatch: str) -> str:
        """The envelope sender of this dispatch: with its token, where ``bounces`` is set."""
        return (
            return_path.address(self.bounces, self.hash, dispatch) if self.bounces else self.sender
        )


@dataclass(frozen=True, slots=True)
class SendEvent:
    """One thing that happened, for a progress bar and a log. No address, no content."""

    text: str
    dispatch: str = ""
    state: State | None = None


@dataclass(frozen=True, slots=True)
class SendResult:
    """What one run did: attempts by the state they led to, and what it left."""

    counts: dict[State, int]
    waiting: int
    """Letters by mail that are still ready or deferred."""
    next_due: datetime | None = None
    stopped: str = ""
    """Why the run ended before everything due was tried; blank where it was not."""
