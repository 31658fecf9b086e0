"""Remind readers who have not answered: freeze, sign-off, send, as a mailing of its own."""

from functools import partial
from pathlib import Path

from prefect import flow
from prefect.logging import get_run_logger
from prefect.runtime import flow_run

from flows.errors import ConfigurationError, DearMinisterError
from flows.letters import campaign as campaigns
from flows.operations import chase as chasing
from flows.operations import draft
from flows.operations.chase import Due
from flows.orchestration import batches, flow_runs, links, notices, sign_off, states, tasks
from flows.orchestration.parameters import (
    After,
    CampaignKey,
    Limit,
    Lists,
    Live,
    Patience,
)
from flows.orchestration.states import Ending
from flows.post import status
from flows.post.ledger import campaign_runs
from flows.post.ledger.database import Ledger
from flows.post.mailing import mailing as mailings
from flows.post.mailing.mailing import Mailing

flow_runs.one_line_each()


def _name() -> str:
    given = flow_run.parameters
    kind = "live" if given.get("live") else "rehearsal"
    return f"chase {Path(given.get('campaign') or '?').name}, {kind}"


@flow(name="chase", flow_run_name=_name, persist_result=False)
def chase(
    campaign: CampaignKey = "",
    contacts: Lists = [],  # noqa: B006  # never changed; an immutable default has no form
    after: After = 0,
    live: Live = False,
    limit: Limit = 0,
    patience: Patience = 20,
) -> Ending:
    """Follow up the letters of a campaign that have had no substantive reply.

    The state it ends in is as ``flows.orchestration.states`` says. Whoever answers before the
    reminder leaves does not get it.
    """
    return notices.of(_ended(campaign, contacts, after, live, limit, patience), f"chase {campaign}")


def _ended(
    campaign: str, contacts: Lists, after: int, live: bool, limit: int, patience: int
) -> Ending:
    run = flow_runs.identity()
    try:
        if not campaign:
            raise ConfigurationError("no campaign was named; nothing was done: choose one")
        with flow_runs.at_work() as ledger:
            about = campaigns.load(draft.folder(campaign))
            if (late := flow_runs.too_late()) and not campaign_runs.begun(ledger, run):
                return states.not_started("Too late", late)
            lock = campaign_runs.run_lock(
                ledger, f"{about.key}.chase", about.edition, run, partial(_waits, ledger)
            )
            with lock:
                frozen = campaign_runs.mailing_of(ledger, run)
                found = (
                    mailings.get(ledger, frozen)
                    if frozen
                    else _prepared(ledger, run, campaign, contacts, after)
                )
                if found is None:
                    return states.nothing("nobody is to be reminded today")
                ending = sign_off.then_deliver(
                    ledger, found, live=live, limit=limit, patience=patience * 60
                )
                open_still = status.unsettled(ledger, found.campaign, found.edition)
                return states.with_unsettled(ending, open_still)
    except campaign_runs.CampaignBusyError as error:
        return states.not_started("Already running", f"{error}: {links.run(error.run)}")
    except DearMinisterError as error:
        return states.failed(error)


def _waits(ledger: Ledger, run: str) -> bool:
    """Whether that run, which has no process, waits for a sign-off that nobody gave elsewhere."""
    frozen = campaign_runs.mailing_of(ledger, run)
    signed_off = frozen and mailings.get(ledger, frozen).approved_at
    return not signed_off and flow_runs.waiting(run)


def _prepared(
    ledger: Ledger, run: str, campaign: str, contacts: Lists, after: int
) -> Mailing | None:
    """The mailing that this run is about, frozen and reviewed: a new one, or one that was signed
    off and is not sent yet; None where nobody is due."""
    due: Due = tasks.due(ledger, campaign, contacts, after)
    for reason, count in chasing.reasons(due).items():
        get_run_logger().info(f"{count} left out: {reason}")
    prepared = tasks.freeze_chasers(ledger, tasks.as_is(due), len(due.letters))
    if prepared.mailing is None:
        about = due.draft.campaign
        return batches.unfinished(ledger, about.key, about.edition)
    campaign_runs.link_mailing(ledger, run, prepared.mailing.id)
    tasks.review(ledger, tasks.as_is(due.draft), tasks.as_is(prepared))
    return mailings.get(ledger, prepared.mailing.id)
