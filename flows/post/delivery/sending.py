"""What a sending is, what it says while it runs, and what it came to."""

import threading
import time
from dataclasses import dataclass
from datetime import datetime

from flows.errors import ConfigurationError
from flows.post.mailing import return_path
from flows.post.states import State

CONNECTIONS_IN_ALL = 16
"""SMTP_CONNECTIONS_IN_ALL: connections that all workers together may have open to one server."""
SAME_REFUSALS = 3
"""MAIL_SAME_REFUSALS: how many readers in a row the same unknown words may refuse."""
_LOOK = 1.0
"""Seconds after which a wait looks whether another connection has ended the run."""


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
    counted: bool = False
    """One of many of its kind: it moves a progress bar and is not worth a line. A line with their
    number comes when the sender ends."""


@dataclass(frozen=True, slots=True)
class SendResult:
    """What one run did: attempts by the state they led to, and what it left."""

    counts: dict[State, int]
    waiting: int
    """Letters by mail that are still ready or deferred."""
    next_due: datetime | None = None
    stopped: str = ""
    """Why the run ended before everything due was tried; blank where it was not."""
    needs_person: bool = False
    """Whether it stopped for something that a person has to put right or to answer."""


class AccountRefusedError(ConfigurationError):
    """The server refused the account that sends; no letter is to blame. The run stops."""


class Stop:
    """The one thing that ends a run early: somebody asked for it, or a connection found a reason.

    Shared by all connections of a worker.
    """

    def __init__(self, asked: threading.Event | None = None) -> None:
        """``asked`` is set from outside to end the run after the letters in hand."""
        self._asked = asked or threading.Event()
        self._lock = threading.Lock()
        self.reason = ""
        self.error: ConfigurationError | None = None
        """The reason as an error where a person has to correct something first."""

    def begin(self) -> None:
        """Forget the last run's reason."""
        self.reason, self.error = "", None

    @property
    def asked(self) -> bool:
        """Whether it was asked for from outside."""
        return self._asked.is_set()

    @property
    def over(self) -> bool:
        """Whether no further letter may be begun."""
        return bool(self.reason) or self._asked.is_set()

    def end(self, reason: str | ConfigurationError) -> None:
        """End the run on every connection; the first reason stands."""
        with self._lock:
            if not self.reason:
                self.reason = str(reason) or "a connection failed"
                self.error = reason if isinstance(reason, ConfigurationError) else None

    def wait(self, seconds: float) -> bool:
        """Wait; True as soon as the run is over, False after ``seconds``."""
        until = time.monotonic() + seconds
        while not self.over:
            left = until - time.monotonic()
            if left <= 0:
                return False
            self._asked.wait(min(left, _LOOK))
        return True
