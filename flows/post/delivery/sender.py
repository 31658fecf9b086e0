"""A worker that sends what is due of one mailing, over one or more connections.

Any number of workers may send one mailing, in threads or processes; the ledger gives each
dispatch to one of them.
"""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext, suppress
from types import TracebackType
from typing import Self

from sqlalchemy import select

from flows.post.delivery.claims import Claims
from flows.post.delivery.connection import Connection, WorkerContext
from flows.post.delivery.connector import Connector
from flows.post.delivery.outcomes import Outcomes
from flows.post.delivery.rate import RateLimiter, Schedule
from flows.post.delivery.sending import (
    CONNECTIONS_IN_ALL,
    SAME_REFUSALS,
    SendEvent,
    Sending,
    SendResult,
    Stop,
)
from flows.post.ledger import schema, witness, workers
from flows.post.ledger.clock import now
from flows.post.ledger.database import Ledger
from flows.post.ledger.errors import LedgerUnavailableError
from flows.post.ledger.slots import Slots
from flows.post.smtp.server import Server

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
        limiter: RateLimiter,
        schedule: Schedule,
        connections: int = 1,
        connections_in_all: int = CONNECTIONS_IN_ALL,
        same_refusals: int = SAME_REFUSALS,
        objection: Callable[[str, str], str | None] = lambda person, email: None,
        report: Callable[[SendEvent], None] = lambda event: None,
        stop: threading.Event | None = None,
    ) -> None:
        """``objection`` gives the reason why this person at this address gets nothing, or None.

        ``connections`` are this worker's at most, ``connections_in_all`` those of all workers that
        share the ledger. ``same_refusals``: after so many readers in a row whom the same unknown
        words refused the run stops; 0: never. ``stop`` ends a run after the letters in hand.
        """
        self.sending = sending
        self.ledger = ledger
        self._server = server
        self._limiter = limiter
        self._schedule = schedule
        # A slow rate is kept by one connection as well as by many, with less to be uncertain about.
        self._connection_count = 1 if limiter.interval >= _SLOW else connections
        self._in_all = connections_in_all
        self._objection = objection
        self._stop = Stop(stop)
        self._outcomes = Outcomes(sending.mailing, report, same_refusals)
        self._held = ExitStack()
        self._connections: list[Connection] = []

    def __enter__(self) -> Self:
        """Take back what dead workers held, and begin to hold.

        Raises LedgerUnavailableError, before anything is said to the server.
        """
        self.ledger.check_writable()
        if not self.sending.rehearsal:
            witness.begin(self.ledger)
        for note in self.ledger.notes:
            self._outcomes.report(SendEvent(note))
        for dispatch in workers.recover(self.ledger):
            taken_back = SendEvent(
                "taken back from a worker that died", dispatch.id, dispatch.state
            )
            self._outcomes.report(taken_back)
        holder = self._held.enter_context(workers.hold(self.ledger))
        batch = 1 if self._limiter.interval else _BATCH * self._connection_count
        self._claims = Claims(self.ledger, self.sending, holder, batch, self._stop)
        slots = Slots(self.ledger, f"connections {self._server.name}", self._in_all)
        self._connector = Connector(
            self._server, self._allowed(), slots, self._stop, self._outcomes.report
        )
        worker = WorkerContext(
            sending=self.sending,
            claims=self._claims,
            connector=self._connector,
            limiter=self._limiter,
            schedule=self._schedule,
            objection=self._objection,
            outcomes=self._outcomes,
            stop=self._stop,
        )
        self._connections = [Connection(worker) for _ in range(self._connection_count)]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._held:
            try:
                for connection in self._connections:
                    connection.close()
            finally:
                self._outcomes.close()
                self._claims.release()
            if not self.sending.rehearsal:
                # Where the run has failed, its own reason is the one to read.
                with suppress(LedgerUnavailableError) if error else nullcontext():
                    witness.leave(self.ledger)

    def run(self, *, limit: int | None = None, patience: float = 0.0) -> SendResult:
        """Send what is due, and what falls due within ``patience`` seconds; at most ``limit``.

        What a person has to put right (certificate, login, sender, quota) raises
        ConfigurationError where no letter has come to an end since this sender began; else the
        result says so. Raises LedgerUnavailableError where outcomes could not be kept.
        """
        deadline = self._connector.deadline = time.monotonic() + patience
        self._claims.left = limit
        self._outcomes.begin()
        self._stop.begin()
        while True:
            self._send_due()
            if hold := self._claims.hold():
                self._stop.end(str(hold))
            due = self._claims.next_due()
            if due is None or self._stop.over or self._claims.left == 0:
                break
            wait = (due - now()).total_seconds()
            if time.monotonic() + wait > deadline:
                break
            if wait > 0:
                line = f"waiting for letters due at {due.astimezone():%H:%M:%S}"
                self._outcomes.report(SendEvent(line))
            # A minute at a time: the wall clock may be set while we wait.
            self._stop.wait(min(wait, 60.0))
        if self._stop.error and not self._outcomes.total:
            raise self._stop.error
        waiting = self._claims.waiting()
        why = "interrupted" if self._stop.asked else self._stop.reason
        needs_person = self._stop.error is not None
        return SendResult(
            self._outcomes.counts,
            waiting,
            self._claims.next_due(),
            why if waiting or needs_person else "",
            needs_person,
        )

    @property
    def attempted(self) -> int:
        """How many letters came to an end since this sender began."""
        return self._outcomes.total

    def _send_due(self) -> None:
        try:
            if len(self._connections) == 1:
                self._connections[0].run()
                return
            with ThreadPoolExecutor(len(self._connections), "smtp") as pool:
                running = [pool.submit(self._run, connection) for connection in self._connections]
            for done in running:
                done.result()
        finally:
            self._claims.release()

    def _run(self, connection: Connection) -> None:
        """Run one connection; its defect ends the run on the others after their letters in hand."""
        try:
            connection.run()
        except BaseException as error:
            self._stop.end(str(error))
            raise

    def _allowed(self) -> frozenset[str]:
        """Everyone this sending may write to: the mailing's readers, or the one it is led to."""
        if self.sending.redirect:
            return frozenset({self.sending.redirect})
        allowed = {self.sending.archive} - {""}
        letters = select(_L.email, _L.copies).where(
            _L.mailing == self.sending.mailing, _L.email != ""
        )
        with self.ledger.read() as connection:
            for email, copies in connection.execute(letters.distinct()):
                allowed |= {email, *json.loads(copies)}
        return frozenset(allowed)
