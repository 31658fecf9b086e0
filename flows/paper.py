"""Letters on paper: the print pack, and that they were posted."""

from typing import Annotated

from prefect import flow

from flows.counted import counted
from flows.errors import ConfigurationError
from flows.operations import posted as posting
from flows.operations import print_pack as packing
from flows.orchestration import artifacts, flow_runs, links, verbs
from flows.orchestration.parameters import By, Day, MailingId, text
from flows.orchestration.states import Ending
from flows.orchestration.verbs import Done
from flows.post import resolution
from flows.post.ledger.database import Ledger
from flows.settings import load

flow_runs.one_line_each()

FirstLabel = Annotated[
    int, text("First label", "The first label still on the sheet.", minimum=1, maximum=100)
]
Excepted = Annotated[
    str, text("All but these", "Ids of contacts whose letters did not go, separated by blanks.")
]


@flow(name="print-pack", persist_result=False)
def print_pack(mailing: MailingId = "", first_label: FirstLabel = 1, by: By = "") -> Ending:
    """Write the print pack: letters in the order of the envelopes, labels, a sheet to tick."""

    def step(ledger: Ledger) -> Done:
        _need(mailing)
        made = packing.pack(load(), ledger, mailing, first_label=first_label)
        faults = [{"letter": ref, "what is wrong": fault} for ref, fault in made.faults]
        faults += [
            {"letter": reference, "what is wrong": reason} for reference, reason in made.failed
        ]
        gone = links.to_form("posted", "posted", mailing=mailing)
        files = [artifacts.file_link(path) for path in made.files]
        return Done(
            f"{counted(made.count, 'letter')} on paper{', a proof' * made.proof}, "
            f"{len(faults)} to see to",
            "\n".join(
                (
                    f"# {counted(made.count, 'letter')} on paper",
                    "",
                    *(f"- {file}" for file in files),
                    "",
                    *(f"Note: {edit}.\n" for edit in made.edits),
                    "Not signed off, so every page says PROOF: sign off, then print again."
                    if made.proof
                    else f"When they have gone: {gone}",
                )
            ),
            faults,
            mailing,
            attention=bool(made.failed),
        )

    return verbs.perform("print pack", by, step)


@flow(name="posted", persist_result=False)
def posted(mailing: MailingId = "", on: Day = None, excepted: Excepted = "", by: By = "") -> Ending:
    """Record that a mailing's letters on paper went to the post."""

    def step(ledger: Ledger) -> Done:
        _need(mailing)
        day = on or resolution.today()
        without = excepted.replace(",", " ").split()
        gone = posting.posted(ledger, mailing, on=day, by=by, excepted=without)
        letters = counted(len(gone.dispatches), "letter")
        said = f"{letters} of {mailing} recorded as posted on {day}"
        return Done("; ".join((said, *gone.doubts)))

    return verbs.perform("posted", "", step)


def _need(mailing: str) -> None:
    if not mailing:
        raise ConfigurationError("no mailing was chosen; nothing was done: choose one in the form")
