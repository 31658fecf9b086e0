"""An imported list written over the last one: what changes, and what was corrected by hand stays.

Beside "list.csv" stand "list.csv.source", where it is from, and ".list.imported.csv", the list as
the source had it. A cell that differs from that was corrected by hand and is kept; a row that is
missing was deleted by hand and stays away; one that is new was added by hand.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from flows.counted import counted
from flows.errors import ConfigurationError
from flows.people.contact import KNOWN, Contact
from flows.people.lists import files, loading, rows
from flows.people.sources import provenance
from flows.people.sources.imported import Imported, longer_ids, slug
from flows.people.sources.provenance import Provenance, beside

OWN = ("personal", "salutation", "envelope", "tags", "notes")
"""Columns an office fills in itself; kept even where nothing says what the source had."""
_LOSS = 0.2
_Cells = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CellChange:
    """A cell of one contact, before and after."""

    id: str
    column: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.id}: {self.column}: {self.before or '(blank)'} -> {self.after or '(blank)'}"


@dataclass(frozen=True, slots=True)
class Changes:
    """What an import makes of the list that was there; ids, but for cells."""

    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    """The source has them no more."""
    changed: tuple[CellChange, ...] = ()
    kept: tuple[CellChange, ...] = ()
    """Corrected by hand, ``before``; what the source says now is ``after`` and is not taken."""
    added_by_hand: tuple[str, ...] = ()
    deleted_by_hand: tuple[str, ...] = ()
    """The source has them still; they stay out of the list."""

    @property
    def summary(self) -> str:
        """Return the counts in words, "" where nothing changes."""
        counts = (
            (len(self.new), "new"),
            (len(self.gone), "gone"),
            (len({change.id for change in self.changed}), "changed"),
            (len(self.kept), "kept as corrected by hand"),
            (len(self.added_by_hand), "kept as added by hand"),
            (len(self.deleted_by_hand), "left out as deleted by hand"),
        )
        return ", ".join(f"{count} {what}" for count, what in counts if count)


@dataclass(frozen=True, slots=True)
class Plan:
    """A list as it is to be written; ``write`` does it."""

    path: Path
    imported: Imported
    contacts: tuple[Contact, ...]
    as_imported: tuple[Contact, ...]
    """What the source gave, under the ids of this list."""
    changes: Changes | None
    """None where there was no list."""

    def __str__(self) -> str:
        said = f"{self.path}: {counted(len(self.contacts), 'contact')}"
        return f"{said} ({self.changes.summary})" if self.changes and self.changes.summary else said


def plan(imported: Imported, path: Path, *, fewer: bool = False) -> Plan:
    """Return what an import makes of ``path``; nothing is written.

    Raises ConfigurationError when the list there was not made by an import, has rows that cannot be
    read, or, without ``fewer``, would lose more than a fifth of its contacts: that is rather half a
    file than half a Parliament.
    """
    if not path.exists():
        return Plan(path, imported, imported.contacts, imported.contacts, None)
    if not beside(path).exists():
        raise ConfigurationError(
            f"{path}: this list was not imported (there is no {beside(path).name}); choose another"
            " name for the new one"
        )
    old = loading.load([path])
    if old.refused:
        raise ConfigurationError(
            f"{path}: {counted(len(old.refused), 'row')} cannot be read, and what was corrected "
            f"there would be lost; the first: {old.refused[0]}"
        )
    if len(imported.contacts) < len(old.contacts) * (1 - _LOSS) and not fewer:
        raise ConfigurationError(
            f"{path}: {counted(len(old.contacts), 'contact')} would become "
            f"{len(imported.contacts)}; the old list stays. If so many have gone, import again "
            "with --fewer; if these are rows to add, such as handed-back ones, add them to the "
            "sheet that the list is made of and import that"
        )
    new = _under_old_ids(imported.contacts, old.contacts)
    base = _imported_before(path)
    contacts, changes = _merged(new, old.contacts, base)
    return Plan(path, imported, contacts, new, changes)


def write(planned: Plan) -> None:
    """Write the list, what the source had, and where it is from. Raises ConfigurationError."""
    _write(planned.contacts, planned.path)
    _write(planned.as_imported, _copy(planned.path))
    imported = planned.imported
    provenance.write(planned.path, Provenance(imported.source, imported.options))


def save(imported: Imported, path: Path, *, fewer: bool = False) -> Changes | None:
    """Write an import to ``path`` (CSV); returns what changed. The errors are those of ``plan``."""
    planned = plan(imported, path, fewer=fewer)
    write(planned)
    return planned.changes


def _copy(path: Path) -> Path:
    return path.with_name(f".{path.stem}.imported.csv")


def copies(folder: Path) -> list[Path]:
    """What the sources of this folder's lists had, as ``write`` keeps it."""
    return sorted(folder.glob(".*.imported.csv"))


def take_out(folder: Path, person: str) -> dict[Path, int]:
    """Take a person's rows out of ``copies``; how many of each. The lists stay as they are.

    ``person`` is an id of a person or of a row. Raises ConfigurationError where one of the copies
    cannot be written.
    """
    tables = {path: _table(path) for path in copies(folder)}
    every = [row for table in tables.values() for row in table[1:]]
    ids = {person, *(row[1] for row in every if row[0] == person and row[1])}
    taken = {}
    for path, table in tables.items():
        kept = [row for row in table if not ids & set(row[:2])]
        if len(kept) < len(table):
            text = io.StringIO(newline="")
            csv.writer(text, lineterminator="\n").writerows(kept)
            files.write(path, text.getvalue().encode())
            taken[path] = len(table) - len(kept)
    return taken


def _table(path: Path) -> list[list[str]]:
    """The rows of a copy, headings first; they begin with id and person, as all that is written."""
    with path.open(encoding="utf-8", newline="") as file:
        return [[*row, "", ""] if len(row) < 2 else row for row in csv.reader(file)]


def _write(contacts: Iterable[Contact], path: Path) -> None:
    contacts = tuple(contacts)
    text = io.StringIO(newline="")
    extra = dict.fromkeys(name for contact in contacts for name in contact.columns)
    writer = csv.DictWriter(text, (*KNOWN, *extra), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows.cells(contact) for contact in contacts)
    files.write(path, text.getvalue().encode())


def _imported_before(path: Path) -> dict[str, _Cells] | None:
    """What the source had at the last import, by id; None where that was not kept."""
    copy = _copy(path)
    if not copy.exists():
        return None
    loaded = loading.load([copy])
    return {contact.id: rows.cells(contact) for contact in loaded.contacts}


def _under_old_ids(new: tuple[Contact, ...], old: Iterable[Contact]) -> tuple[Contact, ...]:
    """The contacts under the ids they had, where an id was made of a name and words beside it."""
    known: dict[tuple[str, ...], list[str]] = {}
    for contact in old:
        known.setdefault(_facts(contact), []).append(contact.id)
    claimed: dict[str, Contact] = {}
    for contact in new:
        ids = known.get(_facts(contact), [])
        if len(ids) == 1 and ids[0].startswith(slug(contact.name)):
            claimed.setdefault(ids[0], contact)
    before = {id(contact): identity for identity, contact in claimed.items()}
    taken = {*claimed, *(contact.id for contact in new if contact.id not in claimed)}
    found = []
    for contact in new:
        identity = before.get(id(contact), contact.id)
        if identity in claimed and claimed[identity] is not contact:
            # Somebody new has the id that another of the name is known by.
            identity = next(id_ for id_ in longer_ids(rows.cells(contact)) if id_ not in taken)
            taken.add(identity)
        found.append(contact if identity == contact.id else _renamed(contact, identity))
    return tuple(found)


def _facts(contact: Contact) -> tuple[str, ...]:
    facts = (contact.name, contact.house, contact.constituency, contact.office)
    return tuple(" ".join(fact.casefold().split()) for fact in facts)


def _renamed(contact: Contact, identity: str) -> Contact:
    cells = rows.cells(contact)
    person = identity if contact.person == contact.id else contact.person
    return rows.contact(
        {**cells, "id": identity, "person": person}, file=contact.file, row=contact.row
    )


def _merged(
    new: tuple[Contact, ...], old: tuple[Contact, ...], base: Mapping[str, _Cells] | None
) -> tuple[tuple[Contact, ...], Changes]:
    before = {contact.id: rows.cells(contact) for contact in old}
    ids = {contact.id for contact in new}
    contacts: list[Contact] = []
    came, deleted = [], []
    changed: list[CellChange] = []
    kept: list[CellChange] = []
    for contact in new:
        mine = before.get(contact.id)
        if mine is None:
            if base is not None and contact.id in base:
                deleted.append(contact.id)
                continue
            came.append(contact.id)
            contacts.append(contact)
            continue
        then = base.get(contact.id, {}) if base is not None else None
        cells = _cells(contact.id, rows.cells(contact), mine, then, changed, kept)
        contacts.append(rows.contact(cells, file=contact.file, row=contact.row))
    by_hand = [
        contact
        for contact in old
        if contact.id not in ids and base is not None and contact.id not in base
    ]
    gone = [c.id for c in old if c.id not in ids and (base is None or c.id in base)]
    return (*contacts, *by_hand), Changes(
        tuple(came),
        tuple(gone),
        tuple(changed),
        tuple(kept),
        tuple(contact.id for contact in by_hand),
        tuple(deleted),
    )


def _cells(
    identity: str,
    theirs: _Cells,
    mine: _Cells,
    then: _Cells | None,
    changed: list[CellChange],
    kept: list[CellChange],
) -> dict[str, str]:
    """The cells of one contact: corrected ones as they are, the others as the source has them."""
    cells = {}
    for column in dict.fromkeys((*theirs, *mine)):
        now, here = theirs.get(column, ""), mine.get(column, "")
        if then is None:
            by_hand = bool(here) and (column in OWN or column not in KNOWN)
            source_changed = False
        else:
            by_hand = here != then.get(column, "")
            source_changed = now != then.get(column, "")
        cells[column] = here if by_hand else now
        if by_hand and now != here and source_changed:
            kept.append(CellChange(identity, column, here, now))
        elif not by_hand and now != here:
            changed.append(CellChange(identity, column, here, now))
    return cells
