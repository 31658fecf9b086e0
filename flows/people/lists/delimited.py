"""Tables as text: CSV with commas, semicolons or tabs, and rows run together by a lost mark."""

import csv
import re
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from pathlib import Path

from flows.errors import ConfigurationError
from flows.people.lists.records import MAXIMUM_COLUMNS, Record

KINDS = (".csv", ".tsv", ".tab", ".txt")
"""How the name of a text table that can be read ends."""
MAXIMUM_LINES = 1_048_576
"""Lines of a file; a spreadsheet holds no more rows."""
_DELIMITERS = (",", ";", "\t")
_LEAST_KNOWN = 2
"""Names of known columns that make a row the heading: no row below it has more cells."""
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t])"?\r?')
"""Excel writes and reads this line to state the delimiter; as a row of the sheet it is gone."""


def records(text: str, path: Path, expected: Collection[str]) -> Iterator[Record]:
    """Yield the rows of ``text`` that are not blank.

    The delimiter is the one under which the heading holds most of ``expected``, folded names. Rows
    that a quotation mark has run together come one by one, each with that fault. Raises
    ConfigurationError where the text is no table.
    """
    if not text.strip(' ,;"\t\r\n'):
        return
    first, _, rest = text.partition("\n")
    if stated := _SEPARATOR_LINE.fullmatch(first):
        delimiter, text = stated[1], "\n" + rest
    else:
        delimiter = max(_DELIMITERS, key=lambda mark: _score(text, mark, expected))
    reader = csv.reader(_lines(text), delimiter=delimiter, strict=True)
    began = width = more = 0
    headed = False
    try:
        for count, cells in enumerate(reader, start=1):
            number = count + more
            if number > MAXIMUM_LINES:
                raise ConfigurationError(
                    f"{path}: more than {MAXIMUM_LINES:,} lines; copy the list into a file alone"
                )
            if reader.line_num - began > 1 and (
                (headed and len(cells) > width) or _run_together(cells, width, delimiter)
            ):
                lines = _between(text, began, reader.line_num)
                yield from _apart(lines, number, began + 1, delimiter)
                more += len(lines) - 1
            elif any(cells):
                yield Record(number, cells)
            began = reader.line_num
            width = width if headed else max(width, len(cells))
            headed = headed or sum(bare(cell) in expected for cell in cells) >= _LEAST_KNOWN
    except csv.Error as error:
        raise ConfigurationError(
            f"{path}:{reader.line_num}: not a table from here on ({error}); look for a quotation"
            f" mark that is never closed, from line {began + 1} on, or a file cut short"
        ) from None


def bare(heading: str) -> str:
    """Return what two spellings of one heading have in common."""
    return re.sub(r"[\s_.:*-]+", "", heading.casefold())


def _score(text: str, delimiter: str, expected: Collection[str]) -> tuple[int, int]:
    """How many names of columns, and how many cells, the best of the first lines has."""
    lines = csv.reader(_lines(text), delimiter=delimiter)
    best = (0, 0)
    try:
        for _, cells in zip(range(30), lines, strict=False):
            known = sum(bare(cell) in expected for cell in cells[:MAXIMUM_COLUMNS])
            best = max(best, (known, len(cells)))
    except csv.Error:
        pass
    return best


def _run_together(cells: Sequence[str], width: int, delimiter: str) -> bool:
    """Whether a cell with line breaks has swallowed rows.

    A line inside it then has as many cells as a row, and its last line as many as stand before the
    cell, which of the first cell says nothing: each separator is followed by no blank, as a comma
    in a sentence is.
    """
    separator = re.compile(re.escape(delimiter) + (r"(?! )" if delimiter == "," else ""))
    for place, cell in enumerate(cells):
        lines = cell.splitlines()
        if len(lines) < 2:
            continue
        found = [len(separator.findall(line)) for line in lines]
        inside = found[1:-1] if place else found[:-1]
        if (place and found[-1] >= place) or any(count >= max(width - 1, 1) for count in inside):
            return True
    return False


def _lines(text: str) -> Iterator[str]:
    """The lines as they are, each with its end: a file in memory would take four times the text."""
    return (found[0] for found in _LINE.finditer(text))


def _between(text: str, began: int, ended: int) -> list[str]:
    return [line.rstrip("\r\n") for line in islice(_lines(text), began, ended)]


def _apart(lines: list[str], row: int, first: int, delimiter: str) -> Iterator[Record]:
    last = first + len(lines) - 1
    for number, line in enumerate(lines, start=row):
        cells = next(csv.reader([line], delimiter=delimiter, quoting=csv.QUOTE_NONE), [])
        fault = (
            f"lines {first} to {last} run together: a quotation mark opens in line {first} and is"
            f" closed in line {last}; take it out, or close it in its cell"
        )
        yield Record(number, cells, {-1: fault})
