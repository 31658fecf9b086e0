"""A mailing: a campaign frozen on a day. These readers, these bytes, one hash."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from flows.errors import ConfigurationError
from flows.people.contact import RejectedRow
from flows.post.ledger import events, schema
from flows.post.ledger.clock import now, parse, stamp
from flows.post.ledger.database import Ledger
from flows.post.ledger.statements import insert_rows
from flows.post.states import State

_M, _L, _D = schema.mailing.c, schema.letter.c, schema.dispatch.c
_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Mailing:
    """A frozen mailing as the ledger has it."""

    id: str
    campaign: str
    edition: int
    as_of: str
    sender: str
    hash: str
    frozen_at: datetime
    letters: int
    refused: tuple[RejectedRow, ...]
    passed_over: tuple[str, ...]
    """Persons who have, or are getting, this edition from another mailing."""
    sources: Mapping[str, str]
    approved_at: datetime | None = None
    approved_by: str = ""
    approved_hash: str = ""
    approved_sources: Mapping[str, str] | None = None

    @property
    def short_hash(self) -> str:
        """As much of the hash as a person compares or types."""
        return self.hash[:12]

    @property
    def sign_off(self) -> str:
        """The command that signs it off, with NAME to be put in."""
        return f"dear-minister approve {self.id} --by NAME --hash {self.short_hash}"


def dispatch(
    connection: Connection, mailing: str, campaign: str, edition: int, *, rehearsal: int
) -> None:
    """Make a mailing's dispatches, each ``ready``: live ones, or those of a rehearsal."""
    at = stamp(now())
    mark = f"r{rehearsal}:" if rehearsal else ""
    letters = connection.execute(
        select(_L.ordinal, _L.person, _L.email)
        .where(_L.mailing == mailing, _L.forgotten.is_(None))
        .order_by(_L.ordinal)
    ).all()
    if rehearsal:
        letters = [row for row in letters if row.email]
    for start in range(0, len(letters), _CHUNK):
        rows = [
            {
                "id": f"{mailing}:{mark}{row.ordinal}",
                "mailing": mailing,
                "ordinal": row.ordinal,
                "rehearsal": rehearsal,
                "campaign": campaign,
                "edition": edition,
                "person": row.person,
                "email": row.email,
                "state": State.READY.value,
                "attempts": 0,
                "changed_at": at,
            }
            for row in letters[start : start + _CHUNK]
        ]
        insert_rows(connection, schema.dispatch, rows)
        events.append(
            connection,
            [
                {"at": at, "mailing": mailing, "dispatch": row["id"], "new": State.READY.value}
                for row in rows
            ],
        )


def manifest(connection: Connection, mailing: str) -> str:
    """Return the mailing's hash: SHA-256 (hex) over the lines of its manifest."""
    total = hashlib.sha256()
    for line in manifest_lines(connection, mailing):
        total.update(line)
    return total.hexdigest()


def manifest_lines(connection: Connection, mailing: str) -> Iterator[bytes]:
    """Yield what is signed off, a JSON array a line: what the mailing is, then to whom goes what.

    A file of these lines has the mailing's hash as its SHA-256.
    """
    head = connection.execute(
        select(_M.id, _M.campaign, _M.edition, _M.as_of, _M.sender, _M.frozen_at).where(
            _M.id == mailing
        )
    ).one()
    yield _line(head)
    for row in connection.execute(
        select(
            _L.ordinal,
            _L.contact,
            _L.person,
            _L.email,
            _L.copies,
            _L.paper,
            _L.reader,
            _L.message_id,
            _L.sha256,
        )
        .where(_L.mailing == mailing)
        .order_by(_L.ordinal)
    ):
        yield _line(row)


def record(connection: Connection, mailing: str) -> str:
    """SHA-256 over what the ledger shows of a mailing beside what its hash is over."""
    head = connection.execute(
        select(_M.fingerprint, _M.sources, _M.frozen_by, _M.refused, _M.passed_over).where(
            _M.id == mailing
        )
    ).one()
    total = hashlib.sha256(_line(head))
    for row in connection.execute(
        select(_L.ordinal, _L.name, _L.role, _L.reference)
        .where(_L.mailing == mailing)
        .order_by(_L.ordinal)
    ):
        total.update(_line(row))
    return total.hexdigest()


def get(ledger: Ledger, mailing: str) -> Mailing:
    """The mailing with this id. Raises ConfigurationError where there is none."""
    with ledger.read() as connection:
        return _get(connection, mailing)


def every(ledger: Ledger) -> list[Mailing]:
    """All mailings, the newest first."""
    with ledger.read() as connection:
        ids = connection.execute(
            select(_M.id).where(_M.hash.is_not(None)).order_by(_M.frozen_at.desc(), _M.id)
        ).scalars()
        return [_get(connection, mailing) for mailing in ids.all()]


def _get(connection: Connection, mailing: str) -> Mailing:
    row = connection.execute(
        select(schema.mailing).where(_M.id == mailing, _M.hash.is_not(None))
    ).first()
    if row is None:
        raise ConfigurationError(
            f"there is no mailing {mailing}; see them all with: dear-minister status"
        )
    approved = connection.execute(
        select(schema.approval)
        .where(schema.approval.c.mailing == mailing)
        .order_by(schema.approval.c.ordinal.desc())
    ).first()
    return Mailing(
        id=row.id,
        campaign=row.campaign,
        edition=row.edition,
        as_of=row.as_of,
        sender=row.sender,
        hash=row.hash,
        frozen_at=parse(row.frozen_at),
        letters=connection.execute(select(func.count()).where(_L.mailing == mailing)).scalar_one(),
        refused=tuple(RejectedRow(**rejected) for rejected in json.loads(row.refused)),
        passed_over=tuple(json.loads(row.passed_over)),
        sources=json.loads(row.sources),
        approved_at=parse(approved.at) if approved else None,
        approved_by=approved.by if approved else "",
        approved_hash=approved.hash if approved else "",
        approved_sources=json.loads(approved.sources) if approved else None,
    )


def _line(values: Iterable[object]) -> bytes:
    return json.dumps(list(values), ensure_ascii=False).encode() + b"\n"
