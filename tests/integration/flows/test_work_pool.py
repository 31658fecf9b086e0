"""flows/prefect.yaml: the deployments for a work pool, executed by Prefect's own worker."""

import shutil
import sys

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType

from flows.deployments import deployments
from tests.conftest import ROOT
from tests.integration.flows.desk import CAMPAIGN, READERS, Desk

PREFECT = (sys.executable, "-m", "prefect", "--no-prompt")


def test_the_deployments_of_a_work_pool_run_a_campaign(desk: Desk) -> None:
    shutil.copytree(
        ROOT / "flows", desk.folder / "flows", ignore=shutil.ignore_patterns("__pycache__")
    )
    for command in (
        ("work-pool", "create", "dear-minister", "--type", "process"),
        ("deploy", "--prefect-file", "flows/prefect.yaml", "--all"),
    ):
        done = desk.run([*PREFECT, *command])
        assert done.returncode == 0, done.stdout + done.stderr
    with get_client(sync_client=True) as client:
        campaign = client.read_deployment_by_name("campaign/campaign")
        sweep = client.read_deployment_by_name("dispatch/dispatch")
        run = client.create_flow_run_from_deployment(
            campaign.id, parameters={"campaign": CAMPAIGN}
        ).id
        there = client.read_deployments()
    assert [one.active for one in (*campaign.schedules, *sweep.schedules)] == [False, True]
    for ours in deployments():
        other = next(one for one in there if one.name == ours.name and one.work_pool_name)
        assert other.description == ours.description
        made, told = ours.schedules or [], other.schedules
        assert [one.active for one in told] == [one.active for one in made]
        assert [one.schedule for one in told] == [one.schedule for one in made]
        assert other.parameter_openapi_schema
        for name, field in other.parameter_openapi_schema["properties"].items():
            assert field["description"], name
            assert field["title"] != name
    assert campaign.parameter_openapi_schema
    form = campaign.parameter_openapi_schema["properties"]
    assert form["campaign"]["enum"] == [CAMPAIGN]
    assert form["contacts"]["items"]["enum"] == ["contacts/readers.csv"]

    done = desk.run([*PREFECT, "worker", "start", "--pool", "dear-minister", "--run-once"])

    state = desk.state(run)
    assert state.type == StateType.COMPLETED, done.stdout + done.stderr
    assert state.message == f"rehearsal 1: {len(READERS)} sent"
    assert len(desk.mailbox) == len(READERS)
