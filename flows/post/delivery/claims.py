"""One worker's way into the ledger: the dispatches that it claims, and what it writes of them."""

import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, select

from flows.post import status
from flows.post.delivery.sending import Sending, Stop
from flows.post.failpoints import passing
from flows.post.ledger import events, holds, schema, transitions
from flows.post.ledger.clock import now, stamp
from flows.post.ledger.database import Ledger
from flows.post.ledger.errors import LedgerUnavailableError, LostHoldError
from flows.post.ledger.group_commit import GroupCommit
from flows.post.smtp.reply import Reply
from flows.post.states import State

_D, _L = schema.dispatch.c, schema.letter.c
_MAIL = (_D.mailing == bindparam("mailing")) & (_D.rehearsal == bindparam("rehearsal"))
_MAIL &= _D.email != ""
_DUE = (
    select(*transitions.COLUMNS)
    .where(
        _MAIL,
        schema.OPEN,
        holds.NOT_HELD,
        (_D.state == State.READY)
        | ((_D.state == State.DEFERRED) & (_D.due_at <= bindparam("now"))),
    )
    .order_by(_D.ordinal)
    .limit(bindparam("most"))
)
_TO_CLAIM = _DUE.with_for_update(skip_locked=True)
_WAITING = select(func.count()).where(_MAIL, schema.OPEN)
_CONTENTS = select(
    _L.ordinal, _L.content, _L.sha256, _L.name, _L.copies, _L.contact, _L.person, _L.email
).where(_L.mailing == bindparam("mailing"), _L.ordinal.in_(bindparam("ordinals", expanding=True)))


@dataclass(frozen=True, slots=True)
class Claim:
    """A dispatch that this worker holds, with its frozen bytes."""

    dispatch: transitions.DispatchRow
    content: bytes
    sha256: str
    name: str
    copies: str
    """JSON: addresses that get a copy."""
    contact: str
    person: str
    email: str


class Claims:
    """One worker's claims on one sending, shared by its connections."""

    def __init__(
        self, ledger: Ledger, sending: Sending, holder: str, batch: int, stop: Stop
    ) -> None:
        """``batch`` dispatches are claimed in one transaction; none once ``stop`` is over."""
        self._ledger = ledger
        self._mailing = sending.mailing
        self._rehearsal = sending.rehearsal
        self._scope = {"mailing": sending.mailing, "rehearsal": sending.rehearsal}
        self.holder = holder
        self._batch = batch
        self._stop = stop
        self._commit = GroupCommit(ledger)
        self._lock = threading.Lock()
        self._claimed: deque[Claim] = deque()
        self.left: int | None = None
        """How many more may be taken; None: all."""

    def take(self) -> Claim | None:
        """The next dispatch, claimed durably; None where nothing is due or the run is over.

        Raises LedgerUnavailableError.
        """
        with self._lock:
            if self._stop.over or self.left == 0:
                return None
            if not self._claimed:
                self._claim()
            if not self._claimed:
                return None
            if self.left is not None:
                self.left -= 1
            return self._claimed.popleft()

    def _claim(self) -> None:
        most = self._batch if self.left is None else min(self._batch, self.left)
        with self._ledger.write() as connection:
            scope = {**self._scope, "now": stamp(now()), "most": most}
            due = connection.execute(_TO_CLAIM, scope).all()
            claimed = transitions.apply(
                connection,
                [
                    transitions.Transition(
                        transitions.DispatchRow.read(row), State.CLAIMED, worker=self.holder
                    )
                    for row in due
                ],
            )
        if not claimed:
            return
        passing("after-claim")
        ordinals = [dispatch.ordinal for dispatch in claimed]
        with self._ledger.read() as connection:
            rows = connection.execute(_CONTENTS, {**self._scope, "ordinals": ordinals}).all()
        letters = {row.ordinal: row for row in rows}
        self._claimed.extend(_claim(row, letters[row.ordinal]) for row in claimed)

    def give_back(self, claim: Claim) -> None:
        """Put a claim of which nothing was said back to the front."""
        with self._lock:
            self._claimed.appendleft(claim)
            if self.left is not None:
                self.left += 1

    def release(self) -> None:
        """Make claims that were never begun ready again, for any worker.

        Where the ledger is out of reach they are taken back once this worker has ended.
        """
        with self._lock:
            unused, self._claimed = list(self._claimed), deque()
        for claim in unused:
            # A person may have withdrawn it meanwhile; that one is no longer ours to give.
            try:
                with suppress(LostHoldError), self._ledger.write() as connection:
                    ready = transitions.Transition(claim.dispatch, State.READY)
                    transitions.apply(connection, [ready])
            except LedgerUnavailableError:
                return

    def write(self, *made: transitions.Transition) -> transitions.DispatchRow:
        """Make these transitions, all or none, durable on return; the last one's dispatch.

        Raises LostHoldError, LedgerUnavailableError.
        """
        return self._commit.apply(*made)[-1]

    def keep_late_answer(self, late: transitions.Transition) -> None:
        """Keep the answer to a letter that was meanwhile taken from this worker, for whoever
        settles it."""
        reply = late.reply or Reply(0, "")
        entry = {
            "at": stamp(now()),
            "mailing": late.dispatch.mailing,
            "dispatch": late.dispatch.id,
            "what": f"late answer: {late.new}",
            "worker": self.holder,
            "code": reply.code or None,
            "enhanced": reply.enhanced,
            "text": reply.text,
            "queue_id": reply.queue_id,
        }
        with self._ledger.write() as connection:
            events.append(connection, [entry])

    def due(self) -> bool:
        """Whether there is a letter to take, claimed already or not."""
        if self._stop.over or self.left == 0:
            return False
        # Under the lock: what another connection is claiming is in neither place meanwhile.
        with self._lock:
            if self._claimed:
                return True
            with self._ledger.read() as connection:
                first = {**self._scope, "now": stamp(now()), "most": 1}
                return connection.execute(_DUE, first).first() is not None

    def hold(self) -> holds.Hold | None:
        """The hold that keeps live letters of this mailing back, or None."""
        return None if self._rehearsal else holds.find(self._ledger, self._mailing)

    def next_due(self) -> datetime | None:
        """When the first deferred letter is due again."""
        return status.next_due(self._ledger, self._mailing, self._rehearsal)

    def waiting(self) -> int:
        """Letters by mail that are ready or deferred."""
        with self._ledger.read() as connection:
            return int(connection.execute(_WAITING, self._scope).scalar_one())


def _claim(dispatch: transitions.DispatchRow, letter: Row[Any]) -> Claim:
    return Claim(
        dispatch=dispatch,
        content=letter.content,
        sha256=letter.sha256,
        name=letter.name,
        copies=letter.copies,
        contact=letter.contact,
        person=letter.person,
        email=letter.email,
    )
