"""A way back for every state: what was refused or withdrawn is sent after all."""

import csv
import os
import pty
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from flows.cli import mailings_output
from flows.post.ledger.errors import LedgerUnavailableError
from tests.integration.commands.office import CAMPAIGN, PROGRAM, READERS, Office, bare_environment
from tests.servers.fault import FaultServer
from tests.servers.script import Answer, Phase, always

WHO = ("--by", "E. Marchbank", "--why", "the account is paid for again")
Start = Callable[..., FaultServer]


@pytest.fixture
def refused(approved: tuple[Office, str], fault_server: Start) -> tuple[Office, str]:
    """An office of whose three letters the server refused two."""
    office, mailing = approved
    server = fault_server(
        [
            always(Phase.RCPT, Answer(550, (f"5.1.1 {reader} is unknown",)), to=reader)
            for reader in READERS[:2]
        ]
    )
    office.to(server)
    office.run("send", mailing, "--live", "--patience", "0")
    assert office.states(mailing) == {"refused": 2, "sent": 1}
    return office, mailing


def test_status_says_how_refused_letters_go_again_and_that_command_does_it(
    refused: tuple[Office, str], fault_server: Start
) -> None:
    office, mailing = refused
    line = f"dear-minister resolve {mailing} --refused --as resend --by NAME --why TEXT"
    assert line in office.run("status", mailing).out
    done = office.run("resolve", mailing, "--refused", "--as", "resend", *WHO)
    assert done.code == 0, done.err
    assert "2 dispatches are now ready" in done.out
    server = fault_server()
    office.to(server)
    office.run("send", mailing, "--live")
    assert [copy.recipient for copy in server.copies.all] == READERS[:2]
    assert office.states(mailing) == {"sent": 3}
    target = office.folder / "who.csv"
    office.run("export", mailing, "--to", target)
    reasons = [row["reason"] for row in csv.DictReader(target.open(encoding="utf-8-sig"))]
    assert reasons.count("ready by E. Marchbank: the account is paid for again") == 2


def test_a_refused_reader_is_in_the_next_prepare_without_a_list_being_edited(
    refused: tuple[Office, str], fault_server: Start
) -> None:
    office, mailing = refused
    again = office.prepare()
    assert again["mailing"] != mailing
    assert (again["ready"], again["new"]) == (2, True)
    # Nobody signs for an address that the server knows not to exist without having read so.
    assert len(again["unsettled"]) == 2
    for reader in READERS[:2]:
        (line,) = (line for line in again["unsettled"] if f"550 5.1.1 {reader} is unknown" in line)
        assert f"letter {mailing}:" in line
        assert line.endswith("This mailing writes to them again, at the same address")
    assert office.states(mailing) == {"withdrawn": 2, "sent": 1}
    server = fault_server()
    office.to(server)
    office.approve(again)
    office.run("send", again["mailing"], "--live")
    assert sorted(copy.recipient for copy in server.copies.all) == sorted(READERS[:2])


def test_a_withdrawn_reader_is_in_the_next_prepare_though_nothing_was_edited(
    approved: tuple[Office, str],
) -> None:
    office, mailing = approved
    office.run("withdraw", f"{mailing}:2", "--by", "E. Marchbank", "--why", "wrong day")
    again = office.prepare()
    assert (again["ready"], again["mailing"] != mailing) == (1, True)
    assert office.states(again["mailing"]) == {"ready": 1}
    assert office.states(mailing) == {"ready": 2, "withdrawn": 1}


def test_prepare_does_not_ask_for_a_sign_off_where_nothing_is_left_to_send(
    approved: tuple[Office, str], fault_server: Start
) -> None:
    office, mailing = approved
    waiting = office.run("prepare", CAMPAIGN)
    assert "signed off by The Chair; 3 letters are left to send" in waiting.out
    assert f"send {mailing} --live" in waiting.err
    assert "approve" not in waiting.said
    office.to(fault_server())
    office.run("send", mailing, "--live")
    done = office.run("prepare", CAMPAIGN)
    assert done.code == 0
    assert f"nothing to do: mailing {mailing} has them all" in done.out
    assert "sign off" not in done.said
    assert "approve" not in done.said


def test_a_mailing_that_takes_anothers_place_says_whose_and_who_is_no_longer_in_it(
    prepared: tuple[Office, dict[str, Any]],
) -> None:
    office, made = prepared
    rows = office.contacts.read_text(encoding="utf-8").splitlines()
    office.contacts.write_text("\n".join(rows[:-1]) + "\n", encoding="utf-8")
    said = office.run("prepare", CAMPAIGN).out
    assert f"mailing {made['mailing']}, which nobody had signed off, is withdrawn" in said
    assert "no longer written to: " in said
    assert "Glyndŵr" in said.split("no longer written to: ")[1].splitlines()[0]


def test_a_rehearsals_status_says_so_in_its_first_line_and_column(
    prepared: tuple[Office, dict[str, Any]],
) -> None:
    office, made = prepared
    office.run("send", made["mailing"])
    lines = office.run("status", made["mailing"]).out.splitlines()
    assert lines[0].startswith(f"rehearsal 1 of {made['mailing']} (not signed off): no reader got")
    rows = [line for line in lines[1:] if "sent" in line]
    assert len(rows) == 3
    assert all(line.startswith("rehearsal ") for line in rows)
    assert all("sent in rehearsal" in line for line in rows)


@pytest.fixture
def by_post(office: Office) -> tuple[Office, str]:
    """An office with a signed-off mailing of two letters by mail and one by post alone."""
    office.contacts.write_text(
        office.contacts.read_text(encoding="utf-8").replace(",lucas@example.org", ","),
        encoding="utf-8",
    )
    made = office.prepare()
    assert made["ready"] == 3
    office.approve(made)
    return office, made["mailing"]


def test_where_nobody_can_be_asked_letters_by_post_are_not_withdrawn_unsaid(
    by_post: tuple[Office, str],
) -> None:
    office, mailing = by_post
    asked = office.process("withdraw", mailing, *WHO)
    assert asked.code == 2
    assert "1 letter goes by post" in asked.err
    assert "--only-mail" in asked.err
    assert office.states(mailing) == {"ready": 3}
    only = office.process("withdraw", mailing, *WHO, "--only-mail")
    assert "2 withdrawn" in only.out
    assert "1 letter by post stays as it is" in only.out
    assert office.states(mailing) == {"ready": 1, "withdrawn": 2}
    assert office.process("withdraw", mailing, *WHO, "--yes").code == 0
    assert office.states(mailing) == {"withdrawn": 3}


@pytest.mark.parametrize(("typed", "left"), [("n", {"ready": 3}), ("y", {"withdrawn": 3})])
def test_on_a_terminal_it_asks_before_letters_by_post_are_withdrawn(
    by_post: tuple[Office, str], typed: str, left: dict[str, int]
) -> None:
    office, mailing = by_post
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [PROGRAM, "withdraw", mailing, *WHO],
        cwd=office.folder,
        env=bare_environment() | office.settings,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        os.write(ours, f"{typed}\n".encode())
        _, said = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert b"1 letter goes by post" in said
    assert office.states(mailing) == left


def test_a_run_that_fails_after_letters_have_left_is_not_nothing_done(
    approved: tuple[Office, str], fault_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, mailing = approved
    office.to(fault_server())

    def lost(*given: object) -> None:
        raise LedgerUnavailableError("the ledger cannot be used: the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(mailings_output, "sent", lost)
        ended = office.run("send", mailing, "--live", "--limit", 1)
    assert ended.code == 1
    assert "the disk is full" in ended.line
    assert office.states(mailing) == {"ready": 2, "sent": 1}


def with_a_row_at_fault(office: Office) -> tuple[dict[str, Any], Path]:
    """What ``prepare`` made of two readers and a row at fault, and the row's file, corrected."""
    text = office.contacts.read_text(encoding="utf-8")
    office.contacts.write_text(text.replace("lucas@", "lucas at "), encoding="utf-8")
    made = office.prepare()
    assert made["ready"] == 2
    back = office.folder / made["refused_file"]
    text = back.read_text(encoding="utf-8-sig")
    assert "lucas at " in text
    back.write_text(text.replace("lucas at ", "lucas@", 1), encoding="utf-8")
    return made, back


def test_rows_handed_back_do_not_take_the_place_of_the_mailing_that_they_are_missing_from(
    office: Office,
) -> None:
    made, back = with_a_row_at_fault(office)
    refused = office.run("prepare", CAMPAIGN, "--contacts", back)
    assert refused.code == 2
    for words in (made["mailing"], "2 readers", "add this file beside the others", "withdraw"):
        assert words in refused.line
    assert office.states(made["mailing"]) == {"ready": 2}


def test_rows_handed_back_in_the_place_of_the_campaigns_own_list_are_refused_too(
    office: Office,
) -> None:
    made, back = with_a_row_at_fault(office)
    name_lists(office, [back.relative_to(office.folder)])
    assert office.run("prepare", CAMPAIGN).code == 2
    assert office.states(made["mailing"]) == {"ready": 2}


def test_a_corrected_file_beside_the_others_makes_one_mailing_of_all(office: Office) -> None:
    made, back = with_a_row_at_fault(office)
    name_lists(office, ["contacts/few.csv", back.relative_to(office.folder)])
    again = office.prepare()
    assert again["ready"] == 3
    assert [(gone["mailing"], gone["no_longer_in"]) for gone in again["superseded"]] == [
        (made["mailing"], [])
    ]


def test_a_list_named_for_once_with_no_reader_of_the_unsigned_mailing_is_refused_until_withdrawn(
    prepared: tuple[Office, dict[str, Any]],
) -> None:
    office, made = prepared
    other = office.folder / "contacts" / "other.csv"
    other.write_text(
        "id,name,title,gender,house,email\nray,Ann Ray,Ms,F,commons,ray@example.org\n", "utf-8"
    )
    refused = office.run("prepare", CAMPAIGN, "--contacts", other)
    assert (refused.code, "3 readers" in refused.line) == (2, True)
    office.run("withdraw", made["mailing"], "--by", "E. Marchbank", "--why", "others first")
    assert office.json("prepare", CAMPAIGN, "--contacts", other)["ready"] == 1


def test_another_list_of_the_campaigns_own_takes_the_place_of_an_unsigned_mailing(
    prepared: tuple[Office, dict[str, Any]],
) -> None:
    office, made = prepared
    office.contacts.write_text(
        "id,name,title,gender,house,email\nray,Ann Ray,Ms,F,commons,ray@example.org\n", "utf-8"
    )
    assert [gone["mailing"] for gone in office.prepare()["superseded"]] == [made["mailing"]]


def name_lists(office: Office, lists: Sequence[object]) -> None:
    settings = office.campaign / "campaign.toml"
    text = settings.read_text(encoding="utf-8")
    named = ", ".join(f'"{name}"' for name in lists)
    changed = text.replace('contacts = ["contacts/few.csv"]', f"contacts = [{named}]")
    assert changed != text
    settings.write_text(changed, encoding="utf-8")
