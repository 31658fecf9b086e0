"""Where every dispatch stands."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from flows.post.ledger import schema
from flows.post.ledger.database import Ledger
from flows.post.mailing.mailing import Mailing
from flows.post.states import State

_D, _L = schema.dispatch.c, schema.letter.c
_FIRST = (State.UNCERTAIN, State.REFUSED, State.DEFERRED)


@dataclass(frozen=True, slots=True)
class DispatchStatus:
    """One dispatch, with what to look for where its fate is unknown."""

    id: str
    contact: str
    person: str
    name: str
    office: str
    """The envelope's lines below the name."""
    role: str
    email: str
    state: State
    message_id: str
    attempts: int
    code: int | None
    enhanced: str | None
    reply: str
    queue_id: str | None
    due_at: str | None
    changed_at: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Status:
    """A mailing's dispatches: uncertain ones first, then refused and deferred, then by number."""

    rehearsal: int
    """0 for the live sending, else the rehearsal that is shown."""
    counts: Mapping[str, int]
    dispatches: tuple[DispatchStatus, ...]


def rehearsals(ledger: Ledger, mailing: str) -> dict[int, dict[str, int]]:
    """Counts by state of each sending of the mailing; 0 is the live one."""
    with ledger.read() as connection:
        rows = connection.execute(
            select(_D.rehearsal, _D.state, func.count())
            .where(_D.mailing == mailing)
            .group_by(_D.rehearsal, _D.state)
            .order_by(_D.rehearsal)
        ).all()
    counts: dict[int, dict[str, int]] = {}
    for number, state, count in rows:
        counts.setdefault(number, {})[state] = count
    return counts


def words(counts: Mapping[str, int]) -> str:
    """Counts by state in words: "647 sent, 2 refused"."""
    return ", ".join(f"{n} {state}" for state, n in sorted(counts.items()) if n) or "no letters"


def by_mail(ledger: Ledger, mailing: str, rehearsal: int = 0) -> dict[str, int]:
    """Counts by state of one sending's letters that go by mail; letters by post left out."""
    with ledger.read() as connection:
        rows = connection.execute(
            select(_D.state, func.count())
            .where(_D.mailing == mailing, _D.rehearsal == rehearsal, _D.email != "")
            .group_by(_D.state)
        ).all()
    return dict(row._tuple() for row in rows)


def shown(mailing: Mailing, known: Mapping[int, object]) -> int:
    """Which sending a mailing's status is about: live once signed off, else the last rehearsal."""
    return 0 if mailing.approved_at or not known else max(known)


def status(ledger: Ledger, mailing: str, rehearsal: int = 0) -> Status:
    """Where each dispatch of one sending stands."""
    with ledger.read() as connection:
        rows = connection.execute(
            select(
                _D.id,
                _L.contact,
                _L.person,
                _L.name,
                _L.reader.label("office"),
                _L.role,
                _D.email,
                _D.state,
                _L.message_id,
                _D.attempts,
                _D.code,
                _D.enhanced,
                func.coalesce(_D.text, "").label("reply"),
                _D.queue_id,
                _D.due_at,
                _D.changed_at,
                _L.sha256,
            )
            .join(schema.letter, (_L.mailing == _D.mailing) & (_L.ordinal == _D.ordinal))
            .where(_D.mailing == mailing, _D.rehearsal == rehearsal)
            .order_by(_D.ordinal)
        ).all()
    standings = []
    for row in rows:
        values = dict(row._mapping)
        values["state"] = State(values["state"])
        values["office"] = ", ".join(json.loads(row.office).get("lines", [])[1:])
        standings.append(DispatchStatus(**values))
    standings.sort(key=lambda one: _FIRST.index(one.state) if one.state in _FIRST else len(_FIRST))
    counts = Counter(one.state.value for one in standings)
    return Status(rehearsal, dict(counts), tuple(standings))


def message_id(ledger: Ledger, mailing: str, ordinal: int) -> str:
    """A letter's Message-ID, as servers and mailboxes know it."""
    with ledger.read() as connection:
        return str(
            connection.execute(
                select(_L.message_id).where(_L.mailing == mailing, _L.ordinal == ordinal)
            ).scalar_one()
        )
