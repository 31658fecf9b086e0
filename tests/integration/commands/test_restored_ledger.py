"""A ledger that was restored, copied or lost sends nothing twice: it stops, and is recovered."""

import imaplib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing

import pytest

from flows.post.failpoints import SETTING
from tests.integration.commands.office import PROGRAM, READERS, Office, bare_environment
from tests.servers.certificates import Certificates
from tests.servers.fault import FaultServer
from tests.servers.imap import Dovecot
from tests.servers.script import Call, Moment, Phase, Stall, once

Start = Callable[..., FaultServer]
WHO = ("--by", "E. Marchbank", "--why", "the disk was replaced")


@pytest.fixture
def restored(approved: tuple[Office, str], fault_server: Start) -> tuple[Office, str, FaultServer]:
    """An office in which one letter was sent, a backup made, another letter sent, and the backup
    put back."""
    office, mailing = approved
    server = fault_server()
    office.to(server)
    assert office.run("send", mailing, "--live", "--limit", 1).code == 1
    backup = office.folder / "backup.db"
    shutil.copy(office.folder / "var" / "ledger.db", backup)
    assert office.run("send", mailing, "--live", "--limit", 1).code == 1
    for name in ("ledger.db-wal", "ledger.db-shm"):
        (office.folder / "var" / name).unlink(missing_ok=True)
    shutil.copy(backup, office.folder / "var" / "ledger.db")
    return office, mailing, server


def keep(dovecot: Dovecot, user: str, server: FaultServer, folder: str = "Sent") -> None:
    """The server's copies, as they lie in a mailbox."""
    with imaplib.IMAP4("127.0.0.1", dovecot.imap, timeout=10) as imap:
        imap.login(user, dovecot.password)
        for copy in server.copies.all:
            assert imap.append(folder, None, None, copy.content or b"")[0] == "OK"


@pytest.fixture
def mailbox(
    dovecot_server: Dovecot, certificates: Certificates, request: pytest.FixtureRequest
) -> Callable[[Office], str]:
    """Set the office's mailbox of sent mails; gives its user, a new one in each test."""

    def set_for(office: Office) -> str:
        user = f"{abs(hash(request.node.name))}@example.org"
        office.set(
            IMAP_HOST="localhost",
            IMAP_PORT=dovecot_server.imaps,
            IMAP_PASSWORD=dovecot_server.password,
            IMAP_USER=user,
            SSL_CERT_FILE=certificates.authority,
        )
        return user

    return set_for


def test_a_restored_backup_sends_nothing_and_says_what_to_do(
    restored: tuple[Office, str, FaultServer],
) -> None:
    office, mailing, server = restored
    ended = office.run("send", mailing, "--live")
    assert ended.code == 2
    assert "was restored from a backup, or cut short" in ended.line
    assert "dear-minister recover --by NAME --why TEXT" in ended.line
    assert len(server.copies.all) == 2
    assert office.states(mailing) == {"ready": 2, "sent": 1}
    told = office.run("verify")
    assert told.code == 1
    assert "not the one that was last used" in told.out
    # A rehearsal goes nowhere: it may go on.
    assert office.run("send", mailing).code == 0


def test_recovery_finds_what_was_sent_in_the_mailbox_and_the_rest_goes_out(
    restored: tuple[Office, str, FaultServer],
    mailbox: Callable[[Office], str],
    dovecot_server: Dovecot,
) -> None:
    office, mailing, server = restored
    keep(dovecot_server, mailbox(office), server)
    found = office.json("recover", *WHO)
    assert found["sent"] == [f"{mailing}:2"]
    assert (found["uncertain"], found["left"], found["unknown"]) == ([], 1, [])
    assert office.run("send", mailing, "--live").code == 0
    assert sorted(copy.recipient for copy in server.copies.all) == sorted(READERS)
    assert office.run("verify").code == 0
    reasons = [one["reason"] for one in office.json("status", mailing)["dispatches"]]
    assert any("found in Sent: the disk was replaced" in one for one in reasons)


def test_where_the_mailbox_lacks_what_the_ledger_knows_the_rest_is_uncertain(
    restored: tuple[Office, str, FaultServer], mailbox: Callable[[Office], str]
) -> None:
    office, mailing, server = restored
    mailbox(office)
    found = office.json("recover", *WHO)
    assert found["sent"] == []
    assert len(found["uncertain"]) == 2
    assert office.run("send", mailing, "--live").code == 1
    assert len(server.copies.all) == 2
    settled = office.run(
        "resolve", mailing, "--uncertain", "--as", "sent", "--by", "X", "--why", "asked them"
    )
    assert settled.code == 0, settled.err
    assert office.states(mailing) == {"sent": 3}


def test_without_a_mailbox_everything_that_may_have_been_sent_is_uncertain(
    restored: tuple[Office, str, FaultServer],
) -> None:
    office, mailing, _ = restored
    ended = office.run("recover", *WHO)
    assert ended.code == 1
    assert "no mailbox was asked" in ended.out
    assert office.states(mailing) == {"sent": 1, "uncertain": 2}


def test_mails_of_mailings_that_the_ledger_does_not_know_are_named(
    restored: tuple[Office, str, FaultServer],
    mailbox: Callable[[Office], str],
    dovecot_server: Dovecot,
) -> None:
    office, _, server = restored
    user = mailbox(office)
    keep(dovecot_server, user, server)
    foreign = (server.copies.all[0].content or b"").replace(
        server.copies.all[0].message_id.encode(), b"<" + b"a" * 32 + b"@example.org>"
    )
    with imaplib.IMAP4("127.0.0.1", dovecot_server.imap, timeout=10) as imap:
        imap.login(user, dovecot_server.password)
        imap.append("Sent", None, None, foreign)
    ended = office.run("recover", *WHO)
    assert ended.code == 1
    assert "1 mail in Sent of mailings that this ledger does not know" in ended.out
    assert READERS[0] in ended.out


def test_a_new_ledger_does_not_send_again_what_the_archive_has(
    approved: tuple[Office, str],
    fault_server: Start,
    mailbox: Callable[[Office], str],
    dovecot_server: Dovecot,
) -> None:
    """Ledger and witness are both lost; the office's archive of its mails is not."""
    office, mailing = approved
    server = fault_server()
    office.to(server, MAIL_BCC_ARCHIVE="archive@example.org")
    backup = office.folder / "backup"
    shutil.copytree(office.folder / "var", backup)
    office.run("send", mailing, "--live", "--limit", 1)
    keep(dovecot_server, mailbox(office), server)
    shutil.rmtree(office.folder / "var")
    shutil.copytree(backup, office.folder / "var")
    ended = office.run("send", mailing, "--live")
    assert ended.code == 2
    assert "Sent holds 1 letter" in ended.line
    assert office.json("recover", *WHO)["sent"] == [f"{mailing}:1"]


def test_where_the_runtime_folder_is_lost_the_witness_kept_outside_stops_the_new_ledger(
    approved: tuple[Office, str], fault_server: Start
) -> None:
    """Without an archive to compare it with: everybody would be written to again."""
    office, mailing = approved
    server = fault_server()
    office.to(server, LEDGER_WITNESS=str(office.folder / "outside"))
    assert office.run("send", mailing, "--live", "--limit", 1).code == 1
    shutil.rmtree(office.folder / "var")
    told = office.run("status")
    assert "another ledger stood here" in " ".join(told.err.split())
    again = office.prepare()
    assert office.approve(again).code == 0
    ended = office.run("send", again["mailing"], "--live")
    assert (ended.code, "another ledger stood here" in ended.line) == (2, True)
    assert "dear-minister recover --by NAME --why TEXT" in ended.line
    assert len(server.copies.all) == 1


def test_the_head_that_was_kept_tells_a_ledger_cut_short(
    restored: tuple[Office, str, FaultServer],
) -> None:
    office, _, _ = restored
    recovered = office.run("recover", *WHO)
    assert recovered.code == 1
    kept = office.folder / "kept.txt"
    kept.write_text(office.run("verify", "--head").out)
    assert office.run("verify", "--witness", kept).code == 0
    whole = office.json("verify", "--head")
    kept.write_text(json.dumps({**whole, "events": whole["events"] + 1}))
    ended = office.run("verify", "--witness", kept)
    assert ended.code == 1
    assert f"kept.txt: the ledger ends at event {whole['events']}" in ended.out
    missing = office.run("verify", "--witness", office.folder / "nothing")
    assert missing.code == 2
    assert "there is no such file" in missing.line


def test_a_stopped_sender_is_named_and_its_letter_waits_for_a_person_who_insists(
    approved: tuple[Office, str], fault_server: Start
) -> None:
    office, mailing = approved
    server = fault_server([once(Phase.DOT, Stall())])
    office.to(server, SMTP_TIMEOUT=600)
    process = start(office, "send", mailing, "--live")
    try:
        assert server.wait_for(Phase.DOT)
        os.kill(process.pid, signal.SIGSTOP)
        shown = office.json("status", mailing)["dispatches"][0]
        assert shown["state"] == "handing_over"
        assert f"stopped, not ended: pid {process.pid} on " in shown["holder"]
        assert "holding it since" in shown["holder"]
        again = ("resolve", f"{mailing}:1", "--as", "resend", *WHO)
        refused = office.run(*again)
        assert refused.code == 2
        assert f"kill -9 {process.pid}" in refused.line
        assert office.run(*again, "--insist").code == 0
        assert office.states(mailing)["ready"] >= 1
    finally:
        process.kill()
        process.wait()


def start(office: Office, *arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [PROGRAM, *arguments],
        cwd=office.folder,
        env=bare_environment() | office.settings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_where_nothing_is_lost_there_is_nothing_to_recover(approved: tuple[Office, str]) -> None:
    office, mailing = approved
    ended = office.run("recover", *WHO)
    assert ended.code == 2
    assert "agrees with its witnesses: there is nothing to recover" in ended.line
    assert office.states(mailing) == {"ready": 3}


def test_a_backup_from_the_middle_of_a_sending_repeats_nothing(
    approved: tuple[Office, str], fault_server: Start
) -> None:
    """The backup is made while the second letter is handed over, of a claim that holds all three;
    the sender is killed after the third, and the backup put back."""
    office, mailing = approved
    ledger, backup = office.folder / "var" / "ledger.db", office.folder / "backup.db"

    def back_up(moment: Moment) -> None:
        with closing(sqlite3.connect(ledger)) as source:
            source.execute("VACUUM INTO ?", (str(backup),))

    server = fault_server([once(Phase.DOT, Call(back_up), READERS[1])])
    office.to(server)
    killed = office.process("send", mailing, "--live", env={SETTING: "after-sent:3"})
    assert killed.code == -signal.SIGKILL, killed.err
    assert len(server.copies.all) == 3
    for name in ("ledger.db-wal", "ledger.db-shm"):
        ledger.with_name(name).unlink(missing_ok=True)
    shutil.copy(backup, ledger)
    ended = office.run("send", mailing, "--live")
    assert (ended.code, "was restored from a backup, or cut short" in ended.line) == (2, True)
    recovered = office.run("recover", *WHO)
    assert recovered.code == 1
    assert office.run("send", mailing, "--live").code == 1
    assert office.states(mailing) == {"sent": 1, "uncertain": 2}
    assert len(server.copies.all) == 3
    assert office.run("verify").code == 0
