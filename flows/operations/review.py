"""What would be sent, for the one who signs it off: how many, to whom, what has changed."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import exists, func, select

from flows.operations.specimens import Specimen
from flows.people.contact import Reader, RejectedRow
from flows.post.ledger import schema
from flows.post.ledger.database import Ledger
from flows.post.mailing import approval
from flows.post.mailing import mailing as mailings
from flows.post.mailing.freezing import WRITTEN_AGAIN
from flows.post.mailing.mailing import Mailing
from flows.post.states import SETTLED_BY_A_PERSON, State

_D, _L, _E = schema.dispatch.c, schema.letter.c, schema.event.c
MOST_COMPARED = 20_000
"""Letters; to compare more would keep the operator."""
_FIELD = re.compile(rb"\r\n(?![ \t])")  # a folded line begins with a blank (RFC 5322, 2.2.3)
_BOUNDARY = re.compile(rb'boundary="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Changes:
    """A mailing against the campaign's last one."""

    since: Mailing
    files: tuple[str, ...]
    """Edits of campaign, templates and lists, in words."""
    came: tuple[str, ...]
    went: tuple[str, ...]
    """Readers by name; who has this edition already is still one."""
    differ: int | None
    """Letters to the same reader whose words differ; None where there are too many to compare."""
    same: int = 0


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A reader whose letter of this edition is refused or uncertain in another mailing."""

    name: str
    state: State
    dispatch: str
    reply: str
    """The server's code and words."""
    moved: bool
    """Whether the lists have another e-mail address for this person since."""
    again: bool
    """Whether the mailing under review has a letter to the same person."""

    def __str__(self) -> str:
        line = f"{self.name}: {self.state} ({self.reply or 'no answer'}), letter {self.dispatch}. "
        if self.state is State.UNCERTAIN:
            return f"{line}Not written to again until somebody settles it (resolve)"
        if self.again:
            where = "an address corrected since" if self.moved else "the same address"
            return f"{line}This mailing writes to them again, at {where}"
        if self.moved:
            return f"{line}The address was corrected since: withdraw that letter, then start anew"
        return f"{line}Send it again (send-again), or correct the address and withdraw it"


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
    unsettled: tuple[Unsettled, ...] = ()
    """Readers of this edition whose earlier letter is refused or uncertain."""
    changes: Changes | None = None
    specimens: tuple[Specimen, ...] = field(default=(), repr=False)
    on_paper: Mapping[str, int] = field(default_factory=dict)
    """Those of the live sending that go by post alone, by state."""


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


def unsettled(ledger: Ledger, mailing: Mailing, readers: Sequence[Reader]) -> tuple[Unsettled, ...]:
    """Return who of this edition was refused, or may have been written to, by name.

    Those whom the mailing writes to again are among them, though freezing it withdrew the refused
    letter. ``readers`` are those of the lists as they are now.
    """
    replaced = (
        exists()
        .where(_E.dispatch == _D.id, _E.new == State.WITHDRAWN, _E.why.startswith(WRITTEN_AGAIN))
        .correlate(schema.dispatch)
    )
    here = select(_L.person).where(_L.mailing == mailing.id)
    words = (
        select(func.max(_E.seq))
        .where(_E.dispatch == _D.id, _E.new == State.REFUSED)
        .correlate(schema.dispatch)
        .scalar_subquery()
    )
    statement = (
        select(_D.id, _D.person, _D.email, _D.state, _L.name)
        .add_columns(
            func.coalesce(_D.code, _E.code).label("code"),
            func.coalesce(_D.text, _E.text).label("text"),
        )
        .join(schema.letter, (_L.mailing == _D.mailing) & (_L.ordinal == _D.ordinal))
        .outerjoin(schema.event, _E.seq == words)
        .where(
            _D.campaign == mailing.campaign,
            _D.edition == mailing.edition,
            _D.mailing != mailing.id,
            _D.rehearsal == 0,
            _D.state.in_(SETTLED_BY_A_PERSON)
            | ((_D.state == State.WITHDRAWN) & replaced & _D.person.in_(here)),
        )
        .order_by(_D.state.desc(), _L.name)
    )
    now = {reader.contact.person: reader.contact.email for reader in readers}
    with ledger.read() as connection:
        rows = connection.execute(statement).all()
        again = set(connection.execute(here).scalars())
    return tuple(
        Unsettled(
            row.name,
            State.UNCERTAIN if row.state == State.UNCERTAIN else State.REFUSED,
            row.id,
            f"{row.code or ''} {row.text or ''}".strip()[:120],
            now.get(row.person, row.email).casefold() != row.email.casefold(),
            row.person in again,
        )
        for row in rows
    )


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
    served = set(mailing.passed_over)
    both = then.keys() & now.keys()
    differ: int | None = None
    if len(both) <= MOST_COMPARED:
        old, new = _contents(ledger, before), _contents(ledger, mailing)
        differ = sum(1 for person in both if old[person] != new[person])
    return Changes(
        before,
        tuple(approval.changed(before.sources, mailing.sources)),
        tuple(now[one] for one in now if one not in then),
        tuple(then[one] for one in then if one not in now and one not in served),
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
    """To, subject and body of a mail, without what is new in every mailing.

    Cut out of the bytes as they were frozen: parsing 650 mails takes a hundred times as long.
    """
    head, _, body = content.partition(b"\r\n\r\n")
    fields = [one for one in _FIELD.split(head) if one.lower().startswith((b"to:", b"subject:"))]
    # The outer boundary stands in the head, the inner one in the body; both come of the Message-ID.
    for boundary in _BOUNDARY.findall(content):
        body = body.replace(boundary, b"")
    return b"\0".join((*fields, body))
