"""Where every dispatch stands."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, case, func, select

from flows.post.ledger import schema
from flows.post.ledger.clock import now, parse, stamp
from flows.post.ledger.database import Ledger
from flows.post.ledger.events import BROUGHT_BACK, POSTED
from flows.post.ledger.holds import NOT_HELD
from flows.post.ledger.workers import Holder, holder
from flows.post.mailing.mailing import Mailing
from flows.post.states import SETTLED_BY_A_PERSON, TO_SEE_TO, UNFINISHED, State

_D, _L, _E = schema.dispatch.c, schema.letter.c, schema.event.c
STANDS = _E.by.is_not(None) | ((_E.new == _D.state) & (_E.at == _D.changed_at))
"""SQL: an event's reason is one of its dispatch still: a person's, or of the state that it is in.
What the program noted on the way ("its worker died") is history once the letter has gone on."""
_ON_PAPER: dict[str, str] = {State.READY: "to print", State.SENT: "posted"}
_PLACE = case({state: place for place, state in enumerate(TO_SEE_TO)}, value=_D.state, else_=9)


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
    reason: str = ""
    """Why it was withdrawn, settled, posted or taken back, and by whom; as long as that is so."""
    holder: str = ""
    """Of a letter that a sender holds: its process, and since when."""


@dataclass(frozen=True, slots=True)
class Status:
    """A mailing's dispatches: uncertain ones first, then refused and deferred, then by number."""

    rehearsal: int
    """0 for the live sending, else the rehearsal that is shown."""
    counts: Mapping[str, int]
    """Of all its letters, by state."""
    dispatches: tuple[DispatchStatus, ...]
    """All, or those that were asked for."""
    on_paper: Mapping[str, int] = field(default_factory=dict)
    """Of those that go by post alone, by state."""

    @property
    def to_print(self) -> int:
        """Letters on paper that wait; ``counts`` has them as ready."""
        return self.on_paper.get(State.READY, 0)

    @property
    def letters(self) -> int:
        """How many there are."""
        return sum(self.counts.values())


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


def unfinished(ledger: Ledger, mailing: str) -> int:
    """How many live letters of the mailing are still to be sent or posted, or under way."""
    counts = rehearsals(ledger, mailing).get(0, {})
    return sum(counts.get(state, 0) for state in UNFINISHED)


def shown_as(state: str, *, by_mail: bool) -> str:
    """A state in words: of a letter that goes by post alone, which no sending brings there, "ready"
    is "to print" and "sent" is "posted"."""
    return state if by_mail else _ON_PAPER.get(state, state)


def words(counts: Mapping[str, int], on_paper: Mapping[str, int]) -> str:
    """Counts by state in words: "647 sent, 2 refused, 1 posted". ``on_paper``: how many of them go
    by post alone."""
    shown: Counter[str] = Counter()
    for state, letters in counts.items():
        by_post = on_paper.get(state, 0)
        shown[shown_as(state, by_mail=True)] += letters - by_post
        shown[shown_as(state, by_mail=False)] += by_post
    return ", ".join(f"{n} {state}" for state, n in sorted(shown.items()) if n) or "no letters"


def in_words(now: Status) -> str:
    """The counts in words: "64 sent, 1 to print"."""
    return words(now.counts, now.on_paper)


def unsettled(
    ledger: Ledger, campaign: str | None = None, edition: int | None = None
) -> dict[str, dict[str, int]]:
    """Live letters that wait for a person, by mailing: how many are uncertain, how many refused.

    Of one campaign's edition, or of all. Mailings without any are left out, the newest come first.
    """
    statement = (
        select(_D.mailing, _D.state, func.count())
        .join(schema.mailing, schema.mailing.c.id == _D.mailing)
        .where(_D.rehearsal == 0, _D.state.in_(SETTLED_BY_A_PERSON))
        .group_by(_D.mailing, _D.state, schema.mailing.c.frozen_at)
        .order_by(schema.mailing.c.frozen_at.desc(), _D.state.desc())
    )
    if campaign is not None:
        statement = statement.where(_D.campaign == campaign, _D.edition == edition)
    found: dict[str, dict[str, int]] = {}
    with ledger.read() as connection:
        for mailing, state, count in connection.execute(statement):
            found.setdefault(mailing, {})[state] = count
    return found


def due(ledger: Ledger, mailing: str) -> int:
    """How many live letters of the mailing a worker could claim now."""
    waits = (_D.state == State.DEFERRED) & (_D.due_at <= stamp(now()))
    with ledger.read() as connection:
        return int(
            connection.execute(
                select(func.count()).where(
                    _D.mailing == mailing,
                    _D.rehearsal == 0,
                    _D.email != "",
                    (_D.state == State.READY) | waits,
                    NOT_HELD,
                )
            ).scalar_one()
        )


def by_mail(ledger: Ledger, mailing: str, rehearsal: int = 0) -> dict[str, int]:
    """Counts by state of one sending's letters that go by mail; letters by post left out."""
    return _counts(ledger, mailing, rehearsal, _D.email != "")


def on_paper(ledger: Ledger, mailing: str) -> dict[str, int]:
    """Counts by state of the mailing's live letters that go by post alone."""
    return _counts(ledger, mailing, 0, _D.email == "")


def _counts(
    ledger: Ledger, mailing: str, rehearsal: int, which: ColumnElement[bool]
) -> dict[str, int]:
    with ledger.read() as connection:
        rows = connection.execute(
            select(_D.state, func.count())
            .where(_D.mailing == mailing, _D.rehearsal == rehearsal, which)
            .group_by(_D.state)
        ).all()
    return dict(row._tuple() for row in rows)


def shown(mailing: Mailing, known: Mapping[int, object]) -> int:
    """Which sending a mailing's status is about: live once signed off, else the last rehearsal."""
    return 0 if mailing.approved_at or not known else max(known)


def status(ledger: Ledger, mailing: str, rehearsal: int = 0, most: int | None = None) -> Status:
    """Where each dispatch of one sending stands.

    Of a sending of more than ``most`` letters only those to see to are listed, so many of them.
    """
    ours = (_D.mailing == mailing) & (_D.rehearsal == rehearsal)
    with ledger.read() as connection:
        on_paper = func.sum(case((_D.email == "", 1), else_=0)).label("on_paper")
        by_state = select(_D.state, func.count().label("all"), on_paper).where(ours)
        rows = connection.execute(by_state.group_by(_D.state)).all()
        counts = {row.state: int(row.all) for row in rows}
        by_post = {row.state: int(row.on_paper) for row in rows}
        listed = ours
        if most is not None and sum(counts.values()) > most:
            listed &= _D.state.in_(TO_SEE_TO)
        holders = {
            worker: holder(connection, worker)
            for worker in connection.scalars(
                select(_D.worker).where(listed, _D.worker.is_not(None)).distinct()
            ).all()
        }
        reasons = _reasons(connection, listed)
        letters = connection.execution_options(yield_per=1000).execute(
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
                _D.worker,
                _L.sha256,
            )
            .join(schema.letter, (_L.mailing == _D.mailing) & (_L.ordinal == _D.ordinal))
            .where(listed)
            .order_by(_PLACE, _D.ordinal)
            .limit(most)
        )
        with letters:
            found = tuple(_dispatch(row, holders, reasons) for row in letters)
    return Status(rehearsal, counts, found, by_post)


def _dispatch(
    row: Row[Any], holders: Mapping[str, Holder | None], reasons: Mapping[str, str]
) -> DispatchStatus:
    values = dict(row._mapping)
    values["state"] = State(values["state"])
    values["office"] = ", ".join(json.loads(row.office).get("lines", [])[1:])
    process = holders.get(values.pop("worker"))
    held = f"its sender is {process}, holding it since {row.changed_at}" if process else ""
    return DispatchStatus(**values, reason=reasons.get(row.id, ""), holder=held)


def next_due(ledger: Ledger, mailing: str, rehearsal: int = 0) -> datetime | None:
    """When the first letter that was put off in a sending is due again; None where none was."""
    ours = (_D.mailing == mailing) & (_D.rehearsal == rehearsal)
    put_off = schema.OPEN, _D.state == State.DEFERRED
    with ledger.read() as connection:
        due = connection.execute(select(func.min(_D.due_at)).where(ours, *put_off)).scalar()
    return parse(due) if due else None


def _reasons(connection: Connection, listed: ColumnElement[bool]) -> dict[str, str]:
    """By dispatch, every reason that stands, oldest first."""
    rows = connection.execute(
        select(_E.dispatch, _E.new, _E.what, _E.by, _E.why)
        .join(schema.dispatch, _D.id == _E.dispatch)
        .where(
            listed,
            _E.why.is_not(None),
            STANDS,
            _E.new.is_not(None) | _E.what.in_((POSTED, BROUGHT_BACK)),
        )
        .order_by(_E.seq)
    )
    found: dict[str, dict[str, None]] = {}
    for row in rows:
        # Posting is a transition of a letter by post alone, and an event of every posted letter.
        what = POSTED if row.why.startswith(POSTED) else row.new or row.what
        said = f"{what} by {row.by}" if row.by else what
        found.setdefault(row.dispatch, {})[f"{said}: {row.why}"] = None
    return {dispatch: "; ".join(reasons) for dispatch, reasons in found.items()}


def message_id(ledger: Ledger, mailing: str, ordinal: int) -> str:
    """A letter's Message-ID, as servers and mailboxes know it."""
    with ledger.read() as connection:
        return str(
            connection.execute(
                select(_L.message_id).where(_L.mailing == mailing, _L.ordinal == ordinal)
            ).scalar_one()
        )
