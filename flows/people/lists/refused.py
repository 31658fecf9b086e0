"""Refused rows handed back as a list that can be corrected and loaded again: CSV or XLSX."""

import csv
import io
import re
from collections.abc import Iterable
from pathlib import Path

from flows.people.contact import RejectedRow
from flows.people.lists import files, workbook
from flows.people.lists.cells import defuse
from flows.people.lists.table import REFUSAL_COLUMNS
from flows.people.lists.workbook import Column, Sheet

_SURROGATES = re.compile("[\ud800-\udfff]")


def write(rows: Iterable[RejectedRow], path: Path) -> None:
    """Write ``rows`` to ``path``, a spreadsheet where its name ends in ".xlsx", else CSV.

    All their cells, then what was wrong: column and reason. Cells that look like formulas are
    defused. The file is replaced whole. Raises ConfigurationError when it cannot be written.
    """
    rows = tuple(rows)
    names = dict.fromkeys(name for row in rows for name in row.cells if name)
    columns = (*names, *REFUSAL_COLUMNS)
    make = _xlsx if path.suffix.casefold() == ".xlsx" else _csv
    content = make(columns, [_cells(row, columns) for row in rows])
    files.write(path, content)


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
