"""Refused rows handed back as a spreadsheet, for offices that correct lists in one."""

import io
import re
from collections.abc import Iterable
from pathlib import Path

import xlsxwriter

from flows.people.contact import RejectedRow
from flows.people.lists import files, refused
from flows.people.lists.cells import defuse

# XML 1.0, section 2.2; the refusal names the character, so nothing is lost by its mark.
_XML_FORBIDS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")

_LONGEST = 32_767
"""Characters a cell of a spreadsheet can hold (Excel specifications and limits)."""


def write(rows: Iterable[RejectedRow], path: Path) -> None:
    """Write ``rows`` to ``path`` as XLSX, the reason beside each, ready to correct and load again.

    Every cell is text, so nothing in it is a formula, a link or a number to a spreadsheet. The
    file is replaced whole. Raises ConfigurationError when it cannot be written.
    """
    rows = tuple(rows)
    columns = refused.header(rows)
    widths = [max(10, min(60, max(map(len, column)))) for column in _columns(rows, columns)]
    data = io.BytesIO()
    with xlsxwriter.Workbook(data, {"in_memory": True}) as book:
        sheet = book.add_worksheet("refused rows")
        text = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
        bold = book.add_format({"bold": True})
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width, text)
            sheet.write_string(0, column, columns[column], bold)
        for at, row in enumerate(rows, start=1):
            for column, cell in enumerate(refused.cells(row, columns)):
                kept = _XML_FORBIDS.sub("\ufffd", defuse(cell))[:_LONGEST]
                sheet.write_string(at, column, kept, text)
        sheet.freeze_panes(1, 0)
    files.replace(path, lambda file: file.write(data.getvalue()))


def _columns(rows: tuple[RejectedRow, ...], columns: tuple[str, ...]) -> list[list[str]]:
    found = [list(columns), *(refused.cells(row, columns) for row in rows)]
    return [list(column) for column in zip(*found, strict=True)]
