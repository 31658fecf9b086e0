"""No more connections than the server allows, over all workers that share a ledger."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from flows.post.ledger.opening import open_ledger
from flows.post.ledger.slots import Slots
from flows.post.states import State
from tests.conftest import ROOT
from tests.integration.faults.frozen_mailing import FrozenMailing
from tests.servers.fault import FaultServer
from tests.servers.script import Call, Moment, Phase, always

READERS = [f"reader{n}@example.org" for n in range(1, 25)]


@pytest.fixture
def mailing(ledger_url: str) -> Iterator[FrozenMailing]:
    made = FrozenMailing(ledger_url, READERS)
    yield made
    made.ledger.close()


def test_workers_share_the_connections_that_may_be_open_at_once(
    mailing: FrozenMailing, fault_server: Callable[..., FaultServer]
) -> None:
    most, lock = 0, threading.Lock()

    def count(_: Moment) -> None:
        nonlocal most
        with lock:
            most = max(most, sum(session.alive for session in server.sessions))

    server = fault_server([always(Phase.MAIL, Call(count))], latency=0.02)
    ledgers = [open_ledger(mailing.url) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        running = [
            pool.submit(
                mailing.send,
                server,
                ledger=ledger,
                connections=2,
                connections_in_all=3,
                patience=60,
            )
            for ledger in ledgers
        ]
        for done in running:
            done.result()
    for ledger in ledgers:
        ledger.close()
    assert mailing.states == [State.SENT] * len(READERS)
    assert most <= 3
    mailing.check(server)


def test_limits_hold_when_a_worker_starts_later_or_again(
    mailing: FrozenMailing, fault_server: Callable[..., FaultServer]
) -> None:
    """Connections are counted at the server."""
    interval, letters, most = 0.05, 0, 0
    reached = {4: threading.Event(), 8: threading.Event()}
    lock = threading.Lock()

    def count(moment: Moment) -> None:
        nonlocal most, letters
        with lock:
            most = max(most, sum(session.alive for session in server.sessions))
            letters += moment.phase is Phase.MAIL
            if event := reached.get(letters):
                event.set()

    at = (Phase.GREETING, Phase.MAIL, Phase.DOT)
    server = fault_server([always(phase, Call(count)) for phase in at], latency=0.02)

    def work(stop: threading.Event | None = None) -> None:
        ledger = open_ledger(mailing.url)
        mailing.send(
            server,
            ledger=ledger,
            connections=2,
            connections_in_all=3,
            interval=interval,
            patience=60,
            stop=stop,
        )
        ledger.close()

    stopping, began = threading.Event(), time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(work, stopping), pool.submit(work)]
        assert reached[4].wait(60)
        running.append(pool.submit(work))  # a later one
        assert reached[8].wait(60)
        stopping.set()
        running[0].result()
        running.append(pool.submit(work))  # the first one again
        for done in running:
            done.result()
    assert mailing.states == [State.SENT] * len(READERS)
    assert most <= 3
    # However slow the machine is, no slot was given twice: the last had its turn no sooner.
    assert time.monotonic() - began >= interval * (len(READERS) - 1)
    mailing.check(server)


def test_a_worker_for_whom_there_is_no_connection_says_so_and_touches_nothing(
    mailing: FrozenMailing, fault_server: Callable[..., FaultServer]
) -> None:
    server = fault_server()
    other = open_ledger(mailing.url)
    slots = Slots(other, f"connections 127.0.0.1:{server.port}", 1)
    number = slots.take()
    assert number == 1
    result = mailing.send(server, connections_in_all=1)
    assert "the letters wait" in result.stopped
    assert mailing.states == [State.READY] * len(READERS)
    assert server.sessions == []
    slots.give_back(number)
    mailing.send(server, connections_in_all=1)
    assert mailing.states == [State.SENT] * len(READERS)
    other.close()


HOLDER = """
import sys
from flows.post.ledger.opening import open_ledger
from flows.post.ledger.slots import Slots
slots = Slots(open_ledger(sys.argv[1]), "connections", 2)
print(slots.take(), slots.take(), slots.take(), flush=True)
sys.stdin.read()
"""


def test_slots_of_a_killed_process_are_free_again(mailing: FrozenMailing) -> None:
    holding = subprocess.Popen(
        [sys.executable, "-c", HOLDER, mailing.url],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holding.stdout is not None
    assert holding.stdout.readline() == "1 2 None\n"
    slots = Slots(mailing.ledger, "connections", 2)
    elsewhere = Slots(mailing.ledger, "other connections", 2)
    assert slots.take() is None
    assert elsewhere.take() == 1
    holding.kill()
    holding.wait()
    while (number := slots.take()) is None:  # the database notices the lost session by itself
        pass
    assert number in (1, 2)
    slots.give_back(number)
    elsewhere.give_back(1)
