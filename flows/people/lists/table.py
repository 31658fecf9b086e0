"""A table out of a file: CSV, XLSX or ODS, as rows of text under folded column names."""

import os
import re
from collections import Counter
from collections.abc import Collection, ItemsView, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from flows.counted import counted
from flows.errors import ConfigurationError
from flows.people.lists import delimited, spreadsheet
from flows.people.lists.cells import restore
from flows.people.lists.delimited import bare
from flows.people.lists.encoding import decode
from flows.people.lists.records import MAXIMUM_COLUMNS, Record, Records
from flows.people.lists.sheet import MAXIMUM_CELLS

MAXIMUM_BYTES = 64 * 1024 * 1024
"""The largest file that is read, in bytes; a list of every parliament in Europe is far smaller."""
REFUSAL_COLUMNS = ("refused_column", "refused_reason")
"""What refused.py adds to a row; ignored when the corrected file is loaded again."""
KINDS = (*spreadsheet.KINDS, *delimited.KINDS)
"""How the name of a file that can be read ends."""
_OLD = (".xls", ".xlsb", ".numbers", ".fods")
_LOOKED_AT = 30
"""Rows in which the heading is looked for."""
_LEAST_KNOWN = 2
"""Known headings that make a row below the first the heading."""
_LEAST_OF_A_TABLE = 3
"""Cells that make a row below a title the heading of a table whose headings are not known."""
_WITH_SHEET = re.compile(r"(?P<file>.+\.\w+)#(?P<sheet>[^/]+)", re.IGNORECASE)
_ERROR = re.compile(
    r"#(?:N/A|N/D|NV|DIV/0!|[A-ZÀ-Þ]{3,12}[!?]|GETTING_DATA|#{2,})|Err:\d{3}", re.IGNORECASE
)
"""What a spreadsheet shows for a formula that failed, or for a column that is too narrow."""
# Spreadsheets mark text that looks like a number or a formula by an apostrophe before it, which
# other programs then write out: '020 7946 0114, 'ann@example.org, '10 Downing Street.
_MARKED = re.compile(
    r"'(?:[+(]?\d[\d\s+()./-]*|[=+\-@].*|[^\s@']+@[^\s@']+|\d+[A-D]?,? [A-Z].{3,199})"
)
_NO_ERRORS: Mapping[str, str] = {}


class Cells(Mapping[str, str]):
    """A row's cells by column, in a fifth of a dict's memory: all rows share the columns' places.

    A cell without a heading is there, under "", only where it is not blank.
    """

    __slots__ = ("_places", "_record")

    def __init__(self, places: Mapping[str, int], record: Sequence[str]) -> None:
        self._places = places
        self._record = record

    def __getitem__(self, column: str) -> str:
        place = self._places[column]
        if place >= len(self._record) or not (column or self._record[place].strip()):
            raise KeyError(column)
        return self._record[place]

    def __iter__(self) -> Iterator[str]:
        return (column for column in self._places if column in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def items(self) -> ItemsView[str, str]:
        record, size = self._record, len(self._record)
        return {
            column: record[place]
            for column, place in self._places.items()
            if place < size and (column or record[place].strip())
        }.items()


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number (the first being 1), its cells by column, and what is wrong with it."""

    number: int
    cells: Mapping[str, str]
    fault: str = ""
    errors: Mapping[str, str] = field(default_factory=lambda: _NO_ERRORS)
    """What is wrong with a cell that holds no text, by column."""


@dataclass(frozen=True, slots=True)
class Table:
    """A file's columns and its rows; wholly blank rows and repeated headings are left out."""

    path: Path
    headings: Mapping[str, str]
    """Each column's heading as it stands in the file, by its folded name."""
    rows: tuple[Row, ...]
    remarks: tuple[str, ...] = ()
    """How the file was read, where that is not plain: rows passed over, an unusual encoding."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the folded column names in the order of the file."""
        return tuple(self.headings)


def read(
    path: Path,
    *,
    expected: Collection[str],
    required: Sequence[str] = (),
    whole: bool = False,
    advice: str = "add it to the heading",
) -> Table:
    """Read the table in ``path``, of a workbook the sheet behind a "#" or the one that is a list.

    ``expected`` are the column names the reader knows, in lower case: the heading is the first row
    that holds ``required``, else the one of the first rows that holds most of ``expected``; what
    stands above it is passed over. Headings are compared without regard to case, blanks, hyphens
    and underscores, and are otherwise taken as they stand. With ``whole``, for files a machine
    wrote, a text that does not end with a line break was cut short. ``advice`` says what to do
    about a missing column.

    Raises ConfigurationError: no such file, unreadable, too large, not a table, empty, a column
    named twice, one of ``required`` missing, or the file cut short.
    """
    known = {bare(name): name for name in expected}
    found = _records(path, known, required, whole)
    rows = iter(found.rows)
    begun = list(islice(rows, _LOOKED_AT))
    if not begun:
        raise ConfigurationError(f"{path}: the file is empty; it needs a heading and rows")
    at = _heading(begun, known, required)
    heading = _heading_of(path, begun[at])
    columns = _columns(path, heading, known)
    if missing := [name for name in required if name not in columns]:
        names = ", ".join(name for name in columns if name) or "none"
        how = "".join(f"{remark}; " for remark in found.remarks)
        raise ConfigurationError(
            f"{path}: {how}required column missing: {', '.join(missing)} (found: {names}); {advice}"
        )
    below = _Rows(columns, heading, found.complete)
    made = tuple(below.rows(path, chain(begun[at + 1 :], rows)))
    for place, name in enumerate(columns):
        if not name and any("" in row.cells for row in made):
            raise ConfigurationError(
                f"{path}: column {place + 1} has cells but no heading; name it or empty it"
            )
    headings = {name: heading.cells[place] for place, name in enumerate(columns) if name}
    remarks = (*found.remarks, *_above(begun[:at]), *below.remarks())
    return Table(path, headings, made, remarks)


def fold(heading: str) -> str:
    """Return a heading as a column name: lower case, one underscore for each run of blanks."""
    return re.sub(r"\s+", "_", heading.strip().casefold())


def sheet_of(path: Path) -> tuple[Path, str]:
    """Return the file that "list.xlsx#Sheet" names, and the sheet in it; "" where none is named."""
    if (found := _WITH_SHEET.fullmatch(str(path))) and not path.exists():
        return Path(found["file"]), found["sheet"]
    return path, ""


def read_bytes(path: Path, limit: int = MAXIMUM_BYTES) -> bytes:
    """Return the bytes of ``path``; ConfigurationError when it is not there or above ``limit``."""
    try:
        if path.is_dir():
            raise ConfigurationError(f"{path}: this is a folder; name a file in it")
        with path.open("rb") as file:
            # The size first: what is too large is not read; a pipe has none.
            size = os.fstat(file.fileno()).st_size
            data = b"" if size > limit else file.read(limit + 1)
    except FileNotFoundError:
        raise ConfigurationError(f"{path}: no such file; check the name") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigurationError(f"{path}: cannot be read ({reason})") from None
    if max(size, len(data)) > limit:
        raise ConfigurationError(
            f"{path}: larger than {limit // 1024 // 1024} MB, which no such list is;"
            " check that this is the right file"
        )
    return data


def _records(path: Path, known: Mapping[str, str], required: Sequence[str], whole: bool) -> Records:
    file, sheet = sheet_of(path)
    suffix = file.suffix.casefold()
    if suffix not in KINDS:
        hint = "open it in a spreadsheet and save it as .xlsx" if suffix in _OLD else ""
        raise ConfigurationError(
            f"{path}: unknown kind of file {file.suffix!r};"
            f" {hint or 'use .csv, .tsv, .xlsx or .ods'}"
        )
    data = read_bytes(file)
    if suffix in spreadsheet.KINDS:

        def likeness(rows: Sequence[Record]) -> int:
            heading = rows[_heading(rows, known, required)]
            columns = {known.get(bare(cell), "") for cell in heading.cells}
            count = _known(heading, known)
            if count < _LEAST_KNOWN:
                return 0
            return spreadsheet.IS_LIST if columns.issuperset(required) else count

        return spreadsheet.records(data, file, sheet, likeness)
    if sheet:
        raise ConfigurationError(f"{file}: a text has no sheets; leave {sheet!r} out")
    if data.startswith(b"PK\x03\x04"):
        raise ConfigurationError(
            f"{path}: a ZIP archive, not text; if it is a spreadsheet, name it .xlsx or .ods"
        )
    decoded = decode(data, str(path))
    if whole and decoded.text.strip() and not decoded.text.endswith(("\n", "\r")):
        raise ConfigurationError(
            f"{path}: cut short: the last line has no end; fetch the file again (if it is whole,"
            " add a line break at its end)"
        )
    rows = delimited.records(decoded.text, path, known.keys())
    return Records(rows, decoded.remarks, complete=True)


def _known(record: Record, known: Mapping[str, str]) -> int:
    return len({bare(cell) for cell in record.cells[:MAXIMUM_COLUMNS]} & known.keys())


def _heading(rows: Sequence[Record], known: Mapping[str, str], required: Sequence[str]) -> int:
    """The place of the heading among the first rows."""
    if required:
        for at, record in enumerate(rows):
            cells = record.cells[:MAXIMUM_COLUMNS]
            if {known.get(bare(cell), "") for cell in cells}.issuperset(required):
                return at
    best = max(range(len(rows)), key=lambda at: (_known(rows[at], known), -at), default=0)
    if rows and _known(rows[best], known) >= _LEAST_KNOWN:
        return best
    if not rows or _filled(rows[0]) > 1:
        return 0
    # Of a table whose headings nobody knows, a line above them is a title, not the heading.
    return next((at for at, row in enumerate(rows) if _filled(row) >= _LEAST_OF_A_TABLE), 0)


def _filled(record: Record) -> int:
    return sum(1 for cell in record.cells if cell.strip())


def _above(passed: Sequence[Record]) -> list[str]:
    if not passed:
        return []
    lines = (" ".join(cell for cell in record.cells if cell) for record in passed[:3])
    said = "; ".join(_printable(line)[:60] for line in lines)
    return [f"{counted(len(passed), 'row')} above the heading passed over: {said}"]


def _printable(text: str) -> str:
    """The text without what no terminal prints: bytes that were no letters, control characters."""
    return "".join(mark if mark.isprintable() else "\ufffd" for mark in " ".join(text.split()))


def _heading_of(path: Path, record: Record) -> Record:
    if (count := len(record.cells)) > MAXIMUM_COLUMNS:
        raise ConfigurationError(
            f"{path}: a heading of {count:,} cells; a list has at most {MAXIMUM_COLUMNS:,} columns"
        )
    return Record(record.number, [_printable(cell) for cell in record.cells])


def _columns(path: Path, heading: Record, known: Mapping[str, str]) -> tuple[str, ...]:
    columns = [known.get(bare(cell), fold(cell)) if cell.strip() else "" for cell in heading.cells]
    for name, count in Counter(columns).items():
        if name and count > 1:
            raise ConfigurationError(f"{path}: two columns are called {name!r}; rename one")
    return tuple(columns)


class _Rows:
    """The rows below a heading, and how many of them were not plain."""

    def __init__(self, columns: Sequence[str], heading: Record, complete: bool) -> None:
        self._columns = columns
        self._places = {name: at for at, name in enumerate(columns)}
        self._heading = [cell.strip() for cell in heading.cells]
        self._ours = REFUSAL_COLUMNS[0] in columns
        self._complete = complete
        self._repeated = 0
        self._marked = 0

    def rows(self, path: Path, records: Iterable[Record]) -> Iterator[Row]:
        """Yield a row for each record that is no repeated heading. Raises ConfigurationError."""
        size = 0
        for record in records:
            size += len(record.cells)
            if size > MAXIMUM_CELLS:
                raise ConfigurationError(
                    f"{path}: more than {MAXIMUM_CELLS:,} cells; copy the list into a file alone"
                )
            if any(cell.strip() for cell in record.cells) or record.faults:
                if self._repeats(record):
                    self._repeated += 1
                else:
                    yield self._row(record)

    def remarks(self) -> Iterator[str]:
        """Say what ``rows`` left out or changed."""
        if self._repeated:
            count = "a row repeats" if self._repeated == 1 else f"{self._repeated} rows repeat"
            yield (
                f"{count} the heading and are passed over"
                if self._repeated > 1
                else (f"{count} the heading and is passed over")
            )
        if self._marked:
            count = counted(self._marked, "cell begins", "cells begin")
            yield f"{count} with the apostrophe that marks text in a spreadsheet; read without it"

    def _repeats(self, record: Record) -> bool:
        first = record.cells[0].strip() if record.cells else ""
        return (
            first == self._heading[0]
            and bool(first)
            and all(
                not cell.strip() or cell.strip() == heading
                for cell, heading in zip(record.cells, self._heading, strict=False)
            )
        )

    def _row(self, record: Record) -> Row:
        cells, width = record.cells, len(self._columns)
        fault = record.faults.get(-1, "")
        if not fault and len(cells) > width and any(cell.strip() for cell in cells[width:]):
            fault = (
                f"the row has {counted(len(cells), 'cell')} under {width} headings;"
                " put quotation marks around a cell that holds the separator"
            )
        elif not fault and self._complete and len(cells) < width:
            fault = (
                f"the row ends after {len(cells)} of {width} cells;"
                " complete it (was the file cut short?)"
            )
        if self._ours:
            cells = [restore(cell) for cell in cells]
        errors = {self._columns[at]: what for at, what in record.faults.items() if 0 <= at < width}
        for at, cell in enumerate(cells):
            if cell[:1] in "'#Ee" and cell:
                if _ERROR.fullmatch(cell) and at < width:
                    errors[self._columns[at]] = f"holds {cell}, a formula's error; mend the formula"
                elif not self._ours and _MARKED.fullmatch(cell):
                    cells = [*cells[:at], cell[1:], *cells[at + 1 :]]
                    self._marked += 1
        return Row(record.number, Cells(self._places, cells), fault, errors or _NO_ERRORS)
