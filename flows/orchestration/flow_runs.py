"""What a flow asks Prefect about its own run and about others."""

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from uuid import UUID

from prefect.blocks.system import Secret
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.sorting import ArtifactSort
from prefect.exceptions import (
    CancelledRun,
    FailedRun,
    ObjectNotFound,
    ParameterBindError,
    ParameterTypeError,
    SignatureMismatchError,
)
from prefect.runtime import deployment, flow_run
from pydantic import SecretStr

from flows.errors import DearMinisterError
from flows.operations.ledger import open_ledger
from flows.post.ledger import workers
from flows.post.ledger.clock import now
from flows.post.ledger.database import Ledger
from flows.settings import Settings, load

TAG = "dear-minister"
"""Every deployment has it: a Prefect server may have other programs' runs too."""
OURS = FlowRunFilterTags(all_=[TAG])
_GOES_ON = {StateType.PAUSED, StateType.SCHEDULED, StateType.PENDING}


def identity() -> str:
    """This flow run's id."""
    return str(flow_run.id)


def name() -> str:
    """This flow run's name, as the UI shows it."""
    return str(flow_run.name)


def worker(run: str) -> str:
    """The worker's id of a flow run: alive as long as the run's process."""
    return f"run-{run}"


@contextmanager
def at_work() -> Iterator[Ledger]:
    """The ledger, open for as long as the block; the run counts as alive for as long.

    Where this process dies, whoever looks knows by that (``supervision``). Raises
    ConfigurationError, LedgerUnavailableError.
    """
    with closing(open_ledger(load())) as ledger:
        if not flow_run.id:
            yield ledger
            return
        with workers.hold(ledger, worker(identity())):
            yield ledger


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
    return {artifact.key: str(artifact.id) for artifact in reversed(found) if artifact.key}


_WRONG_PARAMETERS = (ParameterTypeError, ParameterBindError, SignatureMismatchError)
_SAID = (DearMinisterError, CancelledRun, FailedRun)
"""The line before, or the line with the run's end, has the text."""


class _OneLine(logging.Filter):
    """Keeps errors out of the log whose line is there already; shortens those of parameters."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, _WRONG_PARAMETERS):
            record.msg, record.args = " ".join(str(error).split()), ()
            record.exc_info = record.exc_text = None
        return not isinstance(error, _SAID)


def one_line_each() -> None:
    """Let each error be one line in this process's logs of runs and tasks, and on the terminal."""
    for name in ("prefect.flow_runs", "prefect.task_runs", "prefect.engine"):
        logger = logging.getLogger(name)
        if not any(isinstance(kept, _OneLine) for kept in logger.filters):
            logger.addFilter(_OneLine())


BLOCK = "smtp-password"
"""The Secret block that is read where SMTP_USER is set and SMTP_PASSWORD is not."""


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
