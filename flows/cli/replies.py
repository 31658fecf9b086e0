"""Commands about what comes back: the mailbox, the replies, the chasers."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from flows import settings
from flows.cli import console, options
from flows.cli import replies_output as output
from flows.cli.answer import Answer
from flows.cli.command import Commands
from flows.counted import counted

DispatchId = Annotated[str, typer.Argument(metavar="DISPATCH", help="A letter's id.")]
ItemNumber = Annotated[int, typer.Argument(metavar="ITEM", help="An item's number.")]
As = Annotated[
    str,
    typer.Option(
        "--as",
        metavar="KIND",
        help="reply, acknowledgement, passed-on, asks-for-more, automatic, objection, bounce, "
        "delayed, receipt or unrelated.",
    ),
]
Note = Annotated[str, typer.Option("--note", metavar="TEXT", help="Kept beside it.")]
ToFile = Annotated[Path, options.target("Ending in .csv or .xlsx.")]
OfCampaign = Annotated[
    str, typer.Argument(metavar="CAMPAIGN", help="Only this one's.", show_default=False)
]


class _ListByDefault(TyperGroup):
    """``replies CAMPAIGN`` is ``replies list CAMPAIGN``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        first = next((argument for argument in args if not argument.startswith("-")), None)
        if first not in self.commands and "--help" not in args:
            args = ["list", *args]
        return super().parse_args(ctx, args)


inbox_app = Commands("What became of it")
app = Commands(
    cls=_ListByDefault,
    help="What came back, by reader; CAMPAIGN shows one campaign's.",
)


@inbox_app.command()
def inbox() -> Answer:
    """Read the campaign's mailbox (IMAP) and file what is new; nothing in it is changed."""
    from flows.operations.inbox import sweep

    with options.ledger() as ledger, console.bar("Mails") as progress:
        return output.swept(sweep(settings.load(), ledger, progress))


@inbox_app.command()
def chase(
    campaign: options.Campaign,
    contacts: options.Contacts = None,
    after: Annotated[
        int | None,
        typer.Option(
            "--after", metavar="DAYS", min=1, help="Working days; default: campaign.toml's."
        ),
    ] = None,
    list_only: Annotated[
        bool, typer.Option("--list", help="Only say who would be reminded, and who not.")
    ] = False,
) -> Answer:
    """Freeze reminders to readers who have not answered; approve and send them as any mailing."""
    from flows.operations import chase as chasing

    with options.ledger() as ledger:
        due = chasing.due(ledger, campaign, contacts or (), after=after or 0)
        if list_only:
            return output.due(due)
        return output.chased(due, chasing.freeze(settings.load(), ledger, due))


@app.command("list", hidden=True)
def list_(campaign: OfCampaign = "") -> Answer:
    """What came back, by reader, and what waits to be sorted."""
    from flows.operations.came_back import desk

    with options.ledger() as ledger:
        return output.desk(desk(ledger, campaign))


@app.command()
def show(
    item: ItemNumber,
    to: Annotated[
        Path | None,
        options.target("Write the raw mail, or the scan, to this file."),
    ] = None,
) -> Answer:
    """One item: what it says, what the rules made of it and why, whose it may be."""
    from flows.operations.came_back import details

    with options.ledger() as ledger:
        return output.item(details(ledger, item, to))


@app.command()
def sort(
    items: Annotated[list[int], typer.Argument(metavar="ITEM", help="Items' numbers.")],
    kind: As,
    by: options.By,
    note: Note = "",
) -> Answer:
    """Say what items are; an objection puts its writer on the suppression list."""
    from flows.operations import replies

    with options.ledger() as ledger:
        return output.sorted_(
            [replies.sort(ledger, item, kind, by=by, note=note) for item in items]
        )


@app.command()
def match(item: ItemNumber, dispatch: DispatchId, by: options.By) -> Answer:
    """Say which letter an item is about."""
    from flows.operations import replies

    with options.ledger() as ledger:
        return output.decided(replies.match(ledger, item, dispatch, by=by))


@app.command()
def add(
    dispatch: DispatchId,
    on: Annotated[str, typer.Option("--on", metavar="DATE", help="The day it came.")],
    kind: Annotated[str, typer.Option("--kind", metavar="KIND", help="As for sort --as.")],
    by: options.By,
    by_post: Annotated[bool, typer.Option("--by-post", help="It came on paper.")] = False,
    by_telephone: Annotated[bool, typer.Option("--by-telephone", help="They rang.")] = False,
    note: Note = "",
    file: Annotated[
        Path | None, typer.Option("--file", metavar="SCAN.pdf", help="Kept with it.")
    ] = None,
) -> Answer:
    """File an answer that came on paper or by telephone."""
    from flows.errors import ConfigurationError
    from flows.operations import replies

    if by_post == by_telephone:
        raise ConfigurationError("say how it came: --by-post or --by-telephone")
    source = "post" if by_post else "telephone"
    with options.ledger() as ledger:
        return output.added(
            *replies.add(
                ledger,
                dispatch,
                kind,
                source=source,
                on=settings.day(on),
                by=by,
                note=note,
                file=file,
            )
        )


@app.command()
def again(dispatch: DispatchId, by: options.By, why: options.Why) -> Answer:
    """Free the reader of a letter that a server or the post returned, for the next prepare."""
    from flows.operations import replies

    with options.ledger() as ledger:
        person = replies.again(ledger, dispatch, by=by, why=why)
        return output.freed(dispatch, person, replies.preparing(ledger, dispatch))


@app.command()
def corrections(
    campaign: OfCampaign = "",
    to: Annotated[Path | None, options.target("Ending in .csv or .xlsx.")] = None,
) -> Answer:
    """Addresses from which letters were returned, and what to put right."""
    from flows.operations import replies_sheets

    with options.ledger() as ledger:
        found = replies_sheets.corrections(ledger, campaign)
    if to:
        replies_sheets.write_corrections(found, to)
    return output.corrections(found, to)


@app.command()
def good(
    email: Annotated[str, typer.Argument(metavar="ADDRESS")], by: options.By, why: options.Why
) -> Answer:
    """Say that an address is right after all: it is written to again."""
    from flows.operations import replies

    with options.ledger() as ledger:
        replies.clear(ledger, email, by=by, why=why)
    return Answer({"email": email}, [f"{email} is written to again"])


@app.command()
def export(to: ToFile, campaign: OfCampaign = "") -> Answer:
    """Everything that came back, as a spreadsheet."""
    from flows.operations import came_back, replies_sheets

    with options.ledger() as ledger:
        rows = replies_sheets.export(came_back.desk(ledger, campaign), to)
    return Answer({"file": to, "rows": rows}, [f"{counted(rows, 'row')}: {to}"])
