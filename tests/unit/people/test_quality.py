"""A list's report counts what is missing and lists what is odd."""

from datetime import date
from pathlib import Path

import python_calamine

from flows.people import quality
from flows.people.contact import RejectedRow
from flows.people.forms import uk
from flows.people.lists import refused
from flows.people.lists.loading import load
from flows.people.quality import Report
from flows.people.style import Style
from tests.unit.people.list_fixtures import csv_file

LIST = """id,name,title,gender,house,email,address
a,Ann Lee,Ms,F,commons,ann.lee@example.org,1 Low St
b,Bo Ek,,M,commons,info@example.org,
c,Cy Fox,,,commons,,
d,Lord Green,,,lords,info@example.org,
e,Ed SiÃ¢n,,M,commons,ed@gmail.com,
f,Ann Lee,Ms,F,commons,,
g,Gus * Hay,,M,commons,gus.casework@example.org,
h,Hal Ivy,,M,commons,hal@example.org; ivy@example.org,
"""


def report(path: Path) -> Report:
    return quality.report([path], uk, Style(), date(2013, 9, 4))


def test_the_report_counts_what_is_missing(tmp_path: Path) -> None:
    found = report(csv_file(tmp_path, LIST))
    assert found.missing == {"email": 2, "title": 4, "gender": 1, "address": 6}
    assert found.rows == 8
    assert [row.row for row in found.refused] == [9]
    assert "more than one address" in found.refused[0].reason


def test_whom_no_form_of_address_fits_is_told_before_a_campaign_finds_out(tmp_path: Path) -> None:
    path = csv_file(tmp_path, LIST)
    first = report(path).findings[0]
    assert first.where == f"{path}:4: title"
    assert first.what.startswith("no letter: ")


def test_the_report_lists_what_is_odd_with_file_row_and_column(tmp_path: Path) -> None:
    path = csv_file(tmp_path, LIST)
    found = {(one.where.removeprefix(f"{path}:"), one.what) for one in report(path).findings}
    assert ("3: email", "shared mailbox: info@example.org, also of d") in found
    assert ("5: email", "shared mailbox: info@example.org, also of b") in found
    assert ("8: email", "office mailbox: gus.casework@example.org") in found
    assert ("6: email", "personal address: ed@gmail.com") in found
    assert ("7: person", f"duplicate: 'Ann Lee' is also 'a' ({path}:2)") in found
    assert ("8: name", "odd character: U+002A in 'Gus * Hay'") in found
    assert any(where == "6: name" and "encoding was mistaken" in what for where, what in found)


def test_an_address_or_name_of_mixed_scripts_is_a_warning(tmp_path: Path) -> None:
    path = csv_file(
        tmp_path, "id,name,title,house,email\na,Ann Lee,Ms,commons,\u0430nn@example.org\n"
    )
    (found,) = report(path).findings
    assert found.where == f"{path}:2: email"
    assert found.what.startswith("mixed scripts: ")
    assert "Cyrillic and Latin" in found.what


def test_the_counts_name_every_number(tmp_path: Path) -> None:
    counts = report(csv_file(tmp_path, LIST)).counts
    assert counts["no email"] == 2
    assert counts["refused"] == 1
    assert counts["no letter"] == 2
    assert counts["shared mailbox"] == 2
    assert counts["duplicate"] == 1


def test_real_names_are_not_odd(tmp_path: Path) -> None:
    path = csv_file(
        tmp_path, "id,name,rank,office\na,Siân O’Brien-Ŵyn Jr.,mos,Minister (Trade & Exports)\n"
    )
    assert report(path).findings == ()


def test_refused_rows_go_back_as_a_spreadsheet_and_are_loaded_again(tmp_path: Path) -> None:
    source = csv_file(tmp_path, 'id,name,email,phone\n007,Siân James,oops,=1+1\n8,"A\x0bB",,\n')
    path = tmp_path / "refused.xlsx"
    refused.write(load([source]).refused, path)
    with python_calamine.load_workbook(path) as book:
        rows = book.get_sheet_by_index(0).to_python()
    assert rows[0] == ["id", "name", "email", "phone", "refused_column", "refused_reason"]
    assert rows[1][:5] == ["007", "Siân James", "oops", "'=1+1", "email"]
    again = load([path]).refused
    assert [(row.cells["id"], row.cells["phone"]) for row in again] == [("007", "=1+1"), ("8", "")]


def test_an_empty_refusal_makes_a_sheet_with_its_heading_only(tmp_path: Path) -> None:
    path = tmp_path / "refused.xlsx"
    refused.write([], path)
    refused.write([RejectedRow("a", 2, "id", "why", {"id": "x" * 99, "name": "y" * 40_000})], path)
    assert len(load([path]).refused) == 1
