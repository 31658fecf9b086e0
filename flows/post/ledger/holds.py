"""Holds: a mailing that a person has stopped. Nothing of it is sent live until a person releases
it.

A hold is a row of its own table and an event of the chain. Claiming and handing over both ask for
it within their transaction, so that no sender, whatever started it, goes on (``NOT_HELD``).
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, func, insert, select, text, update

from flows.post.ledger import events, schema, witness
from flows.post.ledger.clock import now, parse, stamp
from flows.post.ledger.database import Ledger
from flows.post.states import State

_H, _D = schema.hold.c, schema.dispatch.c
NOT_HELD = text(
    "(dispatch.rehearsal > 0 OR NOT EXISTS (SELECT 1 FROM hold"
    " WHERE hold.mailing = dispatch.mailing AND hold.released_at IS NULL))"
)
"""SQL: the dispatch may be sent as far as holds go. Rehearsals may always be repeated."""
APPOINTED = "to be sent at "
"""How the reason begins of a hold that goes by itself, at a time (``send --at``)."""
_STANDING = _H.released_at.is_(None)
_BEGUN = _D.state.not_in((State.READY, State.CLAIMED, State.WITHDRAWN))


@dataclass(frozen=True, slots=True)
class Hold:
    """One hold on a mailing.

    ``dispatch`` is the letter it stopped after, which may have been under way still; None before
    the first.
    """

    mailing: str
    at: datetime
    by: str
    why: str
    dispatch: str | None

    def __str__(self) -> str:
        where = f" after letter {self.dispatch.rpartition(':')[2]}" if self.dispatch else ""
        return f"held by {self.by} on {self.at.astimezone():%d %B %Y, %H:%M}{where}: {self.why}"


def find(ledger: Ledger, mailing: str) -> Hold | None:
    """The hold on this mailing, or None. Raises LedgerUnavailableError."""
    return every(ledger).get(mailing)


def every(ledger: Ledger) -> dict[str, Hold]:
    """Every hold that nobody has released, by mailing. Raises LedgerUnavailableError."""
    with ledger.read() as connection:
        rows = connection.execute(select(schema.hold).where(_STANDING)).all()
    return {row.mailing: _hold(row) for row in rows}


def hold(ledger: Ledger, mailing: str, *, by: str, why: str) -> Hold:
    """Hold the mailing; where it is held already, the hold that stands.

    One that goes by itself at a time gives way: whoever says stop later means it for longer.
    Durable on return, and where a witness cannot be written, which the error says. Raises
    LedgerUnavailableError.
    """
    with witness.stands(f"mailing {mailing} is held by {by}: {why}"):
        with ledger.write() as connection:
            found = connection.execute(select(schema.hold).where(_H.mailing == mailing, _STANDING))
            if row := found.first():
                if not row.why.startswith(APPOINTED) or why.startswith(APPOINTED):
                    return _hold(row)
                _release(connection, mailing, by, f"held for longer: {why}")
            made = _new(connection, mailing, by, why)
        witness.need_one(ledger)
    return made


def _new(connection: Connection, mailing: str, by: str, why: str) -> Hold:
    before = connection.execute(select(func.count()).where(_H.mailing == mailing)).scalar_one()
    last = connection.execute(
        select(_D.id)
        .where(_D.mailing == mailing, _D.rehearsal == 0, _BEGUN)
        .order_by(_D.changed_at.desc(), _D.ordinal.desc())
        .limit(1)
    ).scalar()
    at = stamp(now())
    values = {"mailing": mailing, "at": at, "by": by, "why": why, "dispatch": last}
    connection.execute(insert(schema.hold).values(ordinal=before + 1, **values))
    events.append(connection, [{**values, "what": events.HELD}])
    return Hold(mailing, parse(at), by, why, last)


def release(ledger: Ledger, mailing: str, *, by: str, why: str, only: Hold | None = None) -> bool:
    """Release the mailing; False where nothing holds it, or another hold than ``only``.

    Raises LedgerUnavailableError.
    """
    with witness.stands(f"mailing {mailing} is released"), ledger.write() as connection:
        return _release(connection, mailing, by, why, only)


def _release(
    connection: Connection, mailing: str, by: str, why: str, only: Hold | None = None
) -> bool:
    at = stamp(now())
    standing = [_H.mailing == mailing, _STANDING]
    if only:
        standing += [_H.at == stamp(only.at), _H.by == only.by, _H.why == only.why]
    done = connection.execute(
        update(schema.hold)
        .where(*standing)
        .values(released_at=at, released_by=by, released_why=why)
    )
    if not done.rowcount:
        return False
    entry = {"at": at, "mailing": mailing, "what": events.RELEASED, "by": by, "why": why}
    events.append(connection, [entry])
    return True


def _hold(row: "Row[tuple[object, ...]]") -> Hold:
    return Hold(row.mailing, parse(row.at), row.by, row.why, row.dispatch)
