"""Opening connections to the mail server, and leaving it alone when it says so."""

import threading
import time
from collections.abc import Callable
from contextlib import nullcontext

from flows.errors import ConfigurationError
from flows.post.delivery.sending import SendEvent, Stop
from flows.post.ledger.slots import Slots
from flows.post.smtp.server import Server
from flows.post.smtp.session import LoginRefusedError, Session, UnavailableError

_LONGEST_PAUSE = 60.0
_TRIES_UNANSWERED = 3
_SHORT_PAUSES = 3
"""Pauses that even a run without patience takes: one lost connection is not to end it."""
_REFUSED_LOGINS = 2


class Connector:
    """Opens connections to one server for all connections of a worker, with one back-off."""

    def __init__(
        self,
        server: Server,
        allowed: frozenset[str],
        slots: Slots,
        stop: Stop,
        report: Callable[[SendEvent], None],
    ) -> None:
        """``allowed`` are the only addresses that RCPT may name; ``slots`` bound the connections
        of all workers together."""
        self.server = server
        self._allowed = allowed
        self._slots = slots
        self._stop = stop
        self._report = report
        self._lock = threading.Lock()
        self._failures = 0
        self._refused_logins = 0
        self._answered = False
        self._stands = False
        self._opening = threading.Lock()
        self._fatal: ConfigurationError | None = None
        self._not_before = self._rest_until = 0.0
        self._why = "the mail server is not available"
        self.deadline = 0.0
        """Until when (monotonic clock) to wait for the server."""

    def slot(self) -> int | str:
        """A slot for one more connection; else why there is none.

        Blank where the run is over, or where this worker has a connection already: the others'
        connections do the rest. Raises LedgerUnavailableError.
        """
        taken = f"all {self._slots.most} connections to {self.server.name} that may be open at once"
        said = False
        while not self._stop.over:
            found = self._slots.take()
            if found is not None:
                return found
            if self._slots.held:
                return ""
            if time.monotonic() > self.deadline:
                return f"{taken} (SMTP_CONNECTIONS_IN_ALL) are other workers'; the letters wait"
            if not said:
                self._report(SendEvent(f"{taken} are other workers'; waiting for one"))
                said = True
            self._stop.wait(1.0)
        return ""

    def give_back(self, slot: int) -> None:
        """Let another connection have this slot."""
        self._slots.give_back(slot)

    def connect(self) -> Session | str:
        """An open connection, after whatever pause is due; else why there is none.

        Blank where the run is over first. Raises ConfigurationError: certificate, login refused
        twice, nobody there at all.
        """
        # Until one connection stands they are tried one by one: a wrong password is not to be
        # offered by all of them.
        with nullcontext() if self._stands else self._opening:
            if self._fatal is not None:
                raise self._fatal
            try:
                return self._connect()
            except ConfigurationError as error:
                self._fatal = error
                raise

    def _connect(self) -> Session | str:
        while True:
            pause = self._not_before - time.monotonic()
            beyond = time.monotonic() + pause > self.deadline
            patient = self._failures <= _SHORT_PAUSES and pause <= _LONGEST_PAUSE
            if pause > 0 and beyond and not patient and self._answered:
                return f"{self._why}; the letters wait"
            if self._stop.wait(max(0.0, pause)) or self._stop.over:
                return ""
            try:
                session = Session(self.server, self._allowed.__contains__)
            except LoginRefusedError:
                self._refused_logins += 1
                if self._refused_logins >= _REFUSED_LOGINS:
                    raise
                self.back_off("login refused; trying once more")
            except UnavailableError as error:
                self._answered = self._answered or error.answered
                if not self._answered and self._failures + 1 >= _TRIES_UNANSWERED:
                    raise ConfigurationError(
                        f"{error}; nothing was sent: correct the setting, or start the server, "
                        "and start again"
                    ) from error
                self.back_off(str(error))
            else:
                self._answered, self._refused_logins, self._stands = True, 0, True
                return session

    def back_off(self, why: str) -> None:
        """Leave the server alone: 1, 2, 4 ... 60 seconds, on every connection."""
        with self._lock:
            self._failures += 1
            pause = min(2.0 ** (self._failures - 1), _LONGEST_PAUSE)
        self._pause(why, pause)

    def leave_alone(self, why: str, pause: float) -> None:
        """Say nothing to the server for so many seconds, on open connections neither; a run whose
        patience ends before that ends."""
        self._rest_until = time.monotonic() + pause
        self._pause(why, pause)

    @property
    def resting(self) -> bool:
        """Whether the server is left alone, open connections included."""
        return self._rest_until > time.monotonic()

    def _pause(self, why: str, pause: float) -> None:
        with self._lock:
            self._not_before = max(self._not_before, time.monotonic() + pause)
            self._why = why
        shown = f"{pause:.0f} s" if pause < 120 else f"{pause / 60:.0f} minutes"
        self._report(SendEvent(f"{why}; next try in {shown}"))

    def went_well(self) -> None:
        """Begin the back-off anew: the server makes sense again."""
        self._failures = 0
