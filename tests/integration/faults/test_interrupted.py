"""Ctrl-C: the letter in hand is finished and recorded; a second one is as safe as SIGKILL."""

import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows.post.states import State
from tests.integration.faults.command import Command
from tests.integration.faults.frozen_mailing import FrozenMailing
from tests.servers.fault import FaultServer
from tests.servers.script import Answer, Phase, Stall, always, once

pytestmark = pytest.mark.minutes

Start = Callable[..., FaultServer]
READERS = [f"reader{n}@example.org" for n in range(1, 6)]


@pytest.fixture
def frozen(ledger_url: str) -> Iterator[FrozenMailing]:
    made = FrozenMailing(ledger_url, READERS)
    yield made
    made.ledger.close()


def _until(process: "subprocess.Popen[str]", word: str) -> str:
    """The lines on stderr until one has this word."""
    assert process.stderr is not None
    read = ""
    for line in process.stderr:
        read += line
        if word in line:
            return read
    raise AssertionError(f"it never said {word!r}:\n{read}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_letter_in_hand_is_finished_and_recorded_and_the_rest_is_for_another_run(
    frozen: FrozenMailing, fault_server: Start, tmp_path: Path, number: signal.Signals
) -> None:
    reached, released = threading.Event(), threading.Event()
    server = fault_server([once(Phase.STORED, Stall(released, reached), to=READERS[1])])
    command = Command(tmp_path, frozen.url).to(server)
    process = command.start("send", frozen.mailing, "--live")
    assert reached.wait(30)
    process.send_signal(number)
    said = _until(process, "stopping")
    released.set()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Traceback" not in said + err
    assert f"dear-minister send {frozen.mailing} --live" in said + err, "how to go on"
    assert frozen.states == [State.SENT] * 2 + [State.READY] * 3
    assert server.wait_idle()
    assert server.sessions[0].commands[-1].upper() == "QUIT"
    frozen.send(server)
    assert frozen.states == [State.SENT] * len(READERS)
    frozen.check(server)


def test_with_many_connections_each_letter_in_hand_is_finished(
    frozen: FrozenMailing, fault_server: Start, tmp_path: Path
) -> None:
    released = threading.Event()
    reached = [threading.Event() for _ in range(3)]
    server = fault_server(
        [once(Phase.DOT, Stall(released, reached[n]), to=READERS[n]) for n in range(3)]
    )
    # The first of them waits for the third to come, however busy the machine is.
    command = Command(tmp_path, frozen.url).to(server, SMTP_CONNECTIONS="3", SMTP_TIMEOUT="600")
    process = command.start("send", frozen.mailing, "--live")
    assert all(event.wait(60) for event in reached)
    assert frozen.states == [State.HANDING_OVER] * 3 + [State.CLAIMED] * 2
    process.send_signal(signal.SIGINT)
    said = _until(process, "stopping")
    released.set()
    _, err = process.communicate(timeout=60)
    assert sorted(frozen.states) == [State.READY] * 2 + [State.SENT] * 3, said + err
    frozen.check(server)


def test_a_second_one_ends_at_once_and_the_letter_in_hand_is_uncertain(
    frozen: FrozenMailing, fault_server: Start, tmp_path: Path
) -> None:
    reached = threading.Event()
    server = fault_server([once(Phase.STORED, Stall(None, reached), to=READERS[1])])
    command = Command(tmp_path, frozen.url).to(server, SMTP_TIMEOUT="600")
    process = command.start("send", frozen.mailing, "--live")
    assert reached.wait(30)
    process.send_signal(signal.SIGINT)
    said = _until(process, "stopping")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "Traceback" not in said + err
    assert server.wait_idle()
    frozen.send(server)
    assert frozen.states == [State.SENT, State.UNCERTAIN] + [State.SENT] * 3
    frozen.check(server)


def test_it_ends_the_wait_for_deferred_letters(
    frozen: FrozenMailing, fault_server: Start, tmp_path: Path
) -> None:
    server = fault_server([always(Phase.RCPT, Answer(450, ("4.2.0 busy",)))])
    command = Command(tmp_path, frozen.url).to(server, MAIL_RETRY_MINUTES="10")
    process = command.start("send", frozen.mailing, "--live")
    _until(process, "waiting")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert frozen.states == [State.DEFERRED] * len(READERS)
    frozen.check(server)
