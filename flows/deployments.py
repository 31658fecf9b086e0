"""What Prefect's UI offers: the deployments and their schedules."""

import os
from typing import cast

# Before Prefect is imported: its server would report to a host outside, and a run would wait for
# ten seconds until it is looked for.
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_RUNNER_POLL_FREQUENCY", "2")

from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron, Schedule

from flows.campaign import campaign
from flows.chase import chase
from flows.contacts import contacts
from flows.dispatch import dispatch
from flows.errors import ConfigurationError
from flows.inbox import inbox
from flows.orchestration.parameters import valid_campaigns
from flows.post.delivery.office_hours import ZONE
from flows.replies import add_reply, match_reply, sort_reply
from flows.settings import load

SWEEP = Cron("*/15 * * * *", timezone=ZONE, slug="sweep")
REFRESH = Cron("0 6 * * 1", timezone=ZONE, active=False, slug="refresh")
"""Off until an operator turns it on."""
INBOX = Cron("*/15 * * * *", timezone=ZONE, slug="inbox")
"""There is none until IMAP_HOST is set."""


def deployments() -> list[RunnerDeployment]:
    """A letter to write, the sweep that sends what is due, the refresh of the lists; what comes
    back, and reminders."""
    made = [
        campaign.to_deployment(
            "campaign",
            schedules=_mornings(),
            description="Write to everyone a campaign is for: review, sign-off, send, report.",
        ),
        dispatch.to_deployment(
            "dispatch",
            schedules=[SWEEP],
            description="Send what is due of every mailing that was signed off.",
        ),
        contacts.to_deployment(
            "contacts",
            schedules=[REFRESH],
            description="Fetch MPs, peers and government posts from the UK Parliament.",
        ),
        inbox.to_deployment(
            "inbox",
            schedules=[INBOX] if _has_mailbox() else [],
            description="Read the campaign's mailbox and file what came back.",
        ),
        sort_reply.to_deployment("sort-reply", description="Say what an item that came back is."),
        match_reply.to_deployment("match-reply", description="Say which letter an item is about."),
        add_reply.to_deployment(
            "add-reply", description="File an answer that came on paper or by telephone."
        ),
        chase.to_deployment(
            "chase",
            description="Remind readers who have not answered: review, sign-off, send, report.",
        ),
    ]
    return cast(list[RunnerDeployment], made)  # awaitable only where a loop runs


def _has_mailbox() -> bool:
    """Whether IMAP is set; a setting at fault is told by whatever needs it."""
    try:
        return bool(load().imap_host)
    except ConfigurationError:
        return False


def _mornings() -> list[Schedule]:
    """Off until an operator turns it on: who was added to the lists since gets a letter too."""
    first = next(iter(valid_campaigns()), None)
    if first is None:
        return []
    return [
        Cron(
            "0 9 * * 1-5",
            timezone=ZONE,
            active=False,
            parameters={"campaign": first},
            slug="mornings",
        )
    ]
