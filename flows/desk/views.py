"""What the desk page shows, read from the ledger as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Select, func, or_, select

from flows.errors import ConfigurationError
from flows.operations import came_back
from flows.post.ledger import holds, schema
from flows.post.ledger.database import Ledger
from flows.post.ledger.holds import Hold
from flows.post.mailing import mailing as mailings
from flows.post.mailing.frozen_letter import documents, read_mail
from flows.post.mailing.mailing import Mailing
from flows.post.states import State
from flows.post.status import shown_as

PAGE = 100
"""Letters on a page."""
_MOST_WORDS = 20
_D, _L, _E = schema.dispatch.c, schema.letter.c, schema.event.c
_LETTERS = schema.dispatch.join(
    schema.letter, (_L.mailing == _D.mailing) & (_L.ordinal == _D.ordinal)
)
_FOLDERS = ("mailings", "preview")
"""Folders under var/ whose files flows write for people."""


@dataclass(frozen=True, slots=True)
class MailingView:
    """A mailing with what it waits for."""

    mailing: Mailing
    counts: Mapping[str, int]
    """Live letters by state as ``status.shown_as`` says it."""
    hold: Hold | None

    @property
    def waits(self) -> tuple[str, ...]:
        """What a person has to see to, most urgent first: names of deployments' matters."""
        found = [state for state in ("uncertain", "refused") if self.counts.get(state)]
        if self.hold:
            found.append("held")
        elif not self.mailing.approved_at and self.counts.keys() & {"ready", "to print"}:
            found.append("sign-off")
        if self.mailing.approved_at and self.counts.get("to print"):
            found.append("to print")
        return tuple(found)


@dataclass(frozen=True, slots=True)
class LetterRow:
    """A live letter in a list."""

    id: str
    name: str
    mailing: str
    state: str
    paper: bool
    reply: str
    changed_at: str


@dataclass(frozen=True, slots=True)
class Found:
    """One page of letters."""

    rows: tuple[LetterRow, ...]
    total: int
    page: int

    @property
    def pages(self) -> int:
        """How many pages there are; one at least."""
        return max(1, -(-self.total // PAGE))


@dataclass(frozen=True, slots=True)
class LetterView:
    """One letter with its history."""

    row: LetterRow
    email: str
    subject: str
    text: str
    """The mail's words as they were sent; blank for a letter on paper."""
    files: tuple[str, ...]
    events: tuple[Mapping[str, Any], ...]
    message_id: str
    sha256: str


def overview(ledger: Ledger) -> list[MailingView]:
    """Return every mailing, the newest first."""
    mail = _D.email != ""
    with ledger.read() as connection:
        rows = connection.execute(
            select(_D.mailing, _D.state, mail.label("mail"), func.count().label("n"))
            .where(_D.rehearsal == 0)
            .group_by(_D.mailing, _D.state, mail)
        ).all()
    counts: dict[str, dict[str, int]] = {}
    for row in rows:
        mine = counts.setdefault(row.mailing, {})
        name = shown_as(row.state, by_mail=bool(row.mail))
        mine[name] = mine.get(name, 0) + row.n
    held = holds.every(ledger)
    return [
        MailingView(found, counts.get(found.id, {}), held.get(found.id))
        for found in mailings.every(ledger)
    ]


def unsorted_replies(ledger: Ledger) -> int:
    """Return how many mails that came back wait for a person to sort them."""
    return len(came_back.desk(ledger).waiting)


def letters(
    ledger: Ledger, *, mailing: str = "", words: str = "", state: str = "", page: int = 1
) -> Found:
    """Return live letters of one mailing, or of all, one page of them.

    ``words`` are looked for in name, contact's id, person's id and address, in any order.
    """
    statement = select(
        _D.id, _L.name, _D.mailing, _D.state, _D.email, _D.code, _D.text, _D.changed_at
    ).select_from(_LETTERS)
    statement = _narrowed(statement, mailing, words, state)
    count = _narrowed(select(func.count()).select_from(_LETTERS), mailing, words, state)
    with ledger.read() as connection:
        total = int(connection.execute(count).scalar_one())
        page = max(1, min(page, -(-total // PAGE)))
        rows = connection.execute(
            statement.order_by(_D.mailing.desc(), _D.ordinal).limit(PAGE).offset((page - 1) * PAGE)
        ).all()
    return Found(tuple(map(_row, rows)), total, page)


def letter(ledger: Ledger, dispatch: str) -> LetterView:
    """Return one live letter. Raises ConfigurationError where there is none."""
    statement = select(
        _D.id,
        _L.name,
        _D.mailing,
        _D.state,
        _D.email,
        _D.code,
        _D.text,
        _D.changed_at,
        _L.contact,
        _L.message_id,
        _L.sha256,
        _L.content,
    ).select_from(_LETTERS)
    with ledger.read() as connection:
        row = connection.execute(statement.where(_D.id == dispatch)).first()
        if row is None:
            raise ConfigurationError(f"there is no letter {dispatch}")
        events = connection.execute(
            select(_E.at, _E.old, _E.new, _E.what, _E.code, _E.text, _E.by, _E.why)
            .where(_E.dispatch == dispatch)
            .order_by(_E.seq)
        ).all()
    subject = text = ""
    if row.email:
        mail = read_mail(row.content)
        body = mail.get_body(("plain",))
        subject, text = str(mail["Subject"]), str(body.get_content()) if body else ""
    return LetterView(
        _row(row),
        row.email,
        subject,
        text,
        tuple(documents(row.contact, row.email, row.content)),
        tuple(event._asdict() for event in events),
        row.message_id,
        row.sha256,
    )


def content(ledger: Ledger, dispatch: str, name: str) -> bytes:
    """Return a letter's mail ("mail.eml") or one of its documents, as frozen.

    Raises ConfigurationError where there is no such thing.
    """
    with ledger.read() as connection:
        row = connection.execute(
            select(_L.contact, _D.email, _L.content).select_from(_LETTERS).where(_D.id == dispatch)
        ).first()
    if row is not None and name == "mail.eml" and row.email:
        return bytes(row.content)
    found = documents(row.contact, row.email, row.content).get(name) if row else None
    if found is None:
        raise ConfigurationError(f"there is no {name} of a letter {dispatch}")
    return found


def files(var: Path, mailing: str) -> list[Path]:
    """Return what flows wrote for a mailing, relative to ``var``."""
    folder = var / "mailings" / mailing
    return sorted(path.relative_to(var) for path in folder.rglob("*") if path.is_file())


def file(var: Path, name: str) -> Path:
    """Return a file that a flow wrote. Raises ConfigurationError for any other."""
    try:
        wanted = (var / name).resolve()
        there = wanted.is_file()
    except (OSError, ValueError):  # longer than a name can be, or no name at all
        there = False
    folders = [(var / folder).resolve() for folder in _FOLDERS]
    if not there or not any(wanted.is_relative_to(folder) for folder in folders):
        raise ConfigurationError(f"there is no file {name}")
    return wanted


def _narrowed(statement: "Select[Any]", mailing: str, words: str, state: str) -> "Select[Any]":
    statement = statement.where(_D.rehearsal == 0)
    if mailing:
        statement = statement.where(_D.mailing == mailing)
    if state:
        mail = _D.email != ""
        mailed = [each for each in State if shown_as(each, by_mail=True) == state]
        on_paper = [each for each in State if shown_as(each, by_mail=False) == state]
        statement = statement.where(
            (_D.state.in_(mailed) & mail) | (_D.state.in_(on_paper) & ~mail)
        )
    for word in words.split()[:_MOST_WORDS]:
        statement = statement.where(
            or_(
                *(
                    column.icontains(word, autoescape=True)
                    for column in (_L.name, _L.contact, _L.person, _D.email)
                )
            )
        )
    return statement


def _row(row: Any) -> LetterRow:
    return LetterRow(
        row.id,
        row.name,
        row.mailing,
        shown_as(row.state, by_mail=bool(row.email)),
        not row.email,
        f"{row.code or ''} {row.text or ''}".strip(),
        row.changed_at,
    )


def shown_states(counts: Mapping[str, int]) -> Sequence[tuple[str, int]]:
    """Return counts in the order in which a person looks at them."""
    first = ["uncertain", "refused", "deferred", "ready", "to print"]
    rank = {name: number for number, name in enumerate(first)}
    return sorted(
        ((name, n) for name, n in counts.items() if n), key=lambda one: rank.get(one[0], len(rank))
    )
