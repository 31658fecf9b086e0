"""A real ``dear-minister send``, killed by SIGKILL at each named point, then started again."""

import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.post.failpoints import NAMES, SETTING
from flows.post.ledger.opening import open_ledger
from flows.post.mailing import mailing
from flows.post.states import State
from tests.conftest import ROOT
from tests.integration.faults.command import Command
from tests.integration.faults.frozen_mailing import FrozenMailing, check, rows
from tests.servers.fault import FaultServer
from tests.servers.script import Phase

pytestmark = pytest.mark.minutes

Start = Callable[..., FaultServer]
READERS = [f"reader{n}@example.org" for n in range(1, 6)]
ENDS: dict[str, tuple[State, int, int]] = {
    # Of the letter in hand: its state in the end, its copies, the dots the server had read.
    "after-claim": (State.SENT, 1, 0),
    "before-handing-over": (State.SENT, 1, 0),
    "after-handing-over": (State.UNCERTAIN, 0, 0),
    "after-dot": (State.UNCERTAIN, 1, 1),
    "after-answer": (State.UNCERTAIN, 1, 1),
    "after-sent": (State.SENT, 1, 1),
    "before-quit": (State.SENT, 1, len(READERS)),
}


ELSEWHERE = {"after-freeze", "before-filing", "after-filing", "before-forgotten"}
"""Points of freezing, of the inbox and of forgetting, each tried in its own suite."""


def test_every_named_point_of_a_sending_is_tried_here() -> None:
    assert set(ENDS) == set(NAMES) - ELSEWHERE


@pytest.mark.parametrize("point", ENDS)
def test_killed_at_a_point_the_letter_in_hand_ends_as_the_matrix_says(
    ledger_url: str, tmp_path: Path, fault_server: Start, point: str
) -> None:
    frozen, server = FrozenMailing(ledger_url, READERS), fault_server()
    command = Command(tmp_path, ledger_url).to(server)
    killed = command.run("send", frozen.mailing, "--live", **{SETTING: point})
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert server.wait_idle()
    state, copies, dots = ENDS[point]
    assert server.reached(Phase.DOT) == dots
    frozen.check(server)
    frozen.send(server)
    assert frozen.rows[0].state is state
    assert server.copies.count()["<1.mailing@example.org>", READERS[0]] == copies
    frozen.check(server)
    # Beside the letter in hand only one that was being handed over may be left uncertain.
    left = Counter(frozen.states)
    assert left[State.SENT] + left[State.UNCERTAIN] == len(READERS)
    assert left[State.UNCERTAIN] <= 1


def test_status_after_a_kill_shows_what_became_of_the_dead_senders_letters(
    ledger_url: str, tmp_path: Path, fault_server: Start
) -> None:
    frozen, server = FrozenMailing(ledger_url, READERS), fault_server()
    command = Command(tmp_path, ledger_url).to(server)
    killed = command.run("send", frozen.mailing, "--live", **{SETTING: "after-dot"})
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    shown = command.status(frozen.mailing)
    assert shown["dispatches"][0]["state"] == "uncertain"
    assert shown["counts"] == {"uncertain": 1, "ready": len(READERS) - 1}


@pytest.mark.parametrize("point", ["after-handing-over:3", "after-answer:4", "after-claim:2"])
def test_killed_again_and_again_a_mailing_comes_to_its_end(
    ledger_url: str, tmp_path: Path, fault_server: Start, point: str
) -> None:
    frozen, server = FrozenMailing(ledger_url, READERS), fault_server()
    command = Command(tmp_path, ledger_url).to(server, SMTP_CONNECTIONS="2")
    for _ in range(len(READERS) + 1):
        ended = command.run("send", frozen.mailing, "--live", "--patience", "0", **{SETTING: point})
        frozen.check(server)
        if ended.returncode != -signal.SIGKILL:
            break
    assert set(frozen.states) <= {State.SENT, State.UNCERTAIN}


def test_killed_after_freezing_the_next_prepare_finds_the_mailing_and_each_reader_gets_one(
    ledger_url: str, tmp_path: Path, fault_server: Start
) -> None:
    server = fault_server()
    command = Command(ROOT, ledger_url, {"DEAR_MINISTER_VAR": str(tmp_path / "var")}).to(server)
    prepare = ("prepare", "r2p-dialogue-2013", "--contacts", "contacts/ministers.csv", "--json")
    killed = command.run(*prepare, **{SETTING: "after-freeze"})
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    ledger = open_ledger(ledger_url)
    (left,) = mailing.every(ledger)
    found = command.document(*prepare)
    assert (found["mailing"], found["hash"]) == (left.id, left.hash)
    assert [one.id for one in mailing.every(ledger)] == [left.id]
    command.run("approve", left.id, "--by", "The Chair", "--hash", left.hash)
    command.run("send", left.id, "--live", "--patience", "0")
    assert len(server.copies.count()) == found["ready"] > 1
    check(ledger, left.id, server.copies.all, server.recipients)
    assert {row.state for row in rows(ledger, left.id)} == {State.SENT}
    ledger.close()
