"""The list in a workbook: which of its sheets, with merged cells filled, and what is hidden."""

import shlex
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

from flows.counted import counted
from flows.errors import ConfigurationError
from flows.people.lists import ods, xlsx
from flows.people.lists.archive import Archive
from flows.people.lists.records import MAXIMUM_COLUMNS, Record, Records
from flows.people.lists.sheet import MAXIMUM_CELLS, Merge, Sheet, SheetError, SheetName, SheetRow

KINDS = (".xlsx", ".xlsm", ".ods")
"""How the name of a workbook that can be read ends."""
IS_LIST = 1_000_000
"""The likeness of a sheet whose heading has all the columns that a list needs."""
_LOOKED_AT = 40
"""Rows of each sheet in which a heading is looked for."""


def records(
    data: bytes, path: Path, chosen: str, likeness: Callable[[Sequence[Record]], int]
) -> Records:
    """Return the rows of the sheet called ``chosen``, else of the visible one that is a list.

    ``likeness`` says how much records look like a list, IS_LIST at the most. A merged value stands
    in every row it covers; a row whose cells are merged side by side is at fault. Raises
    ConfigurationError: not a workbook of the kind its name says, damaged, protected by a password,
    of absurd size, or of several lists of which none is chosen.
    """
    try:
        archive = Archive(data)
        read = ods.sheets if path.suffix.casefold() == ".ods" else xlsx.sheets
        sheets = read(archive)
        if chosen:
            name, passed_over = _named(sheets, chosen), []
        else:
            name, next_best = _found(sheets, likeness)
            passed_over = _passed_over(path, sheets, name, next_best)
        sheet = name.read(0)
        _fill(sheet)
        return Records(_records(sheet.rows), (*passed_over, *_hidden(sheet)))
    except SheetError as error:
        raise ConfigurationError(f"{path}: {error}") from None


def _named(sheets: Sequence[SheetName], chosen: str) -> SheetName:
    for sheet in sheets:
        if sheet.name.strip().casefold() == chosen.strip().casefold():
            return sheet
    raise SheetError(f"no sheet is called {chosen!r}; there are {_names(sheets)}")


def _found(
    sheets: Sequence[SheetName], likeness: Callable[[Sequence[Record]], int]
) -> tuple[SheetName, SheetName | None]:
    """The one visible sheet that is a list, else the likest that is not empty; and the next that
    is anything like a list."""
    visible = [sheet for sheet in sheets if sheet.visible]
    if not visible:
        raise SheetError(f"every sheet is hidden ({_names(sheets)}); choose one with --sheet")
    if len(visible) == 1:
        return visible[0], None
    begun = [(_records(sheet.read(_LOOKED_AT).rows), sheet) for sheet in visible]
    found = [(likeness(rows), sheet) for rows, sheet in begun if rows]
    lists = [sheet for like, sheet in found if like == IS_LIST]
    if len(lists) > 1:
        raise SheetError(
            f"{len(lists)} sheets look like lists ({_names(lists)}); choose one with --sheet, or"
            " write its name behind the file's: list.xlsx#Sheet"
        )
    if not found:
        return visible[0], None
    ordered = sorted(found, key=lambda pair: -pair[0])
    return ordered[0][1], next((sheet for like, sheet in ordered[1:] if like), None)


def _names(sheets: Sequence[SheetName]) -> str:
    return ", ".join(repr(sheet.name) for sheet in sheets[:20])


def _passed_over(
    path: Path, sheets: Sequence[SheetName], chosen: SheetName, other: SheetName | None
) -> list[str]:
    others = [sheet for sheet in sheets if sheet is not chosen]
    if not others:
        return []
    told = [f"{sheet.name!r}{'' if sheet.visible else ' (hidden)'}" for sheet in others[:20]]
    said = f"the sheet {chosen.name!r} is read, not {', '.join(told)}"
    how = f"; to read {other.name!r}: {shlex.quote(f'{path}#{other.name}')}" if other else ""
    return [said + how]


def _hidden(sheet: Sheet) -> list[str]:
    rows = [row.number for row in sheet.rows if row.hidden and row.cells]
    remarks = []
    if rows:
        few = ", ".join(map(str, rows[:10])) + (", ..." if len(rows) > 10 else "")
        remarks.append(
            f"{counted(len(rows), 'row is', 'rows are')} hidden in the sheet, by a filter or by"
            f" hand, and read all the same: {few}; delete what is not meant"
        )
    filled = {column for row in sheet.rows[:_LOOKED_AT] for column in row.cells}
    columns = sorted(c for c in filled if any(a <= c <= b for a, b in sheet.hidden_columns))
    if columns:
        letters = ", ".join(map(_letters, columns))
        remarks.append(
            f"{counted(len(columns), 'column is', 'columns are')} hidden in the sheet and read all"
            f" the same: {letters}"
        )
    return remarks


def _letters(column: int) -> str:
    """A column as a spreadsheet calls it, the first being 0: A, B, ..., AA."""
    letters = ""
    column += 1
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(65 + letter) + letters
    return letters


def _fill(sheet: Sheet) -> None:
    """Put a merged value into each row that it covers."""
    numbers = [row.number for row in sheet.rows]
    if any(after <= before for before, after in pairwise(numbers)):
        raise SheetError("not a readable spreadsheet (its rows are out of order)")
    spent = 0
    for merge in sheet.merges:
        rows = sheet.rows[
            bisect_left(numbers, merge.first_row) : bisect_right(numbers, merge.last_row)
        ]
        spent += len(rows) + 1
        if spent > MAXIMUM_CELLS:
            raise SheetError("merged cells without end; copy the list alone into a new spreadsheet")
        if not rows or rows[0].number != merge.first_row:
            continue
        value = rows[0].cells.get(merge.first_column, "")
        for row in rows:
            _cover(row, merge, value)


def _cover(row: SheetRow, merge: Merge, value: str) -> None:
    if not value or not row.cells:
        return
    if merge.first_column != merge.last_column:
        across = f"{_letters(merge.first_column)} to {_letters(merge.last_column)}"
        row.faults[merge.first_column] = f"cells are merged from {across}; unmerge and fill them"
    elif row.number != merge.first_row:
        # In ODS rows that repeat share their cells; these no longer do.
        row.cells = {**row.cells, merge.first_column: value}


def _records(rows: Sequence[SheetRow]) -> list[Record]:
    """Rows as records, each as long as its last cell; refused where that is beyond reason."""
    found: list[Record] = []
    size = 0
    for row in rows:
        last = max((*row.cells, *row.faults))
        size += last
        if last >= MAXIMUM_COLUMNS or size > MAXIMUM_CELLS:
            raise SheetError(
                f"row {row.number} has a cell in column {_letters(last)}, far beyond a list's"
                " cells; copy the list alone into a new spreadsheet"
            )
        cells = [""] * (last + 1)
        for column, text in row.cells.items():
            cells[column] = text
        found.append(Record(row.number, cells, row.faults))
    return found
