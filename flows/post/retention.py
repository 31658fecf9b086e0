"""Retention: personal data leave the ledger, and the log still verifies.

Content goes, hashes stay, and the removal is an event. What is kept of a forgotten letter: that
there was one, its mailing and number, its role, its state, times, codes and queue id, the hash of
its bytes, and salted hashes by which the person is found again, under another id too, without which
the same edition would be written again.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, or_, select, update

from flows.errors import ConfigurationError
from flows.people.lists.refused import Known
from flows.post.failpoints import passing
from flows.post.ledger import events, schema
from flows.post.ledger.clock import now, stamp
from flows.post.ledger.database import Ledger
from flows.post.ledger.transitions import COLUMNS, DispatchRow, Transition, apply
from flows.post.ledger.workers import recover
from flows.post.mailing.freezing import WRITTEN_AGAIN
from flows.post.mailing.mailing import manifest, record
from flows.post.mailing.persons import token
from flows.post.resolution import named
from flows.post.states import State

_D, _L, _M, _E = schema.dispatch.c, schema.letter.c, schema.mailing.c, schema.event.c
_I = schema.incoming.c
_ENDED = (State.SENT, State.REFUSED, State.WITHDRAWN)
NAME = "(forgotten)"
EMAIL = "forgotten@forgotten.invalid"
"""What stands in the place of a forgotten letter's name and address (RFC 2606, 2)."""
_KEPT_REASONS = (
    *("superseded by mailing ", WRITTEN_AGAIN, "posted on 2"),
    *("its worker died", "temporary refusals for too many days", "forgotten"),
)
"""Reasons that name nobody."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was removed."""

    letters: tuple[tuple[str, int], ...]
    """Mailing and number of each letter."""
    message_ids: frozenset[str]
    """What these letters' mails are called wherever else they lie."""
    mailings: tuple[str, ...]
    known: Known
    """What the readers of these letters were known by."""
    left: tuple[str, ...] = ()
    """Mailings of that age of which letters are still under way or uncertain."""


class NothingKeptError(ConfigurationError):
    """The ledger has nothing of this person."""


def forget_person(ledger: Ledger, person: str, *, by: str, why: str) -> Forgotten:
    """Remove one person's letters, addresses, answers and rows handed back from every mailing.

    ``person`` is a person's or a contact's id. Raises NothingKeptError where nobody has that id,
    ConfigurationError where a letter is still to be sent, under way or uncertain.
    """
    name, reason = named(by, why)
    recover(ledger)
    with ledger.write() as connection:
        chosen, known, others = _of(connection, person)
        return _forget(connection, chosen, known, name, reason, others)


def need_forgettable(ledger: Ledger, person: str) -> int:
    """How many letters ``forget_person`` would remove. Raises as it does; nothing is changed."""
    recover(ledger)
    with ledger.read() as connection:
        return len(_of(connection, person)[0])


def _of(connection: Connection, person: str) -> tuple[list["_Letter"], Known, list[str]]:
    """Their letters, what they are known by, and other mailings that handed back rows of theirs."""
    chosen = _letters(connection, or_(_L.person == person, _L.contact == person))
    known = _known(chosen, person)
    theirs = {letter.mailing for letter in chosen}
    others = [found for found in _with_rows(connection, known) if found not in theirs]
    if not chosen and not others:
        raise NothingKeptError(
            f"no letter of the ledger is to {person}; their id stands in: "
            "dear-minister status MAILING --json"
        )
    _need_ended(connection, chosen)
    return chosen, known, others


def forget_before(ledger: Ledger, day: date, *, by: str, why: str) -> Forgotten:
    """Remove the personal data of every mailing that was frozen before that day (UTC) and has come
    to its end. Raises ConfigurationError where there is none."""
    name, reason = named(by, why)
    recover(ledger)
    first = stamp(datetime.combine(day, time(), UTC))
    open_ = exists().where(_D.mailing == _M.id, _D.rehearsal == 0, _D.state.not_in(_ENDED))
    old = select(_M.id).where(_M.frozen_at < first, _M.hash.is_not(None))
    with ledger.write() as connection:
        left = connection.execute(old.where(open_)).scalars().all()
        chosen = _letters(connection, _L.mailing.in_(old.where(~open_)))
        if not chosen:
            waits = f"; not at their end: {', '.join(left)}" if left else ""
            raise ConfigurationError(f"no mailing from before {day} is left to forget{waits}")
        done = _forget(connection, chosen, _known(chosen), name, reason)
    return replace(done, left=tuple(left))


@dataclass(frozen=True, slots=True)
class _Letter:
    mailing: str
    ordinal: int
    person: str
    contact: str
    email: str
    message_id: str
    name: str
    known_as: str
    """JSON: the hashes by which the person is found under another id (``people.identity``)."""


def _letters(connection: Connection, where: object) -> list[_Letter]:
    columns = (_L.mailing, _L.ordinal, _L.person, _L.contact, _L.email, _L.message_id, _L.reader)
    rows = connection.execute(
        select(*columns)
        .where(where, _L.forgotten.is_(None))  # type: ignore[arg-type]
        .order_by(_L.mailing, _L.ordinal)
    )
    return [_letter(row, json.loads(row.reader)) for row in rows]


def _letter(row: Row[Any], reader: Mapping[str, Any]) -> _Letter:
    certain = reader.get("known_as", {}).get("certain")
    return _Letter(
        row.mailing,
        row.ordinal,
        row.person,
        row.contact,
        row.email,
        row.message_id,
        reader.get("name", ""),
        json.dumps({"known_as": {"certain": certain}} if certain else {}),
    )


def _known(letters: Iterable[_Letter], person: str = "") -> Known:
    """What the readers of these letters are known by, and ``person``, an id of one of them."""
    letters = tuple(letters)
    ids = {identity for letter in letters for identity in (letter.person, letter.contact)}
    return Known(
        frozenset(filter(None, {person, *ids})),
        frozenset(letter.email for letter in letters if letter.email),
        frozenset(letter.name for letter in letters if letter.name),
    )


def _with_rows(connection: Connection, known: Known) -> list[str]:
    """The mailings whose rows handed back, or persons passed over, are somebody's."""
    rows = connection.execute(
        select(_M.id, _M.refused, _M.passed_over)
        .where(_M.hash.is_not(None), or_(_M.refused != "[]", _M.passed_over != "[]"))
        .order_by(_M.frozen_at, _M.id)
    )
    return [
        row.id
        for row in rows
        if known.ids & set(json.loads(row.passed_over))
        or any(known.are_of(rejected["cells"]) for rejected in json.loads(row.refused))
    ]


def _dispatches(connection: Connection, letter: _Letter) -> list[tuple[DispatchRow, int]]:
    rows = connection.execute(
        select(*COLUMNS, _D.rehearsal).where(
            _D.mailing == letter.mailing, _D.ordinal == letter.ordinal
        )
    )
    return [(DispatchRow.read(row), row.rehearsal) for row in rows]


def _need_ended(connection: Connection, chosen: Iterable[_Letter]) -> None:
    for letter in chosen:
        for dispatch, rehearsal in _dispatches(connection, letter):
            if not rehearsal and dispatch.state not in _ENDED:
                settle = "resolve" if dispatch.state is State.UNCERTAIN else "withdraw"
                raise ConfigurationError(
                    f"dispatch {dispatch.id} is {dispatch.state}; nothing was forgotten: first "
                    f"dear-minister {settle} {dispatch.id}"
                )


def _forget(
    connection: Connection,
    chosen: Sequence[_Letter],
    known: Known,
    by: str,
    why: str,
    others: Sequence[str] = (),
) -> Forgotten:
    """``others`` are mailings that have no letter of theirs, but their rows."""
    salt = connection.execute(select(schema.ledger.c.salt)).scalar_one()
    mailings = tuple(dict.fromkeys(letter.mailing for letter in chosen))
    for mailing in (*mailings, *others):
        letters = [letter for letter in chosen if letter.mailing == mailing]
        dispatches = _end_rehearsals(connection, letters)
        _forget_mailing(connection, mailing, letters, dispatches, known, salt, by, why)
    passing("before-forgotten")
    return Forgotten(
        tuple((letter.mailing, letter.ordinal) for letter in chosen),
        frozenset(letter.message_id for letter in chosen if letter.message_id),
        mailings,
        known,
    )


def _end_rehearsals(connection: Connection, letters: Iterable[_Letter]) -> list[str]:
    """Withdraw what is left of their rehearsals; returns the ids of all their dispatches."""
    found = [pair for letter in letters for pair in _dispatches(connection, letter)]
    waiting = [
        dispatch
        for dispatch, rehearsal in found
        if rehearsal and dispatch.state in (State.READY, State.DEFERRED)
    ]
    apply(connection, [Transition(row, State.WITHDRAWN, why="forgotten") for row in waiting])
    return [dispatch.id for dispatch, _ in found]


def _forget_mailing(
    connection: Connection,
    mailing: str,
    letters: Sequence[_Letter],
    dispatches: Sequence[str],
    known: Known,
    salt: str,
    by: str,
    why: str,
) -> None:
    """One mailing's part, with the event that binds what remains."""
    seq = events.next_number(connection)
    for letter in letters:
        person = token(salt, letter.person)
        mine = (_L.mailing == mailing) & (_L.ordinal == letter.ordinal)
        email = EMAIL if letter.email else ""
        connection.execute(
            update(schema.letter)
            .where(mine)
            .values(
                contact="forgotten",
                person=person,
                name=NAME,
                email=email,
                copies="[]",
                reader=letter.known_as,
                reference="",
                message_id="",
                content=b"",
                forgotten=seq,
            )
        )
        connection.execute(
            update(schema.dispatch)
            .where(_D.mailing == mailing, _D.ordinal == letter.ordinal)
            .values(person=person, email=email, text=None)
        )
    _forget_rows(connection, mailing, known, salt)
    _forget_answers(connection, dispatches, letters)
    remains = _forget_events(connection, dispatches, seq)
    events.append(
        connection,
        [
            {
                "at": stamp(now()),
                "mailing": mailing,
                "what": events.FORGOTTEN,
                "by": by,
                "why": why,
                "detail": {
                    "letters": [letter.ordinal for letter in letters],
                    "manifest": manifest(connection, mailing),
                    "record": record(connection, mailing),
                    "events": remains,
                    "salt": hashlib.sha256(salt.encode()).hexdigest(),
                },
            }
        ],
    )


def _forget_rows(connection: Connection, mailing: str, known: Known, salt: str) -> None:
    """Rows that were handed back, and persons passed over: theirs, or all where none is left."""
    row = connection.execute(select(_M.refused, _M.passed_over).where(_M.id == mailing)).one()
    kept = connection.execute(
        select(_L.ordinal).where(_L.mailing == mailing, _L.forgotten.is_(None)).limit(1)
    ).first()
    refused = [
        rejected
        for rejected in json.loads(row.refused)
        if kept and not known.are_of(rejected["cells"])
    ]
    passed = [
        token(salt, person) if person in known.ids else person
        for person in json.loads(row.passed_over)
        if kept
    ]
    connection.execute(
        update(schema.mailing)
        .where(_M.id == mailing)
        .values(
            refused=json.dumps(refused, ensure_ascii=False),
            passed_over=json.dumps(passed, ensure_ascii=False),
        )
    )


def _forget_answers(
    connection: Connection, dispatches: Sequence[str], letters: Sequence[_Letter]
) -> None:
    """What came back on these letters: who wrote and what; the kind and the time stay."""
    theirs = _I.dispatch.in_(dispatches)
    raw = select(_I.sha256).where(theirs)
    connection.execute(delete(schema.incoming_raw).where(schema.incoming_raw.c.sha256.in_(raw)))
    blank = ("sender", "sender_name", "subject", "message_id", "words", "diagnostic", "note")
    connection.execute(
        update(schema.incoming)
        .where(theirs)
        .values(**dict.fromkeys(blank, ""), files="[]", candidates="[]")
    )
    bad = schema.bad_address.c
    connection.execute(
        delete(schema.bad_address).where(
            bad.dispatch.in_(dispatches) | bad.email.in_([letter.email for letter in letters])
        )
    )


def _forget_events(connection: Connection, dispatches: Sequence[str], seq: int) -> str:
    """Blank the servers' words and people's reasons in their events; SHA-256 of what remains.

    Events about what came back (``inbox.items``) have numbers and kinds in these columns.
    """
    worded = (_E.new.is_not(None) | _E.what.like("late answer%")) & (
        _E.text.is_not(None) | _E.why.is_not(None)
    )
    rows = connection.execute(
        select(schema.event)
        .where(_E.dispatch.in_(dispatches), _E.forgotten.is_(None), worded)
        .order_by(_E.seq)
    ).all()
    remains = []
    for row in rows:
        reason = row.why if row.why and row.why.startswith(_KEPT_REASONS) else None
        if row.text is None and reason == row.why:
            continue
        values = {"text": None, "why": reason, "forgotten": seq}
        connection.execute(update(schema.event).where(_E.seq == row.seq).values(**values))
        remains.append({**row._mapping, **values})
    return events.forgotten_digest(remains)
