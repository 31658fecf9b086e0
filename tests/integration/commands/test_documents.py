"""Each command's JSON document and exit code, from check to verify, for three readers."""

import csv
import io
import json
import sqlite3
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from flows.post.resolution import today
from tests.integration.commands.office import CAMPAIGN, LIST, READERS, Office, faults
from tests.servers.fault import FaultServer
from tests.servers.script import Answer, Drop, Phase, once

Start = Callable[..., FaultServer]
Prepared = tuple[Office, dict[str, Any]]
Approved = tuple[Office, str]


def mails(folder: Path) -> list[EmailMessage]:
    found = [message_from_bytes(path.read_bytes(), policy=SMTP) for path in folder.glob("*.eml")]
    return [one for one in found if isinstance(one, EmailMessage)]


def readers(found: list[EmailMessage]) -> list[str]:
    return sorted(one["To"].addresses[0].addr_spec for one in found)


# check


def test_check_finds_nothing_wrong_but_that_no_server_is_named(office: Office) -> None:
    ended = office.run("check", CAMPAIGN, "--json")
    assert ended.code == 0
    (problem,) = faults(ended.document["problems"])
    assert (problem["where"], problem["severity"]) == ("SMTP_HOST", "warning")


def test_check_is_content_with_a_server_that_takes_the_login_and_says_no_more_to_it(
    office: Office, fault_server: Start
) -> None:
    server = fault_server(users={"chair": "pässword #1"})
    office.to(server, SMTP_USER="chair", SMTP_PASSWORD="pässword #1")
    ended = office.run("check", CAMPAIGN, "--json")
    assert (ended.code, faults(ended.document["problems"])) == (0, [])
    assert server.reached(Phase.AUTH) == 1
    assert server.reached(Phase.MAIL) == 0


def test_check_names_file_and_row_of_each_row_at_fault(office: Office) -> None:
    text = LIST.replace("Dr,,F", "Dr,,X").replace("hague@example.org", "hague at example.org")
    office.contacts.write_text(text, encoding="utf-8")
    ended = office.run("check", CAMPAIGN, "--json")
    assert ended.code == 1
    rows = [one for one in ended.document["problems"] if one["severity"] == "row"]
    assert [one["where"] for one in rows] == ["contacts/few.csv:2", "contacts/few.csv:3"]
    assert [one["what"].partition(":")[0] for one in rows] == ["email", "gender"]


def test_check_freezes_nothing(office: Office) -> None:
    office.run("check", CAMPAIGN)
    assert office.json("status") == {"mailings": []}


# preview


def test_preview_writes_each_letter_and_mail_and_freezes_nothing(office: Office) -> None:
    office.set(PATH="")  # without LibreOffice, where each letter is laid out as PDF too
    ended = office.run("preview", CAMPAIGN, "--json")
    assert ended.code == 0
    files = [Path(one) for one in ended.document["files"]]
    assert sorted(one.name for one in files) == sorted(
        f"{kind}"
        for who in ("hague", "lucas", "glyndwr")
        for kind in (f"letter-{who}.docx", f"mail-{who}.eml")
    )
    assert all(one.parent == Path("var/preview") / CAMPAIGN for one in files)
    assert readers(mails(office.folder / "var" / "preview" / CAMPAIGN)) == sorted(READERS)
    assert office.json("status") == {"mailings": []}


def test_preview_of_one_contact_goes_where_it_is_told(office: Office) -> None:
    office.set(PATH="")
    ended = office.run("preview", CAMPAIGN, "--contact", "lucas", "--out", "look", "--json")
    assert {"look/letter-lucas.docx", "look/mail-lucas.eml"} <= set(ended.document["files"])
    assert {path.stem for path in (office.folder / "look").iterdir()} == {
        "letter-lucas",
        "mail-lucas",
    }
    assert not (office.folder / "var" / "preview").exists()


def test_preview_writes_over_no_file_that_a_link_leads_to(office: Office) -> None:
    office.set(PATH="")
    kept, look = office.folder / "accounts.txt", office.folder / "look"
    kept.write_text("kept")
    look.mkdir()
    (look / "letter-lucas.docx").symlink_to(kept)
    office.run("preview", CAMPAIGN, "--contact", "lucas", "--out", "look")
    assert kept.read_text() == "kept"
    assert not (look / "letter-lucas.docx").is_symlink()


@pytest.mark.parametrize("name", ['"Siân Élan, Chair" <chair@example.org>', "chair@example.org"])
def test_the_sender_is_shown_as_the_setting_names_it(office: Office, name: str) -> None:
    office.set(MAIL_FROM=name, PATH="")  # without LibreOffice, which is not what this is about
    office.run("preview", CAMPAIGN, "--contact", "hague", "--out", "look")
    (mail,) = mails(office.folder / "look")
    (sender,) = mail["From"].addresses
    assert sender.addr_spec == "chair@example.org"
    shown = "Siân Élan, Chair" if "Siân" in name else "Eleanor Marchbank"
    assert sender.display_name == shown


# prepare


def test_prepare_tells_mailing_hash_and_how_many_are_ready(office: Office) -> None:
    ended = office.run("prepare", CAMPAIGN, "--json")
    assert ended.code == 0
    made = ended.document
    assert made["mailing"].startswith(f"{CAMPAIGN}-1-")
    assert len(made["hash"]) == 64
    assert (made["ready"], made["refused"], made["new"]) == (3, [], True)
    assert office.states(made["mailing"]) == {"ready": 3}


def test_prepare_without_json_tells_the_commands_that_follow(office: Office) -> None:
    ended = office.run("prepare", CAMPAIGN)
    made = office.json("prepare", CAMPAIGN)
    assert f"mailing {made['mailing']}: 3 letters, hash {made['hash']}" in ended.out
    assert f"dear-minister send {made['mailing']}" in ended.err
    assert f"dear-minister approve {made['mailing']} --by NAME --hash {made['hash'][:12]}" in (
        ended.err
    )


def test_prepared_twice_it_is_the_same_mailing(prepared: Prepared) -> None:
    office, made = prepared
    again = office.json("prepare", CAMPAIGN)
    assert (again["mailing"], again["hash"], again["new"]) == (made["mailing"], made["hash"], False)
    assert len(office.json("status")["mailings"]) == 1


def test_a_row_at_fault_is_handed_back_and_can_be_corrected_and_prepared(office: Office) -> None:
    text = LIST.replace("lucas@example.org", "lucas at example.org")
    office.contacts.write_text(text, encoding="utf-8")
    ended = office.run("prepare", CAMPAIGN, "--json")
    assert ended.code == 1
    made = ended.document
    assert made["ready"] == 2
    (row,) = made["refused"]
    assert (row["row"], row["column"]) == ("contacts/few.csv:3", "email")
    assert row["reason"]
    back = office.folder / made["refused_file"]
    corrected = (
        back.read_text(encoding="utf-8-sig").replace("lucas at", "lucas@").replace("@ ", "@")
    )
    back.write_text(corrected, encoding="utf-8")
    assert office.run("approve", made["mailing"], "--by", "C", "--hash", made["hash"]).code == 0
    second = office.run("prepare", CAMPAIGN, "--contacts", back, "--json")
    assert (second.code, second.document["ready"]) == (0, 1)


def test_who_has_the_letter_is_passed_over_when_the_list_has_grown(
    approved: Approved, fault_server: Start
) -> None:
    office, mailing = approved
    server = fault_server()
    office.to(server)
    assert office.run("send", mailing, "--live").code == 0
    new = "clarke,clarke,Kenneth Clarke,,yes,M,commons,,,clarke@example.org\n"
    office.contacts.write_text(LIST + new, encoding="utf-8")
    ended = office.run("prepare", CAMPAIGN, "--json")
    assert ended.code == 0
    assert ended.document["ready"] == 1
    assert ended.document["passed_over"] == ["hague", "lucas", "glyndwr"]
    assert office.approve(ended.document).code == 0
    assert office.run("send", ended.document["mailing"], "--live").code == 0
    assert server.recipients == [*READERS, "clarke@example.org"]
    again = office.run("prepare", CAMPAIGN, "--as-of", "2013-09-05", "--json")
    assert (again.code, again.document["mailing"], again.document["ready"]) == (0, None, 0)


# approve


def test_approve_tells_whose_word_is_kept_of_which_bytes(prepared: Prepared) -> None:
    office, made = prepared
    ended = office.run(
        "approve", made["mailing"], "--by", "The Chair", "--hash", made["hash"][:8], "--json"
    )
    assert ended.code == 0
    said = ended.document
    assert (said["mailing"], said["hash"], said["by"]) == (
        made["mailing"],
        made["hash"],
        "The Chair",
    )
    assert said["edits"] == []
    (listed,) = office.json("status")["mailings"]
    assert listed["signed_off_by"] == "The Chair"


# send: rehearsal


def test_a_rehearsal_goes_to_the_built_in_mailbox_and_does_not_count(prepared: Prepared) -> None:
    office, made = prepared
    ended = office.run("send", made["mailing"], "--json")
    assert ended.code == 0
    said = ended.document
    assert (said["rehearsal"], said["counts"], said["attempts"]) == (1, {"sent": 3}, {"sent": 3})
    assert said["live"] == {"ready": 3}
    assert readers(mails(office.folder / "var" / "mailbox")) == sorted(READERS)
    status = office.json("status", made["mailing"])
    assert (status["rehearsal"], status["rehearsals"]) == (1, {"1": {"sent": 3}})
    assert status["live"] == {"ready": 3}
    assert office.json("send", made["mailing"])["rehearsal"] == 2
    assert len(mails(office.folder / "var" / "mailbox")) == 6


def test_a_rehearsal_says_nothing_to_the_mail_server(
    prepared: Prepared, fault_server: Start
) -> None:
    office, made = prepared
    server = fault_server()
    office.to(server)
    assert office.run("send", made["mailing"]).code == 0
    assert server.sessions == []


def test_a_redirected_rehearsal_names_nobody_but_the_one_address(
    prepared: Prepared, fault_server: Start
) -> None:
    office, made = prepared
    server = fault_server()
    office.to(
        server, MAIL_REDIRECT_TO="Proofs <proof@example.org>", MAIL_BCC_ARCHIVE="a@example.org"
    )
    ended = office.run("send", made["mailing"], "--json")
    assert (ended.code, ended.document["counts"]) == (0, {"sent": 3})
    assert server.recipients == ["proof@example.org"] * 3
    subjects = [
        str(message_from_bytes(copy.content or b"", policy=SMTP)["Subject"])
        for copy in server.copies.all
    ]
    for reader, subject in zip(READERS, subjects, strict=True):
        assert subject.startswith("[Rehearsal, would go to ")
        assert f"<{reader}>]" in subject
    assert "Siân Glyndŵr-O'Brien" in subjects[2]
    assert not (office.folder / "var" / "mailbox").exists()
    assert office.states(made["mailing"]) == {"ready": 3}
    assert len({copy.message_id for copy in server.copies.all}) == 3


# send: live


def test_a_live_sending_reaches_each_reader_once_and_a_second_finds_nothing_to_do(
    approved: Approved, fault_server: Start
) -> None:
    office, mailing = approved
    server = fault_server()
    office.to(server)
    ended = office.run("send", mailing, "--live", "--json")
    assert ended.code == 0
    said = ended.document
    assert (said["mailing"], said["rehearsal"], said["counts"]) == (mailing, 0, {"sent": 3})
    assert said["live"] == {"sent": 3}
    assert server.recipients == READERS
    again = office.run("send", mailing, "--live")
    assert again.code == 0
    assert "nothing to send: 3 sent" in again.out
    assert len(server.copies.all) == 3


def test_what_arrives_is_what_status_says_was_sent(approved: Approved, fault_server: Start) -> None:
    office, mailing = approved
    server = fault_server()
    office.to(server)
    office.run("send", mailing, "--live")
    ended = office.run("status", mailing, "--json")
    assert ended.code == 0
    rows = ended.document["dispatches"]
    assert {"id", "contact", "person", "email", "state", "message_id", "attempts", "reply"} <= set(
        rows[0]
    )
    assert [(row["email"], row["state"], row["attempts"]) for row in rows] == [
        (reader, "sent", 1) for reader in READERS
    ]
    stored = {
        (one.message_id, one.recipient, one.sha256, one.queue_id) for one in server.copies.all
    }
    assert stored == {
        (row["message_id"], row["email"], row["sha256"], row["queue_id"]) for row in rows
    }
    assert {one.sender for one in server.copies.all} == {"chair@example.org"}


def test_the_archive_gets_a_copy_of_each_live_letter_in_the_same_handing_over(
    approved: Approved, fault_server: Start
) -> None:
    office, mailing = approved
    server = fault_server()
    office.to(server, MAIL_BCC_ARCHIVE="archive@example.org")
    assert office.run("send", mailing, "--live").code == 0
    assert server.recipients == [
        one for reader in READERS for one in (reader, "archive@example.org")
    ]
    assert server.reached(Phase.DOT) == 3
    assert not any(b"archive@example.org" in (one.content or b"") for one in server.copies.all)


def test_a_limit_leaves_the_rest_for_the_next_time(approved: Approved, fault_server: Start) -> None:
    office, mailing = approved
    server = fault_server()
    office.to(server)
    first = office.run("send", mailing, "--live", "--limit", 1, "--json")
    assert (first.code, first.document["counts"]) == (1, {"sent": 1, "ready": 2})
    told = office.run("send", mailing, "--live", "--limit", 1)
    assert told.code == 1
    assert "1 wait" in told.out
    assert f"go on with:  dear-minister send {mailing} --live" in told.err
    assert office.run("send", mailing, "--live").code == 0
    assert server.recipients == READERS


def test_a_reader_refused_and_one_put_off_are_told_with_the_servers_words(
    approved: Approved, fault_server: Start
) -> None:
    office, mailing = approved
    server = fault_server(
        [
            once(
                Phase.RCPT, Answer(550, ("5.1.1 no [bold]such[/bold] user :100:",)), to=READERS[0]
            ),
            once(Phase.RCPT, Answer(450, ("4.2.0 greylisted",)), to=READERS[2]),
        ]
    )
    office.to(server)
    ended = office.run("send", mailing, "--live", "--patience", 0)
    assert ended.code == 1
    assert "550 5.1.1 no [bold]such[/bold] user :100:" in ended.err
    assert "450 4.2.0 greylisted" in ended.err
    status = office.run("status", mailing, "--json")
    assert status.code == 1
    rows = status.document["dispatches"]
    assert [row["state"] for row in rows] == ["refused", "deferred", "sent"]
    assert (rows[0]["code"], rows[0]["enhanced"]) == (550, "5.1.1")
    assert rows[1]["due_at"]


def lost_after_the_dot(approved: Approved, start: Start) -> tuple[Office, str, str, FaultServer]:
    office, mailing = approved
    server = start([once(Phase.STORED, Drop(), to=READERS[1])])
    office.to(server)
    assert office.run("send", mailing, "--live").code == 1
    return office, mailing, f"{mailing}:2", server


# uncertain: status, resolve


def test_an_uncertain_letter_is_told_first_with_what_to_look_for_and_not_sent_again(
    approved: Approved, fault_server: Start
) -> None:
    office, mailing, dispatch, server = lost_after_the_dot(approved, fault_server)
    ended = office.run("status", mailing)
    assert ended.code == 1
    (row,) = (
        one for one in office.json("status", mailing)["dispatches"] if one["state"] == "uncertain"
    )
    first, look, settle = ended.out.splitlines()[:3]
    assert first.startswith(f"uncertain: {dispatch} to Dr Caroline Lucas MP <{READERS[1]}>")
    assert row["message_id"] in look
    assert f"dear-minister resolve {dispatch} --as sent|resend --by NAME --why TEXT" in settle
    assert office.json("status", mailing)["dispatches"][0]["id"] == dispatch
    again = office.run("send", mailing, "--live")
    assert again.code == 1
    assert len(server.copies.all) == 3
    assert office.run("status").code == 1


def test_resolved_as_sent_it_stays_and_as_resend_it_goes_once_more(
    approved: Approved, fault_server: Start
) -> None:
    office, mailing, dispatch, server = lost_after_the_dot(approved, fault_server)
    word = ("--by", "E. Marchbank", "--why", "not in the server's log")
    ended = office.run("resolve", dispatch, "--as", "resend", *word)
    assert (ended.code, ended.out) == (0, f"dispatch {dispatch} is now ready\n")
    assert office.run("send", mailing, "--live").code == 0
    assert server.copies.count()[server.copies.all[1].message_id, READERS[1]] == 2
    assert office.run("verify").code == 0


def test_what_a_killed_sender_left_uncertain_is_an_exit_code_of_the_next_one(
    approved: Approved, fault_server: Start
) -> None:
    office, mailing = approved
    server = fault_server()
    office.to(server)
    killed = office.process(
        "send", mailing, "--live", env={"DEAR_MINISTER_FAILPOINT": "after-answer"}
    )
    assert killed.code == -9
    ended = office.run("send", mailing, "--live", "--json")
    assert ended.document["counts"] == {"uncertain": 1, "sent": 2}
    assert ended.code == 1
    assert len(server.copies.all) == 3


# withdraw, export, verify


def test_withdrawn_letters_are_not_sent(approved: Approved, fault_server: Start) -> None:
    office, mailing = approved
    server = fault_server()
    office.to(server)
    word = ("--by", "E. Marchbank", "--why", "has left office")
    assert office.run("withdraw", f"{mailing}:1", *word).code == 0
    assert office.run("send", mailing, "--live").code == 0
    assert server.recipients == READERS[1:]
    assert office.states(mailing) == {"withdrawn": 1, "sent": 2}


COLUMNS = {"id", "contact", "person", "name", "email", "state", "reply", "message_id", "sha256"}


@pytest.mark.parametrize("ending", ["csv", "xlsx", "json", "CSV"])
def test_an_export_has_a_row_for_each_letter_with_who_got_what_and_when(
    approved: Approved, fault_server: Start, ending: str
) -> None:
    office, mailing = approved
    office.to(fault_server([once(Phase.RCPT, Answer(550, ("=cmd|' /C calc'!A0",)), to=READERS[1])]))
    office.run("send", mailing, "--live")
    target = office.folder / f"trustees.{ending}"
    assert office.run("export", mailing, "--to", target).code == 0
    rows = exported(target)
    assert set(rows[0]) >= COLUMNS
    by_mail = {row["email"]: row for row in rows}
    assert {email: row["state"] for email, row in by_mail.items()} == dict(
        zip(READERS, ["sent", "refused", "sent"], strict=True)
    )
    assert by_mail[READERS[2]]["name"] == "Siân Glyndŵr-O'Brien MP"
    reply = by_mail[READERS[1]]["reply"]
    assert reply == ("=cmd|' /C calc'!A0" if ending == "json" else "'=cmd|' /C calc'!A0")


def exported(target: Path) -> list[dict[str, Any]]:
    if target.suffix == ".json":
        rows: list[dict[str, Any]] = json.loads(target.read_text("utf-8"))["dispatches"]
        return rows
    if target.suffix == ".xlsx":
        table = CalamineWorkbook.from_path(target).get_sheet_by_name("Technical").to_python()
        return [dict(zip(table[0], row, strict=True)) for row in table[1:]]
    return list(csv.DictReader(io.StringIO(target.read_text("utf-8-sig"))))


def test_verify_says_that_the_ledger_is_whole_and_where_it_is_not(prepared: Prepared) -> None:
    office, _ = prepared
    ended = office.run("verify", "--json")
    assert ended.code == 0
    assert (ended.document["ok"], ended.document["broken_at"]) == (True, None)
    assert ended.document["events"] == 4
    with sqlite3.connect(office.folder / "var" / "ledger.db") as raw:
        raw.execute("UPDATE event SET at = '2013-09-04T09:00:00.000000Z' WHERE seq = 2")
    broken = office.run("verify", "--json")
    assert broken.code == 1
    assert (broken.document["ok"], broken.document["broken_at"]) == (False, 2)
    assert "event 2" in office.run("verify").out


def test_status_lists_every_mailing(prepared: Prepared) -> None:
    office, made = prepared
    (listed,) = office.json("status")["mailings"]
    assert (listed["mailing"], listed["hash"]) == (made["mailing"], made["hash"])
    assert (listed["counts"], listed["signed_off_by"]) == ({"ready": 3}, None)
    assert "not signed off: 3 ready" in office.run("status").out


# objections


def test_who_objects_after_the_sign_off_gets_nothing_and_the_reason_is_kept(
    approved: Approved, fault_server: Start
) -> None:
    office, mailing = approved
    server = fault_server()
    office.to(server)
    (office.folder / "contacts" / "suppression.csv").write_text(
        "person,email,domain,date,reason\n,LUCAS@example.org,,2013-09-04,asked us by telephone\n"
    )
    assert office.run("send", mailing, "--live").code == 0
    assert server.recipients == [READERS[0], READERS[2]]
    assert office.states(mailing) == {"sent": 2, "withdrawn": 1}
    with sqlite3.connect(office.folder / "var" / "ledger.db") as raw:
        (why,) = raw.execute("SELECT why FROM event WHERE new = 'withdrawn'").fetchone()
    assert "asked us by telephone" in why


def test_a_list_of_objections_that_cannot_be_read_stops_the_sending(
    approved: Approved, fault_server: Start
) -> None:
    office, mailing = approved
    server = fault_server()
    office.to(server)
    (office.folder / "contacts" / "suppression.csv").write_text("who,why\nlucas,asked us\n")
    ended = office.run("send", mailing, "--live")
    assert ended.code == 2
    assert "contacts/suppression.csv" in ended.line
    assert server.recipients == []
    assert office.states(mailing) == {"ready": 3}


# letters on paper


def test_a_letter_by_post_is_no_ones_mail_and_is_recorded_when_it_went(
    office: Office, fault_server: Start
) -> None:
    office.contacts.write_text(LIST.replace("lucas@example.org", ""), encoding="utf-8")
    server = fault_server()
    office.to(server)
    made = office.prepare()
    assert (made["ready"], office.approve(made).code) == (3, 0)
    assert office.json("send", made["mailing"])["counts"] == {"sent": 2}
    assert office.run("send", made["mailing"], "--live").code == 0
    assert server.recipients == [READERS[0], READERS[2]]
    assert office.states(made["mailing"]) == {"sent": 2, "ready": 1}
    posted = office.run("posted", made["mailing"], "--on", f"{today()}", "--by", "E. Marchbank")
    assert posted.code == 0
    assert office.states(made["mailing"]) == {"sent": 3}
    again = office.run("posted", made["mailing"], "--on", f"{today()}", "--by", "E. Marchbank")
    assert again.code == 2
    assert office.run("verify").code == 0
