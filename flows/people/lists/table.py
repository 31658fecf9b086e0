"""A table out of a file: CSV, XLSX or ODS, as rows of text under folded column names."""

import csv
import io
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flows.errors import ConfigurationError
from flows.people.lists import spreadsheet
from flows.people.lists.cells import restore
from flows.people.lists.encoding import decode

MAXIMUM_BYTES = 64 * 1024 * 1024
"""The largest file that is read, in bytes; a list of every parliament in Europe is far smaller."""
REFUSAL_COLUMNS = ("refused_column", "refused_reason")
"""What refused.py adds to a row; ignored when the corrected file is loaded again."""
_DELIMITERS = (",", ";", "\t")
_SHEETS = (".xlsx", ".ods")
_TEXTS = (".csv", ".tsv", ".tab", ".txt")
KINDS = _SHEETS + _TEXTS
"""How the name of a file that can be read ends."""


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


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number (the header being 1), its cells by column, and what is wrong with it."""

    number: int
    cells: Mapping[str, str]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A file's folded column names and its rows; wholly blank rows are left out."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read(
    path: Path,
    *,
    expected: Collection[str],
    required: Sequence[str] = (),
    whole: bool = False,
) -> Table:
    """Read the table in ``path``.

    ``expected`` are the column names the reader knows, in lower case: the delimiter is the one
    under which the heading holds most of them. Headings are compared without regard to case,
    blanks, hyphens and underscores, and are otherwise taken as they stand. With ``whole``, for
    files a machine wrote, a text that does not end with a line break was cut short.

    Raises ConfigurationError: no such file, unreadable, too large, not a table, empty, a column
    named twice, one of ``required`` missing, or the file cut short.
    """
    records = list(_records(path, expected, whole))
    start = next((at for at, record in enumerate(records) if any(record)), None)
    if start is None:
        raise ConfigurationError(f"{path}: the file is empty; it needs a heading and rows")
    columns = _columns(path, records[start], expected)
    if missing := [name for name in required if name not in columns]:
        found = ", ".join(name for name in columns if name) or "none"
        raise ConfigurationError(
            f"{path}: required column missing: {', '.join(missing)} (found: {found});"
            " add it to the heading"
        )
    ours = REFUSAL_COLUMNS[0] in columns
    places = {name: at for at, name in enumerate(columns)}
    rows = tuple(
        _row(number, places, len(columns), [restore(cell) for cell in record] if ours else record)
        for number, record in enumerate(records[start + 1 :], start=start + 2)
        if any(cell.strip() for cell in record)
    )
    for at, name in enumerate(columns):
        if not name and any("" in row.cells for row in rows):
            raise ConfigurationError(
                f"{path}: column {at + 1} has cells but no heading; name it or empty it"
            )
    return Table(path, tuple(name for name in columns if name), rows)


def fold(heading: str) -> str:
    """Return a heading as a column name: lower case, one underscore for each run of blanks."""
    return re.sub(r"\s+", "_", heading.strip().casefold())


def _records(path: Path, expected: Collection[str], whole: bool) -> Iterator[list[str]]:
    suffix = path.suffix.casefold()
    if suffix not in KINDS:
        raise ConfigurationError(
            f"{path}: unknown kind of file {path.suffix!r}; use .csv, .tsv, .xlsx or .ods"
        )
    data = read_bytes(path)
    if suffix in _SHEETS:
        return spreadsheet.records(data, path)
    if data.startswith(b"PK\x03\x04"):
        raise ConfigurationError(
            f"{path}: a ZIP archive, not text; if it is a spreadsheet, name it .xlsx or .ods"
        )
    text = decode(data, str(path))
    if whole and text.strip() and not text.endswith(("\n", "\r")):
        raise ConfigurationError(
            f"{path}: cut short: the last line has no end; fetch the file again (if it is whole,"
            " add a line break at its end)"
        )
    return _text_records(text, path, expected)


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
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from None
    if max(size, len(data)) > limit:
        raise ConfigurationError(
            f"{path}: larger than {limit // 1024 // 1024} MB, which no such list is;"
            " check that this is the right file"
        )
    return data


def _text_records(text: str, path: Path, expected: Collection[str]) -> Iterator[list[str]]:
    if not text.strip(' ,;"\t\r\n'):
        return
    first, _, rest = text.partition("\n")
    # Excel writes and reads this line to state the delimiter; as a row of the sheet it is gone.
    if re.fullmatch(r'"?sep=[,;\t]"?\r?', first):
        delimiter, text = first.split("=")[1][0], "\n" + rest
    else:
        known = {_bare(name) for name in expected}
        delimiter = max(_DELIMITERS, key=lambda mark: _score(text, mark, known))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        yield from reader
    except csv.Error as error:
        raise ConfigurationError(
            f"{path}:{reader.line_num}: not a table from here on ({error});"
            " look for a quotation mark that is never closed, or a file cut short"
        ) from None


def _score(text: str, delimiter: str, known: Collection[str]) -> tuple[int, int]:
    try:
        header = next(
            record
            for record in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
            if any(record)
        )
    except (StopIteration, csv.Error):
        return (0, 0)
    return (sum(_bare(cell) in known for cell in header), len(header))


def _bare(heading: str) -> str:
    return re.sub(r"[\s_-]+", "", heading.casefold())


def _columns(path: Path, header: list[str], expected: Collection[str]) -> tuple[str, ...]:
    known = {_bare(name): name for name in expected}
    columns = [known.get(_bare(cell), fold(cell)) for cell in header]
    for name in columns:
        if name and columns.count(name) > 1:
            raise ConfigurationError(f"{path}: two columns are called {name!r}; rename one")
    return tuple(columns)


def _row(number: int, places: Mapping[str, int], headings: int, record: list[str]) -> Row:
    fault = ""
    if len(record) < headings:
        fault = (
            f"the row ends after {len(record)} of {headings} cells;"
            " complete it (was the file cut short?)"
        )
    elif any(cell.strip() for cell in record[headings:]):
        fault = (
            f"the row has {len(record)} cells under {headings} headings;"
            " put quotation marks around a cell that holds the separator"
        )
    return Row(number, Cells(places, record), fault)
