"""A worker that sends what is due of one mailing, over one or more connections.

Any number of workers may send one mailing, in threads or processes; the ledger gives each
dispatch to one of them.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from sqlalchemy import select

from flows.post.delivery.claims import Claims
from flows.post.delivery.connection import Connection, WorkerContext
from flows.post.delivery.connector import Connector
from flows.post.delivery.rate import RateLimiter, Schedule
from flows.post.delivery.sending import SendEvent, Sending, SendResult
from flows.post.ledger import schema, transitions, workers
from flows.post.ledger.clock import now
from flows.post.ledger.database import Ledger
from flows.post.ledger.group_commit import GroupCommit
from flows.post.smtp.server import Server
from flows.post.states import State

_L = schema.letter.c
_BATCH = 16
"""Dispatches claimed at a time for each connection."""
_SLOW = 0.5
"""Seconds between letters."""


class Sender:
    """A worker with its claims and its connections, which stay open between runs. A context."""

    def __init__(
        self,
        ledger: Ledger,
        sending: Sending,
        server: Server,
        *,
        pace: RateLimiter,
        schedule: Schedule,
        connections: int = 1,
        suppressed: Callable[[str, str], str | None] = lambda person, email: None,
        report: Callable[[SendEvent], None] = lambda note: None,
        stop: threading.Event | None = None,
    ) -> None:
        """``suppressed`` gives the reason why this person at this address gets nothing, or None.

        ``stop`` ends a run after the letters in hand.
        """
        self.sending = sending
        self.ledger = ledger
        self._server = server
        self._pace = pace
        self._schedule = schedule
        # A slow rate is kept by one connection as well as by many, with less to be uncertain about.
        self._connections = 1 if pace.interval >= _SLOW else connections
        self._suppressed = suppressed
        self._report = report
        self._stop = stop or threading.Event()
        self._halt = threading.Event()  # ends one run on every connection
        self._why = ""
        self._counting = threading.Lock()
        self._counts: Counter[State] = Counter()
        self._held = ExitStack()
        self._lines: list[Connection] = []

    def __enter__(self) -> Self:
        """Take back what dead workers held, and begin to hold.

        Raises LedgerUnavailableError, before anything is said to the server.
        """
        self.ledger.check_writable()
        for one in workers.recover(self.ledger):
            self._report(SendEvent("taken back from a worker that died", one.id, one.state))
        holder = self._held.enter_context(workers.hold(self.ledger))
        batch = 1 if self._pace.interval else _BATCH * self._connections
        self._claims = Claims(self.ledger, self.sending, holder, batch, self._over)
        self._approach = Connector(self._server, self._allowed(), self._stop, self._report)
        desk = WorkerContext(
            ledger=self.ledger,
            journal=GroupCommit(self.ledger),
            worker=holder,
            sending=self.sending,
            claims=self._claims,
            approach=self._approach,
            pace=self._pace,
            schedule=self._schedule,
            suppressed=self._suppressed,
            settled=self._settled,
            report=self._report,
            give_up=self._give_up,
            stop=self._stop,
            over=self._over,
        )
        self._lines = [Connection(desk) for _ in range(self._connections)]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._held:
            try:
                for line in self._lines:
                    line.close()
            finally:
                self._claims.release()

    def run(self, *, limit: int | None = None, patience: float = 0.0) -> SendResult:
        """Send what is due, and what falls due within ``patience`` seconds; at most ``limit``.

        Raises ConfigurationError where the run cannot go on (certificate, login, sender),
        LedgerUnavailableError where its outcomes could not be kept.
        """
        deadline = self._approach.deadline = time.monotonic() + patience
        self._claims.left = limit
        self._counts.clear()
        self._why = ""
        self._halt.clear()
        while True:
            self._send_due()
            if hold := self._claims.hold():
                self._give_up(str(hold))
            due = self._claims.next_due()
            if due is None or self._over() or self._claims.left == 0:
                break
            wait = (due - now()).total_seconds()
            if time.monotonic() + wait > deadline:
                break
            if wait > 0:
                self._report(SendEvent(f"waiting for letters due at {due.astimezone():%H:%M:%S}"))
            # A minute at a time: the wall clock may be set while we wait.
            self._stop.wait(max(0.0, min(wait, 60.0)))
        waiting = self._claims.waiting()
        why = "interrupted" if self._stop.is_set() else self._why
        return SendResult(
            dict(self._counts), waiting, self._claims.next_due(), why if waiting else ""
        )

    @property
    def attempted(self) -> int:
        """How many letters the last run came to an end with."""
        return self._counts.total()

    def _send_due(self) -> None:
        try:
            if len(self._lines) == 1:
                self._lines[0].run()
                return
            with ThreadPoolExecutor(len(self._lines), "smtp") as pool:
                running = [pool.submit(self._guarded, line) for line in self._lines]
            for done in running:
                done.result()
        finally:
            self._claims.release()

    def _guarded(self, line: Connection) -> None:
        """One connection's defect ends the run on the others after their letters in hand."""
        try:
            line.run()
        except BaseException:
            self._halt.set()
            raise

    def _over(self) -> bool:
        return self._stop.is_set() or self._halt.is_set()

    def _give_up(self, why: str) -> None:
        self._why = why
        self._halt.set()

    def _settled(self, move: transitions.Transition) -> None:
        with self._counting:
            self._counts[move.new] += 1
        self._report(SendEvent(str(move.reply or move.why or ""), move.dispatch.id, move.new))

    def _allowed(self) -> frozenset[str]:
        """Everyone this sending may write to: the mailing's readers, or the one it is led to."""
        archive = {self.sending.archive} - {""}
        if self.sending.redirect:
            return frozenset({self.sending.redirect})
        mine = select(_L.email, _L.copies).where(_L.mailing == self.sending.mailing, _L.email != "")
        allowed = set(archive)
        with self.ledger.read() as connection:
            for email, copies in connection.execute(mine.distinct()):
                allowed |= {email, *json.loads(copies)}
        return frozenset(allowed)
