"""Refused rows handed back as a list that can be corrected and loaded again."""

import csv
import io
import re
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from flows.people.contact import RejectedRow
from flows.people.lists import files
from flows.people.lists.cells import defuse
from flows.people.lists.table import REFUSAL_COLUMNS


def write(rows: Iterable[RejectedRow], path: Path) -> None:
    """Write ``rows`` to ``path`` as CSV (UTF-8 with a byte order mark, which Excel needs).

    All their cells, then what was wrong: column and reason. Cells that look like formulas are
    defused. The file is replaced whole. Raises ConfigurationError when it cannot be written.
    """
    rows = tuple(rows)
    columns = header(rows)

    def fill(file: BinaryIO) -> None:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
        writer = csv.writer(text)
        writer.writerow(columns)
        for row in rows:
            writer.writerow([defuse(cell) for cell in cells(row, columns)])
        text.detach()

    files.replace(path, fill)


def header(rows: Iterable[RejectedRow]) -> tuple[str, ...]:
    """Return the columns of ``rows`` in order of appearance, and the two that say what is wrong."""
    names = dict.fromkeys(name for row in rows for name in row.cells if name)
    return (*names, *REFUSAL_COLUMNS)


def cells(row: RejectedRow, columns: Iterable[str]) -> list[str]:
    """Return the cells of ``row`` under ``columns``; bytes that were no text become U+FFFD."""
    said = dict(
        zip(REFUSAL_COLUMNS, (row.column, f"{row.file}:{row.row}: {row.reason}"), strict=True)
    )
    found = (said.get(name, row.cells.get(name, "")) for name in columns)
    return [re.sub("[\ud800-\udfff]", "\ufffd", cell) for cell in found]
