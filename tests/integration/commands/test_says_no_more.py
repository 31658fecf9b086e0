"""What a command shows and asks: no more than it has, and nothing that it could not do."""

import re
import smtplib
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from flows.cli import main
from flows.post.smtp.server import Server
from flows.post.smtp.session import _opening
from tests.integration.commands.office import CAMPAIGN, LIST, Office
from tests.integration.commands.terminal import terminal

WHO = ("--by", "X", "--why", "Y")


def _commands(group: Any, *names: str) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, *names, name)
        else:
            yield (*names, name)


COMMANDS = list(_commands(typer.main.get_command(main.app)))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_names_what_to_type_and_no_type_of_python(
    office: Office, command: tuple[str, ...]
) -> None:
    told = office.run(*command, "--help").out
    assert "<" not in told
    assert "...}" not in told
    assert ("--json" in told) == (command != ("serve",))


def test_the_help_of_serve_says_where_its_pages_are_and_how_it_stops(office: Office) -> None:
    told = office.run("serve", "--help").out
    assert "http://127.0.0.1:4200" in told
    assert "Ctrl-C finishes" in told


def test_a_command_that_cannot_begin_shows_no_progress(approved: tuple[Office, str]) -> None:
    office, mailing = approved
    office.set(SMTP_HOST="localhost", SMTP_PORT=9, SMTP_SECURITY="none")
    assert office.run("hold", mailing, *WHO).code == 0
    for command, bar in (("send", "Sending"), ("inbox", "Mails")):
        given = (mailing, "--live", "--yes") if command == "send" else ()
        with terminal(office, command, *given) as shown:
            assert shown.finish() == 2
        assert bar not in shown.shown


def test_before_forget_asks_it_looks_whether_there_is_such_a_person(
    approved: tuple[Office, str],
) -> None:
    office, mailing = approved
    for person, said in (
        ("nobody", "no letter of the ledger is to nobody"),
        ("lucas", f"dear-minister withdraw {mailing}:2"),
    ):
        with terminal(office, "forget", "--person", person, *WHO) as asked:
            assert asked.finish() == 2
        assert said in asked.shown
        assert "[y/N]" not in asked.shown
    assert office.run("withdraw", f"{mailing}:2", *WHO).code == 0
    with terminal(office, "forget", "--person", "lucas", *WHO) as asked:
        asked.wait_for("Remove the data of lucas, 1 letter, for good? [y/N]")
        asked.type("y\n")
        assert asked.finish() == 0


def test_a_list_with_rows_that_get_no_letter_wants_attention(office: Office) -> None:
    assert office.run("contacts", "check", "contacts/few.csv").code == 0
    office.contacts.write_text(LIST + "x,x,Al Bo,,,,,,,al@example.org\n", encoding="utf-8")
    done = office.run("contacts", "check", "contacts/few.csv")
    assert (done.code, "no letter" in done.out) == (1, True)


def test_quiet_leaves_notes_out_and_keeps_the_result(office: Office) -> None:
    said = office.process("prepare", CAMPAIGN)
    assert "note: the letters are dated" in said.err
    assert "note:" not in said.out
    quiet = office.process("prepare", CAMPAIGN, "--quiet")
    assert quiet.err == ""
    (mailing, digest) = re.findall(r"mailing (\S+): 3 letters, hash (\S+)", quiet.out)[0]
    office.contacts.write_text(LIST + "\n", encoding="utf-8")
    signed = office.process("approve", mailing, "--by", "X", "--hash", digest, "--quiet")
    assert (signed.code, signed.err) == (0, "")
    assert signed.out.startswith(f"mailing {mailing} signed off by X")
    again = office.process("approve", mailing, "--by", "X", "--hash", digest)
    assert "note: " in again.err
    assert "since this was frozen" in again.err


def test_a_server_without_starttls_is_told_in_one_sentence() -> None:
    error = smtplib.SMTPNotSupportedError("STARTTLS extension not supported by server.")
    told = str(_opening(Server("mail.example.org", 587, "starttls"), error))
    assert "not supported by server; nothing was sent: check SMTP_SECURITY" in told
