"""Recovery: a ledger that was restored, copied or cut short is compared with the mails that were
sent, and a person signs that it is the right one from here on."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from flows.errors import ConfigurationError
from flows.post.ledger import schema, witness
from flows.post.ledger.clock import parse
from flows.post.ledger.database import Ledger
from flows.post.ledger.transitions import COLUMNS, DispatchRow, Transition, apply
from flows.post.ledger.witness_file import Head
from flows.post.ledger.workers import recover as take_back
from flows.post.resolution import named
from flows.post.states import HELD, State

_D, _L, _M = schema.dispatch.c, schema.letter.c, schema.mailing.c


@dataclass(frozen=True, slots=True)
class Letters:
    """A ledger's live letters by mail, with their Message-IDs."""

    sent: frozenset[str]
    """Message-IDs of those that the ledger knows to be sent."""
    open: tuple[tuple[DispatchRow, str], ...]
    """Those that it would send, and their Message-IDs."""
    since: datetime | None
    """When the first of their mailings was frozen; None where there are none."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a recovery did."""

    sent: tuple[str, ...]
    """Dispatches that were found among the sent mails."""
    uncertain: tuple[str, ...]
    """Dispatches of which nobody can say here whether they were sent."""
    left: int
    """Letters that are still to be sent: all that were sent lie there, and these do not."""
    by_post: int
    """Letters by post that are not recorded as posted."""
    head: Head


def letters(ledger: Ledger) -> Letters:
    """Every live letter by mail that was sent or would be."""
    rows = (
        select(*COLUMNS, _L.message_id, _M.frozen_at)
        .join(schema.letter, (_L.mailing == _D.mailing) & (_L.ordinal == _D.ordinal))
        .join(schema.mailing, _M.id == _D.mailing)
        .where(_D.rehearsal == 0, _D.email != "", _L.forgotten.is_(None))
        .order_by(_D.mailing, _D.ordinal)
    )
    with ledger.read() as connection:
        found = connection.execute(
            rows.where(_D.state.in_((State.SENT, State.READY, State.DEFERRED, *HELD)))
        ).all()
    return Letters(
        sent=frozenset(row.message_id for row in found if row.state == State.SENT),
        open=tuple(
            (DispatchRow.read(row), row.message_id) for row in found if row.state != State.SENT
        ),
        since=min((parse(row.frozen_at) for row in found), default=None),
    )


def every_message_id(ledger: Ledger) -> frozenset[str]:
    """The Message-IDs of all letters of this ledger, whatever became of them."""
    with ledger.read() as connection:
        return frozenset(connection.execute(select(_L.message_id)).scalars())


def never_tried(ledger: Ledger, mailing: str) -> dict[str, str]:
    """Message-IDs, and their dispatches, of live letters that this ledger has not yet tried."""
    statement = (
        select(_L.message_id, _D.id)
        .join(schema.letter, (_L.mailing == _D.mailing) & (_L.ordinal == _D.ordinal))
        .where(
            _D.mailing == mailing,
            _D.rehearsal == 0,
            _D.email != "",
            _D.state == State.READY,
            _D.attempts == 0,
        )
    )
    with ledger.read() as connection:
        return {row.message_id: row.id for row in connection.execute(statement)}


def recover(
    ledger: Ledger, *, present: Collection[str] | None, where: str, by: str, why: str
) -> Recovered:
    """Mark as sent what lies among the sent mails, and begin a new generation of the ledger.

    ``present`` are the Message-IDs that lie in the mailbox ``where``; None: no mailbox was asked.
    What is not there stays to be sent only where every letter lies there that the ledger knows to
    be sent; else nobody can tell, and it becomes uncertain. Raises ConfigurationError: no name, no
    reason, a sender at work.
    """
    name, reason = named(by, why)
    take_back(ledger)
    known = letters(ledger)
    if busy := [dispatch.id for dispatch, _ in known.open if dispatch.state in HELD]:
        raise ConfigurationError(
            f"a sender is at work on {busy[0]} and {len(busy) - 1} more; nothing was changed: "
            "stop it, then recover"
        )
    there = frozenset(present or ())
    complete = bool(known.sent) and known.sent <= there
    found = [dispatch for dispatch, identity in known.open if identity in there]
    missing = [dispatch for dispatch, identity in known.open if identity not in there]
    unknown = [] if complete else missing
    asked = f"not in {where}" if present is not None else "no mailbox was asked"
    with ledger.write() as connection:
        apply(
            connection,
            [
                *(
                    Transition(row, State.SENT, by=name, why=f"found in {where}: {reason}")
                    for row in found
                ),
                *(
                    Transition(row, State.UNCERTAIN, by=name, why=f"{asked}: {reason}")
                    for row in unknown
                ),
            ],
        )
        by_post = connection.execute(
            select(func.count()).where(_D.rehearsal == 0, _D.email == "", _D.state == State.READY)
        ).scalar_one()
    return Recovered(
        sent=tuple(dispatch.id for dispatch in found),
        uncertain=tuple(dispatch.id for dispatch in unknown),
        left=len(missing) - len(unknown),
        by_post=by_post,
        head=witness.recovered(ledger, by=name, why=reason),
    )
