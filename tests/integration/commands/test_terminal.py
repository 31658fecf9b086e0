"""At a terminal of 80 columns and in a pipe: what is shown, what is asked, what is cut nowhere."""

import json
import re
import signal
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from rich.cells import cell_len

from tests.integration.commands.office import CAMPAIGN, LIST, Office
from tests.integration.commands.terminal import terminal
from tests.servers.fault import FaultServer
from tests.servers.script import Answer, Phase, once

Start = Callable[..., FaultServer]
Approved = tuple[Office, str]

LONG = "450 4.2.0 greylisted, " + "come back later when the list has been looked through " * 3


@pytest.fixture
def partly_sent(approved: Approved, fault_server: Start) -> Approved:
    """One letter put off with a long answer, two sent."""
    office, mailing = approved
    office.to(fault_server([once(Phase.RCPT, Answer(450, (LONG[4:],)))]))
    assert office.run("send", mailing, "--live", "--patience", 0).code == 1
    return office, mailing


def test_a_table_fits_the_terminal_and_wraps_between_words(partly_sent: Approved) -> None:
    office, mailing = partly_sent
    with terminal(office, "status", mailing) as shown:
        assert shown.finish() == 0
    # The folder of the tests may be longer than a line.
    lines = [line for line in shown.shown.splitlines() if str(office.folder) not in line]
    assert max(cell_len(line) for line in lines) <= 80
    words = set(re.sub(r"\s+", " ", shown.shown).split())
    assert {"greylisted,", "deferred", "looked", "through"} <= words
    assert "…" not in shown.shown


def test_into_a_pipe_nothing_is_cut_and_every_dispatch_is_one_line(partly_sent: Approved) -> None:
    office, mailing = partly_sent
    done = office.process("status", mailing)
    (row,) = [line for line in done.out.splitlines() if line.startswith("1 ")]
    assert LONG.strip() in row
    assert "\x1b" not in done.out
    assert "office folder" not in done.out


def test_colours_stay_away_where_no_color_is_set(partly_sent: Approved) -> None:
    office, mailing = partly_sent
    with terminal(office, "status", mailing) as coloured:
        coloured.finish()
    assert "\x1b[33mdeferred" in coloured.raw
    with terminal(office, "status", mailing, NO_COLOR="1") as plain:
        plain.finish()
    assert "\x1b[3" not in plain.raw


def test_results_go_to_stdout_and_remarks_to_stderr_unless_quiet(office: Office) -> None:
    done = office.process("prepare", CAMPAIGN)
    assert "mailing r2p-dialogue-2013" in done.out
    assert "rehearse:" in done.err
    assert "rehearse:" not in done.out
    quiet = office.process("status", "--quiet")
    assert quiet.err == ""
    assert quiet.out


@pytest.mark.parametrize(
    "command",
    [
        ("prepare", CAMPAIGN),
        ("status",),
        ("verify",),
        ("contacts", "address", "contacts/few.csv"),
        ("contacts", "suppress", "--person", "hague", "--reason", "asked"),
        ("upgrade-ledger",),
        ("preview", CAMPAIGN, "--contact", "hague"),
    ],
)
def test_every_command_has_a_document(office: Office, command: tuple[str, ...]) -> None:
    done = office.process(*command, "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)


def test_a_live_sending_asks_once_with_the_number_of_letters(
    approved: Approved, fault_server: Start
) -> None:
    office, mailing = approved
    server = fault_server()
    office.to(server)
    with terminal(office, "send", mailing, "--live") as asked:
        asked.wait_for(f"Send 3 letters of {mailing} to their readers, now? [y/N]")
        asked.type("n\n")
        assert asked.finish() == 2
    assert "nothing was sent" in asked.shown
    assert server.copies.all == []
    with terminal(office, "send", mailing, "--live", "--limit", 2) as asked:
        asked.wait_for("Send 2 letters")
        asked.type("y\n")
        asked.finish()
    assert len(server.copies.all) == 2
    with terminal(office, "send", mailing, "--live", "--yes") as unasked:
        assert unasked.finish() == 0
    assert "[y/N]" not in unasked.shown
    assert len(server.copies.all) == 3


def london(seconds: float) -> str:
    moment = datetime.now(ZoneInfo("Europe/London")) + timedelta(seconds=seconds)
    return f"{moment:%Y-%m-%d %H:%M}"


@pytest.mark.parametrize("text", ["tomorrow", "2026-02-30 09:00", "2013-09-04 09:00", "09:00"])
def test_a_time_that_is_none_or_past_sends_nothing(
    approved: Approved, fault_server: Start, text: str
) -> None:
    office, mailing = approved
    server = fault_server()
    office.to(server)
    told = office.run("send", mailing, "--live", "--at", text)
    assert (told.code, told.line.startswith(f"dear-minister: --at {text!r}")) == (2, True)
    assert server.copies.all == []


def test_until_the_time_has_come_the_mailing_is_held_and_stays_so_when_stopped(
    approved: Approved, fault_server: Start
) -> None:
    office, mailing = approved
    server = fault_server()
    office.to(server)
    with terminal(office, "send", mailing, "--live", "--yes", "--at", london(7200)) as waiting:
        waiting.wait_for("waiting until ")
        held = office.json("status", mailing)["held"]
        assert "to be sent at" in held["why"]
        refused = office.run("send", mailing, "--live")
        assert (refused.code, "held" in refused.line) == (2, True)
        waiting.process.send_signal(signal.SIGINT)
        assert waiting.finish() == 2
    assert office.json("status", mailing)["held"]
    assert server.copies.all == []


def test_at_its_time_the_mailing_is_released_and_sent(
    approved: Approved, fault_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, mailing = approved
    server = fault_server()
    office.to(server)
    soon = datetime.now(ZoneInfo("Europe/London")) + timedelta(seconds=1)
    monkeypatch.setattr("flows.operations.appointment.moment", lambda text: soon)
    done = office.run("send", mailing, "--live", "--at", "soon")
    assert done.code == 0, done.err
    assert "waiting until" in done.err
    assert len(server.copies.all) == 3
    assert office.json("status", mailing)["held"] is None


def test_the_chair_gets_one_pdf_of_all_letters_also_of_those_by_mail(office: Office) -> None:
    pikepdf = pytest.importorskip("pikepdf")
    from tests.conftest import need

    need("soffice", "libreoffice-writer-nogui")
    office.contacts.write_text(LIST + "post,post,Zoe Adams,Ms,,F,commons,,,\n", encoding="utf-8")
    mailing = office.prepare()["mailing"]
    made = office.json("print", mailing, "--all", "--out", "chair")
    assert made["letters"] == 4
    with pikepdf.Pdf.open(office.folder / "chair" / "all-letters.pdf") as pdf:
        assert len(pdf.pages) >= 4
        with pdf.open_outline() as outline:
            assert len(outline.root) == 4
    office.run("withdraw", f"{mailing}:1", "--by", "E. Marchbank", "--why", "has left")
    said = office.run("print", mailing, "--all", "--out", "chair").out
    assert "3 letters of 4, 1 withdrawn or forgotten: chair/all-letters.pdf" in " ".join(
        said.split()
    )
