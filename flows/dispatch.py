"""Send what is due: of one mailing, or of every mailing that was signed off (the sweep)."""

from contextlib import closing

from prefect import flow
from prefect.logging import get_run_logger

from flows import endings, logs, runs, sending, turns
from flows.endings import Ending
from flows.errors import DearMinisterError
from flows.fields import Limit, MailingId, Patience
from flows.post import mailing as mailings
from flows.post.ledger import Ledger
from flows.post.mailing import Mailing
from flows.post.opening import open_ledger
from flows.post.worker import recover
from flows.settings import load

logs.one_line_each()


@flow(name="dispatch", persist_result=False)
def dispatch(mailing: MailingId = "", limit: Limit = 0, patience: Patience = 0) -> Ending:
    """Send letters that are ready or due again, of signed-off mailings alone.

    The sweep over all mailings passes over those that a run is sending, and those whose last run
    was told to send only so many. The state it ends in is as ``flows.endings`` says.
    """
    ends = []
    try:
        if late := runs.too_late():
            return endings.refused("Too late", late)
        with closing(open_ledger(load().ledger)) as ledger:
            recover(ledger)
            for one in [mailings.get(ledger, mailing)] if mailing else _for_the_sweep(ledger):
                if not sending.waits(ledger, one):
                    continue
                try:
                    ends.append(
                        sending.deliver(ledger, one, live=True, limit=limit, patience=patience * 60)
                    )
                except DearMinisterError as error:
                    ends.append(endings.failed(error))
    except DearMinisterError as error:
        return endings.failed(error)
    return endings.together(ends) if ends else endings.nothing("no letter waits to be sent")


def _for_the_sweep(ledger: Ledger) -> list[Mailing]:
    """Every mailing that is signed off and left to the sweep, the oldest first."""
    found = []
    for one in reversed(mailings.every(ledger)):
        if not one.approved_at:
            continue
        if turns.running(ledger, turns.last(ledger, one.campaign, one.edition)):
            get_run_logger().info(f"mailing {one.id}: a run of its campaign is at work on it")
        elif turns.limited(ledger, one.id):
            get_run_logger().info(
                f"mailing {one.id}: its last run was limited; to send the rest, name it"
            )
        else:
            found.append(one)
    return found
