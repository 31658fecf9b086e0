"""Several runs that send one mailing: who starts them, who waits for whom, and who stops them."""

from collections import Counter
from uuid import UUID

import httpx
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterParentFlowRunId
from prefect.client.schemas.objects import FlowRun

from flows.deployments import deployments
from tests.bench.people import contact_list
from tests.conftest import need
from tests.integration.flows.flow_project import CAMPAIGN, FlowProject, copies
from tests.servers.fault import FaultServer
from tests.servers.relay import Relay
from tests.servers.script import Answer, Call, Phase, always

PEOPLE = 60
ONE_EACH = {f"reader{n}@example.org": 1 for n in range(PEOPLE)}


@pytest.fixture
def mailing(project: FlowProject) -> str:
    """A mailing to sixty, signed off; the deployments are there, and nobody executes runs."""
    contact_list(project.contacts, PEOPLE)
    project.sign_off()
    for one in deployments():
        if one.name == "dispatch":
            one.apply()
    return project.mailings[0].id


def started(run: UUID) -> list[FlowRun]:
    """The runs of dispatch that this run has started, by number of worker."""
    mine = FlowRunFilter(parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[run]))
    with get_client(sync_client=True) as client:
        return sorted(client.read_flow_runs(flow_run_filter=mine), key=lambda one: one.name)


def campaign_run(project: FlowProject, **parameters: object) -> UUID:
    deployment = next(one for one in deployments() if one.name == CAMPAIGN)
    return project.start(deployment, live=True, patience=0, **parameters)


def test_a_run_does_not_wait_for_workers_that_find_no_place_to_begin_in(
    project: FlowProject, mailing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer() as server:
        project.uses(server, monkeypatch)
        run = campaign_run(project, workers=3)
        ended = project.execute(run)
        assert (ended.name, ended.message) == ("Completed", f"live: {PEOPLE} sent"), project.said
        others = started(run)
        assert [one.name[-8:] for one in others] == ["worker 2", "worker 3"]
        assert [one.parameters["workers"] for one in others] == [1, 1]
        late = project.execute(others[0].id)
        assert late.name == "Nothing to do", project.said
        assert copies(server) == ONE_EACH


def test_a_run_that_is_tried_again_starts_no_second_set_of_workers(
    project: FlowProject, mailing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer() as server:
        project.uses(server, monkeypatch)
        run = campaign_run(project, workers=3)
        project.execute(run, DEAR_MINISTER_FAILPOINT="after-claim")
        before = started(run)
        assert len(before) == 2
        project.again(run)
        ended = project.execute(run)
        assert ended.message == f"live: {PEOPLE} sent", project.said
        assert [one.id for one in started(run)] == [one.id for one in before]
        assert copies(server) == ONE_EACH


def test_the_workers_share_the_limit_and_the_rest_waits_for_a_person(
    project: FlowProject, mailing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer() as server:
        project.uses(server, monkeypatch)
        run = campaign_run(project, workers=2, limit=41)
        ended = project.execute(run)
        (other,) = started(run)
        assert str(ended.message).startswith(f"live: {PEOPLE - 20} ready, 20 sent"), project.said
        project.execute(other.id)
        assert project.counts() == {"sent": 41, "ready": PEOPLE - 41}
        sweep = project.start(next(one for one in deployments() if one.name == "dispatch"))
        assert project.execute(sweep).name == "Letters waiting"
        assert len(copies(server)) == 41


def test_few_letters_are_worth_no_second_worker_and_a_rehearsal_has_one(
    project: FlowProject, mailing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer() as server:
        project.uses(server, monkeypatch)
        limited = campaign_run(project, workers=4, limit=20)
        assert "20 sent" in str(project.execute(limited).message), project.said
        deployment = next(one for one in deployments() if one.name == CAMPAIGN)
        rehearsal = project.start(deployment, live=False, workers=4)
        ended = project.execute(rehearsal)
        assert ended.message == f"rehearsal 1: {PEOPLE} sent", project.said
        assert started(limited) == started(rehearsal) == []


def test_a_refusal_that_meets_every_reader_stops_each_worker(
    project: FlowProject, mailing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one of them was asked is not asked again by sending on."""
    with FaultServer([always(Phase.DOT, Answer(554, ("5.7.1 no",)))]) as server:
        project.uses(server, monkeypatch)
        monkeypatch.setenv("MAIL_SAME_REFUSALS", "2")
        run = campaign_run(project, workers=2)
        assert project.execute(run).name == "Needs attention"
        (other,) = started(run)
        ended = project.execute(other.id)
    assert ended.name == "Needs attention"
    assert "the last 2 readers in a row" in str(ended.message)
    assert project.counts()["refused"] <= 4


def test_a_worker_that_is_cancelled_before_it_has_begun_holds_the_mailing(
    project: FlowProject, mailing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer() as server:
        project.uses(server, monkeypatch)
        run = campaign_run(project, workers=2)
        project.execute(run, DEAR_MINISTER_FAILPOINT="after-claim")
        (other,) = started(run)
        project.cancel(other.id)
        project.look()
        state = project.state(other.id)
        assert state.name == "Held", state
        assert f"mailing {mailing} is held" in str(state.message)
        assert len(copies(server)) == 0


@pytest.mark.minutes
@pytest.mark.parametrize(
    ("request_line", "limit", "sent"),
    [
        ("GET /api/deployments/name/dispatch/dispatch", 0, PEOPLE),
        ("/create_flow_run", 0, PEOPLE),
        ("/create_flow_run", 50, 25),  # its own share: the other run may be there after all
    ],
)
def test_a_run_sends_alone_where_prefects_server_stops_before_the_others_are_started(
    project: FlowProject,
    mailing: str,
    monkeypatch: pytest.MonkeyPatch,
    request_line: str,
    limit: int,
    sent: int,
) -> None:
    port = httpx.URL(project.api).port
    assert port
    with (
        Relay(port, request_line.encode()) as relay,
        FaultServer([always(Phase.MAIL, Call(lambda _: relay.mend()))]) as server,
    ):
        project.uses(server, monkeypatch)
        run = campaign_run(project, workers=2, limit=limit)
        project.api = f"http://127.0.0.1:{relay.port}/api"
        ended = project.execute(run, PREFECT_CLIENT_MAX_RETRIES="2")  # not 5: a minute
        assert relay.was_cut.is_set(), project.said
        assert project.counts() == Counter(sent=sent) + Counter(ready=PEOPLE - sent), project.said
        assert set(copies(server).values()) == {1}
    assert ended.name == ("Letters waiting" if limit else "Completed"), project.said
    assert "Prefect's server does not answer" in project.said


def test_a_long_list_of_pdfs_is_shared_with_a_run_that_may_come_late(
    project: FlowProject,
) -> None:
    need("soffice", "libreoffice-writer-nogui")
    readers = 201  # more than one call of LibreOffice lays out
    contact_list(project.contacts, readers)
    toml = project.templates / "campaign.toml"
    text = toml.read_text("utf-8")
    assert '\nletter = "docx"\n' in text
    toml.write_text(text.replace('= "docx"', '= "pdf"'), "utf-8")
    made = {one.name: one for one in deployments()}
    made["render"].apply()
    run = project.start(made[CAMPAIGN], live=False, workers=2)
    assert project.execute(run).message == f"rehearsal 1: {readers} sent", project.said
    (other,) = started(run)
    assert other.name == f"render {CAMPAIGN}, share 2 of 2"
    late = project.execute(other.id)
    assert str(late.message).startswith("0 letters laid out"), project.said
