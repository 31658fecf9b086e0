"""The list a posting room ticks: one row for each envelope, in their order."""

from collections.abc import Sequence
from datetime import date, datetime
from io import BytesIO

import xlsxwriter

from flows.letters.paper.envelope import Posted
from flows.people.lists.cells import defuse

_COLUMNS = (
    ("No.", 6),
    ("Posted", 8),
    ("Reference", 28),
    ("Addressee", 38),
    ("Address", 70),
    ("Postcode", 12),
    ("Sheets", 8),
    ("Note", 40),
)


def xlsx(posted: Sequence[Posted], title: str, on: date, notes: Sequence[str] = ()) -> bytes:
    """The sheet as XLSX; ``notes`` stand beside the letters in the same order.

    Cells are text, and what begins like a formula is defused.
    """
    buffer = BytesIO()
    with xlsxwriter.Workbook(
        buffer,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
        },
    ) as book:
        book.set_properties({"title": title, "created": datetime(on.year, on.month, on.day)})
        sheet = book.add_worksheet("Posting")
        bold = book.add_format({"bold": True, "bottom": 1})
        plain = book.add_format({"valign": "top", "text_wrap": True})
        box = book.add_format({"valign": "top", "align": "center", "border": 1})
        for column, (name, width) in enumerate(_COLUMNS):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, name, bold)
        for row, letter in enumerate(posted, start=1):
            sheet.write_number(row, 0, row, plain)
            sheet.write_blank(row, 1, None, box)
            note = notes[row - 1] if notes else ""
            for column, text in enumerate(
                (letter.reference, letter.name, ", ".join(letter.lines), letter.postcode), 2
            ):
                sheet.write_string(row, column, defuse(text), plain)
            sheet.write_number(row, 6, letter.sheets, plain)
            sheet.write_string(row, 7, defuse(note), plain)
        if posted:
            sheet.data_validation(1, 1, len(posted), 1, {"validate": "list", "source": ["✓"]})
            sheet.autofilter(0, 0, len(posted), len(_COLUMNS) - 1)
        sheet.freeze_panes(1, 0)
        sheet.repeat_rows(0)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.set_header(f"&L{defuse(title).replace('&', '&&')}&R{on:%-d %B %Y}")
        sheet.set_footer("&CPage &P of &N")
    return buffer.getvalue()
