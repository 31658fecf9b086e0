"""Cancel, Ctrl-C, and what is killed: the letter in hand is finished, and nothing goes on that was
stopped. Everything here is served and real, the signals too."""

import json
import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

import httpx
import psutil
import pytest

from tests.integration.served.served_project import CHAIR, ServedProject
from tests.servers.fault import FaultServer
from tests.servers.script import Call, Moment, Phase, Stall, always, once


@pytest.fixture
def served(tmp_path: Path) -> ServedProject:
    return ServedProject(tmp_path)


@contextmanager
def third_letter_in_hand(served: ServedProject) -> Iterator[tuple[str, Event, Event]]:
    """A mailing that is signed off, and a server that keeps the answer to its third letter back:
    the mailing's id, what is set once it has the letter, and what lets it answer. By the end of
    the block everyone has one copy."""
    reached, go_on = Event(), Event()
    mailing = served.sign_off()
    letters = served.status(mailing)["dispatches"]
    reader = next(one["email"] for one in letters if one["id"] == f"{mailing}:3")
    with FaultServer([once(Phase.STORED, Stall(go_on, reached), reader)]) as server:
        served.uses(server)
        yield mailing, reached, go_on
        copies = Counter(one.recipient for one in server.copies.all)
        assert set(copies.values()) == {1}
        assert len(copies) == 64


def test_cancel_holds_the_mailing_and_no_sweep_goes_on_until_it_is_released(
    served: ServedProject,
) -> None:
    with third_letter_in_hand(served) as (mailing, reached, go_on), served.serving():
        run = served.start(live=True)
        assert reached.wait(90)
        served.cancel(run)
        served.until(lambda: served.status(mailing)["held"])
        go_on.set()
        ended = served.until(lambda: (state := served.state(run))["name"] == "Held" and state)
        assert ended["type"] == "CANCELLED"
        assert f"mailing {mailing} is held by Cancel, in the Prefect UI" in ended["message"]
        assert "live: 61 ready, 3 sent. mailing" in ended["message"]
        assert "after letter 3" in ended["message"]
        assert "release" in ended["message"]

        swept = served.wait(served.start("dispatch"))
        assert "is held by" in swept["message"]
        counts = served.status(mailing)["counts"]
        assert (counts["sent"], counts["ready"]) == (3, 61)

        released = served.start("release", mailing=mailing, by=CHAIR, why="a false alarm")
        assert served.wait(released)["name"] == "Completed"
        assert served.wait(served.start("dispatch"))["name"] == "Completed"


def workers_of(served: ServedProject, mailing: str) -> list[str]:
    """The other workers' runs."""
    name = f"dispatch {mailing}, worker"
    found = served.ask("/flow_runs/filter", flow_runs={"name": {"like_": name}})
    return [one["id"] for one in found]


def test_cancelling_one_of_the_workers_holds_the_mailing_for_all(served: ServedProject) -> None:
    mailing = served.sign_off()
    begun, step = Event(), threading.Barrier(2)

    def in_step(moment: Moment) -> None:
        with suppress(threading.BrokenBarrierError):
            step.wait(90)
            begun.set()

    with FaultServer([always(Phase.MAIL, Call(in_step))]) as server:
        served.uses(server)
        with served.serving():
            run = served.start(live=True, workers=2, patience=0)
            assert begun.wait(90), served.said
            (other,) = workers_of(served, mailing)
            served.cancel(other)
            served.until(lambda: served.state(other)["name"] == "Held")
            step.abort()  # the first run has a letter in hand, and may go on with it
            ended = served.wait(run)
        letters = Counter(one.recipient for one in server.copies.all)
    counts = served.status(mailing)["counts"]
    assert ended["name"] == "Held", ended
    assert set(letters.values()) == {1}
    assert counts.keys() == {"sent", "ready"}
    assert (counts["sent"], sum(counts.values())) == (len(letters), 64)


def test_serve_is_stopped_in_the_middle_of_a_letter_and_nothing_is_uncertain(
    served: ServedProject,
) -> None:
    with third_letter_in_hand(served) as (mailing, reached, go_on):
        # As in the background of a script, where SIGINT is ignored from the start.
        process = served.serve("sh", "-c", 'trap "" INT; exec "$@"', "sh")
        run = served.start(live=True)
        assert reached.wait(90)
        process.send_signal(signal.SIGINT)
        served.until(lambda: "1 under way: the letters in hand are finished" in served.said)
        go_on.set()
        assert process.wait(60) == 0
        counts = served.status(mailing)["counts"]
        assert counts == {"sent": 3, "ready": 61}
        assert "Traceback" not in served.said

        with served.serving():
            assert served.state(run)["name"] == "Letters waiting"
            assert served.wait(served.start("dispatch"))["name"] == "Completed"


def test_after_a_kill_the_next_serve_finds_its_server_and_says_what_became_of_the_run(
    served: ServedProject,
) -> None:
    with third_letter_in_hand(served) as (mailing, reached, go_on):
        first = served.serve()
        second = served.command("serve")
        assert second.returncode == 2
        assert f"another serve is at work in this folder (process {first.pid})" in second.stderr

        run = served.start("dispatch")
        assert reached.wait(90)
        children = psutil.Process(first.pid).children(recursive=True)
        runs = [one for one in children if "prefect.engine" in " ".join(one.cmdline())]
        os.kill(first.pid, signal.SIGKILL)
        for one in runs:
            one.kill()
        first.wait()
        go_on.set()
        with served.serving():
            assert "Took over the Prefect server that an earlier serve left" in served.said
            ended = served.wait(run)
            assert ended["type"] == "CRASHED", ended
            assert f"Mailing {mailing}: 61 ready, 2 sent, 1 uncertain" in ended["message"]

            # What is uncertain stays in sight, and the others go.
            swept = served.wait(served.start("dispatch"))
            assert (swept["name"], swept["type"]) == ("Needs attention", "FAILED")
            assert "1 uncertain" in swept["message"]
            again = served.wait(served.start("dispatch"))
            assert again["name"] == "Needs attention"
            assert "Not settled yet" in again["message"]

            # A server that dies is started again.
            os.kill(int(_server_pid(served)), signal.SIGKILL)
            served.until(lambda: "The Prefect server has ended; starting it again" in served.said)
            served.until(lambda: _answers(served))
            letter = f"{mailing}:3"
            settled = served.start("resolve", letter=letter, answer="sent", by=CHAIR, why="log")
            assert served.wait(settled)["name"] == "Completed"
            assert served.wait(served.start("dispatch"))["name"] == "Nothing to do"


def _server_pid(served: ServedProject) -> str:
    record = served.folder / "var" / "prefect" / "server.json"
    return str(json.loads(record.read_text("utf-8"))["pid"])


def _answers(served: ServedProject) -> bool:
    try:
        return httpx.get(f"{served.url}/api/health", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
