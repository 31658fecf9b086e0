"""Chasers: mailings that follow up another campaign's letters, and why one of them is not sent."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, or_, select

from flows.post.inbox.kinds import Kind
from flows.post.ledger import schema
from flows.post.ledger.database import Ledger

_C, _D, _I, _M = schema.chaser.c, schema.dispatch.c, schema.incoming.c, schema.mailing.c
_STOPPING = (Kind.REPLY, Kind.OBJECTION, Kind.BOUNCE, Kind.UNSORTED, Kind.ASKS_FOR_MORE)


@dataclass(frozen=True, slots=True)
class Chaser:
    """A mailing that reminds the readers of a campaign's edition for the ``round``-th time."""

    mailing: str
    campaign: str
    edition: int
    round: int


def key(campaign: str, number: int) -> str:
    """The campaign key of a round of chasers."""
    return f"{campaign}.chase-{number}"


def note(ledger: Ledger, chaser: Chaser) -> None:
    """Record what a mailing follows up; to be called before it is frozen, and harmless twice."""
    with ledger.write() as connection:
        connection.execute(delete(schema.chaser).where(_C.mailing == chaser.mailing))
        connection.execute(
            insert(schema.chaser).values(
                mailing=chaser.mailing,
                campaign=chaser.campaign,
                edition=chaser.edition,
                round=chaser.round,
            )
        )


def of(ledger: Ledger, mailing: str) -> Chaser | None:
    """What this mailing follows up; None where it is no chaser."""
    with ledger.read() as connection:
        row = connection.execute(select(schema.chaser).where(_C.mailing == mailing)).first()
    return Chaser(**row._mapping) if row else None


def every(ledger: Ledger, campaign: str, edition: int) -> list[Chaser]:
    """The frozen mailings that follow up this campaign's edition, the first round first."""
    with ledger.read() as connection:
        rows = connection.execute(
            select(schema.chaser)
            .join(schema.mailing, (_M.id == _C.mailing) & _M.hash.is_not(None))
            .where(_C.campaign == campaign, _C.edition == edition)
            .order_by(_C.round, _M.frozen_at)
        ).all()
    return [Chaser(**row._mapping) for row in rows]


def stopped(ledger: Ledger, mailing: str) -> Callable[[str, str], str | None]:
    """Why this person gets no chaser of this mailing at this moment; None where nothing speaks
    against it, or the mailing is no chaser. Each call asks the ledger."""
    chaser = of(ledger, mailing)
    if chaser is None:
        return lambda person, email: None

    def reason(person: str, email: str) -> str | None:
        with ledger.read() as connection:
            return _stops(connection, chaser, person) if person else None

    return reason


def _stops(connection: Connection, chaser: Chaser, person: str) -> str | None:
    """What came from this person, or may have, and ends the reminding."""
    follows = select(_C.mailing).where(_C.campaign == chaser.campaign, _C.edition == chaser.edition)
    theirs = connection.execute(
        select(_D.id).where(
            _D.person == person,
            _D.rehearsal == 0,
            ((_D.campaign == chaser.campaign) & (_D.edition == chaser.edition))
            | _D.mailing.in_(follows),
        )
    ).scalars()
    ids = set(theirs)
    if not ids:
        return None
    rows = connection.execute(
        select(_I.id, _I.kind, _I.dispatch, _I.candidates, _I.doubt)
        .where(_I.kind.in_(_STOPPING), or_(_I.dispatch.in_(ids), _I.dispatch.is_(None)))
        .order_by(_I.id)
    ).all()
    for row in rows:
        if row.dispatch in ids or ids & set(json.loads(row.candidates)):
            if row.kind == Kind.BOUNCE and (row.doubt or row.dispatch is None):
                continue
            return f"no chaser: {row.kind} (item {row.id})"
    return None
