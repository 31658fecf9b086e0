"""What a flow asks Prefect about its own run and about others."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from prefect.blocks.system import Secret
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.sorting import ArtifactSort
from prefect.exceptions import CancelledRun, FailedRun, ObjectNotFound, ParameterTypeError
from prefect.runtime import deployment, flow_run
from pydantic import SecretStr

from flows.errors import DearMinisterError
from flows.post.ledger.clock import now
from flows.settings import Settings, load

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


_TOLD = (DearMinisterError, CancelledRun, FailedRun)
"""The line before, or the line with the run's end, has the text."""


class _OneLine(logging.Filter):
    """Keeps what was told out of the log; of a wrong parameter it keeps the line."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, ParameterTypeError):
            record.msg, record.args = " ".join(str(error).split()), ()
            record.exc_info = record.exc_text = None
        return not isinstance(error, _TOLD)


def one_line_each() -> None:
    """See to it in this process, for the logs of runs and tasks and for the terminal."""
    for name in ("prefect.flow_runs", "prefect.task_runs", "prefect.engine"):
        logger = logging.getLogger(name)
        if not any(isinstance(one, _OneLine) for one in logger.filters):
            logger.addFilter(_OneLine())


BLOCK = "smtp-password"
"""The Secret block that is asked where SMTP_USER is set and SMTP_PASSWORD is not."""


def settings() -> Settings:
    """The settings, password included. Raises ConfigurationError."""
    found = load()
    if not found.smtp_user or found.smtp_password.get_secret_value():
        return found
    try:
        password = Secret.load(BLOCK, _sync=True).get()  # type: ignore[call-arg, union-attr]
    except ValueError:  # there is no such block
        return found
    return found.model_copy(update={"smtp_password": SecretStr(str(password))})
