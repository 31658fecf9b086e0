"""Workbooks as offices keep them: each cell as the sheet shows it, or the row handed back."""

from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from flows.errors import ConfigurationError
from flows.people.lists.loading import Loaded, load
from tests.unit.people.list_fixtures import inline, ods_row, raw_ods, raw_xlsx, xlsx

HEADING = ("id", "name", "department", "address", "email")
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
STRICT_RELATIONS = "http://purl.oclc.org/ooxml/officeDocument/relationships"


def sheet(*rows: str, after: str = "", before: str = "") -> str:
    return f"{before}<sheetData>{inline(*HEADING)}{''.join(rows)}</sheetData>{after}"


def table(*rows: str, name: str = "List", style: str = "", columns: str = "") -> str:
    return (
        f'<table:table table:name="{name}" table:style-name="{style}">{columns}'
        f"{ods_row(*HEADING)}{''.join(rows)}</table:table>"
    )


def hidden_style(name: str) -> str:
    return (
        f'<style:style style:name="{name}" style:family="table">'
        '<style:table-properties table:display="false"/></style:style>'
    )


def reasons(loaded: Loaded) -> list[tuple[int, str, str]]:
    return [(row.row, row.column, row.reason) for row in loaded.refused]


def names(loaded: Loaded) -> list[str]:
    return [contact.name for contact in loaded.contacts]


# which sheet


def test_the_hidden_first_sheet_is_passed_over_and_said(tmp_path: Path) -> None:
    old, new = sheet(inline("a", "Ann Old")), sheet(inline("b", "Bo New"))
    loaded = load([raw_xlsx(tmp_path / "x.xlsx", old, new, hidden=(1,))])
    assert names(loaded) == ["Bo New"]
    assert loaded.remarks == (f"{tmp_path}/x.xlsx: the sheet 'S2' is read, not 'S1' (hidden)",)
    tables = table(ods_row("a", "Ann Old"), name="Old", style="h") + table(
        ods_row("b", "Bo New"), name="New", style="v"
    )
    loaded = load([raw_ods(tmp_path / "x.ods", tables, hidden_style("h"))])
    assert names(loaded) == ["Bo New"]
    assert loaded.remarks == (f"{tmp_path}/x.ods: the sheet 'New' is read, not 'Old' (hidden)",)


def test_a_sheet_of_notes_before_the_list_is_passed_over(tmp_path: Path) -> None:
    notes = f"<sheetData>{inline('Please read', 'before use')}</sheetData>"
    path = raw_xlsx(tmp_path / "x.xlsx", notes, "<sheetData/>", sheet(inline("b", "Bo Ek")))
    loaded = load([path])
    assert names(loaded) == ["Bo Ek"]
    assert loaded.remarks == (f"{path}: the sheet 'S3' is read, not 'S1', 'S2'",)


def test_another_sheet_is_proposed_where_it_is_like_a_list_and_none_where_one_was_named(
    tmp_path: Path,
) -> None:
    notes = f"<sheetData>{inline('Please read', 'before use')}</sheetData>"
    peers = f"<sheetData>{inline('Name', 'E-mail')}</sheetData>"
    path = raw_xlsx(tmp_path / "x.xlsx", notes, peers, sheet(inline("b", "Bo Ek")))
    (remark,) = load([path]).remarks
    assert remark.endswith(f"'S3' is read, not 'S1', 'S2'; to read 'S2': '{path}#S2'")
    assert load([Path(f"{path}#S3")]).remarks == ()


def test_a_workbook_without_our_headings_says_which_sheet_was_looked_at(tmp_path: Path) -> None:
    sheets = [f"<sheetData>{inline('Name', 'E-mail')}</sheetData>" for _ in range(2)]
    with pytest.raises(ConfigurationError, match=r"'S1' is read, not 'S2'; .* missing: id"):
        load([raw_xlsx(tmp_path / "x.xlsx", *sheets)])


def test_of_two_lists_neither_is_taken_until_one_is_chosen(tmp_path: Path) -> None:
    path = raw_xlsx(tmp_path / "x.xlsx", sheet(inline("a", "Ann Lee")), sheet(inline("b", "Bo Ek")))
    with pytest.raises(ConfigurationError, match=r"2 sheets look like lists \('S1', 'S2'\)"):
        load([path])
    assert names(load([Path(f"{path}#s2")])) == ["Bo Ek"]
    assert names(load([Path(f"{path}#S1"), Path(f"{path}#S2")])) == ["Ann Lee", "Bo Ek"]
    with pytest.raises(ConfigurationError, match="no sheet is called 'S9'; there are 'S1', 'S2'"):
        load([Path(f"{path}#S9")])


def test_a_workbook_of_hidden_sheets_alone_is_refused(tmp_path: Path) -> None:
    path = raw_xlsx(tmp_path / "x.xlsx", sheet(inline("a", "Ann Lee")), hidden=(1,))
    with pytest.raises(ConfigurationError, match=r"every sheet is hidden \('S1'\)"):
        load([path])


# which rows


def test_hidden_rows_and_columns_are_read_and_said(tmp_path: Path) -> None:
    rows = inline("a", "Ann Lee", row=' hidden="1"') + inline("b", "Bo Ek")
    columns = '<cols><col min="2" max="2" hidden="1"/><col min="9" max="16384" hidden="1"/></cols>'
    path = raw_xlsx(tmp_path / "x.xlsx", sheet(rows, before=columns))
    loaded = load([path])
    assert names(loaded) == ["Ann Lee", "Bo Ek"]
    assert loaded.remarks == (
        f"{path}: 1 row is hidden in the sheet, by a filter or by hand, and read all the same: 2;"
        " delete what is not meant",
        f"{path}: 1 column is hidden in the sheet and read all the same: B",
    )


@pytest.mark.parametrize("how", ["filter", "collapse"])
def test_hidden_rows_of_ods_are_said_too(tmp_path: Path, how: str) -> None:
    rows = ods_row("a", "Ann Lee", attributes=f' table:visibility="{how}"')
    group = (
        '<table:table-row-group table:display="false">'
        f"{ods_row('b', 'Bo Ek')}</table:table-row-group>"
    )
    hidden = '<table:table-column table:visibility="collapse" table:number-columns-repeated="2"/>'
    loaded = load([raw_ods(tmp_path / "x.ods", table(rows, group, columns=hidden))])
    assert names(loaded) == ["Ann Lee", "Bo Ek"]
    assert "2 rows are hidden in the sheet" in loaded.remarks[0]
    assert "read all the same: 2, 3;" in loaded.remarks[0]
    assert loaded.remarks[1].endswith(
        "2 columns are hidden in the sheet and read all the same: A, B"
    )


def test_title_rows_above_the_heading_are_passed_over_and_said(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet()
        page.merge_range(0, 0, 0, 4, "Members of the group, 2013")
        page.write_row(2, 0, HEADING)
        page.write_row(3, 0, ["a", "Ann Lee"])
    loaded = load([path])
    assert [(one.name, one.row) for one in loaded.contacts] == [("Ann Lee", 4)]
    assert loaded.remarks == (
        f"{path}: 1 row above the heading passed over: Members of the group, 2013",
    )
    text = tmp_path / "x.csv"
    text.write_text("Members of the group,\nprinted 2013,\nid,name\na,Ann Lee\n")
    loaded = load([text])
    assert names(loaded) == ["Ann Lee"]
    assert (
        "2 rows above the heading passed over: Members of the group; printed" in loaded.remarks[0]
    )


def test_a_heading_repeated_on_every_page_is_passed_over_and_said(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("id,name\na,Ann Lee\nid,name\nb,Bo Ek\n")
    loaded = load([path])
    assert names(loaded) == ["Ann Lee", "Bo Ek"]
    assert loaded.remarks == (f"{path}: a row repeats the heading and is passed over",)


# merged cells


def test_a_merged_value_stands_in_every_row_it_covers(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, HEADING)
        page.write_column(1, 0, ["a", "b", "c"])
        page.write_column(1, 1, ["Ann Lee", "Bo Ek", "Cy Fox"])
        page.merge_range(1, 2, 2, 2, "Department of Health")
        page.merge_range(1, 3, 2, 3, "1 Low Street | London")
    loaded = load([path])
    assert [one.department for one in loaded.contacts] == ["Department of Health"] * 2 + [""]
    assert loaded.contacts[1].address == ("1 Low Street", "London")
    spanned = (
        '<table:table-cell table:number-rows-spanned="2" office:value-type="string">'
        "<text:p>Department of Health</text:p></table:table-cell>"
    )
    # What a covered cell held before it was merged is shown by no spreadsheet.
    covered = (
        '<table:covered-table-cell office:value-type="string"><text:p>Old</text:p>'
        "</table:covered-table-cell>"
    )
    rows = ods_row("a", "Ann Lee", spanned) + ods_row("b", "Bo Ek", covered)
    loaded = load([raw_ods(tmp_path / "x.ods", table(rows, ods_row("c", "Cy Fox")))])
    assert [one.department for one in loaded.contacts] == ["Department of Health"] * 2 + [""]


def test_what_a_covered_cell_held_before_is_not_read(tmp_path: Path) -> None:
    blank = '<table:table-cell table:number-rows-spanned="2"/>'
    covered = "<table:covered-table-cell><text:p>Old</text:p></table:covered-table-cell>"
    rows = ods_row("a", "Ann Lee", blank) + ods_row("b", "Bo Ek", covered)
    loaded = load([raw_ods(tmp_path / "x.ods", table(rows))])
    assert [one.department for one in loaded.contacts] == ["", ""]


def test_cells_merged_side_by_side_hand_the_row_back(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, HEADING)
        page.write_row(1, 0, ["a", "Ann Lee"])
        page.merge_range(1, 2, 1, 3, "Department of Health")
        page.merge_range(2, 0, 2, 4, "Peers")
        page.write_row(3, 0, ["b", "Bo Ek"])
    loaded = load([path])
    assert names(loaded) == ["Bo Ek"]
    assert reasons(loaded) == [
        (2, "department", "cells are merged from C to D; unmerge and fill them"),
        (3, "id", "cells are merged from A to E; unmerge and fill them"),
    ]


# formulas


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#NAME?", "#DIV/0!", "#BEZUG!", "#SPILL!"])
def test_a_formulas_error_hands_the_row_back_with_its_column(tmp_path: Path, error: str) -> None:
    rows = f'<row><c><v>1</v></c>{inline("Ann Lee")[5:-6]}<c t="e"><v>{error}</v></c></row>'
    loaded = load([raw_xlsx(tmp_path / "x.xlsx", sheet(rows, inline("b", "Bo Ek")))])
    expected = [(2, "department", f"holds {error}, a formula's error; mend the formula")]
    assert reasons(loaded) == expected
    assert names(loaded) == ["Bo Ek"]
    shown = (
        '<table:table-cell table:formula="of:=1/0" office:value-type="string"'
        f' calcext:value-type="error"><text:p>{error}</text:p></table:table-cell>'
    )
    loaded = load([raw_ods(tmp_path / "x.ods", table(ods_row("a", "Ann Lee", shown)))])
    assert reasons(loaded) == expected
    text = tmp_path / "x.csv"
    text.write_text(f"id,name,department\na,Ann Lee,{error}\nb,Bo Ek,#hashtag\n")
    loaded = load([text])
    assert reasons(loaded) == expected
    assert names(loaded) == ["Bo Ek"]


def test_a_date_too_wide_for_its_column_is_an_error_in_a_csv_file(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("id,name,since\na,Ann Lee,########\n")
    assert reasons(load([path])) == [
        (2, "since", "holds ########, a formula's error; mend the formula")
    ]


@pytest.mark.parametrize("result", ["", "<v></v>", "<v/>"])
def test_a_formula_without_a_result_hands_the_row_back(tmp_path: Path, result: str) -> None:
    what = "a formula without a result; open the file in a spreadsheet and save it again"
    rows = f"<row>{inline('a', 'Ann Lee')[5:-6]}<c><f>LOWER(B2)</f>{result}</c></row>"
    empty = f'<row>{inline("b", "Bo Ek")[5:-6]}<c t="str"><f>IF(A1,"","")</f><v></v></c></row>'
    loaded = load([raw_xlsx(tmp_path / "x.xlsx", sheet(rows, empty))])
    assert reasons(loaded) == [(2, "department", what)]
    assert names(loaded) == ["Bo Ek"]
    cell = '<table:table-cell table:formula="of:=LOWER([.B2])"/>'
    loaded = load([raw_ods(tmp_path / "x.ods", table(ods_row("a", "Ann Lee", cell)))])
    assert reasons(loaded) == [(2, "department", what)]


def test_the_nought_of_a_program_that_does_not_calculate_is_no_result(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, HEADING)
        page.write_row(1, 0, ["a", "Ann Lee"])
        page.write_formula(1, 4, '=LOWER("ANN@EXAMPLE.ORG")')
        page.write_row(2, 0, ["b", "Bo Ek"])
        page.write_formula(2, 4, '=LOWER("BO@EXAMPLE.ORG")', None, "bo@example.org")
    loaded = load([path])
    assert [(row, column) for row, column, _ in reasons(loaded)] == [(2, "email")]
    assert [one.email for one in loaded.contacts] == ["bo@example.org"]


# what a cell says


def test_an_ods_cell_says_what_the_sheet_shows(tmp_path: Path) -> None:
    address = (
        "<table:table-cell><office:annotation><text:p>a comment</text:p></office:annotation>"
        "<text:p>1 High<text:s text:c='3'/>Street<text:line-break/>Lowton</text:p>"
        "<text:p>London <text:span>SW1A</text:span>\n   <text:a>1AA</text:a></text:p>"
        "<draw:frame xmlns:draw='urn:x'><text:p>a picture</text:p></draw:frame></table:table-cell>"
    )
    shapes = "<table:shapes><text:p>a drawing</text:p></table:shapes>"
    phone = (
        '<table:table-cell office:value-type="float" office:value="447700900123">'
        "<text:p>4.48E+11</text:p></table:table-cell>"
    )
    money = (
        '<table:table-cell office:value-type="currency" office:value="1234.5">'
        "<text:p>£1,234.50</text:p></table:table-cell>"
    )
    heading = ods_row("id", "name", "address", "phone", "amount")
    rows = heading + ods_row("a", "Ann Lee", address, phone, money)
    made = f'<table:table table:name="x">{shapes}{rows}</table:table>'
    changes = f"<table:tracked-changes>{ods_row('deleted')}</table:tracked-changes>"
    (one,) = load([raw_ods(tmp_path / "x.ods", changes + made)]).contacts
    assert one.address == ("1 High Street", "Lowton", "London SW1A 1AA")
    assert one.columns == {"phone": "447700900123", "amount": "£1,234.50"}


def test_an_ods_cell_without_its_text_says_its_value(tmp_path: Path) -> None:
    cells = [
        '<table:table-cell office:value-type="float" office:value="12.50"/>',
        '<table:table-cell office:value-type="boolean" office:boolean-value="true"/>',
        '<table:table-cell office:value-type="date" office:date-value="2013-09-04"/>',
        '<table:table-cell office:value-type="string" office:string-value="kept"/>',
    ]
    rows = ods_row("id", "name", "a", "b", "c", "d") + ods_row("x", "Ann Lee", *cells)
    (one,) = load([raw_ods(tmp_path / "x.ods", f"<table:table>{rows}</table:table>")]).contacts
    assert one.columns == {"a": "12.5", "b": "TRUE", "c": "2013-09-04", "d": "kept"}


def test_equal_cells_and_rows_that_ods_writes_once_are_read_as_often_as_shown(
    tmp_path: Path,
) -> None:
    twice = (
        '<table:table-cell table:number-columns-repeated="2"><text:p>Same</text:p>'
        "</table:table-cell>"
    )
    blank = '<table:table-row table:number-rows-repeated="7"><table:table-cell/></table:table-row>'
    rows = (
        ods_row("a", "Ann Lee", twice)
        + blank
        + ods_row("b", "Bo Ek", attributes=' table:number-rows-repeated="2"')
    )
    loaded = load([raw_ods(tmp_path / "x.ods", table(rows))])
    assert (loaded.contacts[0].department, loaded.contacts[0].address) == ("Same", ("Same",))
    assert [(one.id, one.row) for one in loaded.contacts] == [("a", 2), ("b", 10)]
    assert loaded.refused[0].row == 11


def test_an_xlsx_cell_says_what_the_sheet_shows(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["id", "name", "amount", "share", "joined", "at", "phone", "personal"])
        page.write_row(1, 0, [379, "Siân Lee"])

        def put(column: int, value: float, code: str) -> None:
            page.write_number(1, column, value, book.add_format({"num_format": code}))

        put(2, 1234.5, '"£"#,##0.00')
        put(3, 0.25, "0%")
        put(4, 41521, "d mmmm yyyy")
        put(5, 0.6041666666666666, "h:mm")
        put(6, 2079460114, "000 0000 0000")
        bold = book.add_format({"bold": True})
        page.write_rich_string(1, 7, "One ", bold, "two", " three\nfour")
    (one,) = load([path]).contacts
    assert one.id == "379"
    assert one.personal == "One two three\nfour"
    assert {key: one.columns[key] for key in ("amount", "share", "joined", "at", "phone")} == {
        "amount": "£1,234.50",
        "share": "25%",
        "joined": "4 September 2013",
        "at": "14:30",
        "phone": "020 7946 0114",
    }


def test_readings_beside_a_word_are_not_part_of_it(tmp_path: Path) -> None:
    shared = (
        '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><r><t>Bo </t>'
        "</r><r><t>Ek</t></r><rPh><t>BOO</t></rPh></si></sst>"
    )
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    related = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{relations}/worksheet" Target="/xl/worksheets/s1.xml"/>'
        f'<Relationship Id="r2" Type="{relations}/sharedStrings" Target="SharedStrings.xml"/>'
        "</Relationships>"
    )
    spoken = "<is><r><t>Home </t></r><r><t>Office</t></r><rPh><t>HOHM</t></rPh></is>"
    rows = (
        '<row r="5"><c r="A5"><v>7</v></c><c r="B5" t="s"><v>0</v></c>'
        f'<c r="C5" t="inlineStr">{spoken}</c></row>'
    )
    parts = {"xl/_rels/workbook.xml.rels": related, "xl/sharedStrings.xml": shared}
    (one,) = load([raw_xlsx(tmp_path / "x.xlsx", sheet(rows), parts=parts)]).contacts
    assert (one.id, one.name, one.row) == ("7", "Bo Ek", 5)
    assert one.department == "Home Office"


def test_characters_that_xlsx_escapes_are_read_as_they_were(tmp_path: Path) -> None:
    rows = inline("a", "Ann_x0020_Lee_x005F_x0041_")
    (one,) = load([raw_xlsx(tmp_path / "x.xlsx", sheet(rows))]).contacts
    assert one.name == "Ann Lee_x0041_"


def test_strict_open_xml_and_unusual_places_and_cases_are_read(tmp_path: Path) -> None:
    rows = sheet(inline("a", "Ann Lee"))
    path = raw_xlsx(
        tmp_path / "x.xlsm", rows, main=STRICT, relations=STRICT_RELATIONS, folder="Book/Deep"
    )
    assert names(load([path])) == ["Ann Lee"]


def test_an_old_or_protected_workbook_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "x.xlsx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(ConfigurationError, match=r"save it as \.xlsx without a password"):
        load([tmp_path / "x.xlsx"])
    (tmp_path / "x.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(ConfigurationError, match=r"save it as \.xlsx"):
        load([tmp_path / "x.xls"])


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx"])
def test_the_apostrophe_that_marks_text_is_taken_off_and_said(tmp_path: Path, name: str) -> None:
    rows: list[list[Any]] = [
        ["id", "name", "email", "address", "phone", "personal"],
        ["a", "Ann O'Dea", "'ann@example.org", "'10 Downing Street", "'020 7946 0114", "'tis I"],
        ["b", "'Bo' Ek", "'bo'bo@example.org", "", "", "'90s"],
    ]
    path = tmp_path / name
    if name.endswith(".csv"):
        path.write_text("".join(",".join(row) + "\n" for row in rows))
    else:
        xlsx(path, rows)
    loaded = load([path])
    first, second = loaded.contacts
    assert first.email == "ann@example.org"
    assert (first.address, first.columns["phone"]) == (("10 Downing Street",), "020 7946 0114")
    assert (first.name, first.personal) == ("Ann O'Dea", "'tis I")
    assert (second.name, second.email, second.personal) == ("'Bo' Ek", "'bo'bo@example.org", "'90s")
    assert loaded.remarks == (
        f"{path}: 3 cells begin with the apostrophe that marks text in a spreadsheet;"
        " read without it",
    )
