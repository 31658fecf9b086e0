"""What a person says about what came back, as forms: sort an item, match it, add one from paper,
write again to whom a letter did not reach."""

from collections.abc import Callable

from prefect import flow
from prefect.states import Completed

from flows.errors import DearMinisterError
from flows.operations import replies
from flows.orchestration import flow_runs, replies_page, states
from flows.orchestration.parameters import (
    By,
    CameOn,
    DispatchId,
    ItemNumber,
    KindOfReply,
    Name,
    Note,
    ScanFile,
    Source,
    Why,
)
from flows.orchestration.states import Ending
from flows.post.ledger.database import Ledger

flow_runs.one_line_each()


@flow(name="sort-reply", persist_result=False)
def sort_reply(item: ItemNumber, kind: KindOfReply, name: Name, note: Note = "") -> Ending:
    """Say what an item is. An objection puts its writer on the suppression list."""

    def decide(ledger: Ledger) -> str:
        found, followed = replies.sort(ledger, item, kind, by=name, note=note)
        return f"item {found.id} is {found.kind}" + (f"; {followed}" if followed else "")

    return _decided(decide)


@flow(name="match-reply", persist_result=False)
def match_reply(item: ItemNumber, dispatch: DispatchId, name: Name) -> Ending:
    """Say which letter an item is about."""

    def decide(ledger: Ledger) -> str:
        found = replies.match(ledger, item, dispatch.strip(), by=name)
        return f"item {found.id} is about {found.dispatch}"

    return _decided(decide)


@flow(name="add-reply", persist_result=False)
def add_reply(
    dispatch: DispatchId,
    source: Source,
    on: CameOn,
    kind: KindOfReply,
    name: Name,
    note: Note = "",
    file: ScanFile = None,
) -> Ending:
    """File an answer that came on paper or by telephone."""

    def decide(ledger: Ledger) -> str:
        found, doubt = replies.add(
            ledger, dispatch.strip(), kind, source=source, on=on, by=name, note=note, file=file
        )
        filed = f"item {found.id}, {found.kind}, is filed on {found.dispatch}"
        return f"{filed}; {doubt}" if doubt else filed

    return _decided(decide)


@flow(name="write-again", persist_result=False)
def write_again(dispatch: DispatchId, by: By = "", why: Why = "") -> Ending:
    """Free the reader of a letter that a server or the post returned, for the next mailing."""

    def decide(ledger: Ledger) -> str:
        person = replies.again(ledger, dispatch.strip(), by=by, why=why)
        return (
            f"{person} gets another letter of this edition: correct the list, then start the "
            "campaign"
        )

    return _decided(decide)


def _decided(decide: Callable[[Ledger], str]) -> Ending:
    """Do what the form says, and show what waits now."""
    try:
        with flow_runs.at_work() as ledger:
            line = decide(ledger)
            replies_page.show(ledger)
    except DearMinisterError as error:
        return states.failed(error)
    return Completed(message=line)
