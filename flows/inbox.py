"""Read the campaign's mailbox and file what came back; nothing in the mailbox is changed."""

from prefect import flow
from prefect.logging import get_run_logger
from prefect.states import Completed

from flows.counted import counted
from flows.errors import DearMinisterError
from flows.operations import inbox as sweeping
from flows.orchestration import flow_runs, notices, replies_page, states
from flows.orchestration.states import Ending
from flows.post.inbox.sweep import SweepBusyError

flow_runs.one_line_each()
_EVERY = 1000
"""Mails between two lines of the log."""


@flow(name="inbox", persist_result=False)
def inbox() -> Ending:
    """File bounces, automatic answers and replies on the letters they are about.

    Ends green where nothing waits for a person, as "To be sorted" where something does, and as
    "Nothing to do" where no mailbox is set.
    """
    logger = get_run_logger()

    def progress(done: int, total: int) -> None:
        if done == total or done % _EVERY == 0:
            logger.info(f"{done} of {total} mails")

    try:
        chosen = flow_runs.settings()
        if not chosen.imap_host:
            return states.nothing("IMAP_HOST is not set, so there is no mailbox to read")
        with flow_runs.at_work() as ledger:
            found = sweeping.sweep(chosen, ledger, progress)
            waiting = replies_page.show(ledger)
    except SweepBusyError as error:
        return states.not_started("Already running", str(error))
    except DearMinisterError as error:
        return states.failed(error)
    line = sweeping.summary(found)
    logger.info(line)
    if not waiting:
        return notices.of(Completed(message=line), "replies")
    # The sweep's own words differ each time; how many wait is the matter.
    notices.of(
        Completed(name="To be sorted", message=counted(waiting, "mail waits", "mails wait")),
        "replies",
    )
    return Completed(name="To be sorted", message=line)
