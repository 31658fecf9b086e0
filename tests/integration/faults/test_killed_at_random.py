"""A real ``dear-minister send`` killed by SIGKILL at random moments until each mailing is done.

200 kills, half on SQLite and half on PostgreSQL at the same time; DEAR_MINISTER_KILLS=1000 for
more, DEAR_MINISTER_SEED to choose the same moments again (the machine adds chance of its own).
"""

import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from flows.post.ledger.opening import open_ledger
from flows.post.states import State
from tests.conftest import FIGURES
from tests.integration.faults import frozen_mailing
from tests.integration.faults.command import Command
from tests.servers.fault import FaultServer
from tests.servers.postgres import Postgres
from tests.servers.script import Moment

KILLS = int(os.environ.get("DEAR_MINISTER_KILLS", "200"))
READERS = [f"reader{n}@example.org" for n in range(1, 61)]
UNDER_WAY = (State.READY, State.CLAIMED, State.HANDING_OVER, State.DEFERRED)
FINAL = (State.SENT, State.UNCERTAIN, State.REFUSED)


class Trigger:
    """A script that behaves, and tells when the n-th moment after ``arm`` has come."""

    def __init__(self) -> None:
        self.came = threading.Event()
        self._left = 0
        self._lock = threading.Lock()

    def arm(self, moments: int) -> None:
        with self._lock:
            self.came.clear()
            self._left = moments

    def __call__(self, moment: Moment) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                self.came.set()


@dataclass
class Figures:
    """What one lane saw."""

    kills: int = 0
    mailings: int = 0
    runs: int = 0
    ends: Counter[State] = field(default_factory=Counter)
    copies: int = 0
    killed_while: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        ends = ", ".join(f"{n} {state}" for state, n in sorted(self.ends.items()))
        while_ = ", ".join(f"{n} {what}" for what, n in sorted(self.killed_while.items()))
        return (
            f"{self.kills} kills in {self.runs} runs over {self.mailings} mailings of "
            f"{len(READERS)}: {ends}; {self.copies} copies stored; rows held when killed: {while_}"
        )


def _kill_until_done(command: Command, number: int, chance: random.Random, seen: Figures) -> None:
    """One mailing, from its freezing until nothing is under way."""
    trigger = Trigger()
    with FaultServer(trigger) as server:
        ledger = open_ledger(command.ledger_url)
        mailing = frozen_mailing.freeze(ledger, READERS, campaign=f"kill{number}")
        ledger.close()
        sending = command.to(server, SMTP_CONNECTIONS=str(chance.choice((1, 1, 2, 4))))
        done: dict[str, State] = {}
        while True:
            # 7 or 8 moments a letter; at one kill in six the clock alone decides.
            by_clock = chance.random() < 1 / 6
            trigger.arm(10_000 if by_clock else chance.randint(1, 60))
            longest = chance.uniform(0.2, 3) if by_clock else 60
            pause = chance.choice((0.0, chance.uniform(0, 0.003), chance.uniform(0, 0.02)))
            with sending.start("send", mailing, "--live", "--patience", "0") as process:
                killed = _kill(process, trigger, longest, pause)
            seen.runs += 1
            assert process.returncode in ((-signal.SIGKILL,) if killed else (0, 1))
            assert server.wait_idle()
            # Opened and closed each time: the last to close an SQLite ledger tidies up its files.
            ledger = open_ledger(command.ledger_url)
            try:
                frozen_mailing.check(ledger, mailing, server.copies.all, server.recipients)
                rows = frozen_mailing.rows(ledger, mailing)
            finally:
                ledger.close()
            assert len(rows) == len(READERS), "a dispatch disappeared"
            for row in rows:
                assert done.get(row.id, row.state) is row.state, f"{row.id} left a final state"
                if row.state in FINAL:
                    done[row.id] = row.state
            if killed:
                seen.kills += 1
                held = {row.state.value for row in rows} & {"claimed", "handing_over"}
                seen.killed_while["+".join(sorted(held)) or "none"] += 1
            if not any(row.state in UNDER_WAY for row in rows):
                break
            if not killed:
                assert not any(row.state in UNDER_WAY for row in rows), "a whole run left letters"
        seen.mailings += 1
        seen.ends.update(row.state for row in rows)
        seen.copies += len(server.copies.all)
        assert {row.state for row in rows} <= {State.SENT, State.UNCERTAIN}


def _kill(process: "subprocess.Popen[str]", trigger: Trigger, seconds: float, pause: float) -> bool:
    """SIGKILL when the trigger comes or the seconds are over; False where the run ended first."""
    until = time.monotonic() + seconds
    while not trigger.came.wait(0.05) and time.monotonic() < until and process.poll() is None:
        pass
    threading.Event().wait(pause)
    ended_before = process.poll() is not None
    process.kill()
    process.communicate()
    return not ended_before and process.returncode == -signal.SIGKILL


def _lane(url: str, folder: Path, seed: int, kills: int) -> Figures:
    chance, seen = random.Random(seed), Figures()
    folder.mkdir()
    while seen.kills < kills:
        _kill_until_done(Command(folder, url), seen.mailings, chance, seen)
    return seen


@pytest.mark.minutes
@pytest.mark.timeout(KILLS * 6 + 120)
def test_killed_at_random_moments_no_letter_is_doubled_and_none_is_lost(
    tmp_path: Path, postgres_server: Postgres, record_property: Callable[[str, object], None]
) -> None:
    seed = int(os.environ.get("DEAR_MINISTER_SEED") or random.SystemRandom().randrange(10**6))
    print(f"kills at random moments: DEAR_MINISTER_SEED={seed}")
    lanes = {
        "sqlite": f"sqlite:///{tmp_path / 'ledger.db'}",
        "postgresql": postgres_server.fresh(),
    }
    for url in lanes.values():
        open_ledger(url).close()
    with ThreadPoolExecutor(len(lanes)) as pool:
        running = {
            name: pool.submit(_lane, url, tmp_path / name, seed + n, KILLS // len(lanes))
            for n, (name, url) in enumerate(lanes.items())
        }
        found = {name: lane.result() for name, lane in running.items()}
    record_property(FIGURES, f"kills at random moments, seed {seed}")
    for name, figures in found.items():
        record_property(FIGURES, f"{name}: {figures}")
    assert sum(figures.kills for figures in found.values()) >= KILLS // 2 * 2
