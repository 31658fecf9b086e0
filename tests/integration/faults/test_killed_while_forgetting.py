"""Forgetting, upgrading and leaving a witness, killed by SIGKILL: wholly done or not at all."""

import signal
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.post import audit
from flows.post.failpoints import SETTING
from flows.post.ledger import witness
from flows.post.ledger.opening import open_ledger
from flows.post.states import State
from tests.integration.faults.command import Command
from tests.integration.faults.frozen_mailing import FrozenMailing
from tests.servers.fault import FaultServer

pytestmark = pytest.mark.minutes

Start = Callable[..., FaultServer]
READERS = [f"reader{n}@example.org" for n in range(1, 4)]
FORGET = ("forget", "--person", "p1", "--by", "E. Marchbank", "--why", "asked", "--yes")
FIRST = Path(__file__).parents[2] / "unit" / "post" / "data" / "ledger_0001.sql"


def whole(url: str) -> bool:
    ledger = open_ledger(url, upgrade=True)
    try:
        with ledger.read() as connection:
            verdict = audit.verify(connection)
        assert verdict.ok, verdict
    finally:
        ledger.close()
    return True


def test_killed_while_it_forgets_the_ledger_has_forgotten_nothing(
    ledger_url: str, tmp_path: Path, fault_server: Start
) -> None:
    mailing, server = FrozenMailing(ledger_url, READERS), fault_server()
    mailing.send(server)
    command = Command(tmp_path, ledger_url)
    killed = command.run(*FORGET, **{SETTING: "before-forgotten"})
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert whole(ledger_url)
    assert mailing.rows[0].email == READERS[0]
    done = command.run(*FORGET)
    assert done.returncode == 0, done.stderr
    assert "forgotten: 1 letter of 1 mailing;" in done.stdout
    assert whole(ledger_url)
    assert READERS[0] not in [row.email for row in mailing.rows]
    mailing.send(server)
    assert len(server.copies.all) == len(READERS)


def test_killed_after_a_claim_and_before_its_witness_nothing_was_said(
    tmp_path: Path, fault_server: Start
) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    mailing, server = FrozenMailing(url, READERS), fault_server()
    killed = (
        Command(tmp_path, url)
        .to(server)
        .run("send", mailing.mailing, "--live", **{SETTING: "after-claim"})
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert server.recipients == []
    assert witness.differences(mailing.ledger) == ()
    mailing.send(server)
    assert mailing.states == [State.SENT] * len(READERS)
    assert witness.differences(mailing.ledger) == ()


@pytest.mark.parametrize("after", [0.2, 0.5, 0.8, 1.1, 1.4])
def test_an_upgrade_that_is_killed_leaves_the_older_ledger_or_the_newer_one(
    tmp_path: Path, after: float
) -> None:
    path = tmp_path / "ledger.db"
    with sqlite3.connect(path) as raw:
        raw.executescript(FIRST.read_text())
        letters = raw.execute("SELECT count(*) FROM letter").fetchone()
    raw.close()
    with Command(tmp_path, f"sqlite:///{path}").start("status") as process:
        try:
            process.wait(after)
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
    assert whole(f"sqlite:///{path}")
    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT count(*) FROM letter").fetchone() == letters
    raw.close()
