"""Send what is due: of one mailing, or of every mailing that was signed off (the sweep)."""

from contextlib import suppress

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.logging import get_run_logger
from prefect.runtime import flow_run

from flows.counted import counted
from flows.errors import DearMinisterError
from flows.operations.ledger import open_ledger
from flows.orchestration import (
    batches,
    cancelling,
    flow_runs,
    links,
    notices,
    states,
    supervision,
)
from flows.orchestration.parameters import EVERY, Limit, Patience, SweptMailing, Workers
from flows.orchestration.states import Ending
from flows.post import status
from flows.post.delivery.outcomes import open_question
from flows.post.ledger import campaign_runs, holds
from flows.post.ledger.database import Ledger
from flows.post.ledger.errors import LedgerUnavailableError
from flows.post.ledger.workers import recover
from flows.post.mailing import mailing as mailings
from flows.post.mailing.mailing import Mailing
from flows.settings import load

flow_runs.one_line_each()


def _name() -> str:
    """ "sweep: 12 due", "dispatch MAILING", or the name that one of several runs was given."""
    if flow_run.parent_flow_run_id:
        return str(flow_run.name)
    mailing = str(flow_run.parameters.get("mailing") or EVERY)
    if mailing != EVERY:
        return f"dispatch {mailing.partition(',')[0]}"
    due = 0
    with suppress(DearMinisterError):
        ledger = open_ledger(load())
        due = sum(status.due(ledger, found.id) for found in _signed_off(ledger))
        ledger.close()
    return f"sweep: {due} due" if due else "sweep: nothing due"


@flow(name="dispatch", flow_run_name=_name, persist_result=False)
def dispatch(
    mailing: SweptMailing = "", limit: Limit = 0, patience: Patience = 0, workers: Workers = 1
) -> Ending:
    """Send letters that are ready or due again, of signed-off mailings alone.

    The sweep over all mailings leaves out those that a person holds, those that a run is sending,
    and those whose last run was limited. The state it ends in is as
    ``flows.orchestration.states`` says.
    """
    what = f"mailing {mailing}" if mailing else "the sweep"
    ending = _ended(mailing, limit, patience, workers)
    # Of several runs on one mailing the one that started the others tells the office.
    return ending if flow_run.parent_flow_run_id else notices.of(ending, what)


def _ended(mailing: str, limit: int, patience: int, workers: int) -> Ending:
    try:
        if late := flow_runs.too_late():
            return states.not_started("Too late", late)
        with flow_runs.at_work() as ledger:
            _see_to_other_runs(ledger, sweep=not mailing)
            recover(ledger)
            if mailing:
                chosen = [mailings.get(ledger, mailing)]
                ending = _sent(ledger, chosen, limit, patience * 60, workers)
                return states.with_unsettled(ending, status.unsettled(ledger))
            return _swept(ledger, limit, patience * 60, workers)
    except DearMinisterError as error:
        return states.failed(error)


def _swept(ledger: Ledger, limit: int, patience: float, workers: int) -> Ending:
    """The sweep's end, which names what it left alone."""
    chosen, waiting, busy = _for_the_sweep(ledger)
    ending = _sent(ledger, chosen, limit, patience, workers)
    if not states.is_cancelled(ending):
        held = [cancelling.held(hold) for hold in holds.every(ledger).values()]
        ending = states.beside(ending, waiting, [*busy, *held])
    return states.with_unsettled(ending, status.unsettled(ledger))


def _sent(
    ledger: Ledger, chosen: list[Mailing], limit: int, patience: float, workers: int
) -> Ending:
    ends: list[Ending] = []
    for mailing in chosen:
        if not batches.waits(ledger, mailing):
            continue
        try:
            ends.append(
                batches.deliver(
                    ledger, mailing, live=True, limit=limit, patience=patience, workers=workers
                )
            )
        except LedgerUnavailableError:
            raise
        except DearMinisterError as error:
            ends.append(states.failed(error))
        if cancelling.asked():
            for other in chosen[chosen.index(mailing) + 1 :]:
                if batches.waits(ledger, other):
                    ends.append(states.held(cancelling.hold(ledger, other.id, flow_runs.name())))
            break
    return states.together(ends) if ends else states.nothing("no letter waits for this run")


def _see_to_other_runs(ledger: Ledger, *, sweep: bool) -> None:
    """Hold what was cancelled while nobody looked, before anything of it is sent; and tell the
    office of runs that cannot speak for themselves, where nobody but the sweep does."""
    if not flow_runs.deployed():
        return
    with get_client(sync_client=True) as client:
        if not sweep:
            supervision.settle_cancelled(client, ledger)
            return
        told = supervision.look_from_a_sweep(client, ledger)
    for notice in told:
        for fault in notice.send():
            get_run_logger().warning(fault)


def _signed_off(ledger: Ledger) -> list[Mailing]:
    return [found for found in reversed(mailings.every(ledger)) if found.approved_at]


def _for_the_sweep(ledger: Ledger) -> tuple[list[Mailing], list[str], list[str]]:
    """Every mailing that is signed off and left to the sweep, the oldest first; a line about each
    whose letters wait for a person's word; and one about each that a run is at work on."""
    found, waiting, busy = [], [], []
    held = holds.every(ledger)
    for mailing in _signed_off(ledger):
        if mailing.id in held or not batches.waits(ledger, mailing):
            continue
        last = campaign_runs.last(ledger, mailing.campaign, mailing.edition)
        if campaign_runs.running(ledger, last):
            busy.append(f"mailing {mailing.id}: a run of its campaign is at work on it")
        elif campaign_runs.limited(ledger, mailing.id):
            waiting.append(
                f"mailing {mailing.id}: "
                f"{counted(batches.waiting(ledger, mailing), 'letter waits', 'letters wait')} for "
                "a person, its last run was limited; to send the rest, name it: "
                f"{links.form('dispatch')}"
            )
        elif question := open_question(ledger, mailing.id, load().mail_same_refusals):
            waiting.append(f"mailing {mailing.id}: {question}")
        else:
            found.append(mailing)
    for line in (*waiting, *busy):
        get_run_logger().warning(line)
    return found, waiting, busy
