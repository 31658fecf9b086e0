"""The chair's sign-off in Prefect's UI: the run is suspended until name and hash are given.

Suspended, not paused: no process waits, so that a restart loses nothing. When it goes on the flow
runs from its first line; the ledger knows which mailing it froze and whether it is signed off.
"""

import logging
from itertools import count
from typing import Any

from prefect.flow_runs import suspend_flow_run
from prefect.input import RunInput
from pydantic import Field

from flows.operations import approve
from flows.orchestration import flow_runs
from flows.orchestration.artifacts import key, page, plain
from flows.post.ledger.database import Ledger
from flows.post.mailing import mailing as mailings
from flows.post.mailing.approval import SHORTEST
from flows.post.mailing.mailing import Mailing

DAYS = 14


class SignOff(RunInput):
    """What the chair fills in. The name is kept for good beside the hash."""

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


def ask(
    ledger: Ledger, found: Mailing, logger: "logging.LoggerAdapter[Any] | logging.Logger"
) -> Mailing:
    """The mailing, signed off. Does not return before: it suspends the run.

    Raises ConfigurationError where the mailing can no longer be signed off.
    """
    refusal = ""
    logger.info(
        f"{found.letters} letters are frozen and wait for the chair: read the review among the "
        "artifacts, then choose Resume in this run's menu"
    )
    for attempt in count(1):
        # Each refusal asks under a key of its own; on the way back the answers are read again.
        form = SignOff.with_initial_data(description=_description(found, refusal))
        given = suspend_flow_run(
            wait_for_input=form, timeout=DAYS * 24 * 3600, key=f"sign-off-{attempt}"
        )
        if now_signed := _signed(ledger, found):
            return now_signed
        digest = given.hash.strip().lower()
        if found.hash.startswith(digest):
            signed, edits = approve.approve(ledger, found.id, given.name, digest)
            logger.info(f"mailing {signed.id} signed off by {signed.approved_by}")
            for edit in edits:
                logger.warning(f"{edit} since the letters were frozen; they go as they were frozen")
            return signed
        refusal = (
            f"{digest[:12]} is not this mailing's hash: nothing was signed off. Read the review "
            "of this mailing and give the hash that it shows."
        )
        logger.warning(refusal)
    raise AssertionError("count never ends")


def _signed(ledger: Ledger, found: Mailing) -> Mailing | None:
    """The mailing where somebody signed it off meanwhile, by dear-minister approve."""
    current = mailings.get(ledger, found.id)
    return current if current.approved_at else None


def _description(found: Mailing, refusal: str) -> str:
    made = flow_runs.artifacts(flow_runs.identity())
    pages = [
        f"[{name}]({page(made[wanted])})"
        for name in ("review", "specimens")
        if (wanted := key(f"{found.campaign}-{name}")) in made
    ]
    read = f"Read first: {', '.join(pages)}.\n\n" if pages else ""
    asked = (
        f"**Sign off {found.letters} letters** of {plain(found.campaign)}, edition "
        f"{found.edition}, mailing `{found.id}`?\n\n{read}"
        f"Resume sends them. To say no, close this and cancel the run. After {DAYS} days the run "
        "fails; the mailing stays, and can be signed off by the next run or with "
        "`dear-minister approve`."
    )
    return f"**Refused: {plain(refusal)}**\n\n{asked}" if refusal else asked
