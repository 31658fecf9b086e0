"""What would be sent, for the one who signs it off: how many, to whom, what has changed."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select

from flows.operations.specimens import Specimen
from flows.people.contact import RejectedRow
from flows.post.ledger import schema
from flows.post.ledger.database import Ledger
from flows.post.mailing import approval
from flows.post.mailing import mailing as mailings
from flows.post.mailing.frozen_letter import read_mail
from flows.post.mailing.mailing import Mailing

_L = schema.letter.c
MOST_COMPARED = 2000
"""Letters; taking more of them out of their mails to compare them would keep the operator."""


@dataclass(frozen=True, slots=True)
class Changes:
    """A mailing against the campaign's last one."""

    since: Mailing
    files: tuple[str, ...]
    """Edits of campaign, templates and lists, in words."""
    came: tuple[str, ...]
    went: tuple[str, ...]
    """Readers by name."""
    differ: int | None
    """Letters to the same reader whose words differ; None where there are too many to compare."""
    same: int = 0


@dataclass(frozen=True, slots=True)
class Review:
    """Everything that the review shows."""

    mailing: Mailing
    live: Mapping[str, int]
    """Letters of the live sending by state."""
    roles: Mapping[str, int]
    by_post: int
    refused: tuple[RejectedRow, ...]
    refused_file: Path | None
    left_out: tuple[str, ...] = ()
    """Readers kept out by audience or suppression, and by which rule, a line each."""
    odd: tuple[str, ...] = ()
    """What else somebody should look at before signing, a line each."""
    changes: Changes | None = None
    specimens: tuple[Specimen, ...] = field(default=(), repr=False)


def counts(ledger: Ledger, mailing: Mailing) -> tuple[dict[str, int], int]:
    """Letters by role of reader, and how many of all go by post."""
    with ledger.read() as connection:
        rows = connection.execute(
            select(_L.role, func.count()).where(_L.mailing == mailing.id).group_by(_L.role)
        ).all()
        by_post = connection.execute(
            select(func.count()).where(_L.mailing == mailing.id, _L.email == "")
        ).scalar_one()
    return {row.role: row[1] for row in sorted(rows)}, by_post


def changes(ledger: Ledger, mailing: Mailing) -> Changes | None:
    """What has changed since the last mailing of this campaign, None where this is the first."""
    before = next(
        (
            one
            for one in mailings.every(ledger)
            if one.campaign == mailing.campaign
            and one.id != mailing.id
            and one.frozen_at <= mailing.frozen_at
        ),
        None,
    )
    if before is None:
        return None
    then, now = _names(ledger, before), _names(ledger, mailing)
    both = then.keys() & now.keys()
    differ: int | None = None
    if len(both) <= MOST_COMPARED:
        old, new = _contents(ledger, before), _contents(ledger, mailing)
        differ = sum(1 for person in both if old[person] != new[person])
    return Changes(
        before,
        tuple(approval.changed(before.sources, mailing.sources)),
        tuple(now[one] for one in now if one not in then),
        tuple(then[one] for one in then if one not in now),
        differ,
        len(both) - (differ or 0),
    )


def _names(ledger: Ledger, mailing: Mailing) -> dict[str, str]:
    with ledger.read() as connection:
        rows = connection.execute(
            select(_L.person, _L.name).where(_L.mailing == mailing.id).order_by(_L.ordinal)
        ).all()
    return {row.person: row.name for row in rows}


def _contents(ledger: Ledger, mailing: Mailing) -> dict[str, str]:
    """A hash of what each reader reads: Message-ID, date and boundaries differ in every mailing."""
    found = {}
    with ledger.read() as connection:
        rows = connection.execution_options(yield_per=50).execute(
            select(_L.person, _L.email, _L.content).where(_L.mailing == mailing.id)
        )
        for person, email, content in rows:
            found[person] = hashlib.sha256(_read(content) if email else content).hexdigest()
    return found


def _read(content: bytes) -> bytes:
    message = read_mail(content)
    parts = [str(message["To"]).encode(), str(message["Subject"]).encode()]
    for part in message.walk():
        if not part.is_multipart():
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            parts.append(payload)
    return b"\0".join(parts)
