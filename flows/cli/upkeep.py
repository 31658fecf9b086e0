"""Commands about the program itself: its ledger, its demonstration, its server."""

from typing import Annotated

import typer

from flows.cli import mailings_output as output
from flows.cli import options
from flows.cli.answer import Answer
from flows.cli.command import Commands

app = Commands("The program")


@app.command(in_office=False)
def demo(
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over, with nothing sent.")] = False,
) -> None:
    """The whole path on a built-in mailbox; nothing leaves the machine."""
    from flows.cli.demo import demo as run

    raise typer.Exit(run(fresh=fresh))


@app.command()
def serve() -> None:
    """Prefect deployments for the UI."""
    from flows.cli.serve import serve as run

    run()


@app.command()
def verify() -> Answer:
    """Replay the ledger's hash chain, and hold every letter against its hash."""
    from flows.post.audit import verify as verify_ledger

    with options.ledger() as ledger, ledger.read() as connection:
        return output.verdict(verify_ledger(connection))


@app.command("upgrade-ledger")
def upgrade_ledger() -> Answer:
    """Bring an older PostgreSQL ledger up to this program (SQLite does it by itself)."""
    with options.ledger(upgrade=True) as ledger:
        return Answer({"ledger": ledger.name}, [f"the ledger {ledger.name} is up to date"])
