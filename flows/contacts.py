"""Refresh the contact lists from the UK Parliament's Members API, on a schedule or by hand."""

from prefect import flow
from prefect.logging import get_run_logger
from prefect.states import Completed

from flows.errors import DearMinisterError
from flows.operations.refresh import refresh
from flows.orchestration import flow_runs, states
from flows.orchestration.parameters import Fewer, Folder
from flows.orchestration.states import Ending
from flows.settings import load

flow_runs.one_line_each()
_EVERY = 100
"""Members between two lines of the log."""


@flow(name="contacts", persist_result=False)
def contacts(folder: Folder = "contacts", fewer: Fewer = False) -> Ending:
    """Fetch MPs, peers and government posts; nothing is replaced unless all of it is there."""
    logger = get_run_logger()

    def progress(step: str, done: int, total: int) -> None:
        if done % _EVERY == 0 or done == total:
            logger.info(f"{step}: {done} of {total}")

    try:
        settings = load()
        lists = refresh(settings, settings.office.folder / folder, progress, fewer=fewer)
    except DearMinisterError as error:
        return states.failed(error)
    return Completed(message=f"refreshed: {'; '.join(map(str, lists))}")
