"""Commands about the program itself: its ledger, its demonstration, its server."""

from pathlib import Path
from typing import Annotated

import typer

from flows import settings
from flows.cli import console, options
from flows.cli import upkeep_output as output
from flows.cli.answer import Answer
from flows.cli.command import Commands

app = Commands("The program")


@app.command(office="unused")
def demo(
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over, with nothing sent.")] = False,
) -> Answer:
    """The whole path on a built-in mailbox; nothing leaves the machine."""
    from flows.cli.demo import demo as run

    return run(fresh=fresh)


@app.command()
def serve() -> None:
    """Prefect's page, its forms and schedules, and the desk page, until Ctrl-C.

    Prefect's page is http://127.0.0.1:4200, or what PREFECT_API_URL says; the desk page has the
    port after it. Both addresses are printed. Ctrl-C finishes the letters in hand, then stops.
    """
    from flows.cli.serve import serve as run

    run()


@app.command(office="named")
def doctor() -> Answer:
    """Look the machine and the office folder over; each fault with the line that mends it."""
    from flows.operations.doctor import look

    return output.examined(look())


@app.command()
def verify(
    head: Annotated[
        bool, typer.Option("--head", help="Only say how far the ledger has come, to be kept.")
    ] = False,
    witnesses: Annotated[
        list[Path] | None,
        typer.Option(
            "--witness", metavar="FILE", help="What --head said earlier, or another witness."
        ),
    ] = None,
) -> Answer:
    """Replay the ledger's hash chain, hold its tables and letters against it, and the ledger
    against its witnesses."""
    from flows.operations import verify as verifying

    with options.ledger() as ledger:
        if head:
            return output.head(verifying.head(ledger))
        return output.verdict(verifying.verify(ledger, witnesses or ()))


@app.command()
def recover(by: options.By, why: options.Why) -> Answer:
    """Sign that a restored or moved ledger is the right one, after comparing it with the mailbox of
    sent mails (IMAP_HOST, IMAP_FOLDER)."""
    from flows.operations.recover import recover as compare

    with options.ledger() as ledger:
        return output.recovered(compare(settings.load(), ledger, by=by, why=why))


@app.command()
def forget(
    by: options.By,
    why: options.Why,
    person: Annotated[
        str, typer.Option("--person", metavar="ID", help="This person, in every mailing.")
    ] = "",
    before: Annotated[
        str,
        typer.Option(
            "--before", metavar="DATE", help="Mailings from before that day, at their end."
        ),
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Without asking.")] = False,
) -> Answer:
    """Remove personal data for good; the ledger still verifies, and nobody is written to twice.

    Withdraw their letters that are still to go first. All previews go, and what print and
    report wrote of these mailings.
    """
    from flows.operations import forget as forgetting

    day = settings.day(before) if before else None
    with options.ledger() as ledger:
        if not yes:
            question = forgetting.question(settings.load(), ledger, person, day)
            console.need_yes(question, "say --yes to remove it")
        return output.forgotten(
            forgetting.forget(settings.load(), ledger, person=person, before=day, by=by, why=why)
        )


@app.command("upgrade-ledger")
def upgrade_ledger() -> Answer:
    """Bring an older PostgreSQL ledger up to this program (SQLite does it by itself)."""
    with options.ledger(upgrade=True) as ledger:
        return Answer({"ledger": ledger.name}, [f"the ledger {ledger.name} is up to date"])
