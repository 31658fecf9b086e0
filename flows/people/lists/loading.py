"""Contact lists into contacts: the good rows go on, the others come back with their reason."""

import shlex
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from flows.errors import ConfigurationError, RowError
from flows.people.contact import KNOWN, REQUIRED, Contact, RejectedRow
from flows.people.lists import rows, table
from flows.people.lists.table import REFUSAL_COLUMNS

_EXPECTED = (*KNOWN, *REFUSAL_COLUMNS)
_ALIKE = 0.85
"""How like one of ours (difflib's ratio) a heading is that was meant for it; others that were have
two letters in each other's place."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the lists held, in their order."""

    contacts: tuple[Contact, ...]
    refused: tuple[RejectedRow, ...]
    remarks: tuple[str, ...] = ()
    """How the files were read where that is not plain, "file: remark"."""
    handed_back: bool = False
    """Whether all the files are of rows that were handed back, to be corrected."""


def load(paths: Sequence[Path]) -> Loaded:
    """Load contact lists (CSV, XLSX, ODS; columns as in contacts/README.md).

    An id is unique in its list, upper and lower case being the same, because it names files: the
    later row is refused and names the earlier. So is one of another list, unless both are one
    person by the person column and the last word of the name.

    Raises ConfigurationError when a file is missing, unreadable, not a table, empty or without a
    required column, or when no list is named.
    """
    if not paths:
        raise ConfigurationError(
            "no contact list is named; name one in campaign.toml or --contacts"
        )
    tables = [
        table.read(path, expected=_EXPECTED, required=REQUIRED, advice=_advice(path))
        for path in paths
    ]
    for sheet in tables:
        if not sheet.rows:
            raise ConfigurationError(f"{sheet.path}: a heading and no rows; add the contacts")
    remarks = tuple(
        f"{sheet.path}: {remark}"
        for sheet in tables
        for remark in (*sheet.remarks, *_misspelt(sheet.headings))
    )
    handed_back = all(REFUSAL_COLUMNS[0] in sheet.headings for sheet in tables)
    return replace(gather(_spent(tables)), remarks=remarks, handed_back=handed_back)


def _misspelt(headings: Mapping[str, str]) -> list[str]:
    """A line for each column of the office's own that is spelled almost like one of ours."""
    absent = [name for name in KNOWN if name not in headings]
    lines = []
    for own in sorted(headings.keys() - set(_EXPECTED)):
        turned = [name for name in absent if sorted(name) == sorted(own)]
        if near := turned or get_close_matches(own, absent, 1, _ALIKE):
            lines.append(
                f"the column {headings[own]!r} is kept as one of your own: was {near[0]!r} meant?"
            )
    return lines


def _advice(path: Path) -> str:
    """What to do about a table that is no contact list."""
    file, sheet = table.sheet_of(path)
    chosen = f" --sheet {shlex.quote(sheet)}" if sheet else ""
    target = Path("contacts") / f"{file.stem}.csv"
    if file.parent.name == "contacts":
        target = file.with_name(f"{file.stem}-contacts.csv")
    return (
        "add it to the heading; a sheet of your own or from elsewhere is made into a contact list"
        f" by: dear-minister contacts import {shlex.quote(str(file))}{chosen}"
        f" --to {shlex.quote(str(target))}"
    )


def _spent(tables: list[table.Table]) -> Iterator[tuple[str, table.Row]]:
    """Each row with its file, given up as it is read: a long list is in memory only once."""
    while tables:
        file, rows_ = str(tables[0].path), deque(tables.pop(0).rows)
        while rows_:
            yield file, rows_.popleft()


def _same_person(earlier: Contact, contact: Contact) -> bool:
    """Whether a row of another list is about the same person as one of the same id here."""
    return (
        earlier.file != contact.file
        and earlier.person == contact.person
        and earlier.name.split()[-1].casefold() == contact.name.split()[-1].casefold()
    )


def gather(found: Iterable[tuple[str, table.Row]]) -> Loaded:
    """Make contacts of rows, each with the file it stands in; the others come back refused."""
    contacts: list[Contact] = []
    refused: list[RejectedRow] = []
    seen: dict[str, Contact] = {}
    for file, row in found:
        cells = {key: text for key, text in row.cells.items() if key not in REFUSAL_COLUMNS}
        try:
            if row.fault:
                raise RowError("row", row.fault)
            for column, what in row.errors.items():
                raise RowError(column, what)
            contact = rows.contact(cells, file=file, row=row.number)
            earlier = seen.get(contact.id.casefold())
            if earlier and not _same_person(earlier, contact):
                where = f"{earlier.file}:{earlier.row}"
                raise RowError("id", f"{contact.id!r} is taken by {where}; give it its own")
        except RowError as error:
            refused.append(RejectedRow(file, row.number, error.column, error.reason, cells))
        else:
            seen[contact.id.casefold()] = contact
            contacts.append(contact)
    return Loaded(tuple(contacts), tuple(refused))
