"""A worker's hold ends with its process, however that ends, and no fork keeps it."""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from flows.post.ledger.database import Ledger
from flows.post.ledger.opening import open_ledger
from flows.post.ledger.workers import alive, hold


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    opened = open_ledger(ledger_url)
    yield opened
    opened.close()


def living(ledger: Ledger, worker: str) -> bool:
    with ledger.read() as connection:
        return alive(ledger, connection, worker)


def hold_until_told(url: str, told: Connection) -> None:
    """Hold in a process of its own, with a forked child that outlives it."""
    with hold(open_ledger(url)) as worker:
        child = os.fork()
        if child == 0:
            signal.pause()
        told.send((worker, child))
        told.recv()


def test_the_hold_of_a_killed_process_is_free_though_its_fork_lives_on(tmp_path: Path) -> None:
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    here, there = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=hold_until_told, args=(str(ledger.url), there))
    process.start()
    worker, child = here.recv()
    try:
        assert living(ledger, worker)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        assert not living(ledger, worker)
        assert not living(ledger, worker)
    finally:
        os.kill(child, signal.SIGKILL)
        ledger.close()


def test_a_hold_is_seen_by_its_own_process_and_ends_with_its_block(ledger: Ledger) -> None:
    with hold(ledger) as worker:
        assert living(ledger, worker)
        assert living(ledger, worker)
    assert not living(ledger, worker)


def test_a_forked_child_does_not_take_its_parents_worker_for_its_own(tmp_path: Path) -> None:
    """A child that outlives its parent has to see that the parent's worker is gone."""
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    with hold(ledger) as worker:
        path = ledger.path.with_name(f"{ledger.path.name}.workers") / f"{worker}.lock"
        child = os.fork()
        if child == 0:
            path.unlink()  # as it would be gone with the parent
            os._exit(1 if living(ledger, worker) else 0)
        _, status = os.waitpid(child, 0)
    ledger.close()
    assert os.waitstatus_to_exitcode(status) == 0
