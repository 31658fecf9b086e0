"""A work pool, where no ``serve`` looks after the runs: its sweeps do."""

from pathlib import Path
from threading import Event
from typing import Any

from tests.integration.served.pooled_project import PooledProject, kill
from tests.servers.fault import FaultServer
from tests.servers.postgres_cluster import postgres_cluster
from tests.servers.script import Phase, Stall, once

OFFICE = "office@example.org"


def test_a_run_whose_machine_ended_is_ended_by_a_later_sweep_and_the_office_is_told(
    tmp_path: Path,
) -> None:
    released, reached = Event(), Event()
    with (
        postgres_cluster() as database,
        FaultServer([once(Phase.DOT, Stall(released, reached))]) as server,
        PooledProject(tmp_path, database) as pool,
    ):
        pool.uses(server)
        pool.environment |= {"NOTIFY": OFFICE, "MAIL_FROM": OFFICE}
        pool.only_readers(3)
        mailing = pool.sign_off()
        first = pool.start_worker("first")
        run = pool.start("dispatch", mailing=mailing)
        assert reached.wait(120), pool.said
        kill(first)  # with the run that it executes, which nobody can tell of
        released.set()
        assert pool.state(run)["type"] == "RUNNING"

        pool.start_worker("second")

        def swept() -> dict[str, Any] | None:
            pool.wait(pool.start("dispatch"))
            state = pool.state(run)
            return state if state["type"] != "RUNNING" else None

        state = pool.until(swept, 180)
        counts = pool.status(mailing)["counts"]
        told = [one for one in server.copies.all if one.recipient == OFFICE]
        pool.wait(pool.start("dispatch"))
        again = [one for one in server.copies.all if one.recipient == OFFICE]
    assert state["type"] == "CRASHED"
    assert state["message"].startswith("broken off: its process is gone")
    assert f"Mailing {mailing}: " in state["message"]
    assert counts == {"sent": 2, "uncertain": 1}
    assert [one for one in told if b"Crashed" in (one.content or b"")] != []
    assert len(again) == len(told), "the office was told of it twice"
