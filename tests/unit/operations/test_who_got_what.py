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
from flows.operations.export import save
from flows.operations.outcomes import Outcome, ReaderOutcome
from flows.operations.who_got_what import TECHNICAL, TRUSTEES
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


def outcome(row: DispatchStatus, **fields: Any) -> ReaderOutcome:
    given_ = {
        "dispatch": row.id,
        "contact": row.contact,
        "name": row.name,
        "office": row.office,
        "role": row.role,
        "party": "Conservative",
        "department": "",
        "constituency": "",
        "email": row.email,
        "outcome": Outcome.SENT if row.state is State.SENT else Outcome.WAITING,
        "at": AT,
        "posted_on": None,
        "posted_by": "",
        "by": "",
        "why": "",
        "reply": f"{row.code} {row.reply}",
        "attempts": 1,
        "message_id": row.message_id,
        "sha256": row.sha256,
    }
    return ReaderOutcome(**{**given_, **fields})


def save_all(target: Path, *rows: DispatchStatus, rehearsal: int = 0) -> None:
    found = tuple(outcome(row) for row in rows)
    save(target, MAILING, Status(rehearsal, {}, rows), found)


def sheet(target: Path, name: str) -> list[dict[str, Any]]:
    table = CalamineWorkbook.from_path(target).get_sheet_by_name(name).to_python()
    return [dict(zip(table[0], row, strict=True)) for row in table[1:]]


def written(target: Path, *rows: DispatchStatus) -> list[dict[str, Any]]:
    """The technical rows that a program which opens the file sees."""
    save_all(target, *rows)
    if target.suffix == ".xlsx":
        return sheet(target, "Technical")
    return list(csv.DictReader(io.StringIO(target.read_bytes().decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("name", ["x.csv", "x.xlsx"])
def test_each_dispatch_is_a_row_under_the_same_columns(tmp_path: Path, name: str) -> None:
    rows = written(tmp_path / name, standing(), standing(id="dialogue-1-abcd:2", code=None))
    words = TRUSTEES if name.endswith(".csv") else ()
    assert list(rows[0]) == [*words, *TECHNICAL]
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
        assert b"hyperlink" not in book.read("xl/worksheets/sheet2.xml")
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
    save_all(tmp_path / "x.json", standing(name="Siân =1"))
    found = json.loads((tmp_path / "x.json").read_text("utf-8"))
    assert (found["mailing"], found["hash"]) == (MAILING.id, MAILING.hash)
    assert found["signed_off_by"] == "E. Marchbank"
    assert found["signed_off_at"] == found["frozen_at"] == "2013-09-04T09:00:00+00:00"
    assert found["dispatches"][0]["name"] == "Siân =1"


def test_a_mailing_without_letters_is_a_file_with_a_head_alone(tmp_path: Path) -> None:
    assert written(tmp_path / "x.csv") == []
    assert written(tmp_path / "x.xlsx") == []


def test_a_spreadsheet_knows_the_csv_as_utf_8(tmp_path: Path) -> None:
    save_all(tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_where_it_cannot_be_written_the_file_that_was_there_stays(tmp_path: Path) -> None:
    save_all(tmp_path / "x.json", standing())
    before = (tmp_path / "x.json").read_bytes()
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="cannot be written"):
        save_all(tmp_path / "file" / "x.json")
    assert (tmp_path / "x.json").read_bytes() == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "x.json"]


def test_the_first_sheet_is_for_trustees_in_words_and_london_time(tmp_path: Path) -> None:
    save_all(tmp_path / "x.xlsx", standing(), standing(id="dialogue-1-abcd:2", state=State.READY))
    went, waits = sheet(tmp_path / "x.xlsx", "Who got what")
    assert list(went) == list(TRUSTEES)
    assert went["Reader"] == "Rt Hon William Hague MP"
    assert went["Outcome"] == "sent"
    assert went["Sent or posted (London time)"] == "2013-09-04 10:00"
    assert went["Signed off by"] == "E. Marchbank"
    assert (waits["Outcome"], waits["Sent or posted (London time)"]) == ("waiting", "")


def test_a_rehearsal_is_never_shown_as_sent(tmp_path: Path) -> None:
    save_all(tmp_path / "x.xlsx", standing(), rehearsal=2)
    (row,) = sheet(tmp_path / "x.xlsx", "Who got what")
    assert row["Outcome"] == "rehearsal 2: sent"
    assert row["Signed off by"] == ""


def test_who_decided_and_why_stands_beside_the_outcome(tmp_path: Path) -> None:
    reason = "withdrawn by E. Marchbank: died in office"
    row = standing(state=State.WITHDRAWN, reason=reason)
    decided = outcome(row, outcome=Outcome.WITHDRAWN, by="E. Marchbank", why="died in office")
    save(tmp_path / "x.xlsx", MAILING, Status(0, {}, (row,)), (decided,))
    (words,) = sheet(tmp_path / "x.xlsx", "Who got what")
    assert (words["Decided by"], words["Reason"]) == ("E. Marchbank", "died in office")
    (technical,) = sheet(tmp_path / "x.xlsx", "Technical")
    assert (technical["decided_by"], technical["reason"]) == ("E. Marchbank", reason)


def test_the_totals_add_up(tmp_path: Path) -> None:
    rows = [standing(id=f"m:{number}", state=state) for number, state in enumerate(State)]
    save_all(tmp_path / "x.xlsx", *rows)
    totals = sheet(tmp_path / "x.xlsx", "Totals")
    assert totals[0] == {"Group": "All letters", "Outcome": "", "Letters": len(rows)}
    last = next(n for n, row in enumerate(totals) if row["Group"].startswith("Rows handed back"))
    assert sum(row["Letters"] for row in totals[1:last]) == len(rows)
