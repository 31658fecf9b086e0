"""Items: mails that came back, and answers on paper, as the ledger keeps them.

Each is filed once, with the raw mail and an event of the chain; whatever a person says of it later
is an event as well. An item's row and the newest events about it always agree (``check``).
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, func, insert, select, update

from flows.errors import ConfigurationError
from flows.people import email_address
from flows.post.inbox.kinds import How, Kind
from flows.post.ledger import events, schema
from flows.post.ledger.clock import now, stamp
from flows.post.ledger.database import Ledger

CAME_BACK, SORTED, MATCHED, CLEARED = "came back", "sorted", "matched", "address cleared"
"""What an event of the chain records about an item; its text begins with the item's number."""
PIECE = 1_000_000
"""Octets of a raw mail that are read or written at a time."""
LONGEST_WORDS = 4000
_I, _R, _B = schema.incoming.c, schema.incoming_raw.c, schema.bad_address.c
_D = schema.dispatch.c


class Raw(Protocol):
    """A raw mail, in memory or in a file."""

    @property
    def sha256(self) -> str:
        """Of the whole mail, in hex."""

    def pieces(self) -> Iterator[bytes]:
        """Its octets, a megabyte at a time."""


@dataclass(frozen=True, slots=True)
class Item:
    """One mail that came back, or one answer that somebody typed in."""

    id: int
    """0 until it is filed."""
    identity: str
    sha256: str
    size: int
    source: str
    received_at: str
    """RFC 3339 in UTC; a day's noon where only the day is known."""
    filed_at: str
    sender: str
    sender_name: str
    subject: str
    message_id: str
    words: str
    files: tuple[str, ...]
    fault: str
    kind: Kind
    rule: str
    reason: str
    dispatch: str | None
    how: How
    candidates: tuple[str, ...]
    doubt: str
    status: str = ""
    diagnostic: str = ""
    sorted_by: str = ""
    note: str = ""

    @property
    def waits(self) -> bool:
        """Whether a person has to sort it, match it, or say that a doubtful match is right."""
        if self.kind is Kind.UNRELATED:
            return False
        proposed = self.kind is Kind.OBJECTION and not self.sorted_by
        return self.kind is Kind.UNSORTED or self.dispatch is None or bool(self.doubt) or proposed


def waits_in_ledger() -> ColumnElement[bool]:
    """The condition on ``schema.incoming`` that is ``Item.waits``."""
    proposed = (_I.kind == Kind.OBJECTION) & (_I.sorted_by == "")
    open_ = (_I.kind == Kind.UNSORTED) | _I.dispatch.is_(None) | (_I.doubt != "")
    return (_I.kind != Kind.UNRELATED) & (open_ | proposed)


@dataclass(frozen=True, slots=True)
class BadAddress:
    """An address that a mail server said nobody has."""

    email: str
    since: str
    item: int
    dispatch: str
    why: str


def filed(connection: Connection, identities: Sequence[str]) -> frozenset[str]:
    """Which of these identities are filed already."""
    found = connection.execute(select(_I.identity).where(_I.identity.in_(identities))).scalars()
    return frozenset(found)


def file(connection: Connection, found: Sequence[tuple[Item, Raw, str]]) -> list[Item]:
    """File items that are new, each with its raw mail; to be called within ``Ledger.write``. Of
    what is unrelated the raw mail is not kept.

    With each item comes the address that its bounce is about, blank where it says nothing against
    one. Returns the items as they are filed: those that were filed before are left out.
    """
    known = set(filed(connection, [item.identity for item, _, _ in found]))
    number = connection.execute(select(func.max(_I.id))).scalar() or 0
    at = stamp(now())
    made: list[Item] = []
    for item, raw, dead in found:
        if item.identity in known:
            continue
        known.add(item.identity)
        number += 1
        new = replace(item, id=number, filed_at=at)
        if new.kind is not Kind.UNRELATED:
            _keep(connection, raw)
        made.append(new)
        if dead and new.dispatch:
            _mark(connection, dead, new)
    if made:
        connection.execute(insert(schema.incoming), [_row(item) for item in made])
        events.append(connection, [_came_back(item) for item in made])
    return made


def _keep(connection: Connection, raw: Raw) -> None:
    if connection.execute(select(_R.part).where(_R.sha256 == raw.sha256).limit(1)).first():
        return
    for part, content in enumerate(raw.pieces(), 1):
        values = {"sha256": raw.sha256, "part": part, "content": content}
        connection.execute(insert(schema.incoming_raw), [values])


def _mark(connection: Connection, email: str, item: Item) -> None:
    key = email_address.key(email)
    connection.execute(delete(schema.bad_address).where(_B.email == key))
    connection.execute(
        insert(schema.bad_address).values(
            email=key,
            since=item.received_at,
            item=item.id,
            dispatch=item.dispatch,
            why=" ".join(part for part in (item.status, item.diagnostic) if part)[:300],
        )
    )


def _row(item: Item) -> dict[str, Any]:
    values = {name: getattr(item, name) for name in item.__dataclass_fields__}
    return values | {
        "kind": item.kind.value,
        "how": item.how.value,
        "files": json.dumps(item.files, ensure_ascii=False),
        "candidates": json.dumps(item.candidates, ensure_ascii=False),
        "words": item.words[:LONGEST_WORDS],
    }


def _came_back(item: Item) -> dict[str, Any]:
    return {
        "at": item.filed_at,
        "mailing": item.dispatch.partition(":")[0] if item.dispatch else None,
        "dispatch": item.dispatch,
        "what": CAME_BACK,
        "enhanced": item.status or None,
        "text": f"{item.id} {item.sha256}",
        "by": item.sorted_by or None,
        "why": f"{item.kind}: {item.reason}",
    }


def read(ledger: Ledger, *conditions: Any) -> list[Item]:
    """The items that meet these conditions on ``schema.incoming``, in the order they were filed."""
    with ledger.read() as connection:
        rows = connection.execute(select(schema.incoming).where(*conditions).order_by(_I.id)).all()
    return [_item(row._mapping) for row in rows]


def get(ledger: Ledger, item: int) -> Item:
    """The item with this number. Raises ConfigurationError where there is none."""
    found = read(ledger, _I.id == item)
    if not found:
        raise ConfigurationError(
            f"there is no item {item}; see them all with: dear-minister replies"
        )
    return found[0]


def _item(row: RowMapping) -> Item:
    values = dict(row)
    return Item(
        **{
            **values,
            "kind": Kind(values["kind"]),
            "how": How(values["how"]),
            "files": tuple(json.loads(values["files"])),
            "candidates": tuple(json.loads(values["candidates"])),
        }
    )


def raw(ledger: Ledger, item: Item) -> Iterator[bytes]:
    """The raw mail, or the scan, in pieces; nothing where none was kept."""
    with ledger.read() as connection:
        statement = select(_R.content).where(_R.sha256 == item.sha256).order_by(_R.part)
        for (content,) in connection.execution_options(yield_per=1).execute(statement):
            yield content


def sort(
    ledger: Ledger, item: Item, kind: Kind, *, by: str, note: str = "", dead: str = ""
) -> Item:
    """Record that a person says what an item is. ``dead``: the address that it speaks against."""
    sorted_ = replace(
        item,
        kind=kind,
        rule="person",
        reason=f"sorted by {by}",
        sorted_by=by,
        note=note or item.note,
    )
    if kind is Kind.UNRELATED:
        sorted_ = replace(sorted_, dispatch=None, how=How.PERSON, candidates=(), doubt="")
    return _change(ledger, sorted_, SORTED, by, f"{kind}: {note}" if note else f"{kind}:", dead)


def match(ledger: Ledger, item: Item, dispatch: str, *, by: str, dead: str = "") -> Item:
    """Record that a person says which letter an item is about."""
    matched = replace(item, dispatch=dispatch, how=How.PERSON, doubt="")
    return _change(ledger, matched, MATCHED, by, f"said by {by}", dead)


def _change(ledger: Ledger, item: Item, what: str, by: str, why: str, dead: str) -> Item:
    changed = {
        name: value
        for name, value in _row(item).items()
        if name
        in ("kind", "rule", "reason", "dispatch", "how", "candidates", "doubt", "sorted_by", "note")
    }
    with ledger.write() as connection:
        connection.execute(update(schema.incoming).where(_I.id == item.id).values(**changed))
        if dead and item.dispatch:
            _mark(connection, dead, item)
        events.append(
            connection,
            [
                {
                    "at": stamp(now()),
                    "mailing": item.dispatch.partition(":")[0] if item.dispatch else None,
                    "dispatch": item.dispatch,
                    "what": what,
                    "text": str(item.id),
                    "by": by,
                    "why": why,
                }
            ],
        )
    return item


def bad_addresses(ledger: Ledger) -> dict[str, BadAddress]:
    """Addresses that are not written to, by ``email_address.key``."""
    with ledger.read() as connection:
        rows = connection.execute(
            select(_B.email, _B.since, _B.item, _B.dispatch, _B.why)
            .where(_B.cleared_at.is_(None))
            .order_by(_B.since)
        ).all()
    return {row.email: BadAddress(**row._mapping) for row in rows}


def clear(ledger: Ledger, email: str, *, by: str, why: str) -> None:
    """Record that an address is right after all. Raises ConfigurationError where it is not bad."""
    key, at = email_address.key(email), stamp(now())
    with ledger.write() as connection:
        done = connection.execute(
            update(schema.bad_address)
            .where(_B.email == key, _B.cleared_at.is_(None))
            .values(cleared_at=at, cleared_by=by)
        )
        if not done.rowcount:
            raise ConfigurationError(
                f"{email}: no report says that it is wrong; nothing was changed. "
                "See: dear-minister replies corrections"
            )
        # The address stays out of the chain, which is never erased.
        digest = hashlib.sha256(key.encode()).hexdigest()[:16]
        entry = {"at": at, "what": CLEARED, "text": digest, "by": by, "why": why}
        events.append(connection, [entry])


def check(connection: Connection) -> tuple[int | None, str] | None:
    """The event and the words of what is not as it was filed or sorted; None where all is."""
    e = schema.event.c
    told: dict[int, RowMapping] = {}
    hashes: dict[int, str] = {}
    kinds: dict[int, str] = {}
    for row in connection.execution_options(yield_per=1000).execute(
        select(e.seq, e.what, e.text, e.why, e.dispatch)
        .where(e.what.in_((CAME_BACK, SORTED, MATCHED)))
        .order_by(e.seq)
    ):
        number, _, digest = row.text.partition(" ")
        told[int(number)] = row._mapping
        if row.what == CAME_BACK:
            hashes[int(number)] = digest
        if row.what in (CAME_BACK, SORTED):
            kinds[int(number)] = row.why.partition(":")[0]
    for row in connection.execution_options(yield_per=1000).execute(
        select(_I.id, _I.sha256, _I.kind, _I.dispatch)
    ):
        event = told.pop(row.id, None)
        if event is None:
            return None, f"item {row.id} is in the ledger, and no event says that it came"
        if hashes.get(row.id) != row.sha256 or kinds[row.id] != row.kind:
            return event["seq"], f"item {row.id} is not as this event says"
        if event["dispatch"] != row.dispatch:
            return event["seq"], f"item {row.id} belongs to another letter than this event says"
    if told:
        number, event = next(iter(told.items()))
        return event["seq"], f"item {number}, which this event is about, is not in the ledger"
    return _check_raw(connection)


def _check_raw(connection: Connection) -> tuple[int | None, str] | None:
    digest, current = hashlib.sha256(), ""

    def wrong() -> tuple[int | None, str] | None:
        if current and digest.hexdigest() != current:
            return None, f"the raw mail {current[:12]} is not the one that came"
        return None

    for row in connection.execution_options(yield_per=1).execute(
        select(_R.sha256, _R.content).order_by(_R.sha256, _R.part)
    ):
        if row.sha256 != current:
            if fault := wrong():
                return fault
            digest, current = hashlib.sha256(), row.sha256
        digest.update(row.content)
    return wrong()
