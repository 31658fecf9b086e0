"""What Prefect's UI offers: the deployments, their schedules, and the choices in their forms."""

import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any, cast

# Before Prefect is imported: its server would report to a host outside, and a run would wait for
# ten seconds until it is looked for.
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_RUNNER_POLL_FREQUENCY", "2")

from prefect import Flow
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron
from prefect.types.entrypoint import EntrypointType

from flows import checking, mailing, paper, records
from flows.campaign import campaign
from flows.chase import chase
from flows.contacts import contacts, import_lists, suppress
from flows.dispatch import dispatch
from flows.errors import ConfigurationError
from flows.inbox import inbox
from flows.operations.ledger import open_ledger
from flows.orchestration import choices
from flows.orchestration.flow_runs import TAG
from flows.orchestration.parameters import EVERY
from flows.post.delivery.office_hours import ZONE
from flows.render import render
from flows.replies import add_reply, match_reply, sort_reply, write_again
from flows.settings import load

MORNINGS = Cron("0 9 * * 1-5", timezone=ZONE, active=False, slug="mornings")
"""Off until an operator turns it on: who was added to the lists since gets a letter too."""
SWEEP = Cron("*/15 * * * *", timezone=ZONE, slug="sweep")
REFRESH = Cron("0 6 * * 1", timezone=ZONE, active=False, slug="refresh")
"""Off until an operator turns it on."""
INBOX = Cron("*/15 * * * *", timezone=ZONE, slug="inbox")
"""There is none until IMAP_HOST is set."""


_FROM_THE_LEDGER = {"mailing", "letter", "item", "dispatch"}
_ASKED_FOR = ("campaign", "mailing", "letter", "by", "why", "hash", "reason")


def deployments() -> list[RunnerDeployment]:
    """A letter to write for each campaign, the sweep, and a form for each thing an operator does.

    Reads the folders and the ledger for the choices in the forms. Raises ConfigurationError,
    LedgerUnavailableError.
    """
    keys, _ = choices.campaign_folders()
    lists = choices.contact_lists()
    with closing(open_ledger(load())) as ledger:
        of = choices.mailing_choices(ledger)
        open_letters = choices.open_letters(ledger)
        answered, items = choices.answered_letters(ledger), choices.item_choices(ledger)
    readers = {"contacts": lists}
    return [
        *(
            _made(
                campaign,
                key,
                {"campaign": [key], **readers},
                tags=["campaign"],
                schedules=[MORNINGS],
                # Not the schedule's parameters: the page empties those when it is switched on.
                parameters={"campaign": key},
            )
            for key in keys
        ),
        _made(dispatch, "dispatch", {"mailing": [EVERY, *of["waiting"]]}, schedules=[SWEEP]),
        _made(render, "render", {"campaign": keys, **readers}),
        _made(checking.check, "check", {"campaign": keys, **readers}),
        _made(checking.preview, "preview", {"campaign": keys, **readers}),
        _made(mailing.sign_off, "sign-off", {"mailing": of["unsigned"]}),
        _made(mailing.hold, "hold", {"mailing": of["waiting"]}),
        _made(mailing.release, "release", {"mailing": of["held"]}),
        _made(mailing.resolve, "resolve", {"letter": open_letters}),
        _made(mailing.send_again, "send-again", {"mailing": of["refused"]}),
        _made(mailing.withdraw, "withdraw", {"mailing": of["all"]}),
        _made(paper.print_pack, "print-pack", {"mailing": of["paper"]}),
        _made(paper.posted, "posted", {"mailing": of["paper"]}),
        _made(records.export, "export", {"mailing": of["all"]}),
        _made(records.evidence, "evidence", {"mailing": of["all"]}),
        _made(records.report, "report", {"mailing": of["all"]}),
        _made(records.verify, "verify", {}),
        _made(inbox, "inbox", {}, schedules=[INBOX] if _has_mailbox() else []),
        _made(sort_reply, "sort-reply", {"item": items}),
        _made(match_reply, "match-reply", {"item": items, "dispatch": answered}),
        _made(add_reply, "add-reply", {"dispatch": answered}),
        _made(write_again, "write-again", {"dispatch": answered}),
        _made(chase, "chase", {"campaign": keys, **readers}),
        _made(suppress, "suppress", {}),
        _made(import_lists, "import", {}),
        _made(contacts, "contacts", {}, schedules=[REFRESH]),
    ]


def _has_mailbox() -> bool:
    """Whether IMAP is set; whatever needs a setting at fault says so."""
    try:
        return bool(load().imap_host)
    except ConfigurationError:
        return False


def _made(
    flow: Flow[..., Any],
    name: str,
    offered: Mapping[str, Sequence[str]],
    *,
    tags: Sequence[str] = (),
    **options: Any,
) -> RunnerDeployment:
    """A deployment whose form offers these values, by field; what has none is typed."""
    made = cast(
        RunnerDeployment,  # awaitable only where a loop runs
        flow.to_deployment(
            name,
            description=(flow.fn.__doc__ or "").strip().partition("\n")[0],
            tags=[TAG, *tags],
            entrypoint_type=EntrypointType.MODULE_PATH,
            # What the ledger offers to choose from changes all the time: the flow checks it.
            enforce_parameter_schema=not offered.keys() & _FROM_THE_LEDGER,
            **options,
        ),
    )
    schema = made._parameter_openapi_schema
    properties = schema.properties
    # A flow says what is missing; the form asks for it from the start.
    # But a schedule has no name to give.
    scheduled = {"by"} if options.get("schedules") else set()
    asked_for = [
        field
        for field, about in properties.items()
        if field in _ASKED_FOR and field not in scheduled and about.get("default") == ""
    ]
    for field in asked_for:
        properties[field].pop("default")
    schema.required = [*(schema.required or []), *asked_for]
    for field, values in offered.items():
        if values:
            about = properties[field]
            (about["items"] if about.get("type") == "array" else about)["enum"] = list(values)
    return made
