"""Several runs on one mailing, and a run that is told to stop with a letter in hand."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from prefect.client.schemas.objects import StateType
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.campaign import campaign
from flows.dispatch import dispatch
from flows.orchestration import cancelling
from tests.integration.flows.flow_project import CAMPAIGN, READERS, FlowProject, copies
from tests.servers.fault import FaultServer
from tests.servers.script import Phase, Stall, once

EVERYONE = len(READERS)
ONE_EACH = {f"{row.partition(',')[0]}@example.org": 1 for row in READERS}
SCRIPT = "from flows.campaign import campaign; print(campaign({!r}, live=True, return_state=True))"


@contextmanager
def in_another_process(project: FlowProject) -> Iterator["subprocess.Popen[str]"]:
    """A live run of the campaign by somebody else."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(CAMPAIGN)],
        cwd=project.folder,
        env=project.environment({}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_two_runs_at_once_send_each_letter_once_and_a_second_start_is_told(
    project: FlowProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, go_on = Event(), Event()
    stall = once(Phase.STORED, Stall(go_on, reached), "hague@*")
    with FaultServer([stall]) as server:
        project.uses(server, monkeypatch)
        project.sign_off()
        with in_another_process(project) as process:
            assert reached.wait(60)
            second = campaign(CAMPAIGN, live=True, return_state=True)
            swept = dispatch(return_state=True)
            beside = dispatch(project.mailings[0].id, return_state=True)
            go_on.set()
            said, _ = process.communicate(timeout=60)

    assert (second.type, second.name) == (StateType.CANCELLED, "Already running")
    assert "is at work" in str(second.message)
    assert swept.name == "Nothing to do"
    assert beside.type == StateType.COMPLETED
    assert "Completed" in said
    assert copies(server) == ONE_EACH
    assert project.counts() == {"sent": EVERYONE}


def test_a_cancelled_run_finishes_the_letter_in_hand_and_leaves_the_others_ready(
    project: FlowProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, go_on = Event(), Event()
    stall = once(Phase.STORED, Stall(go_on, reached), "abbott@*")
    with FaultServer([stall]) as server:
        project.uses(server, monkeypatch)
        project.sign_off()
        with in_another_process(project) as process:
            assert reached.wait(60)
            process.send_signal(signal.SIGTERM)  # as Cancel does
            go_on.set()
            process.communicate(timeout=60)
        assert project.counts() == {"sent": 2, "ready": EVERYONE - 2}

        state = campaign(CAMPAIGN, live=True, return_state=True)

    assert (state.name, copies(server)) == ("Completed", ONE_EACH)


def test_a_run_asks_the_server_that_it_runs_on_whether_it_is_cancelled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str | None] = []

    def cancelled(run: UUID) -> bool:
        asked.append(PREFECT_API_URL.value())
        return True

    monkeypatch.setattr(cancelling, "flow_run", SimpleNamespace(id=uuid4(), name="a run"))
    monkeypatch.setattr(cancelling, "_LOOK_SECONDS", 0.0)
    monkeypatch.setattr(cancelling, "_cancelled", cancelled)
    stop, url = Event(), "http://127.0.0.1:9/api"
    with temporary_settings({PREFECT_API_URL: url}), cancelling.watching(stop, None):
        assert stop.wait(30)
    assert asked == [url]
