"""XLSX workbooks (ECMA-376, transitional and strict): each cell as the sheet shows it."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial

from flows.people.lists import format_code, number_format
from flows.people.lists.archive import Archive
from flows.people.lists.sheet import (
    Budget,
    EnoughError,
    Merge,
    Sheet,
    SheetError,
    SheetName,
    SheetRow,
    parse,
)

NO_RESULT = "a formula without a result; open the file in a spreadsheet and save it again"
_MAIN = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
)
_RELATIONS = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "http://purl.oclc.org/ooxml/officeDocument/relationships",
)
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_NAMES = {
    f"{space}}}{name}": name
    for space in _MAIN
    for name in (
        *("sheet", "workbookPr", "calcPr", "row", "c", "v", "f", "is", "t", "si", "rPh", "col"),
        *("mergeCell", "numFmt", "cellXfs", "xf"),
    )
}
_IDS = tuple(f"{space}}}id" for space in _RELATIONS)
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")
_TRUE = ("1", "true")


def sheets(archive: Archive) -> list[SheetName]:
    """Return the worksheets of a workbook in their order; charts and dialogs are left out.

    Raises SheetError.
    """
    return _Workbook(archive).sheets


class _Workbook:
    """What the sheets of one workbook share."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._budget = Budget()
        self._since_1904 = self._unfinished = False
        self._strings: list[str] | None = None
        self._formats: list[str] | None = None
        listed: list[tuple[str, bool, str]] = []

        def start(name: str, given: dict[str, str]) -> None:
            match _NAMES.get(name):
                case "workbookPr":
                    self._since_1904 = given.get("date1904") in _TRUE
                case "calcPr":
                    self._unfinished = given.get("fullCalcOnLoad") in _TRUE
                case "sheet":
                    relation = next((given[name] for name in _IDS if name in given), "")
                    visible = given.get("state", "visible") == "visible"
                    listed.append((given.get("name", ""), visible, relation))

        path = _workbook_part(archive)
        parse(archive.read(path), start, _nothing, _nothing)
        parts = {key: (kind, part) for key, kind, part in _relations(archive, path)}
        self._shared = [part for kind, part in parts.values() if kind == "sharedStrings"]
        self._styles = [part for kind, part in parts.values() if kind == "styles"]
        self.sheets = [
            SheetName(name, visible, partial(self._read, name, parts[relation][1]))
            for name, visible, relation in listed
            if relation in parts and parts[relation][0] == "worksheet"
        ]
        if not self.sheets:
            raise SheetError("not a readable spreadsheet (it has no sheet)")

    def _read(self, name: str, part: str, limit: int) -> Sheet:
        """Return a sheet, or its first ``limit`` rows."""
        if self._strings is None:
            self._strings = _strings(self._archive, self._shared, self._budget)
        if self._formats is None:
            self._formats = _formats(self._archive, self._styles)
        xml = self._archive.read(part)
        budget = Budget() if limit else self._budget
        shared = _Shared(self._strings, self._formats, self._since_1904, self._unfinished)
        return _sheet(xml, Sheet(name), shared, budget, limit)


@dataclass(frozen=True, slots=True)
class _Shared:
    """What the cells of a workbook refer to."""

    strings: list[str]
    formats: list[str]
    since_1904: bool
    unfinished: bool
    """Whether a program that does not calculate wrote the formulas, with 0 for their results."""


def _sheet(xml: bytes, sheet: Sheet, shared: _Shared, budget: Budget, limit: int) -> Sheet:
    # One pass over every cell of a sheet: local names instead of attributes make it a third faster.
    names, rows = _NAMES, sheet.rows
    row = SheetRow(0)
    column, kind, style = -1, "n", 0
    value: list[str] | None = None
    texts: list[str] = []
    collecting = formula = False
    phonetic = 0

    def start(name: str, given: dict[str, str]) -> None:
        nonlocal row, column, kind, style, value, texts, collecting, formula, phonetic
        tag = names.get(name)
        if tag == "c":
            budget.count()
            column = _column(given["r"]) if "r" in given else column + 1
            kind, style = given.get("t", "n"), int(given.get("s", 0))
            value, texts, formula = None, [], False
        elif tag == "v":
            value, collecting = [], True
        elif tag == "t":
            collecting = not phonetic
        elif tag == "f":
            formula = True
        elif tag == "rPh":
            phonetic += 1
        elif tag == "row":
            number = int(given["r"]) if "r" in given else row.number + 1
            row = SheetRow(number, hidden=given.get("hidden") in _TRUE)
            column = -1
        elif tag == "col" and given.get("hidden") in _TRUE:
            first, last = int(given.get("min", 1)) - 1, int(given.get("max", 1)) - 1
            sheet.hidden_columns.append((first, last))
        elif tag == "mergeCell":
            budget.count()
            if merge := _merge(given.get("ref", "")):
                sheet.merges.append(merge)

    def characters(text: str) -> None:
        if collecting:
            (texts if value is None else value).append(text)

    def end(name: str) -> None:
        nonlocal collecting, phonetic
        tag = names.get(name)
        if tag in ("v", "t"):
            collecting = False
        elif tag == "c":
            shown = _shown(kind, style, value, texts, formula, shared)
            if shown is None:
                row.faults[column] = NO_RESULT
            elif shown and not shown.isspace():
                budget.spend(shown)
                row.cells[column] = shown
        elif tag == "rPh":
            phonetic -= 1
        elif tag == "row" and (row.cells or row.faults):
            rows.append(row)
            if limit and len(rows) >= limit:
                raise EnoughError

    parse(xml, start, end, characters)
    return sheet


def _shown(
    kind: str,
    style: int,
    value: list[str] | None,
    texts: list[str],
    formula: bool,
    shared: _Shared,
) -> str | None:
    """The cell's text; None for a formula whose result the file does not hold."""
    stored = "".join(value) if value else ""
    code = shared.formats[style] if 0 <= style < len(shared.formats) else "General"
    if kind == "s":
        if not stored:
            return ""
        if not 0 <= int(stored) < len(shared.strings):
            raise SheetError("not a readable spreadsheet (a cell's text is missing)")
        text = shared.strings[int(stored)]
        return number_format.text(text, code) if "@" in code else text
    if kind in ("str", "inlineStr"):
        text = _unescaped("".join(texts) if kind == "inlineStr" else stored)
        return number_format.text(text, code) if "@" in code else text
    if not stored:
        return None if formula else ""
    if formula and shared.unfinished and stored == "0":
        return None
    if kind == "b":
        return "TRUE" if stored in _TRUE else "FALSE"
    if kind == "e":
        return stored
    if kind == "d":
        return number_format.iso(stored, code, since_1904=shared.since_1904)
    return number_format.number(float(stored), code, since_1904=shared.since_1904)


def _strings(archive: Archive, parts: list[str], budget: Budget) -> list[str]:
    """The texts that cells share, without the readings (furigana) beside them."""
    found: list[str] = []
    texts: list[str] = []
    collecting = False
    phonetic = 0

    def start(name: str, given: dict[str, str]) -> None:
        nonlocal texts, collecting, phonetic
        match _NAMES.get(name):
            case "si":
                texts = []
            case "t":
                collecting = not phonetic
            case "rPh":
                phonetic += 1

    def characters(text: str) -> None:
        if collecting:
            texts.append(text)

    def end(name: str) -> None:
        nonlocal collecting, phonetic
        match _NAMES.get(name):
            case "t":
                collecting = False
            case "rPh":
                phonetic -= 1
            case "si":
                budget.count()
                found.append(_unescaped("".join(texts)))

    for part in parts[:1]:
        parse(archive.read(part), start, end, characters)
    return found


def _formats(archive: Archive, parts: list[str]) -> list[str]:
    """The format code of each style that a cell can name."""
    codes = dict(format_code.BUILT_IN)
    styles: list[int] = []
    within = False

    def start(name: str, given: dict[str, str]) -> None:
        nonlocal within
        match _NAMES.get(name):
            case "numFmt":
                codes[int(given.get("numFmtId", -1))] = given.get("formatCode", "General")
            case "cellXfs":
                within = True
            case "xf" if within:
                styles.append(int(given.get("numFmtId", 0)))

    def end(name: str) -> None:
        nonlocal within
        if _NAMES.get(name) == "cellXfs":
            within = False

    for part in parts[:1]:
        if part in archive:
            parse(archive.read(part), start, end, _nothing)
    return [codes.get(style, "General") for style in styles]


def _workbook_part(archive: Archive) -> str:
    """Where the workbook is: what the package says, else where it usually is."""
    if "_rels/.rels" in archive:
        for _, kind, part in _relations(archive, ""):
            if kind == "officeDocument" and part in archive:
                return part
    if "xl/workbook.xml" in archive:
        return "xl/workbook.xml"
    raise SheetError("a ZIP archive, but no XLSX spreadsheet; save it as one")


def _relations(archive: Archive, part: str) -> Iterator[tuple[str, str, str]]:
    """Id, kind and part of every relation of ``part``, which is the package where it is ""."""
    folder, name = posixpath.split(part)
    found: list[tuple[str, str, str]] = []

    def start(element: str, given: dict[str, str]) -> None:
        if element == f"{_PACKAGE}}}Relationship" and given.get("TargetMode") != "External":
            target = posixpath.join("/" + folder, given.get("Target", "").replace("\\", "/"))
            kind = given.get("Type", "").rpartition("/")[2]
            found.append((given.get("Id", ""), kind, posixpath.normpath(target).lstrip("/")))

    where = posixpath.join(folder, "_rels", f"{name}.rels")
    if where in archive:
        parse(archive.read(where), start, _nothing, _nothing)
    return iter(found)


@lru_cache(20_000)
def _column(reference: str) -> int:
    """The column of a cell, the first being 0; the row is the one that the cell stands in."""
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        raise SheetError(f"not a readable spreadsheet (no cell is called {reference[:20]!r})")
    number = 0
    for letter in found[1].upper():
        number = number * 26 + ord(letter) - 64
    return number - 1


def _merge(reference: str) -> Merge | None:
    first, _, last = reference.partition(":")
    rows = [found[2] for corner in (first, last) if (found := _REFERENCE.fullmatch(corner))]
    if len(rows) < 2:
        return None
    return Merge(int(rows[0]), _column(first), int(rows[1]), _column(last))


def _unescaped(text: str) -> str:
    """Characters that XML cannot hold are written as _x000D_ (ECMA-376 part 1, 22.9.2.19)."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def _nothing(*_: object) -> None:
    """An event that says nothing here."""
