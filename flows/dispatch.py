"""Send what is due: of one mailing, or of every mailing that was signed off (the sweep)."""

from contextlib import closing

from prefect import flow
from prefect.logging import get_run_logger

from flows.errors import DearMinisterError
from flows.operations.ledger import open_ledger
from flows.orchestration import batches, flow_runs, states
from flows.orchestration.parameters import Limit, MailingId, Patience
from flows.orchestration.states import Ending
from flows.post.ledger import campaign_runs
from flows.post.ledger.database import Ledger
from flows.post.ledger.workers import recover
from flows.post.mailing import mailing as mailings
from flows.post.mailing.mailing import Mailing
from flows.settings import load

flow_runs.one_line_each()


@flow(name="dispatch", persist_result=False)
def dispatch(mailing: MailingId = "", limit: Limit = 0, patience: Patience = 0) -> Ending:
    """Send letters that are ready or due again, of signed-off mailings alone.

    The sweep over all mailings passes over those that a run is sending, and those whose last run
    was told to send only so many. The state it ends in is as ``flows.orchestration.states`` says.
    """
    ends = []
    try:
        if late := flow_runs.too_late():
            return states.not_started("Too late", late)
        with closing(open_ledger(load())) as ledger:
            recover(ledger)
            for one in [mailings.get(ledger, mailing)] if mailing else _for_the_sweep(ledger):
                if not batches.waits(ledger, one):
                    continue
                try:
                    ends.append(
                        batches.deliver(ledger, one, live=True, limit=limit, patience=patience * 60)
                    )
                except DearMinisterError as error:
                    ends.append(states.failed(error))
    except DearMinisterError as error:
        return states.failed(error)
    return states.together(ends) if ends else states.nothing("no letter waits to be sent")


def _for_the_sweep(ledger: Ledger) -> list[Mailing]:
    """Every mailing that is signed off and left to the sweep, the oldest first."""
    found = []
    for one in reversed(mailings.every(ledger)):
        if not one.approved_at:
            continue
        if campaign_runs.running(ledger, campaign_runs.last(ledger, one.campaign, one.edition)):
            get_run_logger().info(f"mailing {one.id}: a run of its campaign is at work on it")
        elif campaign_runs.limited(ledger, one.id):
            get_run_logger().info(
                f"mailing {one.id}: its last run was limited; to send the rest, name it"
            )
        else:
            found.append(one)
    return found
