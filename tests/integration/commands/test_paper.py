"""Letters on paper: printed from the frozen bytes, recorded when they are posted."""

import csv
import json
import os
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pikepdf
import pytest
import python_calamine

from flows.post.ledger.clock import now, stamp
from flows.post.resolution import today
from tests.conftest import ROOT, need
from tests.integration.letters.letter_templates import shown
from tests.integration.people.test_contacts_commands import Run, run

__all__ = ["run"]

COLUMNS = ("id", "name", "title", "house", "email", "address", "postcode")
PEOPLE = [
    ("z", "Zoe Adams", "Ms", "commons", "", "9 West Street|Leeds", "LS1 1AA"),
    ("b", "Ben Brown", "Mr", "commons", "", "", ""),
    ("a", "Ann Carter", "Ms", "commons", "ann@example.org", "", ""),
]


@pytest.fixture
def mailing(run: Run, tmp_path: Path) -> str:
    with (tmp_path / "people.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, *PEOPLE])
    _, out, _ = run("prepare", "r2p-dialogue-2013", "--contacts", "people.csv", "--json")
    return str(json.loads(out)["mailing"])


def states(run: Run, mailing: str) -> dict[str, str]:
    _, out, _ = run("status", mailing, "--json")
    return {one["contact"]: one["state"] for one in json.loads(out)["dispatches"]}


def sign_off(run: Run, mailing: str) -> None:
    _, out, _ = run("status", mailing, "--json")
    assert run("approve", mailing, "--by", "Chair", "--hash", json.loads(out)["hash"])[0] == 0


def test_a_ledger_that_has_forgotten_the_posting_prints_no_letter_again(
    run: Run, mailing: str, tmp_path: Path
) -> None:
    sign_off(run, mailing)
    backup = (tmp_path / "var/ledger.db").read_bytes()
    assert run("posted", mailing, "--on", f"{today()}", "--by", "Jo")[0] == 0
    for name in ("ledger.db-wal", "ledger.db-shm"):
        (tmp_path / "var" / name).unlink(missing_ok=True)
    (tmp_path / "var/ledger.db").write_bytes(backup)
    code, _, err = run("print", mailing)
    assert code == 2
    assert "restored from a backup" in " ".join(err.split())
    assert not (tmp_path / "var/mailings" / mailing / "print").exists()


def test_the_print_pack_holds_who_has_no_email_in_the_order_of_envelopes(
    run: Run, mailing: str, tmp_path: Path
) -> None:
    need("soffice", "libreoffice-writer-nogui")
    code, _, err = run("print", mailing, "--out", "pack")
    assert code == 0, err
    with pikepdf.Pdf.open(tmp_path / "pack/letters.pdf") as pack:
        assert len(pack.pages) == 4
        with pack.open_outline() as outline:
            assert [item.title.split()[0] for item in outline.root] == [
                "r2p-dialogue-2013/1/z",
                "r2p-dialogue-2013/1/b",
            ]
    sheet = python_calamine.load_workbook(tmp_path / "pack/posting-sheet.xlsx")
    cells = [str(cell) for row in sheet.get_sheet_by_index(0).to_python() for cell in row]
    assert any("Zoe Adams MP" in cell for cell in cells)
    assert not any("Ann Carter" in cell for cell in cells)


def test_what_is_printed_before_the_sign_off_says_proof_on_every_page_and_afterwards_on_none(
    run: Run, mailing: str, tmp_path: Path
) -> None:
    need("soffice", "libreoffice-writer-nogui")
    for command, file in (
        (("print", mailing), "letters.pdf"),
        (("print", mailing, "--all"), "all-letters.pdf"),
    ):
        code, _, err = run(*command)
        assert (code, "PROOF" in err) == (0, True), err
        *_, approve, again = (line.strip() for line in err.splitlines())
        assert again == f"dear-minister {' '.join(command)}"
        path = tmp_path / f"var/mailings/{mailing}/print/{file}"
        with pikepdf.Pdf.open(path) as opened:
            pages = len(opened.pages)
        words = shown(path.read_bytes())
        assert words.count("PROOF: not signed off") == pages >= 4
        assert "Zoe Adams MP" in words
    assert run(*approve.removeprefix("dear-minister ").split())[0] == 0  # as it was printed
    assert json.loads(run("print", mailing, "--json")[1])["proof"] is False
    words = shown((tmp_path / f"var/mailings/{mailing}/print/letters.pdf").read_bytes())
    assert "PROOF" not in words


def test_posted_letters_are_sent_in_the_ledger_but_those_excepted(run: Run, mailing: str) -> None:
    sign_off(run, mailing)
    posted = ("posted", mailing, "--on", f"{today()}", "--by", "Post room")
    assert run(*posted, "--except", "z")[0] == 0
    assert states(run, mailing) == {"z": "ready", "b": "sent", "a": "ready"}
    assert run(*posted)[0] == 0
    assert states(run, mailing) == {"z": "sent", "b": "sent", "a": "ready"}
    code, _, err = run(*posted)
    assert (code, "no letter that waits for the post" in err) == (2, True)
    assert run("verify")[0] == 0


def frozen_days_ago(folder: Path, days: int) -> None:
    """Have the ledger say that its mailings were frozen so many days ago."""
    with sqlite3.connect(folder / "var/ledger.db") as raw:
        raw.execute("UPDATE mailing SET frozen_at = ?", (stamp(now() - timedelta(days=days)),))


def test_a_day_to_come_or_before_the_letters_were_there_is_not_recorded(
    run: Run, mailing: str, tmp_path: Path
) -> None:
    sign_off(run, mailing)
    frozen_days_ago(tmp_path, 3)
    this = today()
    tomorrow, frozen = this + timedelta(days=1), this - timedelta(days=3)
    before = frozen - timedelta(days=1)
    for day, said in (
        (tomorrow, f"--on {tomorrow}: that day is still to come, today is {this}"),
        (before, f"--on {before}: is before {frozen}, when mailing {mailing} was frozen"),
    ):
        code, _, err = run("posted", mailing, "--on", f"{day}", "--by", "Post room")
        assert (code, said in " ".join(err.split())) == (2, True), err
        assert set(states(run, mailing).values()) == {"ready"}


def test_what_went_before_the_sign_off_that_the_ledger_knows_is_recorded_and_remarked_on(
    run: Run, mailing: str, tmp_path: Path
) -> None:
    """A restored ledger may have lost the first sign-off, and whoever is not recorded would be
    written to again."""
    sign_off(run, mailing)
    frozen_days_ago(tmp_path, 3)
    this = today()
    day = this - timedelta(days=3)
    code, _, err = run("posted", mailing, "--on", f"{day}", "--by", "Post room")
    assert code == 0
    assert f"note: posted on {day}, before the sign-off on {this}: is the day right?" in err


def test_a_letter_posted_on_the_day_of_the_sign_off_is_not_remarked_on(
    run: Run, mailing: str
) -> None:
    sign_off(run, mailing)
    code, _, err = run("posted", mailing, "--on", f"{today()}", "--by", "Post room")
    assert (code, "note" in err) == (0, False), err


def test_letters_on_paper_are_said_to_be_printed_not_sent(run: Run, mailing: str) -> None:
    sign_off(run, mailing)
    for command in (("send", mailing), ("status", mailing), ("status",)):
        _, out, err = run(*command)
        assert ("2 to print" in out) is (command[0] == "status"), out
        assert "2 ready" not in out
        if len(command) == 2:
            assert f"2 letters go by post, not by mail:  dear-minister print {mailing}" in err
    assert run("posted", mailing, "--on", "2099-01-01", "--by", "x")[0] == 2
    assert run("posted", mailing, "--on", f"{today()}", "--by", "Post room")[0] == 0
    _, out, err = run("status", mailing)
    assert "to print" not in out
    assert "2 posted" in out
    assert "2 posted" in run("status")[1]
    assert "by post, not by mail" not in err


AGAIN = ("--by", "Jo Wright", "--why", "moved to the Lords")


def brought_back(run: Run, dispatch: str) -> int:
    """File that the post brought this letter back; gives the exit code."""
    filed = ("--by-post", "--kind", "bounce", "--on", f"{today()}", "--by", "Jo Wright")
    return run("replies", "add", dispatch, *filed)[0]


def test_a_letter_that_the_post_brought_back_goes_another_way_on_a_persons_word(
    run: Run, mailing: str, tmp_path: Path
) -> None:
    sign_off(run, mailing)
    _, out, _ = run("status", mailing, "--json")
    (letter,) = (one["id"] for one in json.loads(out)["dispatches"] if one["contact"] == "z")
    again = ("replies", "again", letter, *AGAIN)
    assert run(*again)[0] == 2
    posted = ("posted", mailing, "--on", f"{today()}", "--by", "Post room")
    assert run(*posted)[0] == 0
    code, _, err = run(*again)
    assert (code, "nobody filed that it was brought back" in err) == (2, True)
    assert brought_back(run, letter) == 0
    assert "the post brought it back" in " ".join(run("replies", "corrections")[1].split())

    assert run(*again)[0] == 0
    assert run(*again)[0] == 2  # once
    people = (tmp_path / "people.csv").read_text(encoding="utf-8")
    edited = people.replace("Zoe Adams,Ms,commons,,", "Zoe Adams,Ms,commons,zoe@example.org,")
    (tmp_path / "people.csv").write_text(edited, encoding="utf-8")
    prepare = ("prepare", "r2p-dialogue-2013", "--contacts", "people.csv", "--json")
    made = json.loads(run(*prepare)[1])
    assert made["ready"] == 1
    assert states(run, made["mailing"]) == {"z": "ready"}
    assert states(run, mailing) == {"z": "withdrawn", "b": "sent", "a": "ready"}
    assert "no letter that waits for the post" in run(*posted)[2]
    assert run("verify")[0] == 0


def test_an_answer_before_the_day_recorded_for_the_post_is_filed_and_remarked_on(
    run: Run, mailing: str, tmp_path: Path
) -> None:
    """Whoever records a posting late may give the wrong day, which nothing puts right."""
    sign_off(run, mailing)
    frozen_days_ago(tmp_path, 3)
    day, this = today() - timedelta(days=1), today()
    numbers = {
        one["contact"]: one["id"]
        for one in json.loads(run("status", mailing, "--json")[1])["dispatches"]
    }
    given = ("--by-post", "--kind", "reply", "--by", "Jo Wright")
    code, _, err = run("replies", "add", numbers["b"], "--on", f"{day}", *given)
    assert (code, "note" in err) == (0, False), err  # its posting is not recorded yet
    assert run("posted", mailing, "--on", f"{this}", "--by", "Post room")[0] == 0
    code, _, err = run("replies", "add", numbers["z"], "--on", f"{day}", *given)
    remark = f"note: it came on {day}, and the letter is recorded as posted on {this}: is the day"
    assert (code, remark in " ".join(err.split())) == (0, True), err
    before = this - timedelta(days=4)
    code, _, err = run("replies", "add", numbers["z"], "--on", f"{before}", *given)
    assert (code, f"when mailing {mailing} was frozen" in " ".join(err.split())) == (2, True), err


def test_a_letter_that_went_both_ways_has_to_have_come_back_both_ways(
    run: Run, mailing: str, tmp_path: Path
) -> None:
    campaign = tmp_path / "templates/r2p-dialogue-2013/campaign.toml"
    text = campaign.read_text(encoding="utf-8")
    campaign.write_text(text.replace("edition = 1\n", "edition = 2\npost = true\n", 1), "utf-8")
    prepare = ("prepare", "r2p-dialogue-2013", "--contacts", "people.csv", "--json")
    both = str(json.loads(run(*prepare)[1])["mailing"])
    sign_off(run, both)
    assert run("posted", both, "--on", f"{today()}", "--by", "Post room")[0] == 0
    _, out, _ = run("status", both, "--json")
    (letter,) = (one["id"] for one in json.loads(out)["dispatches"] if one["contact"] == "a")
    assert brought_back(run, letter) == 0
    code, _, err = run("replies", "again", letter, *AGAIN)
    assert (code, "is ready" in err) == (2, True)  # the mail is to go yet

    assert run("withdraw", letter, "--by", "Jo Wright", "--why", "no such address")[0] == 0
    nobody = json.loads(run(*prepare)[1])
    assert nobody["ready"] == 0 or nobody["mailing"] == both
    assert run("replies", "again", letter, *AGAIN)[0] == 0
    made = json.loads(run(*prepare)[1])
    assert states(run, made["mailing"]) == {"a": "ready"}
    assert run("verify")[0] == 0


def test_a_letter_that_went_by_mail_alone_is_not_freed_by_what_the_post_brought(
    run: Run, mailing: str
) -> None:
    sign_off(run, mailing)
    _, out, _ = run("status", mailing, "--json")
    (letter,) = (one["id"] for one in json.loads(out)["dispatches"] if one["contact"] == "a")
    assert brought_back(run, letter) == 0
    assert run("replies", "again", letter, *AGAIN)[0] == 2


def test_nothing_is_printed_that_was_posted_or_that_a_person_holds(run: Run, mailing: str) -> None:
    need("soffice", "libreoffice-writer-nogui")
    sign_off(run, mailing)
    posted = ("posted", mailing, "--on", f"{today()}", "--by", "Post room")
    assert run(*posted, "--except", "z")[0] == 0
    assert json.loads(run("print", mailing, "--json")[1])["letters"] == 1

    run("hold", mailing, "--by", "Chair", "--why", "the date is wrong")
    code, _, err = run("print", mailing)
    assert (code, "is held by Chair" in err) == (2, True)
    run("release", mailing, "--by", "Chair", "--why", "it is right")

    assert run(*posted)[0] == 0
    code, _, err = run("print", mailing)
    assert (code, "no letter that waits for the post" in err) == (2, True)


def test_where_all_object_who_would_get_paper_that_is_why_nothing_is_printed(
    run: Run, mailing: str
) -> None:
    for person in ("z", "b"):
        assert run("contacts", "suppress", "--person", person, "--reason", "asked")[0] == 0
    code, _, err = run("print", mailing)
    assert (code, "whoever is to get a letter by post objects" in err) == (2, True)
    _, _, withdraw = " ".join(err.split()).partition("dear-minister ")
    assert run(*withdraw.split())[0] == 0  # as it was printed
    assert states(run, mailing) == {"z": "withdrawn", "b": "ready", "a": "ready"}


def edit(folder: Path) -> None:
    people = (folder / "people.csv").read_text(encoding="utf-8")
    (folder / "people.csv").write_text(people.replace("Zoe Adams", "Zoe Atkins"), encoding="utf-8")


def test_an_edit_since_the_sign_off_stops_the_first_printing_until_it_is_signed_off_again(
    run: Run, mailing: str, tmp_path: Path
) -> None:
    need("soffice", "libreoffice-writer-nogui")
    sign_off(run, mailing)
    edit(tmp_path)
    code, _, err = run("print", mailing)
    said = " ".join(err.split())
    assert (code, "people.csv was edited since it was signed off" in said) == (2, True)
    sending = run("send", mailing, "--live", "--at", "2099-01-01 09:00")
    assert said == " ".join(sending[2].split())
    assert not (tmp_path / "var/mailings" / mailing / "print").exists()

    # The chair reads what is to be signed off once more.
    code, _, err = run("print", mailing, "--all")
    assert (code, "note: people.csv was edited since sign-off" in err) == (0, True), err
    _, _, approve = said.partition("as it was frozen: dear-minister ")
    assert run(*approve.split())[0] == 0  # as it was printed
    code, _, err = run("print", mailing)
    assert (code, "edited" in err) == (0, False), err


def test_what_was_posted_is_recorded_whatever_was_edited_since_and_the_rest_is_printed_as_frozen(
    run: Run, mailing: str, tmp_path: Path
) -> None:
    """A letter that has gone and is not in the ledger would be written again."""
    need("soffice", "libreoffice-writer-nogui")
    sign_off(run, mailing)
    edit(tmp_path)
    posted = ("posted", mailing, "--on", f"{today()}", "--by", "Post room", "--except", "z")
    code, _, err = run(*posted)
    remark = "note: people.csv was edited since sign-off; the letters go as they were frozen"
    assert (code, remark in err) == (0, True), err
    assert states(run, mailing) == {"z": "ready", "b": "sent", "a": "ready"}

    code, _, err = run("print", mailing)
    assert (code, remark in err) == (0, True), err
    printed = (tmp_path / f"var/mailings/{mailing}/print/letters.pdf").read_bytes()
    assert "Zoe Adams MP" in shown(printed)
    assert json.loads(run("print", mailing, "--json")[1])["edits"] == [
        remark.removeprefix("note: ")
    ]


def test_nothing_is_recorded_as_posted_before_the_sign_off(run: Run, mailing: str) -> None:
    code, _, err = run("posted", mailing, "--on", f"{today()}", "--by", "Post room")
    assert (code, "not signed off" in err) == (2, True)
    assert set(states(run, mailing).values()) == {"ready"}


def test_a_letter_that_goes_by_post_is_never_handed_to_a_mail_server(
    run: Run, mailing: str, tmp_path: Path
) -> None:
    assert run("send", mailing)[0] == 0
    assert len(list((tmp_path / "var/mailbox").glob("*.eml"))) == 1


def test_with_post_in_the_campaign_letters_by_email_are_printed_too(
    run: Run, tmp_path: Path, mailing: str
) -> None:
    need("soffice", "libreoffice-writer-nogui")
    campaign = tmp_path / "templates/r2p-dialogue-2013/campaign.toml"
    text = campaign.read_text(encoding="utf-8")
    campaign.write_text(text.replace("edition = 1\n", "edition = 2\npost = true\n", 1), "utf-8")
    _, out, _ = run("prepare", "r2p-dialogue-2013", "--contacts", "people.csv", "--json")
    both = str(json.loads(out)["mailing"])
    assert "3 letters" in run("print", both)[1]
    sign_off(run, both)
    assert "3 letters" in run("posted", both, "--on", f"{today()}", "--by", "Post room")[1]
    assert states(run, both) == {"z": "sent", "b": "sent", "a": "ready"}


def test_two_print_runs_at_once_leave_one_whole_pack(
    run: Run, mailing: str, tmp_path: Path
) -> None:
    need("soffice", "libreoffice-writer-nogui")
    command = [sys.executable, "-m", "flows.cli.main", "print", mailing, "--out", "pack"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    both = [subprocess.Popen(command, cwd=tmp_path, env=environment) for _ in range(2)]
    assert [one.wait(120) for one in both] == [0, 0]
    assert sorted(path.name for path in (tmp_path / "pack").iterdir()) == [
        "labels.pdf",
        "letters.pdf",
        "posting-sheet.xlsx",
    ]
    with pikepdf.Pdf.open(tmp_path / "pack/letters.pdf") as pack:
        assert len(pack.pages) == 4
