"""Transitions of dispatches between states: each a conditional UPDATE and an event, together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import Connection, Row, bindparam, update

from flows.post.ledger import events, holds, schema
from flows.post.ledger.clock import now, stamp
from flows.post.ledger.errors import LostHoldError
from flows.post.ledger.statements import Statement
from flows.post.smtp.reply import Reply
from flows.post.states import SETTLED_BY_A_PERSON, State, check

_D = schema.dispatch.c
_CHANGE = (
    update(schema.dispatch)
    .where(
        _D.id == bindparam("_id"),
        _D.state == bindparam("_old"),
        _D.worker.is_not_distinct_from(bindparam("_worker")),
    )
    .values(
        state=bindparam("_new"),
        worker=bindparam("_next_worker"),
        attempts=bindparam("_attempts"),
        first_attempt_at=bindparam("_first"),
        due_at=bindparam("_due"),
        code=bindparam("_code"),
        enhanced=bindparam("_enhanced"),
        text=bindparam("_text"),
        queue_id=bindparam("_queue_id"),
        changed_at=bindparam("_at"),
    )
)
_UPDATE = Statement(_CHANGE)
_HAND_OVER = Statement(_CHANGE.where(holds.NOT_HELD))


@dataclass(frozen=True, slots=True)
class DispatchRow:
    """A dispatch as it was last read; a transition is made only while it is still so."""

    id: str
    mailing: str
    ordinal: int
    person: str
    email: str
    state: State
    worker: str | None
    attempts: int
    first_attempt_at: str | None

    @classmethod
    def read(cls, row: Row[Any]) -> Self:
        """A row that has ``COLUMNS``."""
        return cls(
            row.id,
            row.mailing,
            row.ordinal,
            row.person,
            row.email,
            State(row.state),
            row.worker,
            row.attempts,
            row.first_attempt_at,
        )

    def after(
        self, state: State, worker: str | None, attempts: int, first_attempt_at: str | None
    ) -> Self:
        """The same dispatch after a transition."""
        return type(self)(
            self.id,
            self.mailing,
            self.ordinal,
            self.person,
            self.email,
            state,
            worker,
            attempts,
            first_attempt_at,
        )


COLUMNS = (
    _D.id,
    _D.mailing,
    _D.ordinal,
    _D.person,
    _D.email,
    _D.state,
    _D.worker,
    _D.attempts,
    _D.first_attempt_at,
)
"""What ``DispatchRow.read`` needs of the dispatch table."""


@dataclass(frozen=True, slots=True)
class Transition:
    """A dispatch and the state it goes to; ``by`` and ``why`` where a person decided so.

    Raises ValueError where ``states.TRANSITIONS`` has no such pair.
    """

    dispatch: DispatchRow
    new: State
    worker: str | None = None
    """Who holds the dispatch afterwards."""
    attempt: bool = False
    """Whether this ends an attempt."""
    due_at: str | None = None
    reply: Reply | None = None
    by: str | None = None
    why: str | None = None

    def __post_init__(self) -> None:
        check(self.dispatch.state, self.new)


def apply(connection: Connection, transitions: Sequence[Transition]) -> list[DispatchRow]:
    """Write transitions and their events; returns the dispatches as they are now.

    Raises LostHoldError, and so undoes the transaction, where a dispatch has another state or
    another worker than the transition names.
    """
    at = stamp(now())
    after: list[DispatchRow] = []
    for transition in transitions:
        before, reply = transition.dispatch, transition.reply
        attempts = before.attempts + transition.attempt
        first = _first_attempt_at(transition, at)
        update_row = _HAND_OVER if transition.new is State.HANDING_OVER else _UPDATE
        done = update_row.run(
            connection,
            {
                "_id": before.id,
                "_old": before.state.value,
                "_worker": before.worker,
                "_new": transition.new.value,
                "_next_worker": transition.worker,
                "_attempts": attempts,
                "_first": first,
                "_due": transition.due_at,
                "_code": reply.code or None if reply else None,
                "_enhanced": reply.enhanced if reply else None,
                "_text": reply.text if reply else None,
                "_queue_id": reply.queue_id if reply and transition.new is State.SENT else None,
                "_at": at,
            },
        )
        if done.rowcount != 1:
            raise LostHoldError(
                f"dispatch {before.id} is no longer {before.state} with this worker, or its "
                "mailing is held; another sender or a person has changed it, or stopped it"
            )
        after.append(before.after(transition.new, transition.worker, attempts, first))
    events.append(connection, [_event(transition, at) for transition in transitions])
    return after


def _first_attempt_at(transition: Transition, at: str) -> str | None:
    """When the days began after which a deferred letter is given up."""
    before, new = transition.dispatch, transition.new
    if new is State.READY and before.state in SETTLED_BY_A_PERSON:
        return None  # sent again on a person's word: the days begin anew
    if new is State.READY and not before.attempts:
        return None  # handed over to no effect: the server refused the account
    begins = new is State.HANDING_OVER or transition.attempt
    return before.first_attempt_at or (at if begins else None)


def _event(transition: Transition, at: str) -> dict[str, Any]:
    before, reply = transition.dispatch, transition.reply
    return {
        "at": at,
        "mailing": before.mailing,
        "dispatch": before.id,
        "old": before.state.value,
        "new": transition.new.value,
        "worker": before.worker or transition.worker,
        "attempt": before.attempts + transition.attempt,
        "code": reply.code or None if reply else None,
        "enhanced": reply.enhanced if reply else None,
        "text": reply.text if reply else None,
        "queue_id": reply.queue_id if reply and transition.new is State.SENT else None,
        "by": transition.by,
        "why": transition.why,
        "detail": {"due": transition.due_at} if transition.due_at else None,
    }
