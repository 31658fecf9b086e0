"""What the office is told of runs that cannot speak for themselves: they were killed, never begun,
or never signed off. The notices go through a real mail server."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.deployments.runner import RunnerDeployment
from prefect.states import Crashed, Running

from flows.deployments import deployments
from flows.orchestration import flow_runs, supervision
from flows.orchestration.notices import Notice
from flows.post.ledger import workers
from flows.post.ledger.clock import now
from tests.integration.flows.flow_project import CAMPAIGN, FlowProject
from tests.servers.fault import FaultServer

OFFICE = "office@example.org"


@pytest.fixture
def server(project: FlowProject, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultServer]:
    """The office's mail server, for letters and for notices."""
    monkeypatch.setenv("NOTIFY", OFFICE)
    monkeypatch.setenv("MAIL_FROM", OFFICE)
    with FaultServer() as made:
        project.uses(made, monkeypatch)
        yield made


def offered(name: str) -> RunnerDeployment:
    return next(one for one in deployments() if one.name == name)


def told(server: FaultServer, notices: list[Notice]) -> list[str]:
    """Send these notices; gives the mails that came to the office for them, as text."""
    before = len(server.copies.all)
    assert [fault for notice in notices for fault in notice.send()] == []
    came = [copy for copy in server.copies.all[before:] if copy.recipient == OFFICE]
    return [(copy.content or b"").decode().replace("=\r\n", "") for copy in came]


def schedule_in_the_past(deployment: UUID, minutes: int = 20) -> None:
    """A run of the deployment's schedule, so long ago at least, when nobody served."""
    end = datetime.now(UTC) - timedelta(minutes=minutes)
    window = {
        "start_time": str(end - timedelta(days=7, hours=1)),
        "end_time": str(end),
        "max_runs": 1,
    }
    with get_client(sync_client=True) as client:
        client._client.post(f"/deployments/{deployment}/schedule", json=window).raise_for_status()


def test_a_run_that_was_killed_is_told_once_with_what_became_of_the_letters(
    project: FlowProject, server: FaultServer
) -> None:
    project.sign_off()
    run = project.start(offered(CAMPAIGN), campaign=CAMPAIGN, live=True)
    project.execute(run, DEAR_MINISTER_FAILPOINT="after-answer:3")
    with get_client(sync_client=True) as client:  # all that Prefect's own runner has to say
        words = "Flow run process exited with non-zero status code 137."
        client.set_flow_run_state(run, Crashed(message=words), force=True)

    (mail,) = told(server, project.look())
    letters = f"Mailing {project.mailings[0].id}: 3 ready, 2 sent, 1 uncertain"
    assert "Crashed" in mail
    assert letters in mail
    assert str(run) in mail
    assert project.state(run).type is StateType.CRASHED
    assert letters in str(project.state(run).message)
    assert told(server, project.look()) == []


def test_a_sign_off_that_was_never_given_is_told(project: FlowProject, server: FaultServer) -> None:
    run = project.start(offered(CAMPAIGN), campaign=CAMPAIGN, live=True)
    project.execute(run)
    project.expire(run)
    (mail,) = told(server, project.look())
    assert "never signed off" in mail


def test_a_second_run_that_waits_for_the_same_sign_off_is_told_as_the_first_was(
    project: FlowProject, server: FaultServer
) -> None:
    for _ in range(2):
        run = project.start(offered(CAMPAIGN), campaign=CAMPAIGN, live=True)
        assert project.execute(run).name == "Suspended"
        project.expire(run)
    assert len(project.mailings) == 1
    mails = [copy.content or b"" for copy in server.copies.all]
    assert len([mail for mail in mails if b"sign-off waits" in mail]) == 2


def test_scheduled_runs_that_did_not_start_are_told_once(
    project: FlowProject, server: FaultServer
) -> None:
    refresh = offered("contacts")
    for schedule in refresh.schedules or []:
        schedule.active = True
    schedule_in_the_past(refresh.apply())

    (mail,) = told(server, project.look())
    assert "contacts: has not begun" in mail
    assert told(server, project.look()) == []

    # The next serve gives up on it, and says so.
    with get_client(sync_client=True) as client:
        (mail,) = told(server, supervision.drop_missed(client, project.ledger))
        assert "The scheduled run of contacts did not start" in mail
        assert supervision.drop_missed(client, project.ledger) == []
    assert project.look() == []


def test_a_sweep_that_was_missed_is_told_only_where_letters_waited_for_it(
    project: FlowProject, server: FaultServer
) -> None:
    sweep = offered("dispatch").apply()
    with get_client(sync_client=True) as client:
        schedule_in_the_past(sweep, minutes=24 * 60)
        assert supervision.drop_missed(client, project.ledger) == []
        project.sign_off()
        schedule_in_the_past(sweep)
        (mail,) = told(server, supervision.drop_missed(client, project.ledger))
    assert "6 letters wait; the next sweep sends them" in mail


def test_a_run_that_is_telling_how_it_ended_is_not_taken_for_dead(
    project: FlowProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has let go of the ledger, and a notice may take its time."""
    run = project.start(offered("dispatch"))
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(run, Running(), force=True)
    with workers.hold(project.ledger, flow_runs.worker(str(run))):
        pass
    for later, seen in ((1, StateType.RUNNING), (10, StateType.CRASHED)):
        moment = now() + timedelta(minutes=later)
        monkeypatch.setattr(supervision, "now", lambda moment=moment: moment)
        project.look()
        assert project.state(run).type is seen


def test_runs_that_ended_before_somebody_looked_are_not_read_at_each_look(
    project: FlowProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server keeps them for years."""
    before, after = project.start(offered("dispatch")), project.start(offered("dispatch"))
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(before, Crashed(message="killed"), force=True)
        project.since = now()
        client.set_flow_run_state(after, Crashed(message="killed"), force=True)
    read: set[UUID] = set()
    asked = SyncPrefectClient.read_flow_runs

    def reading(self: SyncPrefectClient, **filters: Any) -> list[FlowRun]:
        found = asked(self, **filters)
        read.update(run.id for run in found)
        return found

    monkeypatch.setattr(SyncPrefectClient, "read_flow_runs", reading)
    project.look()
    assert after in read
    assert before not in read
