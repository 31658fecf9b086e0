"""The log: every transition and every sign-off, chained by hash so that a rewritten one is found.

``hash`` is the SHA-256 of the previous event's hash and of the event itself as canonical JSON.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, func, insert, select

from flows.post.ledger import schema
from flows.post.ledger.statements import Statement

BEGINNING = "0" * 64
FROZEN, SIGNED_OFF = "frozen", "signed off"
HELD, RELEASED = "held", "released"
POSTED = "posted"
"""What an event records where it is no transition: a mailing's hash, a sign-off."""
_FIELDS = tuple(c.name for c in schema.event.columns if c.name != "hash")
_BLANK: dict[str, Any] = dict.fromkeys(_FIELDS)
_KEPT = ("changed_at", "attempts", "code", "enhanced", "text", "queue_id")
"""Columns of a dispatch that its last event has as well."""
_INSERT = Statement(insert(schema.event))
_HEAD = Statement(
    select(schema.event.c.seq, schema.event.c.hash).where(
        schema.event.c.seq == select(func.max(schema.event.c.seq)).scalar_subquery()
    )
)


def _hash(entry: Mapping[str, Any] | RowMapping) -> str:
    canonical = json.dumps([entry[name] for name in _FIELDS], ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def append(connection: Connection, entries: Iterable[Mapping[str, Any]]) -> None:
    """Add entries to the chain, in order. To be called within ``Ledger.write``, which
    admits one writer."""
    seq, previous = _HEAD.run(connection, {}).fetchone() or (0, BEGINNING)
    rows = []
    for entry in entries:
        seq += 1
        row = {**_BLANK, **entry, "seq": seq, "previous": previous}
        previous = row["hash"] = _hash(row)
        rows.append(row)
    if rows:
        _INSERT.run_many(connection, rows)


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


def verify(connection: Connection) -> Verdict:
    """Replay the chain: each event follows the one before, and what the ledger shows of mailings,
    sign-offs and dispatches is what their events say."""
    previous, count = BEGINNING, 0
    moved: dict[str, RowMapping] = {}
    said: dict[str, list[RowMapping]] = {}
    for row in connection.execution_options(yield_per=1000).execute(
        select(schema.event).order_by(schema.event.c.seq)
    ):
        entry = row._mapping
        count += 1
        if entry["seq"] != count:
            return Verdict(False, count - 1, count, "an event is missing")
        if entry["previous"] != previous or _hash(entry) != entry["hash"]:
            return Verdict(False, count - 1, count, "this event is not as it was written")
        previous = entry["hash"]
        if entry["dispatch"] and entry["new"]:
            before = moved.get(entry["dispatch"])
            if (before["new"] if before else None) != entry["old"]:
                return Verdict(
                    False, count - 1, count, "this transition does not follow the one before"
                )
            moved[entry["dispatch"]] = entry
        elif entry["what"] in (FROZEN, SIGNED_OFF, HELD, RELEASED):
            said.setdefault(f"{entry['what']} {entry['mailing']}", []).append(entry)
    return (
        _dispatches(connection, moved, count)
        or _holds(connection, said, count)
        or _mailings(connection, said, count)
        or Verdict(True, count, head=previous)
    )


def _dispatches(connection: Connection, moved: dict[str, RowMapping], count: int) -> Verdict | None:
    for row in connection.execution_options(yield_per=1000).execute(select(schema.dispatch)):
        last = moved.pop(row.id, None)
        if last is None or last["new"] != row.state:
            why = f"dispatch {row.id} is {row.state}, which no event says"
            return Verdict(False, count, count + 1, why)
        left = {**last, "attempts": last["attempt"] or 0, "changed_at": last["at"]}
        if differing := [name for name in _KEPT if left[name] != row._mapping[name]]:
            why = f"dispatch {row.id} is not as this event left it: {', '.join(differing)}"
            return Verdict(False, count, last["seq"], why)
    if moved:
        return Verdict(False, count, count + 1, f"dispatch {next(iter(moved))} is missing")
    return None


def _holds(connection: Connection, said: dict[str, list[RowMapping]], count: int) -> Verdict | None:
    holds = select(schema.hold).order_by(schema.hold.c.mailing, schema.hold.c.ordinal)
    for row in connection.execute(holds).all():
        kept = {HELD: [row.at, row.by, row.why]}
        if row.released_at:
            kept[RELEASED] = [row.released_at, row.released_by, row.released_why]
        for what, values in kept.items():
            told = said.get(f"{what} {row.mailing}", [])
            given = told.pop(0) if told else {}
            if [given.get(name) for name in ("at", "by", "why")] != values:
                why = f"a hold on mailing {row.mailing} is not as it was {what}"
                return Verdict(False, count, count + 1, why)
    return None


def _mailings(
    connection: Connection, said: dict[str, list[RowMapping]], count: int
) -> Verdict | None:
    mailing, approval = schema.mailing.c, schema.approval.c
    frozen = select(mailing.id, mailing.hash).where(mailing.hash.is_not(None))
    signed = select(approval.mailing, approval.at, approval.by, approval.hash).order_by(
        approval.mailing, approval.ordinal
    )
    for row in connection.execute(frozen).all():
        if [row.hash] != [one["why"] for one in said.pop(f"{FROZEN} {row.id}", [])]:
            why = f"mailing {row.id} has a hash that no event says"
            return Verdict(False, count, count + 1, why)
    for row in connection.execute(signed).all():
        told = said.get(f"{SIGNED_OFF} {row.mailing}", [])
        given = told.pop(0) if told else {}
        if [given.get(name) for name in ("at", "by", "why")] != list(row[1:]):
            why = f"a sign-off of mailing {row.mailing} is not as it was given"
            return Verdict(False, count, count + 1, why)
    if lost := [entry for entries in said.values() for entry in entries]:
        why = f"what this event says of mailing {lost[0]['mailing']} is not in the ledger"
        return Verdict(False, count, lost[0]["seq"], why)
    return None
