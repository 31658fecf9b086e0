"""The one writer of spreadsheets (XLSX): cells are text or numbers, never formulas or links."""

import io
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import xlsxwriter

from flows.errors import ConfigurationError, Fault
from flows.people.lists.cells import defuse

Cell = str | int | float | None

# XML 1.0, section 2.2.
_XML_FORBIDS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LONGEST = 32_767
"""Characters a cell of a spreadsheet can hold (Excel specifications and limits)."""
_NARROWEST, _WIDEST = 6, 60
_SAMPLE = 200
"""Rows whose cells decide how wide a column is."""
_A4 = 9
_AS_TEXT = {
    # A row is written and forgotten: a list of 46,000 readers would take 150 MB else.
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a sheet: its heading, its width in characters (0: as wide as its cells)."""

    heading: str
    width: int = 0
    to_tick: bool = False
    """Boxes to tick on paper or on the screen; the cells are blank."""
    typed: bool = False
    """Cells that somebody corrects: the spreadsheet leaves what is typed as text."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet: a line of headings, which stays in sight, and rows of as many cells."""

    name: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]


def xlsx(sheets: Sequence[Sheet], *, title: str = "", created: datetime | None = None) -> bytes:
    """Return a workbook of ``sheets``, each ready to print on A4 with ``title`` on every page.

    What begins like a formula is defused; a character that XML cannot hold becomes U+FFFD; a cell
    is cut at 32,767 characters. ``created`` is the time in the file's properties. Raises
    ConfigurationError where there is no room for rows on their way.
    """
    data = io.BytesIO()
    try:
        with xlsxwriter.Workbook(data, _AS_TEXT) as book:
            properties = {"title": title} if title else {}
            book.set_properties({**properties, **({"created": created} if created else {})})
            for sheet in sheets:
                _add(book, sheet, title)
    except OSError as error:
        raise ConfigurationError(
            Fault(
                tempfile.gettempdir(),
                f"cannot be written ({error.strerror or error}); make room on this disk, or name "
                "another folder in TMPDIR",
            )
        ) from error
    return data.getvalue()


def _add(book: xlsxwriter.Workbook, sheet: Sheet, title: str) -> None:
    page = book.add_worksheet(sheet.name)
    bold = book.add_format({"bold": True, "bottom": 1})
    plain = book.add_format({"valign": "top", "text_wrap": True})
    typed = book.add_format({"valign": "top", "text_wrap": True, "num_format": "@"})
    box = book.add_format({"valign": "top", "align": "center", "border": 1})
    for at, column in enumerate(sheet.columns):
        page.set_column(at, at, column.width or _width(sheet, at), typed if column.typed else None)
        page.write_string(0, at, text(column.heading), bold)
    styles = [typed if column.typed else plain for column in sheet.columns]
    for number, row in enumerate(sheet.rows, start=1):
        for at, (column, cell, style) in enumerate(zip(sheet.columns, row, styles, strict=True)):
            if column.to_tick:
                page.write_blank(number, at, None, box)
            elif isinstance(cell, int | float):
                page.write_number(number, at, cell, style)
            elif cell:
                page.write_string(number, at, text(cell), style)
    for at, column in enumerate(sheet.columns):
        if column.to_tick and sheet.rows:
            ticks = {"validate": "list", "source": ["✓"]}
            page.data_validation(1, at, len(sheet.rows), at, ticks)
    if sheet.rows and sheet.columns:
        page.autofilter(0, 0, len(sheet.rows), len(sheet.columns) - 1)
    page.freeze_panes(1, 0)
    page.repeat_rows(0)
    page.set_landscape()
    page.set_paper(_A4)
    page.fit_to_pages(1, 0)
    if title:
        page.set_header(f"&L{text(title).replace('&', '&&')}")
    page.set_footer("&CPage &P of &N")


def text(cell: str) -> str:
    """Return a cell's text as it can stand in a spreadsheet."""
    return _XML_FORBIDS.sub("\ufffd", defuse(cell))[:_LONGEST]


def _width(sheet: Sheet, at: int) -> int:
    cells = (str(row[at] or "") for row in sheet.rows[:_SAMPLE])
    longest = max(len(line) for cell in cells for line in cell.split("\n")) if sheet.rows else 0
    return max(_NARROWEST, min(_WIDEST, max(longest, len(sheet.columns[at].heading)) + 2))
