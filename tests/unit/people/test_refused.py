"""Refused rows go back as a list that can be corrected and loaded again."""

import csv
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.errors import ConfigurationError
from flows.people.contact import RejectedRow
from flows.people.lists import files, table
from flows.people.lists.cells import defuse, restore
from flows.people.lists.loading import load
from flows.people.lists.refused import Known, take_out, write
from tests.unit.people.list_fixtures import csv_file


def test_a_refused_row_is_loaded_again_once_it_is_corrected(tmp_path: Path) -> None:
    source = csv_file(tmp_path, "id,name,email,phone\na,Siân James,oops,+44 20\n")
    back = tmp_path / "refused-rows.csv"
    write(load([source]).refused, back)
    with back.open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["phone"] == "'+44 20"
    assert row["refused_column"] == "email"
    assert str(source) in row["refused_reason"]
    back.write_text(back.read_text("utf-8").replace("oops", "s@example.org"), "utf-8")
    loaded = load([back])
    assert not loaded.refused
    assert loaded.contacts[0].columns == {"phone": "+44 20"}


def test_rows_of_different_lists_share_one_heading(tmp_path: Path) -> None:
    rows = [
        RejectedRow("a.csv", 2, "id", "x", {"id": "1"}),
        RejectedRow("b.csv", 3, "q", "y", {"q": "2"}),
    ]
    write(rows, tmp_path / "back.csv")
    heading = (tmp_path / "back.csv").read_text("utf-8-sig").splitlines()[0]
    assert heading == "id,q,refused_column,refused_reason"


@given(st.text())
def test_no_cell_leaves_as_a_formula_and_every_one_comes_back(text: str) -> None:
    assert not defuse(text).startswith(tuple("=+-@＝＋－＠\t\r\n"))
    assert restore(defuse(text)) == text


@pytest.mark.parametrize(
    "start",
    [
        "=cmd|' /C calc'!A0",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "＝1",
        "＋1",
        "－1",
        "＠A",
    ],
)
def test_cells_that_begin_like_formulas_are_defused(start: str) -> None:
    assert defuse(start) == "'" + start


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("old")

    def fail(file: object) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        files.replace(path, fail)
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["list.csv"]


def test_a_replaced_file_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("old")
    path.chmod(0o640)
    files.replace(path, lambda file: file.write(b"new") and None)
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write([], tmp_path / "file" / "refused-rows.csv")


LUCAS = Known(frozenset({"lucas"}), frozenset({"lucas@example.org"}), frozenset({"Caroline Lucas"}))
HANDED_BACK = [
    {"id": "lucas", "name": "C. Lucas", "email": "x"},
    {"id": "lucas-2", "person": "LUCAS", "name": "C. Lucas"},
    {"id": "office", "name": "The office", "email": "Lucas@example.org "},
    {"name": "caroline lucas"},
    {"id": "other", "name": "Caroline Lucas", "email": "other@example.org"},
    {"id": "hague", "name": "William Hague", "notes": "=1+1"},
]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_persons_rows_are_taken_out_by_id_address_and_name_and_the_others_stay_as_they_are(
    tmp_path: Path, kind: str
) -> None:
    back = tmp_path / f"refused-rows.{kind}"
    columns = ("id", "person", "name", "email", "notes")
    rows = [dict.fromkeys(columns, "") | cells for cells in HANDED_BACK]
    write([RejectedRow("a.csv", n, "email", "no", cells) for n, cells in enumerate(rows)], back)
    before = table.read(back, expected=columns).rows
    assert take_out(back, LUCAS) == (4, 1)  # somebody else of that name stays, and is told
    kept = table.read(back, expected=columns)
    assert [dict(row.cells) for row in kept.rows] == [dict(row.cells) for row in before[4:]]
    assert kept.rows[1].cells["notes"] == "=1+1"

    written = back.read_bytes()
    assert take_out(back, LUCAS) == (0, 1)
    assert back.read_bytes() == written
    assert take_out(back, Known(frozenset({"other", "hague"}))) == (2, 0)
    assert not back.exists()


def test_rows_are_not_taken_out_of_what_was_made_something_else_of(tmp_path: Path) -> None:
    for name, text, why in (
        ("refused-rows.txt", "id,name\nlucas,C\nb,B\n", "by hand"),
        ("refused-rows.csv", "id,name\nlucas,C\nb,B,more\n", "3 cells under 2 headings"),
        ("refused-rows.xlsx", "no workbook", "xlsx"),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(ConfigurationError, match=why):
            take_out(tmp_path / name, LUCAS)
        assert (tmp_path / name).read_text() == text
