"""Disk full, ledger locked, gone or read-only: nothing is said that the ledger could not keep.

Each is done to a real ``dear-minister send``, which has to end with one clear line and exit 2.
"""

import contextlib
import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from flows.post.ledger.opening import open_ledger
from flows.post.states import State
from tests.integration.faults.command import Command
from tests.integration.faults.frozen_mailing import FrozenMailing
from tests.servers.fault import FaultServer
from tests.servers.postgres import Postgres
from tests.servers.script import Action, Call, Moment, Phase, Rule, once

Start = Callable[..., FaultServer]
READERS = [f"reader{n}@example.org" for n in range(1, 5)]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB; only root may make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True
    )
    if made.returncode:
        pytest.skip("only root may mount a small file system for this test")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> None:
    with contextlib.suppress(OSError), (folder / "filler").open("ab", buffering=0) as file:
        while True:
            file.write(b"\0" * 512)


def one_line(ended: "subprocess.CompletedProcess[str]") -> str:
    lines = ended.stderr.strip().splitlines()
    assert "Traceback" not in ended.stderr
    assert lines, "it said nothing"
    return lines[-1]


def names_letter_and_answer(line: str, frozen: FrozenMailing) -> None:
    """Whoever has to settle the letter needs to know which, and that the server took it."""
    assert f"dispatch {frozen.mailing}:1 was answered: 250 2.0.0 Ok: queued as FAULT000001" in line


def carries_on(frozen: FrozenMailing, server: FaultServer, expected: list[State]) -> None:
    """With the ledger within reach again the next run ends what is left."""
    frozen.ledger = open_ledger(frozen.url)
    frozen.check(server)
    frozen.send(server)
    assert frozen.states == expected
    frozen.check(server)
    frozen.ledger.close()


def first_letter(phase: Phase, action: Action) -> Rule:
    return once(phase, action, to=READERS[0] if phase is not Phase.MAIL else "*")


ALL_SENT = [State.SENT] * len(READERS)


def test_on_a_full_disk_nothing_is_said_to_the_server(
    small_disk: Path, tmp_path: Path, fault_server: Start
) -> None:
    frozen = FrozenMailing(f"sqlite:///{small_disk / 'ledger.db'}", READERS)
    frozen.ledger.close()
    server = fault_server()
    command = Command(tmp_path, frozen.url).to(server)
    fill(small_disk)
    ended = command.run("send", frozen.mailing, "--live")
    assert ended.returncode == 2
    assert "full" in one_line(ended)
    assert server.reached(Phase.MAIL) == 0
    (small_disk / "filler").unlink()
    carries_on(frozen, server, ALL_SENT)


@pytest.mark.parametrize("phase", [Phase.MAIL, Phase.DATA, Phase.STORED])
def test_a_disk_that_fills_up_under_a_run_stops_it_with_at_most_the_letter_in_hand_uncertain(
    small_disk: Path, tmp_path: Path, fault_server: Start, phase: Phase
) -> None:
    frozen = FrozenMailing(f"sqlite:///{small_disk / 'ledger.db'}", READERS)
    frozen.ledger.close()
    server = fault_server([first_letter(phase, Call(lambda _: fill(small_disk)))])
    command = Command(tmp_path, frozen.url).to(server)
    ended = command.run("send", frozen.mailing, "--live")
    assert ended.returncode == (1 if phase is Phase.STORED else 2)  # 2 is "nothing done"
    line = one_line(ended)
    assert "full" in line
    if phase is Phase.STORED:
        names_letter_and_answer(line, frozen)
    assert server.wait_idle()
    dots = server.reached(Phase.DOT)
    assert dots <= (1 if phase is Phase.STORED else 0)
    (small_disk / "filler").unlink()
    first = State.UNCERTAIN if dots else State.SENT
    carries_on(frozen, server, [first, *ALL_SENT[1:]])


def test_a_file_size_limit_is_a_full_disk_too(tmp_path: Path, fault_server: Start) -> None:
    """Without leave to mount anything: the kernel refuses the write, whoever we are."""
    folder = tmp_path / "ledger"
    folder.mkdir()
    frozen = FrozenMailing(f"sqlite:///{folder / 'ledger.db'}", READERS)
    frozen.ledger.close()
    server = fault_server()
    command = Command(tmp_path, frozen.url).to(server)
    limited = replace(command, file_size_limit=4096)
    ended = limited.run("send", frozen.mailing, "--live")
    assert ended.returncode == 2
    one_line(ended)
    assert server.reached(Phase.DOT) == 0
    carries_on(frozen, server, ALL_SENT)


def test_in_a_read_only_folder_nothing_is_said_to_the_server(
    small_disk: Path, tmp_path: Path, fault_server: Start
) -> None:
    frozen = FrozenMailing(f"sqlite:///{small_disk / 'ledger.db'}", READERS)
    frozen.ledger.close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    server = fault_server()
    command = Command(tmp_path, frozen.url).to(server)
    ended = command.run("send", frozen.mailing, "--live")
    assert ended.returncode == 2
    assert str(small_disk) in one_line(ended)
    assert server.sessions == []
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    carries_on(frozen, server, ALL_SENT)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere; a mount does it for root")
def test_in_a_folder_without_leave_to_write_nothing_is_said_to_the_server(
    tmp_path: Path, fault_server: Start
) -> None:
    folder = tmp_path / "ledger"
    folder.mkdir()
    frozen = FrozenMailing(f"sqlite:///{folder / 'ledger.db'}", READERS)
    frozen.ledger.close()
    folder.chmod(0o500)
    server = fault_server()
    command = Command(tmp_path, frozen.url).to(server)
    ended = command.run("send", frozen.mailing, "--live")
    assert ended.returncode == 2
    assert server.sessions == []
    folder.chmod(0o700)
    carries_on(frozen, server, ALL_SENT)


def test_a_locked_sqlite_ledger_is_named_and_nothing_is_said_to_the_server(
    tmp_path: Path, fault_server: Start
) -> None:
    frozen = FrozenMailing(f"sqlite:///{tmp_path / 'ledger.db'}", READERS)
    other = sqlite3.connect(frozen.ledger.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    server = fault_server()
    command = Command(tmp_path, frozen.url).to(server)
    ended = command.run("send", frozen.mailing, "--live")
    assert ended.returncode == 2
    assert "locked" in one_line(ended)
    assert server.sessions == []
    other.execute("ROLLBACK")
    other.close()
    carries_on(frozen, server, ALL_SENT)


@pytest.mark.minutes
def test_a_postgresql_ledger_that_another_session_holds_is_not_waited_for_for_ever(
    tmp_path: Path, fault_server: Start, postgres_server: Postgres
) -> None:
    frozen = FrozenMailing(postgres_server.fresh(), READERS)
    other = psycopg.connect(frozen.url.replace("+psycopg", ""))

    def lock(_: Moment) -> None:
        other.execute("LOCK TABLE event IN ACCESS EXCLUSIVE MODE")

    server = fault_server([first_letter(Phase.DATA, Call(lock))])
    command = Command(tmp_path, frozen.url).to(server)
    ended = command.run("send", frozen.mailing, "--live", seconds=45)
    assert ended.returncode == 2
    one_line(ended)
    assert server.reached(Phase.DOT) == 0
    other.rollback()
    other.close()
    carries_on(frozen, server, ALL_SENT)


@pytest.mark.parametrize("phase", [None, Phase.DATA, Phase.STORED])
def test_a_postgresql_ledger_that_is_gone_stops_the_run(
    tmp_path: Path, fault_server: Start, postgres_server: Postgres, phase: Phase | None
) -> None:
    frozen = FrozenMailing(postgres_server.fresh(), READERS)
    frozen.ledger.close()

    def close(_: Moment | None = None) -> None:
        postgres_server.close_to_clients(frozen.url)

    server = fault_server([first_letter(phase, Call(close))] if phase else [])
    if phase is None:
        close()
    command = Command(tmp_path, frozen.url).to(server)
    ended = command.run("send", frozen.mailing, "--live")
    assert ended.returncode == (1 if phase is Phase.STORED else 2)
    line = one_line(ended)
    if phase is Phase.STORED:
        names_letter_and_answer(line, frozen)
    assert server.wait_idle()
    dots = server.reached(Phase.DOT)
    assert dots == (1 if phase is Phase.STORED else 0)
    postgres_server.open_to_clients(frozen.url)
    first = State.UNCERTAIN if dots else State.SENT
    carries_on(frozen, server, [first, *ALL_SENT[1:]])


def test_a_postgresql_restart_between_two_letters_doubles_and_loses_nothing(
    tmp_path: Path, fault_server: Start, postgres_server: Postgres
) -> None:
    frozen = FrozenMailing(postgres_server.fresh(), READERS)
    frozen.ledger.close()

    def cut(_: Moment) -> None:
        postgres_server.disconnect_all(frozen.url)

    server = fault_server([once(Phase.ANSWERED, Call(cut), to=READERS[1])])
    command = Command(tmp_path, frozen.url).to(server)
    ended = command.run("send", frozen.mailing, "--live", "--patience", "0")
    assert ended.returncode in (0, 1, 2)
    one_line(ended)
    frozen.ledger = open_ledger(frozen.url)
    frozen.check(server)
    frozen.send(server)
    assert set(frozen.states) <= {State.SENT, State.UNCERTAIN}
    assert frozen.states.count(State.UNCERTAIN) <= 1
    frozen.check(server)
    frozen.ledger.close()


def test_a_full_built_in_mailbox_says_so_and_the_letters_wait(
    small_disk: Path, tmp_path: Path
) -> None:
    frozen = FrozenMailing(f"sqlite:///{tmp_path / 'ledger.db'}", READERS)
    frozen.ledger.close()
    command = Command(tmp_path, frozen.url, {"MAIL_RETRY_MINUTES": "5"})
    command.settings["DEAR_MINISTER_VAR"] = str(small_disk)
    (small_disk / "mailbox").mkdir()
    fill(small_disk)
    ended = command.run("send", frozen.mailing, "--patience", "0")
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    said = " ".join((ended.stdout + ended.stderr).split())
    assert f"the built-in mailbox {small_disk / 'mailbox'} cannot be written" in said
    assert "No space left on device" in said
    counts = command.status(frozen.mailing)["rehearsals"]["1"]
    assert counts == {"deferred": 1, "ready": 3}
    (small_disk / "filler").unlink()
    assert list((small_disk / "mailbox").iterdir()) == []
