"""What a source gave, and how it becomes a contact list without losing the old one."""

import csv
import datetime
import io
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from flows.errors import ConfigurationError
from flows.people.contact import KNOWN, Contact, RejectedRow
from flows.people.lists import files, loading, rows
from flows.people.lists.cells import FORMULA
from flows.people.lists.table import Row

OWN = ("personal", "salutation", "envelope", "tags", "notes")
"""Columns an office fills in itself; a refresh keeps what stands in them, and in unknown ones."""
_LOSS = 0.2
_SIGNS = tuple(sign for sign in FORMULA if sign not in "-\t\r\n")
"""A lone hyphen says in many lists that there is nothing to say."""


@dataclass(frozen=True, slots=True)
class Imported:
    """Contacts out of a source, the rows it had no use for, and one line that says which it was."""

    contacts: tuple[Contact, ...]
    refused: tuple[RejectedRow, ...]
    source: str


def gather(source: str, found: Iterable[tuple[str, Row]]) -> Imported:
    """Make contacts of a source's rows, each with the file it stands in.

    Raises ConfigurationError when not one contact comes out: an empty list replaces nothing.
    """
    loaded = loading.gather((file, _defended(row)) for file, row in found)
    if not loaded.contacts:
        why = f"; the first refused: {loaded.refused[0]}" if loaded.refused else ""
        raise ConfigurationError(f"{source}: holds no contact{why}")
    return Imported(loaded.contacts, loaded.refused, source)


def save(imported: Imported, path: Path, *, fewer: bool = False) -> None:
    """Write the contacts to ``path`` (CSV) and the source's line to ``path`` + ".source".

    A list that came from a source is replaced whole, keeping what the office wrote in its own
    columns for the same ids. Raises ConfigurationError, the old list untouched, when ``path`` was
    not made by an import, cannot be read or written, or, without ``fewer``, would lose more than
    a fifth of its contacts: that is rather half a file than half a Parliament.
    """
    contacts = replacing(imported, path, fewer=fewer)
    text = io.StringIO(newline="")
    extra = dict.fromkeys(name for one in contacts for name in one.columns)
    writer = csv.DictWriter(text, (*KNOWN, *extra), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows.cells(one) for one in contacts)
    files.replace(path, lambda file: file.write(text.getvalue().encode()))
    files.replace(beside(path), lambda file: file.write(f"{imported.source}\n".encode()))


def replacing(imported: Imported, path: Path, *, fewer: bool = False) -> tuple[Contact, ...]:
    """Return what ``save`` would write; the errors are those of ``save``, nothing is written."""
    if not path.exists():
        return imported.contacts
    if not beside(path).exists():
        raise ConfigurationError(
            f"{path}: this list was not imported (there is no {beside(path).name}); choose another"
            " name for the new one"
        )
    old = loading.load([path]).contacts
    if len(imported.contacts) < len(old) * (1 - _LOSS) and not fewer:
        raise ConfigurationError(
            f"{path}: {len(old)} contacts would become {len(imported.contacts)}; the old list"
            " stays. If so many have gone, delete it and import again"
        )
    return _kept(imported.contacts, old)


def beside(path: Path) -> Path:
    """Return the file that holds the source's line of the list in ``path``."""
    return path.with_name(path.name + ".source")


def stamp(kind: str, files_: Iterable[Path], as_of: datetime.date, today: datetime.date) -> str:
    """Return the ``.source`` line of an import."""
    names = " ".join(path.name for path in files_)
    return f"{kind} {names} as-of {as_of} imported {today}"


def _defended(row: Row) -> Row:
    """A cell from outside that a spreadsheet would run has no business in a contact list."""
    bad = next((name for name, text in row.cells.items() if text.startswith(_SIGNS)), None)
    if bad and not row.fault:
        return replace(row, fault=f"{bad} begins like a formula ({row.cells[bad][:20]!r})")
    return row


def _kept(new: Iterable[Contact], old: Iterable[Contact]) -> tuple[Contact, ...]:
    before = {one.id: one for one in old}

    def kept(one: Contact) -> Contact:
        if not (earlier := before.get(one.id)):
            return one
        own = {name: getattr(earlier, name) for name in OWN if getattr(earlier, name)}
        return replace(one, columns={**earlier.columns, **one.columns}, **own)

    return tuple(kept(one) for one in new)


LONGEST = 64


def slug(text: str) -> str:
    """Return ``text`` in lower-case ASCII letters, digits and hyphens, "" where nothing is left."""
    ascii_ = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_.casefold()).strip("-")[:LONGEST].strip("-")
