"""Moves of dispatches from state to state: each a conditional UPDATE and an event, together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, update

from flows.post.ledger import events, holds, schema
from flows.post.ledger.clock import now, stamp
from flows.post.ledger.errors import LostHoldError
from flows.post.ledger.statements import Statement
from flows.post.smtp.reply import Reply
from flows.post.states import State, check

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
_MOVE = Statement(_CHANGE)
_HAND_OVER = Statement(_CHANGE.where(holds.NOT_HELD))


@dataclass(frozen=True, slots=True)
class DispatchRow:
    """A dispatch as the ledger last had it; the ground that a move stands on."""

    id: str
    mailing: str
    ordinal: int
    person: str
    email: str
    state: State
    worker: str | None
    attempts: int
    first_attempt_at: str | None


@dataclass(frozen=True, slots=True)
class Transition:
    """One move; ``by`` and ``why`` where a person made it. ValueError where there is no such."""

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


def apply(connection: Connection, moves: Sequence[Transition]) -> list[DispatchRow]:
    """Write moves and their events; gives the dispatches as they are now.

    Raises LostHoldError, and so undoes the transaction, where a dispatch is not as the move says.
    """
    at = stamp(now())
    after: list[DispatchRow] = []
    for move in moves:
        held, reply = move.dispatch, move.reply
        attempts = held.attempts + move.attempt
        first = held.first_attempt_at or (
            at if move.new is State.HANDING_OVER or move.attempt else None
        )
        if (held.state, move.new) == (State.UNCERTAIN, State.READY):
            first = None  # sent again on a person's word: the days to give up begin anew
        change = _HAND_OVER if move.new is State.HANDING_OVER else _MOVE
        done = change.run(
            connection,
            {
                "_id": held.id,
                "_old": held.state.value,
                "_worker": held.worker,
                "_new": move.new.value,
                "_next_worker": move.worker,
                "_attempts": attempts,
                "_first": first,
                "_due": move.due_at,
                "_code": reply.code or None if reply else None,
                "_enhanced": reply.enhanced if reply else None,
                "_text": reply.text if reply else None,
                "_queue_id": reply.queue_id if reply and move.new is State.SENT else None,
                "_at": at,
            },
        )
        if done.rowcount != 1:
            raise LostHoldError(
                f"dispatch {held.id} is no longer {held.state} with this worker, or its mailing is "
                "held; another sender or a person has moved it, or stopped it"
            )
        after.append(
            DispatchRow(
                held.id,
                held.mailing,
                held.ordinal,
                held.person,
                held.email,
                move.new,
                move.worker,
                attempts,
                first,
            )
        )
    events.append(connection, [_event(move, at) for move in moves])
    return after


def _event(move: Transition, at: str) -> dict[str, Any]:
    held, reply = move.dispatch, move.reply
    return {
        "at": at,
        "mailing": held.mailing,
        "dispatch": held.id,
        "old": held.state.value,
        "new": move.new.value,
        "worker": held.worker or move.worker,
        "attempt": held.attempts + move.attempt,
        "code": reply.code or None if reply else None,
        "enhanced": reply.enhanced if reply else None,
        "text": reply.text if reply else None,
        "queue_id": reply.queue_id if reply and move.new is State.SENT else None,
        "by": move.by,
        "why": move.why,
    }
