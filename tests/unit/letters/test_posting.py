"""What the posting room gets, short of laying it out."""

from datetime import date
from io import BytesIO
from typing import Any

import docx
import pytest
from python_calamine import CalamineWorkbook

from flows.letters.paper import labels, posting_sheet
from flows.letters.paper.envelope import Posted, goes_by_post, postcode
from tests.unit.letters.small_campaign import reader


def posted(id_: str, code: str = "SW1A 1AA", family: str = "Smith", **fields: Any) -> Posted:
    lines = fields.pop("lines", (f"Alex {family} MP", "1 Weir Street", f"London {code}"))
    return Posted(id_, f"c/1/{id_}", lines, code, family, **fields)


def test_envelopes_are_ordered_by_postcode_and_then_by_surname() -> None:
    made = [
        posted("a", "SW10 1AA"),
        posted("b", "SW2 1AA", "Young"),
        posted("c", "SW2 1AA", "Adams"),
        posted("d", "EC1A 1BB"),
        posted("e", ""),
    ]
    assert [one.id for one in sorted(made, key=lambda one: one.order)] == ["e", "d", "c", "b", "a"]


def test_a_postcode_is_the_contacts_own_or_stands_at_the_end_of_the_address() -> None:
    assert postcode(reader(postcode="sw1a 0aa")) == "SW1A 0AA"
    assert postcode(reader()) == "SW1A 1AA"


@pytest.mark.parametrize(
    ("fields", "everyone", "paper"),
    [
        ({"email": ""}, False, True),
        ({}, False, False),
        ({}, True, True),
        ({"columns": {"post": "Yes"}}, False, True),
        ({"columns": {"post": "no"}}, False, False),
    ],
)
def test_paper_goes_to_readers_without_email_and_to_those_who_ask(
    fields: dict[str, Any], everyone: bool, paper: bool
) -> None:
    assert goes_by_post(reader(**fields), everyone) is paper


def test_a_sheet_of_labels_has_the_measures_of_its_layout() -> None:
    sheet = labels.LAYOUTS["a4-21"]
    made = docx.Document(BytesIO(labels.docx([("One", "Two")] * 22, sheet)))
    (table,) = made.tables
    assert len(table.rows) == 8
    assert [round(row.height.mm, 1) for row in table.rows] == [38.1] * 8
    assert [round(column.width.mm, 1) for column in table.columns] == [63.5, 2.5, 63.5, 2.5, 63.5]
    section = made.sections[0]
    assert (round(section.left_margin.mm, 1), round(section.top_margin.mm, 1)) == (7.2, 15.1)
    assert table.cell(7, 0).text == "One\nTwo"
    assert table.cell(7, 2).text == ""


def test_labels_begin_on_the_first_free_label() -> None:
    made = docx.Document(BytesIO(labels.docx([("A & <B>",)], labels.LAYOUTS["a4-21"], first=5)))
    cells = [made.tables[0].cell(row, column).text for row in (0, 1) for column in (0, 2, 4)]
    assert cells == ["", "", "", "", "A & <B>", ""]


def test_type_shrinks_for_a_long_address_and_what_cannot_fit_is_told() -> None:
    sheet = labels.LAYOUTS["a4-21"]

    def size(label: tuple[str, ...]) -> float:
        made = docx.Document(BytesIO(labels.docx([label], sheet)))
        return made.tables[0].cell(0, 0).paragraphs[0].runs[0].font.size.pt

    short = ("A Reader MP", "House of Commons", "London SW1A 0AA")
    assert size(short) == 11
    assert size((*short, *["Another line"] * 7)) < 11
    assert not labels.too_long((*short, *["Another line"] * 7), sheet)
    assert labels.too_long(("A line",) * 20, sheet)


def test_the_posting_sheet_lists_envelopes_in_order_and_runs_no_formula() -> None:
    evil = posted("b", lines=("=HYPERLINK(1)", "@x", "London SW1A 1AA"))
    data = posting_sheet.xlsx([posted("a"), evil], "Rivers & more", date(2013, 9, 4), ["", "-late"])
    rows = CalamineWorkbook.from_filelike(BytesIO(data)).get_sheet_by_index(0).to_python()
    assert rows[0][:3] == ["No.", "Posted", "Reference"]
    assert rows[1][2:6] == ["c/1/a", "Alex Smith MP", rows[1][4], "SW1A 1AA"]
    assert rows[2][3] == "'=HYPERLINK(1)"
    assert rows[2][4] == "'=HYPERLINK(1), @x, London SW1A 1AA"
    assert rows[2][7] == "'-late"
    assert data == posting_sheet.xlsx(
        [posted("a"), evil], "Rivers & more", date(2013, 9, 4), ["", "-late"]
    )
