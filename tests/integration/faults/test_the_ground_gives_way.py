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
from tests.integration.faults.scene import Scene
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


def carries_on(scene: Scene, server: FaultServer, expected: list[State]) -> None:
    """With the ground restored the next run ends what is left."""
    scene.ledger = open_ledger(scene.url)
    scene.check(server)
    scene.send(server)
    assert scene.states == expected
    scene.check(server)
    scene.ledger.close()


def first_letter(phase: Phase, action: Action) -> Rule:
    return once(phase, action, to=READERS[0] if phase is not Phase.MAIL else "*")


ALL_SENT = [State.SENT] * len(READERS)


def test_on_a_full_disk_nothing_is_said_to_the_server(
    small_disk: Path, tmp_path: Path, fault_server: Start
) -> None:
    scene = Scene(f"sqlite:///{small_disk / 'ledger.db'}", READERS)
    scene.ledger.close()
    server = fault_server()
    command = Command(tmp_path, scene.url).to(server)
    fill(small_disk)
    ended = command.run("send", scene.mailing, "--live")
    assert ended.returncode == 2
    assert "full" in one_line(ended)
    assert server.reached(Phase.MAIL) == 0
    (small_disk / "filler").unlink()
    carries_on(scene, server, ALL_SENT)


@pytest.mark.parametrize("phase", [Phase.MAIL, Phase.DATA, Phase.STORED])
def test_a_disk_that_fills_up_under_a_run_stops_it_with_at_most_the_letter_in_hand_uncertain(
    small_disk: Path, tmp_path: Path, fault_server: Start, phase: Phase
) -> None:
    scene = Scene(f"sqlite:///{small_disk / 'ledger.db'}", READERS)
    scene.ledger.close()
    server = fault_server([first_letter(phase, Call(lambda _: fill(small_disk)))])
    command = Command(tmp_path, scene.url).to(server)
    ended = command.run("send", scene.mailing, "--live")
    assert ended.returncode == (1 if phase is Phase.STORED else 2)  # 2 is "nothing done"
    assert "full" in one_line(ended)
    assert server.wait_idle()
    dots = server.reached(Phase.DOT)
    assert dots <= (1 if phase is Phase.STORED else 0)
    (small_disk / "filler").unlink()
    first = State.UNCERTAIN if dots else State.SENT
    carries_on(scene, server, [first, *ALL_SENT[1:]])


def test_a_file_size_limit_is_a_full_disk_too(tmp_path: Path, fault_server: Start) -> None:
    """Without leave to mount anything: the kernel refuses the write, whoever we are."""
    folder = tmp_path / "ledger"
    folder.mkdir()
    scene = Scene(f"sqlite:///{folder / 'ledger.db'}", READERS)
    scene.ledger.close()
    server = fault_server()
    command = Command(tmp_path, scene.url).to(server)
    limited = replace(command, file_size_limit=4096)
    ended = limited.run("send", scene.mailing, "--live")
    assert ended.returncode == 2
    one_line(ended)
    assert server.reached(Phase.DOT) == 0
    carries_on(scene, server, ALL_SENT)


def test_in_a_read_only_folder_nothing_is_said_to_the_server(
    small_disk: Path, tmp_path: Path, fault_server: Start
) -> None:
    scene = Scene(f"sqlite:///{small_disk / 'ledger.db'}", READERS)
    scene.ledger.close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    server = fault_server()
    command = Command(tmp_path, scene.url).to(server)
    ended = command.run("send", scene.mailing, "--live")
    assert ended.returncode == 2
    assert str(small_disk) in one_line(ended)
    assert server.sessions == []
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    carries_on(scene, server, ALL_SENT)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere; a mount does it for root")
def test_in_a_folder_without_leave_to_write_nothing_is_said_to_the_server(
    tmp_path: Path, fault_server: Start
) -> None:
    folder = tmp_path / "ledger"
    folder.mkdir()
    scene = Scene(f"sqlite:///{folder / 'ledger.db'}", READERS)
    scene.ledger.close()
    folder.chmod(0o500)
    server = fault_server()
    command = Command(tmp_path, scene.url).to(server)
    ended = command.run("send", scene.mailing, "--live")
    assert ended.returncode == 2
    assert server.sessions == []
    folder.chmod(0o700)
    carries_on(scene, server, ALL_SENT)


def test_a_locked_sqlite_ledger_is_named_and_nothing_is_said_to_the_server(
    tmp_path: Path, fault_server: Start
) -> None:
    scene = Scene(f"sqlite:///{tmp_path / 'ledger.db'}", READERS)
    other = sqlite3.connect(scene.ledger.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    server = fault_server()
    command = Command(tmp_path, scene.url).to(server)
    ended = command.run("send", scene.mailing, "--live")
    assert ended.returncode == 2
    assert "locked" in one_line(ended)
    assert server.sessions == []
    other.execute("ROLLBACK")
    other.close()
    carries_on(scene, server, ALL_SENT)


def test_a_postgresql_ledger_that_another_session_holds_is_not_waited_for_for_ever(
    tmp_path: Path, fault_server: Start, postgres_server: Postgres
) -> None:
    scene = Scene(postgres_server.fresh(), READERS)
    other = psycopg.connect(scene.url.replace("+psycopg", ""))

    def lock(_: Moment) -> None:
        other.execute("LOCK TABLE event IN ACCESS EXCLUSIVE MODE")

    server = fault_server([first_letter(Phase.DATA, Call(lock))])
    command = Command(tmp_path, scene.url).to(server)
    ended = command.run("send", scene.mailing, "--live", seconds=45)
    assert ended.returncode == 2
    one_line(ended)
    assert server.reached(Phase.DOT) == 0
    other.rollback()
    other.close()
    carries_on(scene, server, ALL_SENT)


@pytest.mark.parametrize("phase", [None, Phase.DATA, Phase.STORED])
def test_a_postgresql_ledger_that_is_gone_stops_the_run(
    tmp_path: Path, fault_server: Start, postgres_server: Postgres, phase: Phase | None
) -> None:
    scene = Scene(postgres_server.fresh(), READERS)
    scene.ledger.close()

    def close(_: Moment | None = None) -> None:
        postgres_server.close_to_clients(scene.url)

    server = fault_server([first_letter(phase, Call(close))] if phase else [])
    if phase is None:
        close()
    command = Command(tmp_path, scene.url).to(server)
    ended = command.run("send", scene.mailing, "--live")
    assert ended.returncode == (1 if phase is Phase.STORED else 2)
    one_line(ended)
    assert server.wait_idle()
    dots = server.reached(Phase.DOT)
    assert dots == (1 if phase is Phase.STORED else 0)
    postgres_server.open_to_clients(scene.url)
    first = State.UNCERTAIN if dots else State.SENT
    carries_on(scene, server, [first, *ALL_SENT[1:]])


def test_a_postgresql_restart_between_two_letters_doubles_and_loses_nothing(
    tmp_path: Path, fault_server: Start, postgres_server: Postgres
) -> None:
    scene = Scene(postgres_server.fresh(), READERS)
    scene.ledger.close()

    def cut(_: Moment) -> None:
        postgres_server.disconnect_all(scene.url)

    server = fault_server([once(Phase.ANSWERED, Call(cut), to=READERS[1])])
    command = Command(tmp_path, scene.url).to(server)
    ended = command.run("send", scene.mailing, "--live", "--patience", "0")
    assert ended.returncode in (0, 1, 2)
    one_line(ended)
    scene.ledger = open_ledger(scene.url)
    scene.check(server)
    scene.send(server)
    assert set(scene.states) <= {State.SENT, State.UNCERTAIN}
    assert scene.states.count(State.UNCERTAIN) <= 1
    scene.check(server)
    scene.ledger.close()
