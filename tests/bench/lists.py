"""How fast a long contact list is read and checked, as CSV and as a workbook."""

import csv
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import xlsxwriter

from flows.people.lists.loading import load
from tests.bench.measured import Measured
from tests.bench.people import contact_list

EVERYONE = 46_000


def rows(quick: bool) -> Iterator[Measured]:
    count = 4_000 if quick else EVERYONE
    with tempfile.TemporaryDirectory(prefix="dm-bench-") as name:
        text = contact_list(Path(name) / "people.csv", count)
        book = workbook(text, Path(name) / "people.xlsx")
        # Processor time, so that others on the machine do not count.
        yield _read(text, count, goal=100.0)
        yield _read(book, count, goal=150.0)


def workbook(text: Path, path: Path) -> Path:
    """Write the rows of a CSV file as a workbook."""
    with (
        text.open(newline="", encoding="utf-8") as file,
        xlsxwriter.Workbook(path, {"constant_memory": True}) as made,
    ):
        sheet = made.add_worksheet()
        for at, row in enumerate(csv.reader(file)):
            for column, cell in enumerate(row):
                if cell:
                    sheet.write_string(at, column, cell)
    return path


def _read(path: Path, count: int, goal: float) -> Measured:
    seconds = []
    for _ in range(3):
        began = time.process_time()
        assert len(load([path]).contacts) == count
        seconds.append(time.process_time() - began)
    each = min(seconds) / count * 1_000_000
    detail = f"{min(seconds):.2f} s for {count:,} rows"
    work = f"read and check a row of {path.suffix[1:].upper()}"
    return Measured(work, "23 columns, 8 filled", each, "µs", goal, True, detail)
