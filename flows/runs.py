"""What a flow asks Prefect about its own run and about others."""

from datetime import datetime, timedelta
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.sorting import ArtifactSort
from prefect.exceptions import ObjectNotFound
from prefect.runtime import deployment, flow_run

from flows.post.clock import now
from flows.settings import load

_GOES_ON = {StateType.PAUSED, StateType.SCHEDULED, StateType.PENDING}


def identity() -> str:
    """This flow run's id."""
    return str(flow_run.id)


def deployed() -> bool:
    """Whether this run can be suspended and taken up again: only a deployment's can."""
    return bool(deployment.id)


def waiting(run: str) -> bool:
    """Whether that run, which has no process, will go on: suspended, or about to be resumed."""
    with get_client(sync_client=True) as client:
        try:
            state = client.read_flow_run(UUID(run)).state
        except (ObjectNotFound, ValueError):
            return False
    return state is not None and state.type in _GOES_ON


def too_late() -> str:
    """Why this run must not begin, where its schedule was missed by too much; blank where it may.

    A run that a person has started again is never too late.
    """
    scheduled: datetime | None = flow_run.scheduled_start_time
    most = timedelta(hours=load().late_start_hours)
    late = now() - scheduled if scheduled else timedelta()
    if late <= most or (flow_run.run_count or 1) > 1:
        return ""
    return (
        f"nothing was done: this run starts {_words(late)} after its time, more than "
        f"{_words(most)} (LATE_START_HOURS); start it by hand if the letters are still to go"
    )


def _words(span: timedelta) -> str:
    hours, minutes = divmod(round(span.total_seconds() / 60), 60)
    parts = [f"{hours} hours"] if hours else []
    return " ".join([*parts, *([f"{minutes} minutes"] if minutes or not hours else [])])


def artifacts(run: str) -> dict[str, str]:
    """The ids of a run's newest artifacts, by key."""
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(
            artifact_filter=ArtifactFilter(
                flow_run_id=ArtifactFilterFlowRunId(any_=[UUID(run)]),
            ),
            sort=ArtifactSort.CREATED_DESC,
        )
    return {one.key: str(one.id) for one in reversed(found) if one.key}


def page(run: str) -> str:
    """Where a run is seen in the UI, or its id where there is none."""
    from prefect.settings import PREFECT_UI_URL

    ui = PREFECT_UI_URL.value()
    return f"{ui}/v2/runs/flow-run/{run}" if ui else f"flow run {run}"
