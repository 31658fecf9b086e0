"""Refused rows handed back as a list that can be corrected and loaded again: CSV or XLSX."""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from flows.errors import ConfigurationError, Fault
from flows.people.contact import KNOWN, RejectedRow
from flows.people.lists import files, table, workbook
from flows.people.lists.cells import defuse
from flows.people.lists.table import REFUSAL_COLUMNS
from flows.people.lists.workbook import Column, Sheet

_MADE = (".csv", ".xlsx")
_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Known:
    """What somebody is known by in a row of a list."""

    ids: frozenset[str]
    """Of the person and of their rows."""
    addresses: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    def are_of(self, cells: Mapping[str, str]) -> bool:
        """Whether these cells are theirs: by an id or an address, or by the name in a row that has
        no id."""
        found = {name: cell.strip().casefold() for name, cell in cells.items()}
        ids = {found.get("id", ""), found.get("person", ""), *found.get("aliases", "").split()}
        ids.discard("")
        if _folded(self.ids) & ids or _folded(self.addresses) & set(found.values()):
            return True
        return not ids and found.get("name") in _folded(self.names)

    def stand_in(self, cells: Mapping[str, str]) -> bool:
        """Whether their name or address stands somewhere in these cells."""
        text = "\n".join(cells.values()).casefold()
        return any(word in text for word in _folded((*self.addresses, *self.names)))


def _folded(words: Iterable[str]) -> set[str]:
    return {word.casefold() for word in words if word}


def write(rows: Iterable[RejectedRow], path: Path) -> None:
    """Write ``rows`` to ``path``, a spreadsheet where its name ends in ".xlsx", else CSV.

    All their cells, then what was wrong: column and reason. Cells that look like formulas are
    defused. The file is replaced whole. Raises ConfigurationError when it cannot be written.
    """
    rows = tuple(rows)
    names = dict.fromkeys(name for row in rows for name in row.cells if name)
    columns = (*names, *REFUSAL_COLUMNS)
    _write(columns, [_cells(row, columns) for row in rows], path)


def take_out(path: Path, known: Known) -> tuple[int, int]:
    """Take the rows of somebody out of a file that ``write`` made and people may have corrected.
    Without other rows the file goes.

    Returns how many, and in how many of the others their name or address stands. Raises
    ConfigurationError where it cannot be read, was made something else of, or cannot be written.
    """
    found = table.read(path, expected=(*KNOWN, *REFUSAL_COLUMNS))
    kept = [row for row in found.rows if not known.are_of(row.cells)]
    named = sum(1 for row in kept if known.stand_in(row.cells))
    if len(kept) == len(found.rows):
        return 0, named
    if path.suffix not in _MADE or (found.remarks and path.suffix == ".xlsx"):
        raise ConfigurationError(
            Fault(str(path), "is not as it was written: delete the rows by hand")
        )
    if faults := [Fault(f"{path}:{row.number}", row.fault) for row in kept if row.fault]:
        raise ConfigurationError(*faults)
    if kept:
        rows = [[row.cells.get(name, "") for name in found.columns] for row in kept]
        _write(tuple(found.headings.values()), rows, path)
    else:
        path.unlink()
    return len(found.rows) - len(kept), named


def _write(columns: tuple[str, ...], rows: list[list[str]], path: Path) -> None:
    make = _xlsx if path.suffix.casefold() == ".xlsx" else _csv
    files.write(path, make(columns, rows))


def _csv(columns: tuple[str, ...], rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([defuse(cell) for cell in row] for row in rows)
    # Excel takes a CSV without a byte order mark for Windows-1252.
    return text.getvalue().encode("utf-8-sig")


def _xlsx(columns: tuple[str, ...], rows: list[list[str]]) -> bytes:
    return workbook.xlsx(
        [Sheet("refused rows", [Column(name, typed=True) for name in columns], rows)]
    )


def _cells(row: RejectedRow, columns: Iterable[str]) -> list[str]:
    """The cells of ``row`` under ``columns``; bytes that were no text become U+FFFD."""
    reason = f"{row.file}:{row.row}: {row.reason}"
    said = dict(zip(REFUSAL_COLUMNS, (row.column, reason), strict=True))
    found = (said.get(name, row.cells.get(name, "")) for name in columns)
    return [_SURROGATES.sub("\ufffd", cell) for cell in found]
