"""Many senders at once on one mailing, threads or processes: each letter is sent by one of them."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from flows.post.ledger import events, workers
from flows.post.ledger.opening import open_ledger
from flows.post.states import State
from tests.conftest import ROOT
from tests.integration.faults import frozen_mailing as scenes
from tests.integration.faults.command import Command
from tests.integration.faults.frozen_mailing import FrozenMailing
from tests.servers.fault import FaultServer
from tests.servers.postgres import Postgres
from tests.servers.script import Answer, Call, Moment, Phase, Stall, always, once

Start = Callable[..., FaultServer]
pytestmark = pytest.mark.minutes

READERS = [f"reader{n}@example.org" for n in range(1, 41)]


@pytest.fixture
def frozen(ledger_url: str) -> Iterator[FrozenMailing]:
    made = FrozenMailing(ledger_url, READERS)
    yield made
    made.ledger.close()


@pytest.mark.parametrize("shared", [True, False], ids=["one ledger", "a ledger each"])
def test_senders_in_threads_share_the_work_and_send_each_letter_once(
    frozen: FrozenMailing, fault_server: Start, shared: bool
) -> None:
    server = fault_server(latency=0.005)

    def send(_: int) -> int:
        ledger = frozen.ledger if shared else open_ledger(frozen.url)
        tally = frozen.send(server, connections=2, ledger=ledger)
        if not shared:
            ledger.close()
        return tally.counts.get(State.SENT, 0)

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(send, range(4)))
    assert sum(done) == len(READERS)
    assert frozen.states == [State.SENT] * len(READERS)
    frozen.check(server)


def test_senders_in_processes_share_the_work_and_send_each_letter_once(
    frozen: FrozenMailing, fault_server: Start, tmp_path: Path
) -> None:
    # Nobody's first letter is taken before two processes have come, so that they do meet.
    gate = threading.Barrier(2)

    def meet(moment: Moment) -> None:
        if moment.attempt <= 2:
            gate.wait(30)

    server = fault_server([always(Phase.GREETING, Call(meet))], latency=0.005)
    command = Command(tmp_path, frozen.url).to(server)
    sending = [command.start("send", frozen.mailing, "--live", "--patience", "0") for _ in range(3)]
    for process in sending:
        _, err = process.communicate(timeout=60)
        assert process.returncode in (0, 1), err
        assert "Traceback" not in err
    assert frozen.states == [State.SENT] * len(READERS)
    frozen.check(server)


def test_a_living_senders_claims_are_left_to_it(
    frozen: FrozenMailing, fault_server: Start, tmp_path: Path
) -> None:
    released, reached = threading.Event(), threading.Event()
    server = fault_server([once(Phase.STORED, Stall(released, reached), to=READERS[0])])
    command = Command(tmp_path, frozen.url).to(server, SMTP_TIMEOUT="120")
    first = command.start("send", frozen.mailing, "--live", "--patience", "0")
    assert reached.wait(30)
    second = command.run("send", frozen.mailing, "--live", "--patience", "0")
    assert second.returncode in (0, 1), second.stderr
    assert frozen.states.count(State.HANDING_OVER) == 1
    assert frozen.states.count(State.CLAIMED) > 0
    released.set()
    _, err = first.communicate(timeout=60)
    assert first.returncode == 0, err
    assert frozen.states == [State.SENT] * len(READERS)
    frozen.check(server)


def test_a_dead_senders_claims_are_taken_up_while_another_lives(
    frozen: FrozenMailing, fault_server: Start, tmp_path: Path
) -> None:
    reached = threading.Event()
    server = fault_server([once(Phase.MAIL, Stall(None, reached))])
    command = Command(tmp_path, frozen.url).to(server)
    dying = command.start("send", frozen.mailing, "--live", "--patience", "0")
    assert reached.wait(30)
    dying.send_signal(signal.SIGKILL)
    dying.communicate()
    assert State.CLAIMED in frozen.states
    frozen.send(server)
    assert frozen.states == [State.SENT] * len(READERS)
    frozen.check(server)


def test_a_stopped_sender_keeps_its_claims_and_finds_them_when_it_goes_on(
    frozen: FrozenMailing, fault_server: Start, tmp_path: Path
) -> None:
    """No timer decides: a process that a debugger or a laptop's lid holds up is not a dead one."""
    reached, released = threading.Event(), threading.Event()
    server = fault_server([once(Phase.MAIL, Stall(released, reached))])
    command = Command(tmp_path, frozen.url).to(server)
    held_up = command.start("send", frozen.mailing, "--live", "--patience", "0")
    assert reached.wait(30)
    held_up.send_signal(signal.SIGSTOP)
    frozen.send(server)
    claimed = frozen.states.count(State.CLAIMED)
    assert claimed > 0
    assert frozen.states.count(State.SENT) == len(READERS) - claimed
    held_up.send_signal(signal.SIGCONT)
    released.set()
    _, err = held_up.communicate(timeout=60)
    assert held_up.returncode == 0, err
    assert frozen.states == [State.SENT] * len(READERS)
    frozen.check(server)


def test_a_worker_taken_for_dead_can_hand_nothing_over(
    frozen: FrozenMailing, fault_server: Start
) -> None:
    """Whatever ended its lock, a claim that was taken back is not sent by the one who lost it."""

    def lose(_: Moment) -> None:
        with frozen.ledger.write() as connection:
            mine = connection.execute(
                text("SELECT worker FROM dispatch WHERE state = 'claimed' LIMIT 1")
            ).scalar_one()
            workers.release(connection, mine, "a test took it")

    server = fault_server([once(Phase.MAIL, Call(lose))])
    frozen.send(server)
    frozen.check(server)
    assert server.copies.count()["<1.mailing@example.org>", READERS[0]] <= 1
    frozen.send(server)
    assert frozen.states == [State.SENT] * len(READERS)
    frozen.check(server)


def test_an_answer_that_comes_after_the_letter_was_taken_away_is_kept_for_whoever_settles_it(
    frozen: FrozenMailing, fault_server: Start
) -> None:
    def lose(_: Moment) -> None:
        with frozen.ledger.write() as connection:
            mine = connection.execute(
                text("SELECT worker FROM dispatch WHERE state = 'handing_over' LIMIT 1")
            ).scalar_one()
            workers.release(connection, mine, "a test took it")

    server = fault_server([once(Phase.STORED, Call(lose), to=READERS[0])])
    frozen.send(server)
    assert frozen.states[0] is State.UNCERTAIN
    with frozen.ledger.read() as connection:
        kept = connection.execute(
            text("SELECT what, queue_id FROM event WHERE what LIKE 'late answer%'")
        ).all()
    assert [tuple(row) for row in kept] == [("late answer: sent", "FAULT000001")]
    frozen.send(server)
    frozen.check(server)


def test_two_mailings_of_one_ledger_are_sent_at_once_and_the_chain_of_events_holds(
    frozen: FrozenMailing, fault_server: Start
) -> None:
    other = scenes.freeze(frozen.ledger, READERS, campaign="other")
    server = fault_server([always(Phase.RCPT, Answer(550, ("5.1.1 no",)), to=READERS[3])])
    mailings = {"faults": frozen.mailing, "other": other}

    def send(name: str) -> None:
        mine = object.__new__(FrozenMailing)
        mine.url, mine.ledger, mine.mailing = frozen.url, frozen.ledger, mailings[name]
        mine.send(server, connections=2)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(send, mailings))
    for mailing in mailings.values():
        states = [row.state for row in scenes.rows(frozen.ledger, mailing)]
        assert states.count(State.SENT) == len(READERS) - 1
        assert states[3] is State.REFUSED
    with frozen.ledger.read() as connection:
        assert events.verify(connection).ok


OPEN_AND_CLOSE = """
import sys
from flows.post.ledger.opening import open_ledger
ledger = open_ledger(sys.argv[1])
with ledger.read():
    pass
ledger.close()
"""
WRITE_AND_DIE = """
import os, signal, subprocess, sys
from flows.post.ledger import events
from flows.post.ledger.opening import open_ledger

first = open_ledger(sys.argv[1])
with first.read() as connection:
    connection.exec_driver_sql("SELECT count(*) FROM event").all()
second = open_ledger(sys.argv[1])
subprocess.run([sys.executable, "-c", sys.argv[2], sys.argv[1]], check=True)
with first.write() as connection:
    events.append(connection, [{"at": "now", "what": "durable"}])
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_committed_stays_though_the_ledger_was_opened_twice_in_that_process(
    ledger_url: str,
) -> None:
    """Closing any descriptor of an SQLite file ends all POSIX locks that the process has on it;
    another process then takes the write-ahead log away under the first."""
    open_ledger(ledger_url).close()
    died = subprocess.run(
        [sys.executable, "-c", WRITE_AND_DIE, ledger_url, OPEN_AND_CLOSE],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr
    ledger = open_ledger(ledger_url)
    with ledger.read() as connection:
        count = connection.execute(text("SELECT count(*) FROM event")).scalar_one()
    ledger.close()
    assert count == 1


def test_new_ledgers_may_be_opened_by_many_threads_at_once(
    tmp_path: Path, postgres_server: Postgres
) -> None:
    same = [f"sqlite:///{tmp_path / 'same.db'}"] * 3 + [postgres_server.fresh()] * 3
    own = [f"sqlite:///{tmp_path / f'own{n}.db'}" for n in range(2)]
    gate = threading.Barrier(len(same + own))

    def tables(url: str) -> int:
        gate.wait(30)
        ledger = open_ledger(url)
        try:
            with ledger.read() as connection:
                return int(connection.execute(text("SELECT count(*) FROM event")).scalar_one())
        finally:
            ledger.close()

    with ThreadPoolExecutor(len(same + own)) as pool:
        assert list(pool.map(tables, same + own)) == [0] * len(same + own)
