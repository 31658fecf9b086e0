"""What a source gave: contacts, the rows handed back, and what was used of it."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from flows.errors import ConfigurationError
from flows.people.contact import Contact, RejectedRow
from flows.people.lists import loading
from flows.people.lists.cells import FORMULA
from flows.people.lists.table import Row
from flows.people.sources.provenance import NO_OPTIONS, Options

LONGEST = 64
"""Characters of an id."""
_SIGNS = tuple(sign for sign in FORMULA if sign not in "-\t\r\n")
"""A lone hyphen says in many lists that there is nothing to say."""


_TELEPHONE = re.compile(r"\+[\d\s()./-]+")


@dataclass(frozen=True, slots=True)
class Imported:
    """Contacts out of a source, the rows it had no use for, and one line that says which it was."""

    contacts: tuple[Contact, ...]
    refused: tuple[RejectedRow, ...]
    source: str
    used: tuple[str, ...] = ()
    """Columns or fields of the source, as it calls them."""
    unused: tuple[str, ...] = ()
    """Those that fill no column of a contact list."""
    remarks: tuple[str, ...] = ()
    """What somebody should know of the list: its day, how the file was read, what is missing."""
    options: Options = NO_OPTIONS
    """Kept beside the list for the next import."""


def gather(
    source: str,
    found: Iterable[tuple[str, Row]],
    *,
    used: Sequence[str] = (),
    unused: Sequence[str] = (),
    remarks: Sequence[str] = (),
) -> Imported:
    """Make contacts of a source's rows, each with the file it stands in; ids never collide.

    Raises ConfigurationError when not one contact comes out: an empty list replaces nothing.
    """
    loaded = loading.gather(_distinct((file, _defended(row)) for file, row in found))
    if not loaded.contacts:
        why = f"; the first refused: {loaded.refused[0]}" if loaded.refused else ""
        noted = "".join(f"; {remark}" for remark in remarks[-1:])
        raise ConfigurationError(
            f"{source}: holds no contact{why}{noted}; --as-of names another day"
        )
    return Imported(
        loaded.contacts, loaded.refused, source, tuple(used), tuple(unused), tuple(remarks)
    )


def _distinct(found: Iterable[tuple[str, Row]]) -> Iterator[tuple[str, Row]]:
    """Give rows whose id is taken another: with seat, department or party, else with a number."""
    taken: set[str] = set()
    for file, row in found:
        identity = row.cells.get("id", "")
        if row.fault or not identity or identity.casefold() not in taken:
            taken.add(identity.casefold())
            yield file, row
            continue
        new = next(id_ for id_ in longer_ids(row.cells) if id_.casefold() not in taken)
        taken.add(new.casefold())
        cells = {**row.cells, "id": new}
        if cells.get("person") == identity and not identity.startswith(_SHARED_IDS):
            cells["person"] = new
        yield file, replace(row, cells=cells)


_SHARED_IDS = ("parl-", "twfy-", "ifg-")
"""How ids begin by which sources know one person; others are names, which two may have."""


def longer_ids(cells: Mapping[str, str]) -> Iterator[str]:
    """Yield ids for somebody whose own is taken: with words of other columns, then numbers."""
    base = cells["id"]
    for column in ("constituency", "office", "department", "party"):
        if text := slug(cells.get(column, "")):
            yield f"{base[: LONGEST - 21]}-{text[:20]}".rstrip("-")
    for number in range(2, 1_000_000):
        yield f"{base[: LONGEST - 8]}-{number}"


def _defended(row: Row) -> Row:
    """A cell from outside that a spreadsheet would run has no business in a contact list."""
    bad = next(
        (
            name
            for name, text in row.cells.items()
            if text.startswith(_SIGNS) and not _TELEPHONE.fullmatch(text)
        ),
        None,
    )
    if bad and not row.fault:
        return replace(row, fault=f"{bad} begins like a formula ({row.cells[bad][:20]!r})")
    return row


def slug(text: str) -> str:
    """Return ``text`` in lower-case ASCII letters, digits and hyphens, "" where nothing is left."""
    ascii_ = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_.casefold()).strip("-")[:LONGEST].strip("-")
