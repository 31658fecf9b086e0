"""The chair's sign-off in Prefect's UI: the run is suspended until name and hash are given.

Suspended, not paused: no process waits, so that a restart loses nothing. When it goes on the flow
runs from its first line; the ledger knows which mailing it froze and whether it is signed off.
"""

import logging
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from prefect.client.orchestration import get_client
from prefect.exceptions import Pause
from prefect.flow_runs import suspend_flow_run
from prefect.input import RunInput
from prefect.logging import get_run_logger
from pydantic import Field

from flows.counted import counted
from flows.operations import approve
from flows.orchestration import batches, flow_runs, links, notices, states
from flows.orchestration.artifacts import key, plain
from flows.orchestration.states import Ending
from flows.post.ledger import campaign_runs, holds
from flows.post.ledger.database import Ledger
from flows.post.mailing import mailing as mailings
from flows.post.mailing.approval import SHORTEST
from flows.post.mailing.mailing import Mailing

DAYS = 14
_KEY = "sign-off-"


class SignOff(RunInput):
    """The chair's answer. The name is kept for good beside the hash."""

    name: str = Field(
        title="Your name",
        description="Who signs off, as the record is to have it.",
        min_length=2,
        max_length=200,
        pattern=r"\S",
    )
    hash: str = Field(
        title="Hash shown in the review",
        description="The twelve characters under Hash to sign off, in the review.",
        min_length=SHORTEST,
        pattern=rf"^\s*[0-9A-Fa-f]{{{SHORTEST},64}}\s*$",
    )


def then_deliver(
    ledger: Ledger, found: Mailing, *, live: bool, limit: int, patience: float, workers: int = 1
) -> Ending:
    """Send the mailing: a rehearsal at once, live letters once they are signed off.

    ``limit``, ``patience`` and ``workers`` as in ``batches.deliver``. Suspends a deployment's run
    until the sign-off; elsewhere returns the state that says how to give it. Raises
    ConfigurationError, LedgerUnavailableError.
    """
    logger = get_run_logger()
    if live and (hold := holds.find(ledger, found.id)):
        return states.held(hold)
    if live and (not found.approved_at or asked()):
        if not flow_runs.deployed():
            return states.not_signed_off(found.id, found.hash)
        # Before anybody can sign off: a sweep that comes before this run goes on keeps to it.
        campaign_runs.limit(ledger, found.id, limit)
        found = ask(ledger, found, logger)
    elif live:
        logger.info(f"mailing {found.id} was signed off by {found.approved_by}")
    return batches.deliver(
        ledger, found, live=live, limit=limit, patience=patience, workers=workers
    )


def asked() -> bool:
    """Whether this run has asked for the sign-off before: what was answered has to be in order,
    whoever signed meanwhile."""
    if not flow_runs.deployed():
        return False
    with get_client(sync_client=True) as client:
        policy = client.read_flow_run(UUID(flow_runs.identity())).empirical_policy
    return any(asked.startswith(_KEY) for asked in policy.pause_keys or ())


def ask(
    ledger: Ledger, found: Mailing, logger: "logging.LoggerAdapter[Any] | logging.Logger"
) -> Mailing:
    """Return the mailing, signed off. Until then it suspends the run.

    Raises ConfigurationError where the mailing can no longer be signed off.
    """
    refusal = ""
    logger.info(
        f"{counted(found.letters, 'letter')} frozen, the chair's word is waited for: read the "
        "review among the artifacts, then choose Resume in this run's menu"
    )
    for attempt in count(1):
        # Each refusal asks under a key of its own; on the way back the answers are read again.
        form = SignOff.with_initial_data(description=_description(found, refusal))
        try:
            given = suspend_flow_run(
                wait_for_input=form, timeout=DAYS * 24 * 3600, key=f"{_KEY}{attempt}"
            )
        except Pause:
            _say_what_is_waited_for(found, refusal)
            notices.sign_off_waits(found, refusal)
            raise
        digest = given.hash.strip().lower()
        if not found.hash.startswith(digest):
            refusal = (
                f"{digest[:12]} is not this mailing's hash: nothing was signed off. Read the "
                "review of this mailing and give the hash that it shows."
            )
            logger.warning(refusal)
            continue
        current = mailings.get(ledger, found.id)
        if current.approved_at:
            logger.info(f"mailing {current.id} was signed off by {current.approved_by}")
            return current
        signed, edits = approve.approve(ledger, found.id, given.name, digest)
        logger.info(f"mailing {signed.id} signed off by {signed.approved_by}")
        for edit in edits:
            logger.warning(f"{edit} since the letters were frozen; they go as they were frozen")
        return signed
    raise AssertionError("count never ends")


def _say_what_is_waited_for(found: Mailing, refusal: str) -> None:
    """Put it into the suspended run's state, which Prefect leaves without a word."""
    message = (
        f"{refusal} Waits for the sign-off of {counted(found.letters, 'letter')}, mailing "
        f"{found.id}: read the review among the artifacts, then choose Resume in this run's menu."
    ).strip()
    run = UUID(flow_runs.identity())
    with get_client(sync_client=True) as client:
        state = client.read_flow_run(run).state
        if state and state.is_paused():
            client.set_flow_run_state(
                run, state.model_copy(update={"message": message, "id": uuid4()}), force=True
            )


def _description(found: Mailing, refusal: str) -> str:
    made = flow_runs.artifacts(flow_runs.identity())
    pages = [
        f"[{name}]({links.page(made[wanted])})"
        for name in ("review", "specimens")
        if (wanted := key(f"{found.campaign}-{name}")) in made
    ]
    read = f"Read first: {', '.join(pages)}.\n\n" if pages else ""
    asked = (
        f"**Sign off {counted(found.letters, 'letter')}** of {plain(found.campaign)}, edition "
        f"{found.edition}, mailing `{found.id}`?\n\n{read}"
        f"Resume sends them. To say no, close this and cancel the run. After {DAYS} days the run "
        "fails; the mailing stays, and can be signed off by the next run or with "
        "`dear-minister approve`."
    )
    return f"**Refused: {plain(refusal)}**\n\n{asked}" if refusal else asked
