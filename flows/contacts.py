"""Refresh the contact lists from the UK Parliament's Members API, on a schedule or by hand."""

from pathlib import Path

from prefect import flow
from prefect.logging import get_run_logger
from prefect.states import Completed

from flows import endings, logs
from flows.endings import Ending
from flows.errors import DearMinisterError
from flows.fields import Fewer, Folder
from flows.refreshing import refresh
from flows.settings import load

logs.one_line_each()
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
        paths = refresh(load(), Path(folder), progress, fewer=fewer)
    except DearMinisterError as error:
        return endings.failed(error)
    return Completed(message=f"refreshed: {', '.join(map(str, paths))}")
