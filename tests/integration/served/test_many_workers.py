"""One mailing, workers on a work pool, and everything that can end in the middle of it ends: a
worker, Prefect's server, the database. Each letter is sent once, and each is accounted for."""

import threading
from collections import Counter
from pathlib import Path

from tests.integration.served.pooled_project import PooledProject, kill
from tests.servers.fault import FaultServer
from tests.servers.postgres_cluster import postgres_cluster
from tests.servers.script import Action, Call, Moment, Phase, always

PEOPLE = 120


class Gate:
    """Lets so many letters begin, and holds all sessions up at the next one until it is opened."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._passed = 0
        self._limit = 0
        self._waiting = 0

    def __call__(self, moment: Moment) -> Action | None:
        with self._condition:
            self._waiting += 1
            self._condition.notify_all()
            self._condition.wait_for(lambda: self._passed < self._limit, 300)
            self._waiting -= 1
            self._passed += 1
        return None

    def let(self, more: int, waiting: int) -> None:
        """Let so many letters begin, then wait until so many sessions wait for the next."""
        with self._condition:
            self._limit = self._passed + more
            self._condition.notify_all()
            assert self._condition.wait_for(
                lambda: self._passed >= self._limit and self._waiting >= waiting, 120
            )

    def open(self) -> None:
        """Hold nobody up any more."""
        with self._condition:
            self._limit = 1_000_000
            self._condition.notify_all()


def test_what_ends_in_the_middle_doubles_no_letter_and_loses_none(tmp_path: Path) -> None:
    gate = Gate()
    with (
        postgres_cluster() as database,
        FaultServer([always(Phase.MAIL, Call(gate))]) as server,
        PooledProject(tmp_path, database) as pool,
    ):
        pool.uses(server)
        pool.only_readers(PEOPLE)
        mailing = pool.sign_off()
        first, second = pool.start_worker("first"), pool.start_worker("second")
        pool.start("dispatch", mailing=mailing, workers=4)
        gate.let(8, waiting=4)  # all four runs have a letter in hand

        kill(first)  # with the runs that it executes
        gate.let(4, waiting=1)

        pool.stop_server()
        gate.let(4, waiting=1)  # letters go on
        pool.start_server()

        database.stop()
        gate.open()  # what is answered now cannot be kept: those in hand are uncertain
        database.start()
        kill(second)
        pool.until(pool.has_its_database, 60)

        pool.start_worker("third")
        again = pool.start("dispatch", mailing=mailing, workers=2)
        pool.wait(again)
        letters = Counter(one.recipient for one in server.copies.all)
        found = pool.status(mailing)
        verified = pool.command("verify")
    counts = found["counts"]
    uncertain = {one["email"] for one in found["dispatches"] if one["state"] == "uncertain"}
    sent = {one["email"] for one in found["dispatches"] if one["state"] == "sent"}
    assert set(letters.values()) == {1}, "a letter was doubled"
    assert sum(counts.values()) == PEOPLE
    assert counts.keys() <= {"sent", "uncertain"}, counts
    assert len(uncertain) <= 4, counts
    assert sent <= letters.keys() <= sent | uncertain
    assert verified.returncode == 0, verified.stdout
