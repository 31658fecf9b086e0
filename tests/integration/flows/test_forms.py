"""The forms of the day: each shows what it did, ends in a state that says so, and is kept in the
ledger with the person's name."""

import csv
import zipfile
from typing import Any

import pytest
from prefect.client.schemas.objects import State, StateType
from sqlalchemy import select

from flows import checking, contacts, mailing, paper, records
from flows.orchestration import form_words
from flows.post.ledger import schema
from flows.post.states import State as Sending
from tests.integration.flows.flow_project import CAMPAIGN, CHAIR, READERS, FlowProject
from tests.integration.people.members_server import MembersServer, member, post, serving
from tests.unit.post.ledger_fixtures import bring

BY = "Jo Wright"


def events(project: FlowProject) -> list[tuple[str, str]]:
    """What was done, and by whom, in the ledger's order."""
    row = schema.event.c
    with project.ledger.read() as connection:
        found = connection.execute(select(row.what, row.by).order_by(row.seq)).all()
    return [(one.what or "", one.by or "") for one in found]


def members() -> MembersServer:
    """The Members API with one member of each House, who is a minister."""
    commons, lords = member(1, "Ms Ann Clwyd", 1, gender="F"), member(2, "Lord Green", 2)
    office = {"id": 8, "name": "Home Office"}
    return MembersServer(
        members=[commons, lords],
        posts=[post(1, "Home Secretary", commons, office), post(2, "Minister", lords, office)],
        departments=[office],
        documents={
            "/api/Members/1/Contact": {"value": []},
            "/api/Members/1/Biography": {"value": {"committeeMemberships": []}},
            "/api/Members/2/Contact": {"value": []},
            "/api/Members/2/Biography": {"value": {"committeeMemberships": []}},
        },
    )


def ended(state: State[Any]) -> tuple[str, str]:
    return str(state.name), str(state.message)


def test_check_lists_every_problem_and_preview_writes_the_letters_of_those_named(
    project: FlowProject,
) -> None:
    project.write(*READERS, "nobody,Alex Nobody,,,emperor,")
    name, message = ended(checking.check(CAMPAIGN, by=BY, return_state=True))
    assert name == "Needs attention"
    assert "of which 1 keep letters back" in message
    rows = project.artifacts()["check-rows"]
    assert any("emperor" in one["what"] and one["severity"] == "row" for one in rows)

    name, message = ended(
        checking.preview(CAMPAIGN, readers="hague begg", by=BY, return_state=True)
    )
    assert name == "Completed"
    folder = project.folder / "var" / "preview"
    assert {"letter-hague.docx", "letter-begg.docx"} <= {one.name for one in folder.rglob("*.docx")}
    assert "letter-begg.docx" in project.artifacts()["preview-done"]
    assert not project.mailings
    assert [one for one in events(project) if one[1]] == [("check", BY), ("preview", BY)]


def test_a_form_is_refused_in_the_words_of_its_fields(project: FlowProject) -> None:
    project.freeze()
    found = project.mailings[0]
    for verb, words in (
        (lambda: mailing.hold(mailing=found.id, why="late", return_state=True), "“Your name” is"),
        (lambda: mailing.hold(mailing=found.id, by=BY, return_state=True), "“Why” is needed"),
        (
            lambda: checking.preview(CAMPAIGN, readers="nobody", by=BY, return_state=True),
            "nobody: not among the readers",
        ),
        (
            lambda: paper.posted(mailing=found.id, on="2099-01-01", by=BY, return_state=True),
            "is not signed off",
        ),
    ):
        name, message = ended(verb())
        assert name == "Failed"
        assert words in message
        assert "--" not in form_words._COMMAND.sub("", message), message


def test_an_edit_since_the_sign_off_stops_the_print_pack(project: FlowProject) -> None:
    project.sign_off()
    project.write(*READERS[:-1])
    found = project.mailings[0]
    name, message = ended(paper.print_pack(mailing=found.id, by=BY, return_state=True))
    assert name == "Failed"
    assert "readers.csv was edited since it was signed off" in message
    assert f"dear-minister approve {found.id} --by NAME --hash {found.hash[:12]}" in message


def test_a_command_to_be_typed_keeps_its_options() -> None:
    titles = {"by": "Your name", "excepted": "All but these"}
    text = "--except x: nobody; --by NAME, then: dear-minister approve x --by NAME --hash abc, or"
    assert form_words.in_form(text, titles) == (
        "“All but these” x: nobody; “Your name”, then: "
        "dear-minister approve x --by NAME --hash abc, or"
    )


def test_a_mailing_is_signed_off_held_released_and_withdrawn(project: FlowProject) -> None:
    project.freeze()
    found = project.mailings[0]
    wrong = mailing.sign_off(mailing=found.id, by=CHAIR, hash="feedfeedfeed", return_state=True)
    assert wrong.type is StateType.FAILED
    assert project.mailings[0].approved_at is None
    done = mailing.sign_off(mailing=found.id, by=CHAIR, hash=found.hash[:12], return_state=True)
    assert ended(done) == ("Completed", f"mailing {found.id} signed off by {CHAIR}")

    for verb in (mailing.hold, mailing.release):
        assert verb(mailing=found.id, by=BY, why="a date", return_state=True).name == "Completed"
    one = mailing.withdraw(only=f"{found.id}:2", by=BY, why="has left", return_state=True)
    assert ended(one)[1] == f"1 letter is now withdrawn: {found.id}:2"
    assert mailing.withdraw(mailing=found.id, by=BY, why="called off", return_state=True).name == (
        "Completed"
    )
    assert project.counts() == {"withdrawn": len(READERS)}
    assert len(project.artifacts()["withdraw-rows"]) == len(READERS) - 1
    names = [by for _, by in events(project) if by]
    assert names == [CHAIR, BY, BY, *[BY] * len(READERS)]


def test_the_form_signs_nothing_off_that_has_left_under_another_name(project: FlowProject) -> None:
    project.sign_off()
    found = project.mailings[0]
    bring(project.ledger, f"{found.id}:1", Sending.SENT)
    late = mailing.sign_off(mailing=found.id, by=BY, hash=found.hash[:12], return_state=True)
    assert late.type is StateType.FAILED
    assert f"was signed off by {CHAIR} on " in ended(late)[1]
    assert project.mailings[0].approved_by == CHAIR


def test_records_of_a_mailing_are_files_that_lead_back_to_the_ledger(
    project: FlowProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEAR_MINISTER_DESK", "http://127.0.0.1:4201")
    project.sign_off()
    found = project.mailings[0].id
    folder = project.folder / "var" / "mailings" / found
    for verb, arguments in (
        (records.export, {"kind": "csv"}),
        (records.evidence, {}),
        (records.report, {}),
    ):
        done = verb(mailing=found, by=BY, return_state=True, **arguments)
        assert done.type is StateType.COMPLETED, done.message
    with (folder / "who-got-what.csv").open(encoding="utf-8-sig", newline="") as file:
        assert len([*csv.DictReader(file)]) == len(READERS)
    assert zipfile.ZipFile(folder / "evidence.zip").testzip() is None
    shown = project.artifacts()
    for verb, name in (
        ("export", "who-got-what.csv"),
        ("evidence", "evidence.zip"),
        ("report", "report.html"),
    ):
        page = shown[f"{verb}-done"]
        assert f"(http://127.0.0.1:4201/files/mailings/{found}/" in page, page
        assert name in page

    name, message = ended(records.verify(by=BY, return_state=True))
    assert (name, "the ledger is whole" in message) == ("Completed", True)
    done_by = [what for what, by in events(project) if by == BY]
    assert done_by == ["export", "evidence", "report", "verify"]


def test_lists_are_imported_refreshed_and_people_kept_out(
    project: FlowProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.folder / "sheet.csv").write_text(
        "Name,Email\nMs Ann Clwyd,ann@example.org\n", encoding="utf-8"
    )
    done = contacts.import_lists(
        files="sheet.csv", house="commons", to="contacts/new.csv", by=BY, return_state=True
    )
    assert ended(done) == ("Completed", "1 contact in contacts/new.csv, 0 rows handed back")
    assert "Clwyd" in (project.folder / "contacts" / "new.csv").read_text(encoding="utf-8")

    refused = contacts.suppress(reason="asked", by=BY, return_state=True)
    assert refused.type is StateType.FAILED
    assert contacts.suppress(person="begg", reason="asked", by=BY, return_state=True).name == (
        "Completed"
    )
    assert "begg" in (project.folder / "contacts" / "suppression.csv").read_text(encoding="utf-8")
    assert "begg" not in project.artifacts()["suppress-done"]

    with serving(members()) as server:
        monkeypatch.setenv("MEMBERS_API_URL", server.url)
        fetched = contacts.contacts(by=BY, return_state=True)
    assert fetched.name == "Completed", fetched.message
    assert "# Refreshed" in project.artifacts()["contacts-refresh-done"]
    assert (project.folder / "contacts" / "members-mps.csv").is_file()
    assert [one for one in events(project) if one[1]] == [
        ("contacts import", BY),
        ("suppress", BY),
        ("contacts refresh", BY),
    ]
