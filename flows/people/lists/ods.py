"""ODS workbooks (OpenDocument 1.3): each cell as the sheet shows it, which the file holds."""

import datetime
import re
from dataclasses import replace
from functools import partial

from flows.people.lists import number_format
from flows.people.lists.archive import Archive
from flows.people.lists.number_format import Shown
from flows.people.lists.sheet import (
    MAXIMUM_CHARACTERS,
    Budget,
    Merge,
    Sheet,
    SheetError,
    SheetName,
    SheetRow,
    absurd,
    parse,
)
from flows.people.lists.xlsx import NO_RESULT

_PREFIXES = {
    "urn:oasis:names:tc:opendocument:xmlns:office:1.0": "office:",
    "urn:oasis:names:tc:opendocument:xmlns:style:1.0": "style:",
    "urn:oasis:names:tc:opendocument:xmlns:table:1.0": "table:",
    "urn:oasis:names:tc:opendocument:xmlns:text:1.0": "text:",
    "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0": "calcext:",
}
_CELLS = ("table:table-cell", "table:covered-table-cell")
_NOT_ROWS = ("table:table", "table:shapes")
_ASIDE = ("text:note", "text:ruby-text")
"""Text elements that are not part of what a cell says."""
_HIDDEN = ("collapse", "filter")
_MOST_REPEATED = 10_000
"""Times that a blank can be repeated inside a cell; a row of a letter holds a hundred."""
_BLANKS = re.compile("[ \t\r\n]+")
_SCIENTIFIC = re.compile(r"-?\d(?:[.,]\d+)?E\+\d+", re.IGNORECASE)


def sheets(archive: Archive) -> list[SheetName]:
    """Return the sheets of a workbook in their order. Raises SheetError."""
    if "content.xml" not in archive:
        raise SheetError("a ZIP archive, but no ODS spreadsheet; save it as one")
    manifest = "META-INF/manifest.xml"
    if manifest in archive and b"encryption-data" in archive.read(manifest):
        raise SheetError("protected by a password; save it without one")
    found = _Content()
    short = _Short()
    parse(
        archive.read("content.xml"),
        lambda name, given: found.start(short[name], {short[key]: given[key] for key in given}),
        lambda name: found.end(short[name]),
        found.characters,
    )
    if not found.sheets:
        raise SheetError("not a readable spreadsheet (it has no sheet)")
    return [
        SheetName(sheet.name, sheet.name not in found.hidden, partial(_cut, sheet))
        for sheet in found.sheets
    ]


def _cut(sheet: Sheet, limit: int) -> Sheet:
    return replace(sheet, rows=sheet.rows[:limit]) if limit else sheet


class _Short(dict[str, str]):
    """Names of elements and attributes with the prefix that the standard gives their namespace."""

    def __missing__(self, name: str) -> str:
        space, _, local = name.rpartition("}")
        self[name] = _PREFIXES.get(space, "other:") + local
        return self[name]


class _Content:
    """The events of the content, turned into the rows of its sheets."""

    def __init__(self) -> None:
        self.sheets: list[Sheet] = []
        self.hidden: set[str] = set()
        """Names of hidden sheets."""
        self._budget = Budget()
        self._style = ""
        self._hiding: set[str] = set()
        self._in_table = False
        self._aside = 0
        """How deep inside something that is no cell: a comment, a drawing, another sheet."""
        self._groups: list[bool] = []
        self._row = SheetRow(0)
        self._number = 0
        self._rows = 1
        self._column = 0
        self._columns = 0
        self._cell: dict[str, str] | None = None
        self._covered = False
        self._paragraphs: list[list[str]] = []
        self._in_paragraph = False

    def start(self, name: str, given: dict[str, str]) -> None:
        if self._aside:
            self._aside += 1
        elif self._in_table:
            self._within(name, given)
        elif name == "table:table":
            self._in_table = True
            self._number = self._columns = 0
            self._groups = []
            self.sheets.append(Sheet(given.get("table:name", "")))
            if given.get("table:style-name") in self._hiding:
                self.hidden.add(self.sheets[-1].name)
        elif name == "style:style":
            self._style = given.get("style:name", "")
        elif name == "style:table-properties" and given.get("table:display") == "false":
            self._hiding.add(self._style)
        elif name == "table:tracked-changes":
            self._aside = 1

    def _within(self, name: str, given: dict[str, str]) -> None:
        if self._cell is not None:
            self._inside(name, given)
        elif name in _CELLS:
            self._cell, self._covered = given, name == _CELLS[1]
            self._paragraphs = []
        elif name == "table:table-row":
            hidden = given.get("table:visibility") in _HIDDEN or any(self._groups)
            self._row = SheetRow(self._number + 1, hidden=hidden)
            self._rows = _times(given, "table:number-rows-repeated")
            self._column = 0
        elif name == "table:table-row-group":
            self._groups.append(given.get("table:display") == "false")
        elif name == "table:table-column":
            times = _times(given, "table:number-columns-repeated")
            if given.get("table:visibility") in _HIDDEN:
                self.sheets[-1].hidden_columns.append((self._columns, self._columns + times - 1))
            self._columns += times
        elif name in _NOT_ROWS or not name.startswith("table:"):
            self._aside = 1  # another table, shapes and forms of the sheet

    def _inside(self, name: str, given: dict[str, str]) -> None:
        if not name.startswith("text:") or name in _ASIDE:
            self._aside = 1
        elif name == "text:p":
            self._paragraphs.append([])
            self._in_paragraph = True
        elif not self._in_paragraph:
            return
        elif name == "text:s":
            times = _number(given.get("text:c", "1"))
            self._budget.characters += times
            if times > _MOST_REPEATED or self._budget.characters > MAXIMUM_CHARACTERS:
                raise absurd()
            self._paragraphs[-1].append(" " * times)
        elif name == "text:tab":
            self._paragraphs[-1].append("\t")
        elif name == "text:line-break":
            self._paragraphs[-1].append("\n")

    def characters(self, text: str) -> None:
        if self._in_paragraph and not self._aside:
            self._paragraphs[-1].append(_BLANKS.sub(" ", text))

    def end(self, name: str) -> None:
        if self._aside:
            self._aside -= 1
        elif not self._in_table:
            return
        elif name == "text:p":
            self._in_paragraph = False
        elif self._cell is not None and name in _CELLS:
            self._end_cell(self._cell)
            self._cell = None
        elif name == "table:table-row":
            self._end_row()
        elif name == "table:table-row-group":
            self._groups.pop()
        elif name == "table:table":
            self._in_table = False

    def _end_cell(self, given: dict[str, str]) -> None:
        times = _times(given, "table:number-columns-repeated")
        self._budget.count()
        text = "" if self._covered else _shown(given, self._paragraphs)
        if text is None:
            self._row.faults[self._column] = NO_RESULT
        elif text and not text.isspace():
            self._budget.spend(text, times * self._rows)
            self._row.cells.update(dict.fromkeys(range(self._column, self._column + times), text))
        down = _number(given.get("table:number-rows-spanned", "1"))
        across = _number(given.get("table:number-columns-spanned", "1"))
        if down > 1 or across > 1:
            first = self._number + 1
            last = (first + down - 1, self._column + across - 1)
            self.sheets[-1].merges.append(Merge(first, self._column, *last))
        self._column += times

    def _end_row(self) -> None:
        row = self._row
        if row.cells or row.faults:
            self._budget.spend("", self._rows)
            for number in range(self._number + 1, self._number + self._rows + 1):
                self.sheets[-1].rows.append(SheetRow(number, row.cells, row.faults, row.hidden))
        self._number += self._rows


def _shown(given: dict[str, str], paragraphs: list[list[str]]) -> str | None:
    """The cell's text; None for a formula whose result the file does not hold."""
    text = "\n".join("".join(pieces) for pieces in paragraphs)
    kind = given.get("office:value-type", given.get("calcext:value-type", ""))
    if not kind and "table:formula" in given and not text:
        return None
    if given.get("calcext:value-type") == "error":
        return text or "#VALUE!"
    if kind == "date":
        stored = given.get("office:date-value", "")
        try:
            day = datetime.date.fromisoformat(stored[:10])
        except ValueError:
            return text or stored
        return Shown.of(text or stored, day)
    if kind in ("float", "percentage", "currency"):
        stored = given.get("office:value", "")
        # Without a format a long number, a telephone's, is shown as 4.47E+11.
        long = _SCIENTIFIC.fullmatch(text) and float(stored or 0) >= 1e11
        if stored and (not text or long):
            return number_format.general(float(stored))
    if not text and kind == "boolean":
        return given.get("office:boolean-value", "").upper()
    if not text and kind == "time":
        return given.get("office:time-value", "")
    return text or given.get("office:string-value", "")


def _times(given: dict[str, str], what: str) -> int:
    return _number(given.get(what, "1"))


def _number(text: str) -> int:
    """A count, at least one; more digits than any sheet has rows are as good as nine."""
    return max(1, int(text[:9])) if text.isascii() and text.isdigit() else 1
