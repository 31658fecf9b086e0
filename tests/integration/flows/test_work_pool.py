"""flows/prefect.yaml: the deployments for a work pool, executed by Prefect's own worker."""

import sys

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType

from flows.deployments import deployments
from tests.conftest import ROOT
from tests.integration.flows.flow_project import CAMPAIGN, READERS, FlowProject

PREFECT = (sys.executable, "-m", "prefect", "--no-prompt")


@pytest.mark.minutes
def test_the_deployments_of_a_work_pool_run_a_campaign(project: FlowProject) -> None:
    for command in (
        ("work-pool", "create", "dear-minister", "--type", "process"),
        ("deploy", "--prefect-file", str(ROOT / "flows" / "prefect.yaml"), "--all"),
    ):
        done = project.run([*PREFECT, *command])
        assert done.returncode == 0, done.stdout + done.stderr
    with get_client(sync_client=True) as client:
        campaign = client.read_deployment_by_name(f"campaign/{CAMPAIGN}")
        # As the page has it: the schedule's parameters are empty, the deployment's own are not.
        run = client.create_flow_run_from_deployment(campaign.id).id
        there = [one for one in client.read_deployments() if one.work_pool_name]
    ours = {one.name: one for one in deployments()}
    replies = {"inbox", "chase", "sort-reply", "match-reply", "add-reply"}
    assert {one.name for one in there} == {CAMPAIGN, "dispatch", "render", "contacts", *replies}
    for other in there:
        mine = ours[other.name]
        assert (other.description, other.tags) == (mine.description, mine.tags)
        assert other.parameters == mine.parameters
        made, told = mine.schedules or [], other.schedules
        assert [one.active for one in told] == [one.active for one in made]
        assert [one.schedule for one in told] == [one.schedule for one in made]
        assert other.parameter_openapi_schema
        for name, field in other.parameter_openapi_schema["properties"].items():
            assert field["description"], name
            assert field["title"] != name

    done = project.run([*PREFECT, "worker", "start", "--pool", "dear-minister", "--run-once"])

    state = project.state(run)
    assert state.type == StateType.COMPLETED, done.stdout + done.stderr
    assert state.message == f"rehearsal 1: {len(READERS)} sent"
    assert len(project.mailbox) == len(READERS)
