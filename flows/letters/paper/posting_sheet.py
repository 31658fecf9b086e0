"""The list a posting room ticks: one row for each envelope, in their order."""

from collections.abc import Sequence
from datetime import date, datetime

from flows.letters.paper.envelope import Posted
from flows.people.lists import workbook
from flows.people.lists.workbook import Cell, Column, Sheet

_COLUMNS = (
    Column("No.", 6),
    Column("Posted", 8, to_tick=True),
    Column("Reference", 28),
    Column("Addressee", 38),
    Column("Address", 70),
    Column("Postcode", 12),
    Column("Sheets", 8),
    Column("Note", 40),
)
_FILE = Column("File", 18)


def xlsx(
    posted: Sequence[Posted],
    title: str,
    on: date,
    notes: Sequence[str] = (),
    files: Sequence[str] = (),
) -> bytes:
    """Return the sheet as XLSX; ``notes`` stand beside the letters in the same order.

    Where there are several ``files`` with letters, a column says which one each is in.
    """
    rows: list[list[Cell]] = [
        [
            number,
            None,
            letter.reference,
            letter.name,
            ", ".join(letter.lines),
            letter.postcode,
            letter.sheets,
            notes[number - 1] if notes else "",
            *([files[letter.part - 1]] if len(files) > 1 else []),
        ]
        for number, letter in enumerate(posted, start=1)
    ]
    columns = (*_COLUMNS, _FILE) if len(files) > 1 else _COLUMNS
    return workbook.xlsx(
        [Sheet("Posting", columns, rows)],
        title=f"{title}, {on.day} {on:%B %Y}",
        created=datetime(on.year, on.month, on.day),
    )
