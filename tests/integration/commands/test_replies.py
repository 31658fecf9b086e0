"""``dear-minister inbox`` and ``replies``: what comes back, read, sorted, matched and typed in."""

import csv
import json
import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from flows.post.resolution import today
from tests.integration.commands.correspondence import Correspondence
from tests.integration.commands.office import CAMPAIGN, Office


def test_what_came_is_shown_by_reader_with_kind_and_working_days(
    correspondence: Correspondence,
) -> None:
    found = correspondence.arrive(
        correspondence.mail("lucas", "I agree with you and have tabled a written question."),
        correspondence.mail("hague", "The Foreign Secretary has asked me to thank you for it."),
        correspondence.bounce("glyndwr"),
    )
    assert found["kinds"] == {"reply": 1, "acknowledgement": 1, "bounce": 1}
    ended = correspondence.office.run("replies", CAMPAIGN)
    assert ended.code == 0
    assert "Caroline Lucas MP" in ended.out
    assert "1 of 2 answered (50%)" in ended.out
    assert "1 returned" in ended.out
    document = correspondence.office.json("replies")
    assert document["numbers"]["everybody"]["answered"] == 1
    assert document["numbers"]["kinds"] == {"bounce": 1, "acknowledgement": 1, "reply": 1}
    assert correspondence.reader("lucas")["working_days"] == 0
    assert correspondence.office.run("verify").code == 0


def test_nothing_new_says_so_and_ends_well(correspondence: Correspondence) -> None:
    correspondence.arrive()
    ended = correspondence.office.run("inbox")
    assert (ended.code, ended.out.strip()) == (0, "nothing new")


def test_what_no_rule_knows_waits_until_a_person_sorts_it(correspondence: Correspondence) -> None:
    found = correspondence.arrive(correspondence.mail("lucas", "Hm."))
    assert found["waiting"] == 1
    ended = correspondence.office.run("replies")
    assert ended.code == 1
    assert "1 to be sorted" in ended.out
    assert "replies sort 1 --as KIND" in ended.err
    about = correspondence.letters["lucas"]["id"]
    assert f"replies match 1 {about} --by NAME" in ended.err
    shown = correspondence.office.run("replies", "show", 1)
    assert "Hm." in shown.out
    assert "no rule is sure" in shown.out
    office = correspondence.office
    assert office.run("replies", "sort", 1, "--as", "reply", "--by", "Jo Wright").code == 0
    assert office.run("replies").code == 0
    assert correspondence.reader("lucas")["answered_on"]
    assert office.run("verify").code == 0


def test_a_mail_that_belongs_to_no_letter_is_matched_by_a_person(
    correspondence: Correspondence,
) -> None:
    mail = correspondence.mail(
        "lucas", "I agree with you.", thread="<x@y>", sender="someone@example.net", name="Jo"
    )
    correspondence.arrive(mail)
    office = correspondence.office
    assert office.json("replies")["unmatched"][0]["dispatch"] is None
    dispatch = correspondence.letters["lucas"]["id"]
    assert office.run("replies", "match", 1, dispatch, "--by", "Jo Wright").code == 0
    assert office.run("replies", "sort", 1, "--as", "reply", "--by", "Jo Wright").code == 0
    assert correspondence.reader("lucas")["answered_on"]
    assert office.run("verify").code == 0


def test_an_objection_is_confirmed_by_name_and_then_nobody_writes_there_again(
    correspondence: Correspondence,
) -> None:
    correspondence.arrive(correspondence.mail("hague", "Please remove me from your mailing list."))
    office = correspondence.office
    suppression = office.folder / "contacts" / "suppression.csv"
    before = suppression.read_text() if suppression.exists() else ""
    assert "hague" not in before
    assert "objection to be confirmed" in office.run("replies").out
    ended = office.run("replies", "sort", 1, "--as", "objection", "--by", "Jo Wright")
    assert "suppression list" in ended.out
    rows = list(csv.DictReader(suppression.read_text().splitlines()))
    assert [(row["person"], "Jo Wright" in row["reason"]) for row in rows] == [("hague", True)]
    assert office.run("replies").code == 0


def test_a_returned_letter_goes_to_the_corrected_address_on_a_persons_word(
    correspondence: Correspondence,
) -> None:
    office, letter = correspondence.office, correspondence.letters["glyndwr"]
    early = office.run("replies", "again", letter["id"], "--by", "Jo", "--why", "typing error")
    assert early.code == 2
    assert "second copy" in early.line
    correspondence.arrive(correspondence.bounce("glyndwr"))
    sheet = office.folder / "corrections.xlsx"
    told = office.run("replies", "corrections", "--to", sheet)
    assert told.code == 1
    command = f"replies again {letter['id']} --by NAME --why TEXT"
    assert command in told.err
    cells = CalamineWorkbook.from_path(str(sheet)).get_sheet_by_index(0).to_python()
    assert cells[1][:4] == ["glyndwr", letter["name"], cells[1][2], "glyndwr@example.org"]
    assert "correct it" in cells[1][4]
    # The address is bad for whatever is prepared from now on ...
    other = office.folder / "templates" / "second"
    shutil.copytree(office.campaign, other)
    made = office.json("prepare", "second")
    assert made["ready"] == 2
    assert "5.1.1" in made["refused"][0]["reason"]
    # ... and the reader gets the same edition at the right one.
    freed = office.run(*command.split())
    assert f"dear-minister prepare {CAMPAIGN}" in freed.err
    text = office.contacts.read_text(encoding="utf-8")
    office.contacts.write_text(text.replace("glyndwr@", "sian.glyndwr@"), encoding="utf-8")
    assert office.prepare()["ready"] == 1
    assert office.run("verify").code == 0


def test_an_address_is_written_to_again_when_a_person_says_it_is_right(
    correspondence: Correspondence,
) -> None:
    correspondence.arrive(correspondence.bounce("glyndwr"))
    office = correspondence.office
    wrong = office.run("replies", "good", "nobody@example.org", "--by", "Jo", "--why", "asked")
    assert wrong.code == 2
    assert (
        office.run(
            "replies", "good", "glyndwr@example.org", "--by", "Jo", "--why", "asked them"
        ).code
        == 0
    )
    shutil.copytree(office.campaign, office.folder / "templates" / "second")
    assert office.json("prepare", "second")["ready"] == 3
    assert office.run("verify").code == 0


def test_a_letter_on_paper_is_filed_with_its_scan(
    correspondence: Correspondence, tmp_path: Path
) -> None:
    office, dispatch = correspondence.office, correspondence.letters["lucas"]["id"]
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(b"%PDF-1.4 scanned " * 100_000)
    before, day = correspondence.reader("lucas"), today()
    given = ("replies", "add", dispatch, "--by-post", "--on", f"{day}", "--kind", "reply")
    given += ("--note", "agrees; will ask", "--file", str(scan), "--by", "Jo Wright")
    assert office.run(*given).code == 0
    assert office.run(*given).code == 2  # exactly this was filed
    copy = tmp_path / "copy.pdf"
    assert office.run("replies", "show", 1, "--to", copy).code == 0
    assert copy.read_bytes() == scan.read_bytes()
    assert before["answered_on"] is None
    assert correspondence.reader("lucas")["answered_on"] == f"{day}"
    assert office.run("verify").code == 0


def test_no_answer_is_older_than_its_letter(correspondence: Correspondence) -> None:
    office, dispatch = correspondence.office, correspondence.letters["lucas"]["id"]
    with sqlite3.connect(office.folder / "var/ledger.db") as raw:
        raw.execute("UPDATE mailing SET frozen_at = '2013-09-04T09:00:00.000000Z'")
    given = ("--by-telephone", "--kind", "reply", "--by", "Jo Wright")
    for day, said in (
        (today() + timedelta(days=1), f"is still to come, today is {today()}"),
        (
            today() - timedelta(days=1),
            f"is before {today()}, when letter {dispatch} was handed to the mail server",
        ),
    ):
        refused = office.run("replies", "add", dispatch, "--on", day, *given)
        assert (refused.code, f"--on {day}: " in refused.line, said in refused.line) == (
            2,
            True,
            True,
        )
    assert correspondence.reader("lucas")["items"] == []
    assert office.run("replies", "add", dispatch, "--on", today(), *given).code == 0

    # A ledger that was restored may not know of the first handing over.
    with sqlite3.connect(office.folder / "var/ledger.db") as raw:
        raw.execute("DELETE FROM event WHERE new = 'handing_over'")
    assert office.run("replies", "add", dispatch, "--on", "2013-09-20", *given).code == 0
    assert office.run("replies", "add", dispatch, "--on", "2013-09-03", *given).code == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("sort", "9", "--as", "reply", "--by", "Jo"), "no item 9"),
        (("sort", "1", "--as", "nonsense", "--by", "Jo"), "say one of"),
        (("match", "1", "nowhere:1", "--by", "Jo"), "no dispatch"),
        (
            ("add", "{letter}", "--on", "2999-01-01", "--kind", "reply", "--by", "Jo", "--by-post"),
            "still to come",
        ),
        (
            ("add", "{letter}", "--on", "2013-09-20", "--kind", "reply", "--by", "Jo"),
            "--by-post or",
        ),
        (("export", "--to", "out.pdf"), ".csv or .xlsx"),
        (("nowhere",), "no letter of a campaign nowhere"),
    ],
)
def test_a_mistake_is_one_line_and_changes_nothing(
    correspondence: Correspondence, arguments: tuple[str, ...], said: str
) -> None:
    correspondence.arrive(correspondence.mail("lucas", "Hm."))
    letter = correspondence.letters["lucas"]["id"]
    before = correspondence.office.json("replies")
    ended = correspondence.office.run("replies", *(one.format(letter=letter) for one in arguments))
    assert ended.code == 2
    assert said in ended.line
    assert correspondence.office.json("replies") == before


def test_the_export_has_every_reader_and_no_formula(
    correspondence: Correspondence, tmp_path: Path
) -> None:
    correspondence.arrive(
        correspondence.mail("lucas", "=HYPERLINK(1) I agree with you.", subject="=1+1")
    )
    to = tmp_path / "replies.csv"
    assert correspondence.office.run("replies", "export", "--to", to).code == 0
    rows = list(csv.DictReader(to.read_text(encoding="utf-8-sig").splitlines()))
    assert {row["person"] for row in rows} == {"hague", "lucas", "glyndwr"}
    (answered,) = (row for row in rows if row["kind"] == "reply")
    assert answered["subject"] == "'=1+1"
    assert json.dumps(answered)


def test_without_a_mailbox_the_command_says_what_to_set(approved: tuple[Office, str]) -> None:
    office, _ = approved
    ended = office.run("inbox")
    assert ended.code == 2
    assert "IMAP_HOST is not set" in ended.line


def test_several_items_are_sorted_at_once(correspondence: Correspondence) -> None:
    correspondence.arrive(*(correspondence.mail("lucas", f"Hm, {n}.") for n in range(3)))
    office = correspondence.office
    ended = office.run("replies", "sort", 1, 2, 3, "--as", "unrelated", "--by", "Jo Wright")
    assert (ended.code, len(ended.out.splitlines())) == (0, 3)
    assert office.json("replies")["waiting"] == []


def test_the_report_says_who_answered_and_how_fast(correspondence: Correspondence) -> None:
    office = correspondence.office
    page = office.folder / "report.html"
    office.run("report", correspondence.mailing, "--to", page)
    assert 'id="answers"' not in page.read_text(encoding="utf-8")
    correspondence.arrive(
        correspondence.mail("lucas", "I agree with you and have tabled a written question."),
        correspondence.bounce("glyndwr"),
    )
    office.run("report", correspondence.mailing, "--to", page)
    text = page.read_text(encoding="utf-8")
    assert "1 of 2 answered in substance (50 %)" in text
    assert "1 letter was returned" in text
    assert "<strong>1</strong> reply" in text
