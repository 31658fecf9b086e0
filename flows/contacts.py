"""Contact lists: refreshed from the UK Parliament, imported, and who is never written to."""

from datetime import date
from typing import Annotated, Literal

from prefect import flow
from prefect.logging import get_run_logger

from flows.counted import counted
from flows.errors import ConfigurationError, RowError
from flows.operations import draft
from flows.operations.refresh import refresh
from flows.orchestration import artifacts, flow_runs, notices, verbs
from flows.orchestration.parameters import By, Day, Fewer, Folder, text
from flows.orchestration.states import Ending
from flows.orchestration.verbs import Done
from flows.people import sources, suppression
from flows.people.sources import provenance, saving
from flows.post.ledger.database import Ledger
from flows.settings import load, office

flow_runs.one_line_each()
_EVERY = 100
"""Members between two lines of the log."""
_AS_IT_SAYS = "as the file says"

Source = Annotated[
    Literal["sheet", "ifg", "twfy", "popolo", "members-json"],
    text("Source", "sheet: any table with headings. Else the kind of public data."),
]
Files = Annotated[str, text("Files", "Paths of the files within this folder, separated by blanks.")]
List = Annotated[str, text("List to make", "As contacts/imported.csv.")]
House = Annotated[
    Literal["as the file says", "commons", "lords", "dail", "seanad"],
    text("House", "Where a row names none."),
]
Person = Annotated[str, text("Person", "The person's id in the lists; or one of the next two.")]
Email = Annotated[str, text("E-mail address", "")]
Domain = Annotated[str, text("Domain", "As example.org: nobody there is written to.")]
Reason = Annotated[str, text("Reason", "In a few words; kept in contacts/suppression.csv.")]


@flow(name="contacts", persist_result=False)
def contacts(folder: Folder = "contacts", fewer: Fewer = False, by: By = "") -> Ending:
    """Fetch MPs, peers and government posts; nothing is replaced unless all of it is there."""
    logger = get_run_logger()

    def progress(step: str, done: int, total: int) -> None:
        if done % _EVERY == 0 or done == total:
            logger.info(f"{step}: {done} of {total}")

    def step(ledger: Ledger) -> Done:
        lists = refresh(load(), office().folder / folder, progress, fewer=fewer)
        return Done(
            f"refreshed: {'; '.join(map(str, lists))}",
            "\n".join(("# Refreshed", "", *(f"- {artifacts.plain(str(made))}" for made in lists))),
        )

    return notices.of(verbs.perform("contacts refresh", by, step), "contacts")


@flow(name="import", persist_result=False)
def import_lists(
    files: Files = "",
    source: Source = "sheet",
    to: List = "contacts/imported.csv",
    as_of: Day = None,
    house: House = "as the file says",
    fewer: Fewer = False,
    by: By = "",
) -> Ending:
    """Make a contact list of a public source's files, as of any day it knows."""

    def step(ledger: Ledger) -> Done:
        paths = [office().folder / name for name in files.split()]
        if not paths:
            raise ConfigurationError("no file was named; nothing was done")
        target = office().folder / to
        before = provenance.read(target)
        found = sources.read(
            source,
            paths,
            as_of or date.today(),
            date.today(),
            provenance.Options("" if house == _AS_IT_SAYS else house),
            before.options if before else provenance.NO_OPTIONS,
        )
        saving.write(saving.plan(found, target, fewer=fewer))
        return Done(
            f"{counted(len(found.contacts), 'contact')} in {to}, "
            f"{counted(len(found.refused), 'row')} handed back",
            table=[{"row": f"{r.file}:{r.row}", "reason": r.reason} for r in found.refused],
        )

    return verbs.perform("contacts import", by, step)


@flow(name="suppress", persist_result=False)
def suppress(
    person: Person = "", email: Email = "", domain: Domain = "", reason: Reason = "", by: By = ""
) -> Ending:
    """Never write to this person, address or domain again, in any campaign."""

    def step(ledger: Ledger) -> Done:
        try:
            suppression.add(
                office().suppression,
                person=person,
                email=email,
                domain=domain,
                reason=reason,
                on=date.today(),
            )
        except RowError as error:
            raise ConfigurationError(f"{error.reason}; fill in one of the first three") from error
        listed = not person or draft.listed(person)
        note = "" if listed else f" (no list has a person {person}: is the id right?)"
        # Whom it is about stands in the suppression list alone: Prefect's pages are read by many.
        return Done(f"suppressed, in contacts/suppression.csv{note if person else ''}")

    return verbs.perform("suppress", by, step)
