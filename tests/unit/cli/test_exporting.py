"""The file for trustees: every dispatch, every cell text, nothing that runs or leads anywhere."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from flows.errors import ConfigurationError
from flows.operations.export import COLUMNS, export
from flows.post.mailing.mailing import Mailing
from flows.post.states import State
from flows.post.status import DispatchStatus, Status

AT = datetime(2013, 9, 4, 9, tzinfo=UTC)
MAILING = Mailing(
    id="dialogue-1-abcd",
    campaign="dialogue",
    edition=1,
    as_of="2013-09-04",
    sender="chair@example.org",
    hash="a" * 64,
    frozen_at=AT,
    letters=1,
    refused=(),
    passed_over=(),
    sources={},
    approved_at=AT,
    approved_by="E. Marchbank",
)
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0"]
LINKS = ["https://example.org/pay", "mailto:x@example.org", "internal:Sheet1!A1", "external:x.xlsx"]


def standing(**fields: Any) -> DispatchStatus:
    given_ = {
        "id": "dialogue-1-abcd:1",
        "contact": "hague",
        "person": "hague",
        "name": "Rt Hon William Hague MP",
        "office": "Secretary of State for Foreign and Commonwealth Affairs",
        "role": "minister",
        "email": "hague@example.org",
        "state": State.SENT,
        "message_id": "<1@example.org>",
        "attempts": 1,
        "code": 250,
        "enhanced": "2.0.0",
        "reply": "2.0.0 Ok: queued as 4SXyZv0jXy",
        "queue_id": "4SXyZv0jXy",
        "due_at": None,
        "changed_at": "2013-09-04T09:00:00.000000Z",
        "sha256": "b" * 64,
    }
    return DispatchStatus(**{**given_, **fields})


def written(target: Path, *rows: DispatchStatus) -> list[dict[str, Any]]:
    """The rows that a program which opens the file sees."""
    export(MAILING, Status(0, {}, rows), target)
    if target.suffix == ".xlsx":
        table = CalamineWorkbook.from_path(target).get_sheet_by_index(0).to_python()
        return [dict(zip(table[0], row, strict=True)) for row in table[1:]]
    return list(csv.DictReader(io.StringIO(target.read_bytes().decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("name", ["x.csv", "x.xlsx"])
def test_each_dispatch_is_a_row_under_the_same_columns(tmp_path: Path, name: str) -> None:
    rows = written(tmp_path / name, standing(), standing(id="dialogue-1-abcd:2", code=None))
    assert list(rows[0]) == list(COLUMNS)
    assert [row["id"] for row in rows] == ["dialogue-1-abcd:1", "dialogue-1-abcd:2"]
    assert [str(row["code"]).removesuffix(".0") for row in rows] == ["250", ""]
    assert rows[0]["state"] == "sent"
    assert rows[0]["due_at"] == ""


def test_trustees_see_when_each_letter_went_and_on_whose_word(tmp_path: Path) -> None:
    went, not_yet = written(tmp_path / "x.csv", standing(), standing(state=State.DEFERRED))
    assert went["sending"] == "live"
    assert went["signed_off_by"] == "E. Marchbank"
    assert went["sent_at"] == "2013-09-04T09:00:00.000000Z"
    assert not_yet["sent_at"] == ""


@pytest.mark.parametrize("name", ["x.csv", "x.xlsx"])
@pytest.mark.parametrize("column", ["name", "reply", "email", "person", "queue_id", "enhanced"])
def test_no_cell_is_a_formula_the_servers_words_included(
    tmp_path: Path, name: str, column: str
) -> None:
    rows = written(tmp_path / name, *(standing(**{column: one}) for one in FORMULAS))
    assert [row[column] for row in rows] == [f"'{one}" for one in FORMULAS]


def test_no_cell_of_a_workbook_is_a_link(tmp_path: Path) -> None:
    rows = written(tmp_path / "x.xlsx", *(standing(reply=one) for one in LINKS))
    assert [row["reply"] for row in rows] == LINKS
    with ZipFile(tmp_path / "x.xlsx") as book:
        assert b"hyperlink" not in book.read("xl/worksheets/sheet1.xml")
        assert not [one for one in book.namelist() if "worksheets/_rels" in one]


@settings(max_examples=25)
@given(st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=60))
def test_any_name_is_read_back_as_it_was(name: str) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        for ending in ("csv", "xlsx"):
            (row,) = written(Path(folder) / f"x.{ending}", standing(name=name))
            assert row["name"].removeprefix("'") == name.removeprefix("'")


def test_json_tells_which_bytes_and_whose_word(tmp_path: Path) -> None:
    export(MAILING, Status(0, {}, (standing(name="Siân =1"),)), tmp_path / "x.json")
    found = json.loads((tmp_path / "x.json").read_text("utf-8"))
    assert (found["mailing"], found["hash"]) == (MAILING.id, MAILING.hash)
    assert found["signed_off_by"] == "E. Marchbank"
    assert found["signed_off_at"] == found["frozen_at"] == "2013-09-04T09:00:00+00:00"
    assert found["dispatches"][0]["name"] == "Siân =1"


def test_a_mailing_without_letters_is_a_file_with_a_head_alone(tmp_path: Path) -> None:
    assert written(tmp_path / "x.csv") == []
    assert written(tmp_path / "x.xlsx") == []


def test_a_spreadsheet_knows_the_csv_as_utf_8(tmp_path: Path) -> None:
    export(MAILING, Status(0, {}, ()), tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_another_ending_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"\.csv, \.xlsx or \.json"):
        export(MAILING, Status(0, {}, ()), tmp_path / "x.ods")
    assert list(tmp_path.iterdir()) == []


def test_where_it_cannot_be_written_the_file_that_was_there_stays(tmp_path: Path) -> None:
    export(MAILING, Status(0, {}, (standing(),)), tmp_path / "x.json")
    before = (tmp_path / "x.json").read_bytes()
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="cannot be written"):
        export(MAILING, Status(0, {}, ()), tmp_path / "file" / "x.json")
    assert (tmp_path / "x.json").read_bytes() == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "x.json"]
