"""The campaign: prepare, sign-off, dispatch, report.

From Python: ``from flows.campaign import campaign; campaign("r2p-dialogue-2013")`` rehearses;
``live=True`` sends, once the mailing is signed off. As a deployment it is Prefect's form.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from prefect import flow
from prefect.logging import get_run_logger
from prefect.runtime import flow_run

from flows.errors import ConfigurationError, DearMinisterError
from flows.letters import campaign as campaigns
from flows.letters.campaign import Campaign
from flows.operations import draft
from flows.orchestration import batches, flow_runs, links, notices, sign_off, states, tasks
from flows.orchestration import workers as working
from flows.orchestration.parameters import (
    AsOf,
    CampaignKey,
    Limit,
    Lists,
    Live,
    Patience,
    Workers,
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
    return f"{Path(given.get('campaign') or '?').name}, {_kind(given)}"


def _kind(given: dict[str, object]) -> str:
    return "live" if given.get("live") else "rehearsal"


@flow(name="campaign", flow_run_name=_name, persist_result=False)
def campaign(
    campaign: CampaignKey = "",
    contacts: Lists = [],  # noqa: B006  # never changed; an immutable default has no form
    as_of: AsOf = None,
    live: Live = False,
    limit: Limit = 0,
    patience: Patience = 20,
    workers: Workers = 1,
) -> Ending:
    """Write to everyone the campaign is for: freeze the letters, have them signed off, send them.

    The state it ends in says what became of the letters (``orchestration.states``). From Python
    it returns that state, or raises: ConfigurationError where nothing could be done, Prefect's
    FailedRun where letters were refused or are uncertain.
    """
    asked = _Asked(campaign, contacts, as_of, live, limit, patience, workers)
    return notices.of(_ended(asked), f"campaign {campaign}")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the form was filled in with; ``patience`` in minutes."""

    campaign: str
    contacts: Lists
    as_of: AsOf
    live: bool
    limit: int
    patience: int
    workers: int


def _ended(asked: _Asked) -> Ending:
    run = flow_runs.identity()
    try:
        if not asked.campaign:
            raise ConfigurationError(
                "no campaign was named; nothing was done: start the deployment of a campaign"
            )
        with flow_runs.at_work() as ledger:
            about = campaigns.load(draft.folder(asked.campaign))
            if (late := flow_runs.too_late()) and not campaign_runs.begun(ledger, run):
                return states.not_started("Too late", late)
            with campaign_runs.run_lock(
                ledger, about.key, about.edition, run, partial(_waits, ledger)
            ):
                ending = _written(ledger, run, about, asked)
                open_still = status.unsettled(ledger, about.key, about.edition)
                return states.with_unsettled(ending, open_still)
    except campaign_runs.CampaignBusyError as error:
        return states.not_started("Already running", f"{error}: {links.run(error.run)}")
    except DearMinisterError as error:
        return states.failed(error)


def _written(ledger: Ledger, run: str, about: Campaign, asked: _Asked) -> Ending:
    """Freeze, or take up what this run froze; have it signed off; send."""
    frozen = campaign_runs.mailing_of(ledger, run)
    found = mailings.get(ledger, frozen) if frozen else _prepared(ledger, run, about, asked)
    if found is None:
        return states.nothing("there is nobody left to write to")
    return sign_off.then_deliver(
        ledger,
        found,
        live=asked.live,
        limit=asked.limit,
        patience=asked.patience * 60,
        workers=asked.workers,
    )


def _waits(ledger: Ledger, run: str) -> bool:
    """Whether that run, which has no process, waits for a sign-off that nobody gave elsewhere."""
    frozen = campaign_runs.mailing_of(ledger, run)
    signed_off = frozen and mailings.get(ledger, frozen).approved_at
    return not signed_off and flow_runs.waiting(run)


def _prepared(ledger: Ledger, run: str, about: Campaign, asked: _Asked) -> Mailing | None:
    """The mailing that this run is about, frozen and reviewed; None where there is none."""
    drafted = tasks.read(asked.campaign, asked.contacts, asked.as_of or None)
    if about.letter != "docx":
        letters = len(drafted.readers)
        team = working.lay_out(asked.campaign, asked.contacts, asked.as_of, letters, asked.workers)
        if team.count > 1:
            tasks.lay_out(ledger, tasks.as_is(drafted), 0, team.count)
            team.finish(ledger)
    prepared = tasks.freeze(ledger, tasks.as_is(drafted), len(drafted.readers))
    found = prepared.mailing
    if found:
        campaign_runs.link_mailing(ledger, run, found.id)
        tasks.review(ledger, tasks.as_is(drafted), tasks.as_is(prepared))
    elif asked.live and (found := batches.unfinished(ledger, about.key, about.edition)):
        campaign_runs.link_mailing(ledger, run, found.id)
        get_run_logger().info(f"nobody new to write to; going on with mailing {found.id}")
    elif prepared.refused:
        raise ConfigurationError(
            f"nothing was frozen ({prepared.accounting.sentence}); the rows handed back, with the"
            f" reasons: {prepared.refused_file}"
        )
    return mailings.get(ledger, found.id) if found else None
