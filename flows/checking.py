"""Before anything is frozen: every problem of a campaign, and letters to look at."""

from typing import Annotated

from prefect import flow

from flows.counted import counted
from flows.errors import ConfigurationError
from flows.operations import check as checks
from flows.operations import draft, specimens
from flows.operations import preview as previews
from flows.orchestration import artifacts, flow_runs, verbs
from flows.orchestration.parameters import AsOf, By, CampaignKey, Lists, text
from flows.orchestration.states import Ending
from flows.orchestration.verbs import Done
from flows.post.ledger.database import Ledger
from flows.settings import load

flow_runs.one_line_each()

Readers = Annotated[
    str,
    text(
        "Readers",
        "Ids of contacts, separated by blanks. Empty: one reader of each kind.",
    ),
]


@flow(name="check", persist_result=False)
def check(
    campaign: CampaignKey = "",
    contacts: Lists = [],  # noqa: B006
    as_of: AsOf = None,
    by: By = "",
) -> Ending:
    """List every problem of a campaign: contacts, templates, settings, mail server."""

    def step(ledger: Ledger) -> Done:
        _need(campaign)
        found = checks.check(campaign, contacts, as_of).problems
        worst = [problem for problem in found if problem.severity in ("error", "row")]
        return Done(
            f"{campaign}: {counted(len(found), 'problem')}, of which {len(worst)} keep letters back"
            if found
            else f"{campaign}: no problem found",
            table=[
                {"severity": problem.severity, "where": problem.where, "what": problem.what}
                for problem in found
            ],
            attention=bool(worst),
        )

    return verbs.perform("check", by, step)


@flow(name="preview", persist_result=False)
def preview(
    campaign: CampaignKey = "",
    contacts: Lists = [],  # noqa: B006
    as_of: AsOf = None,
    readers: Readers = "",
    by: By = "",
) -> Ending:
    """Write letters and mails of chosen readers as files; nothing is frozen, nothing is sent."""

    def step(ledger: Ledger) -> Done:
        _need(campaign)
        drafted = draft.draft(campaign, contacts, as_of)
        only = readers.replace(",", " ").split() or [
            reader.contact.id for reader, _ in specimens.chosen(drafted.readers)
        ]
        made = previews.preview(load(), drafted, only, None)
        links = "\n".join(f"- {artifacts.file_link(path)}" for path in made.files)
        return Done(
            f"{campaign}: {counted(len(made.files), 'file')} of {counted(len(only), 'reader')} "
            f"in {made.folder}",
            f"{links}\n\n{made.note}",
            [{"row": f"{row.file}:{row.row}", "reason": row.reason} for row in made.refused],
        )

    return verbs.perform("preview", by, step)


def _need(campaign: str) -> None:
    if not campaign:
        raise ConfigurationError("no campaign was named; nothing was done: choose one in the form")
