"""The log: every transition and every sign-off, chained by hash so that a rewritten one is found.

``hash`` is the SHA-256 of the previous event's hash and of the event itself as canonical JSON.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, RowMapping, func, inspect, select

from flows.post.ledger import schema
from flows.post.ledger.database import NEW_HEAD
from flows.post.ledger.statements import Statement, insert_rows
from flows.post.states import HELD as HELD_BY_WORKERS
from flows.post.states import SETTLED_BY_A_PERSON, State

_E, _D, _L, _M = schema.event.c, schema.dispatch.c, schema.letter.c, schema.mailing.c
BEGINNING = "0" * 64
FROZEN, SIGNED_OFF = "frozen", "signed off"
HELD, RELEASED = "held", "released"
POSTED, BROUGHT_BACK = "posted", "brought back by the post"
WITNESSED, RECOVERED, BOUND, FORGOTTEN = "witnessed", "recovered", "bound", "forgotten"
"""What an event records where it is no transition: a mailing's hash, a sign-off."""
_FIELDS = tuple(
    column.name
    for column in schema.event.columns
    if column.name not in ("hash", "detail", "forgotten")
)
_values = itemgetter(*_FIELDS)
_encode = json.JSONEncoder(ensure_ascii=False).encode
_BLANK: dict[str, Any] = dict.fromkeys((*_FIELDS, "detail", "forgotten"))
_HEAD = Statement(
    select(schema.event.c.seq, schema.event.c.hash).where(
        schema.event.c.seq == select(func.max(schema.event.c.seq)).scalar_subquery()
    )
)


def canonical(entry: Mapping[str, Any] | RowMapping) -> str:
    """Return what an event's hash is the SHA-256 of: a JSON array."""
    values = _values(entry)
    if entry["detail"] is not None:  # events of the first version have none
        values += (entry["detail"],)
    return _encode(values)


def _hash(entry: Mapping[str, Any] | RowMapping) -> str:
    return hashlib.sha256(canonical(entry).encode()).hexdigest()


def append(connection: Connection, entries: Iterable[Mapping[str, Any]]) -> None:
    """Add entries to the chain, in order. To be called within ``Ledger.write``, which
    admits one writer, and which tells the witnesses where the log ends (``NEW_HEAD``)."""
    seq, previous = _HEAD.run(connection, {}).fetchone() or (0, BEGINNING)
    rows = []
    for entry in entries:
        seq += 1
        row = {**_BLANK, **entry, "seq": seq, "previous": previous}
        if row["detail"] is not None:
            row["detail"] = json.dumps(row["detail"], ensure_ascii=False, sort_keys=True)
        previous = row["hash"] = _hash(row)
        rows.append(row)
    if rows:
        insert_rows(connection, schema.event, rows)
        connection.info[NEW_HEAD] = seq, previous


def bound(connection: Connection, mailing: str) -> dict[str, Any]:
    """What the log binds of a mailing as it stands now: ``manifest`` and ``record`` (hashes, see
    ``flows.post.mailing.mailing``) and ``forgotten``, the event by each letter's number."""
    found: dict[str, Any] = {"forgotten": {}}
    for row in connection.execute(
        select(_E.seq, _E.what, _E.why, _E.detail)
        .where(_E.mailing == mailing, _E.what.in_((FROZEN, BOUND, FORGOTTEN)))
        .order_by(_E.seq)
    ):
        detail = _detail(row.detail)
        if row.what == FROZEN:
            found["manifest"] = row.why
        found |= {name: detail[name] for name in ("manifest", "record") if name in detail}
        if row.what == FORGOTTEN:
            found["forgotten"] |= dict.fromkeys(detail.get("letters", ()), row.seq)
    return found


def forgotten_digest(rows: Iterable[Mapping[str, Any] | RowMapping]) -> str:
    """SHA-256 over events whose personal data went, as they remain, in their order."""
    total = hashlib.sha256()
    for row in rows:
        total.update(_remains(row))
    return total.hexdigest()


def _remains(row: Mapping[str, Any] | RowMapping) -> bytes:
    values = [row[name] for name in (*_FIELDS, "detail", "hash")]
    return json.dumps(values, ensure_ascii=False).encode() + b"\n"


def _detail(text: str | None) -> dict[str, Any]:
    """An event's detail; empty where it has none or where it is not one."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def next_number(connection: Connection) -> int:
    """The number that the next event of this transaction gets."""
    last = _HEAD.run(connection, {}).fetchone()
    return int(last[0]) + 1 if last else 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a replay of the chain found. ``broken_at`` is the first event that does not fit.

    ``head`` is the hash of the last event: kept elsewhere, it gives away a chain cut short.
    """

    ok: bool
    events: int
    broken_at: int | None = None
    why: str = ""
    head: str = ""


class _Broken(Exception):  # noqa: N818 - found, not failed
    """``seq`` is the event that does not fit; None: one that is missing at the end."""

    def __init__(self, why: str, seq: int | None = None) -> None:
        super().__init__(why)
        self.seq = seq


class _Replay:
    """What the events say, gathered in their order."""

    def __init__(self) -> None:
        self.count = 0
        self.head = BEGINNING
        self.last: dict[str, RowMapping] = {}
        """By dispatch, its last transition."""
        self.first_attempt: dict[str, str | None] = {}
        self.due: dict[str, object] = {}
        self.said: dict[tuple[str, str | None], list[RowMapping]] = {}
        """Events that are no transitions, by what they say and of which mailing."""
        self.sources: dict[tuple[str, int], str] = {}
        self.identity: dict[str, Any] = {}
        self._forgotten: dict[int, Any] = {}

    def add(self, entry: RowMapping) -> None:
        self.count += 1
        if entry["seq"] != self.count:
            raise _Broken("an event is missing", self.count)
        forgotten = entry["forgotten"]
        if entry["previous"] != self.head or (forgotten is None and _hash(entry) != entry["hash"]):
            raise _Broken("this event is not as it was written", self.count)
        if forgotten is not None:
            self._forgotten.setdefault(forgotten, hashlib.sha256()).update(_remains(entry))
        self.head = entry["hash"]
        detail = _detail(entry["detail"])
        if entry["dispatch"] and entry["new"]:
            self._transition(entry, detail)
        elif entry["what"]:
            self._statement(entry, detail)

    def _transition(self, entry: RowMapping, detail: dict[str, Any]) -> None:
        dispatch, before = entry["dispatch"], self.last.get(entry["dispatch"])
        old, tried = (before["new"], before["attempt"] or 0) if before else (None, 0)
        if old != entry["old"]:
            raise _Broken("this transition does not follow the one before", self.count)
        first = self.first_attempt.get(dispatch)
        by_a_person = old in SETTLED_BY_A_PERSON
        if entry["new"] == State.READY and (by_a_person or not entry["attempt"]):
            first = None  # as ``transitions`` begins the days anew
        elif entry["new"] == State.HANDING_OVER or (entry["attempt"] or 0) > tried:
            first = first or entry["at"]
        self.first_attempt[dispatch] = first
        # Before its second version the log did not say when a deferred letter is due again.
        unsaid = _UNSAID if entry["new"] == State.DEFERRED else None
        self.due[dispatch] = detail.get("due", unsaid)
        self.last[dispatch] = entry

    def _statement(self, entry: RowMapping, detail: dict[str, Any]) -> None:
        what, mailing = entry["what"], entry["mailing"]
        self.said.setdefault((what, mailing), []).append(entry)
        if what == BOUND:
            self.due |= detail.get("due", {})
            for ordinal, digest in detail.get("sources", {}).items():
                self.sources[mailing, int(ordinal)] = digest
        elif what == SIGNED_OFF and "sources" in detail:
            self.sources[mailing, len(self.said[what, mailing])] = detail["sources"]
        elif what in (WITNESSED, RECOVERED, FORGOTTEN):
            self.identity |= {
                name: detail[name] for name in ("identity", "generation", "salt") if name in detail
            }
        if what == FORGOTTEN:
            remains = self._forgotten.pop(entry["seq"], hashlib.sha256()).hexdigest()
            if remains != detail.get("events"):
                raise _Broken("what was left of forgotten events was changed", self.count)

    def end(self) -> None:
        if self._forgotten:
            raise _Broken(f"no event {min(map(str, self._forgotten))} made events be forgotten")


_UNSAID = object()


def verify(connection: Connection) -> Verdict:
    """Replay the chain: each event follows the one before, and what the tables have of mailings,
    sign-offs, holds and dispatches is what the events say."""
    replay = _Replay()
    rows = connection.execution_options(yield_per=1000).execute(
        select(schema.event).order_by(schema.event.c.seq)
    )
    try:
        with rows:
            for row in rows:
                replay.add(row._mapping)
        replay.end()
        _need_dispatches(connection, replay)
        _need_holds(connection, replay)
        _need_mailings(connection, replay)
        _need_one_letter_per_person(connection)
        _need_identity(connection, replay)
    except _Broken as broken:
        at = broken.seq if broken.seq is not None else replay.count + 1
        return Verdict(False, min(replay.count, at - 1), at, str(broken))
    return Verdict(True, replay.count, head=replay.head)


def _need_dispatches(connection: Connection, replay: _Replay) -> None:
    rows = connection.execution_options(yield_per=1000).execute(
        select(
            schema.dispatch,
            _L.person.label("letter_person"),
            _L.email.label("letter_email"),
            _M.campaign.label("mailing_campaign"),
            _M.edition.label("mailing_edition"),
        )
        .join_from(
            schema.dispatch,
            schema.letter,
            (_L.mailing == _D.mailing) & (_L.ordinal == _D.ordinal),
            isouter=True,
        )
        .join(schema.mailing, _M.id == _D.mailing, isouter=True)
    )
    with rows:
        for row in rows:
            stored, last = row._mapping, replay.last.pop(row.id, None)
            if last is None or last["new"] != row.state:
                raise _Broken(f"dispatch {row.id} is {row.state}, which no event says")
            mark = f"r{row.rehearsal}:" if row.rehearsal else ""
            expected = {
                **{name: last[name] for name in ("mailing", "code", "enhanced", "queue_id")},
                "text": last["text"],
                "attempts": last["attempt"] or 0,
                "changed_at": last["at"],
                "worker": last["worker"] if row.state in HELD_BY_WORKERS else None,
                "first_attempt_at": replay.first_attempt[row.id],
                "id": f"{row.mailing}:{mark}{row.ordinal}",
                "campaign": row.mailing_campaign,
                "edition": row.mailing_edition,
                "person": row.letter_person,
                "email": row.letter_email,
            }
            if (due := replay.due[row.id]) is not _UNSAID:
                expected["due_at"] = due
            if differing := [name for name, value in expected.items() if stored[name] != value]:
                raise _Broken(
                    f"dispatch {row.id} is not as this event left it: {', '.join(differing)}",
                    last["seq"],
                )
    if replay.last:
        raise _Broken(f"dispatch {next(iter(replay.last))} is missing")


def _need_holds(connection: Connection, replay: _Replay) -> None:
    ordinals: dict[str, int] = {}
    holds = select(schema.hold).order_by(schema.hold.c.mailing, schema.hold.c.ordinal)
    for row in connection.execute(holds).all():
        ordinals[row.mailing] = ordinals.get(row.mailing, 0) + 1
        released = [row.released_at, row.released_by, row.released_why]
        kept = {HELD: [row.at, row.by, row.why, row.dispatch]}
        if any(released):
            kept[RELEASED] = [*released, None]
        for what, values in kept.items():
            said = replay.said.get((what, row.mailing), [])
            given = said.pop(0) if said else {}
            if [given.get(name) for name in ("at", "by", "why", "dispatch")] != values:
                raise _Broken(f"a hold on mailing {row.mailing} is not as it was {what}")
        if row.ordinal != ordinals[row.mailing]:
            raise _Broken(f"a hold on mailing {row.mailing} is missing")


def _need_mailings(connection: Connection, replay: _Replay) -> None:
    mailing, approval = schema.mailing.c, schema.approval.c
    frozen = select(mailing.id, mailing.hash).where(mailing.hash.is_not(None))
    signed = select(schema.approval).order_by(approval.mailing, approval.ordinal)
    for row in connection.execute(frozen).all():
        if [row.hash] != [event["why"] for event in replay.said.pop((FROZEN, row.id), [])]:
            raise _Broken(f"mailing {row.id} has a hash that no event says")
    for row in connection.execute(signed).all():
        said = replay.said.get((SIGNED_OFF, row.mailing), [])
        given = said.pop(0) if said else {}
        digest = hashlib.sha256(row.sources.encode()).hexdigest()
        if [given.get(name) for name in ("at", "by", "why")] != [row.at, row.by, row.hash] or (
            replay.sources.get((row.mailing, row.ordinal)) != digest
        ):
            raise _Broken(f"a sign-off of mailing {row.mailing} is not as it was given")
    for (what, about), left in replay.said.items():
        if left and what in (FROZEN, SIGNED_OFF, HELD, RELEASED):
            raise _Broken(
                f"what this event says of mailing {about} is not in the ledger", left[0]["seq"]
            )


def _need_one_letter_per_person(connection: Connection) -> None:
    """The index that the crash contract's third rule rests on is there, and nothing is past it."""
    found = {index["name"]: index for index in inspect(connection).get_indexes("dispatch")}
    index = found.get("one_letter_per_person")
    options = dict(index.get("dialect_options", {})) if index else {}
    where = re.sub(r"[()'\s]|::\w+", "", str(options.get(f"{connection.dialect.name}_where", "")))
    if (
        not index
        or not index["unique"]
        or index["column_names"] != ["campaign", "edition", "person"]
        or where != "rehearsal=0ANDstate<>withdrawn"
    ):
        raise _Broken("the index that allows each person one letter is gone or was changed")
    key = (_D.campaign, _D.edition, _D.person)
    twice = connection.execute(
        select(*key)
        .where(_D.rehearsal == 0, _D.state != State.WITHDRAWN)
        .group_by(*key)
        .having(func.count() > 1)
    ).first()
    if twice:
        raise _Broken(f"{twice.person} has two letters of {twice.campaign} {twice.edition}")


def _need_identity(connection: Connection, replay: _Replay) -> None:
    row = connection.execute(select(schema.ledger)).one_or_none()
    said = replay.identity
    if (
        row is None
        or said.get("identity", row.identity) != row.identity
        or said.get("generation", 1) != row.generation
        or said.get("salt", _sha256(row.salt)) != _sha256(row.salt)
    ):
        raise _Broken("the ledger's identity is not the one that its events name")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
