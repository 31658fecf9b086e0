"""dear-minister: the commands. One JSON document goes to stdout with --json, all else to stderr.

Exit codes: 0 done; 1 done, but some rows were refused, are uncertain or still wait; 2 wrong use or
configuration, nothing done. Prefect is imported only by the commands that run or serve a flow.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from flows import settings
from flows.cli import console, output
from flows.cli import contacts as cli_contacts
from flows.errors import ConfigurationError, DearMinisterError

if TYPE_CHECKING:
    from flows.operations.draft import Draft
    from flows.post.ledger.database import Ledger

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Formal letters to ministers and MPs: each right for its reader, sent once.",
)

app.add_typer(cli_contacts.app, name="contacts")

Campaign = Annotated[
    str, typer.Argument(metavar="CAMPAIGN", help="A key under templates/, or a folder's path.")
]
MailingId = Annotated[str, typer.Argument(metavar="MAILING", help="A mailing's id.")]
Contacts = Annotated[
    list[Path] | None,
    typer.Option("--contacts", metavar="FILE", help="Contact list; wins over campaign.toml."),
]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DATE", help="The day of the letter, as 2013-09-04."),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who says so; kept for good.")]
Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason; kept for good.")]


@contextmanager
def _ledger(upgrade: bool = False) -> Iterator["Ledger"]:
    from flows.post.ledger.opening import open_ledger

    ledger = open_ledger(settings.load().ledger, upgrade=upgrade)
    try:
        yield ledger
    finally:
        ledger.close()


def _brief(campaign: str, contacts: list[Path] | None, as_of: str | None) -> "Draft":
    from flows.operations import draft

    return draft.draft(campaign, contacts or (), settings.day(as_of) if as_of else None)


@app.command()
def demo(
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over, with nothing sent.")] = False,
) -> None:
    """The whole path on a built-in mailbox; nothing leaves the machine."""
    from flows.cli.demo import demo as run

    _leave(run(fresh=fresh))


@app.command()
def check(
    campaign: Campaign, contacts: Contacts = None, as_of: AsOf = None, json: Json = False
) -> None:
    """Contacts, templates, settings, mail server: every problem, one line each."""
    from flows.operations import check as checking

    day = settings.day(as_of) if as_of else None
    problems = checking.problems(campaign, contacts or (), day)
    output.problems(problems, json=json)
    severities = {one.severity for one in problems}
    _leave(2 if "error" in severities else 1 if "row" in severities else 0)


@app.command()
def preview(
    campaign: Campaign,
    contacts: Contacts = None,
    as_of: AsOf = None,
    contact: Annotated[
        list[str] | None, typer.Option("--contact", metavar="ID", help="Only this contact.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Default: var/preview/CAMPAIGN.")
    ] = None,
    json: Json = False,
) -> None:
    """Letters and mails as files; nothing is frozen, nothing is sent."""
    from flows.operations import preview as previewing

    found = previewing.preview(
        settings.load(), _brief(campaign, contacts, as_of), contact or (), out
    )
    output.preview(found, json=json)
    _leave(1 if found.refused else 0)


@app.command()
def prepare(
    campaign: Campaign, contacts: Contacts = None, as_of: AsOf = None, json: Json = False
) -> None:
    """Freeze a mailing: prints its id, hash, counts and refused rows."""
    from flows.operations.prepare import prepare as freeze

    order = _brief(campaign, contacts, as_of)
    with _ledger() as ledger, console.bar("Letters", quiet=json) as progress:
        prepared = freeze(settings.load(), ledger, order, progress)
    output.prepared(prepared, order, json=json)
    _leave(1 if prepared.refused else 0)


@app.command()
def approve(
    mailing: MailingId,
    by: By,
    digest: Annotated[str, typer.Option("--hash", metavar="HASH", help="As prepare printed it.")],
    json: Json = False,
) -> None:
    """Sign a mailing off for live sending, with the name of the person who does."""
    from flows.operations.approve import approve as sign_off

    with _ledger() as ledger:
        signed, edits = sign_off(ledger, mailing, by, digest)
    output.approved(signed, edits, json=json)


@app.command()
def send(
    mailing: MailingId,
    live: Annotated[bool, typer.Option("--live", help="To the readers themselves.")] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, help="At most N letters.")
    ] = None,
    patience: Annotated[
        float,
        typer.Option(
            "--patience",
            metavar="MINUTES",
            min=0,
            help="How long to wait for letters that the server deferred.",
        ),
    ] = 20,
    json: Json = False,
) -> None:
    """Send what is due. Without --live a rehearsal: built-in mailbox, or MAIL_REDIRECT_TO."""
    from flows.operations.send import sender as open_sender
    from flows.post.mailing import mailing as mailings

    chosen = settings.load()
    with _ledger() as ledger, _interruptible() as stop:
        found = mailings.get(ledger, mailing)
        with (
            console.sending(found, quiet=json) as report,
            open_sender(chosen, ledger, found, live=live, report=report, stop=stop) as sender,
        ):
            try:
                tally = sender.run(limit=limit, patience=patience * 60)
            except DearMinisterError as error:
                if not sender.attempted:
                    raise
                console.fail(error)  # letters have left: this is not "nothing done"
                _leave(1)
        number = sender.sending.rehearsal
        code = output.sent(ledger, chosen, found, number, tally, json=json)
    _leave(code)


@app.command()
def status(
    mailing: Annotated[str | None, typer.Argument(metavar="[MAILING]")] = None, json: Json = False
) -> None:
    """Where every dispatch stands; without MAILING, all mailings."""
    from flows.post.ledger.workers import recover

    with _ledger() as ledger:
        recover(ledger)
        code = output.status(ledger, mailing, json=json)
    _leave(code)


@app.command()
def resolve(
    dispatch: Annotated[str, typer.Argument(metavar="DISPATCH", help="A dispatch's id.")],
    by: By = "",
    why: Why = "",
    answer: Annotated[
        str, typer.Option("--as", metavar="sent|resend", help="It went, or it is to go again.")
    ] = "",
    search: Annotated[
        bool, typer.Option("--search", help="Look for it by IMAP and propose an answer.")
    ] = False,
) -> None:
    """Settle an uncertain dispatch; --search looks for evidence and changes nothing."""
    from flows.post import resolution

    if search:
        from flows.operations import search as searching

        with _ledger() as ledger:
            console.say(searching.proposal(settings.load(), ledger, dispatch))
        return
    with _ledger() as ledger:
        settled = resolution.resolve(ledger, dispatch, answer=answer, by=by, why=why)
    console.say(f"dispatch {settled.id} is now {settled.state}")


@app.command()
def withdraw(
    target: Annotated[str, typer.Argument(metavar="MAILING|DISPATCH")], by: By, why: Why
) -> None:
    """Cancel a mailing's unsent letters, or one dispatch."""
    from flows.post import resolution

    with _ledger() as ledger:
        gone = resolution.withdraw(ledger, target, by=by, why=why)
    console.say(f"{len(gone)} withdrawn: {', '.join(one.id for one in gone[:10])}")


@app.command()
def hold(mailing: MailingId, by: By, why: Why) -> None:
    """Stop a mailing: nothing of it is sent live until somebody releases it."""
    from flows.operations.hold import hold as stop

    with _ledger() as ledger:
        held = stop(ledger, mailing, by=by, why=why)
    console.say(f"mailing {mailing} is {held}")
    console.say(f"let it go on:  dear-minister release {mailing} --by NAME --why TEXT")


@app.command()
def release(mailing: MailingId, by: By, why: Why) -> None:
    """Let a held mailing go on."""
    from flows.operations.hold import release as let_go

    with _ledger() as ledger:
        let_go(ledger, mailing, by=by, why=why)
    console.say(f"mailing {mailing} is released; go on with: dear-minister send {mailing} --live")


@app.command("print")
def print_(
    mailing: MailingId,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Default: var/mailings/MAILING/print."),
    ] = None,
    sheet: Annotated[str, typer.Option("--labels", help="The sheet of labels.")] = "a4-21",
    first_label: Annotated[
        int, typer.Option("--first-label", min=1, help="The first label still on the sheet.")
    ] = 1,
    envelope: Annotated[
        str, typer.Option("--envelope", help="Whose window to check for, or none.")
    ] = "uk",
) -> None:
    """The print pack: letters that go by post, address labels, a sheet to tick."""
    from flows.operations.print_pack import pack

    with _ledger() as ledger:
        made = pack(
            settings.load(),
            ledger,
            mailing,
            out=out,
            sheet=sheet,
            first_label=first_label,
            envelope=envelope,
        )
    for failed in made.failed:
        console.say(f"not printed: {failed.letter.reference}: {failed.reason}")
    for reference, fault in made.faults:
        console.say(f"{reference}: {fault}")
    console.say(f"{made.letters} letters: {', '.join(map(str, made.files))}")
    console.say(f"when they are posted: dear-minister posted {mailing} --on DATE --by NAME")
    _leave(1 if made.failed or made.faults else 0)


@app.command()
def posted(
    mailing: MailingId,
    on: Annotated[str, typer.Option("--on", metavar="DATE", help="The day, as 2013-09-04.")],
    by: By,
    excepted: Annotated[
        list[str] | None,
        typer.Option("--except", metavar="ID", help="A contact whose letter did not go."),
    ] = None,
) -> None:
    """Record that the letters on paper went to the post."""
    from flows.operations.send import objection
    from flows.post import resolution

    with _ledger() as ledger:
        gone = resolution.posted(
            ledger,
            mailing,
            on=settings.day(on),
            by=by,
            excepted=excepted or (),
            suppressed=objection(),
        )
    console.say(f"{len(gone)} letters of {mailing} recorded as posted on {on}")


@app.command()
def export(
    mailing: MailingId,
    to: Annotated[
        Path, typer.Option("--to", metavar="FILE", help="Ending in .csv, .xlsx or .json.")
    ],
) -> None:
    """Who got what and when, as a file for trustees."""
    from flows.operations.export import export as write
    from flows.post import status as statuses
    from flows.post.ledger.workers import recover
    from flows.post.mailing import mailing as mailings

    with _ledger() as ledger:
        recover(ledger)
        found = mailings.get(ledger, mailing)
        sendings = statuses.rehearsals(ledger, mailing)
        now = statuses.status(ledger, mailing, statuses.shown(found, sendings))
    write(found, now, to)
    what = f"rehearsal {now.rehearsal}" if now.rehearsal else "the live sending"
    console.say(f"{len(now.dispatches)} dispatches of {what}: {to}")


@app.command()
def verify(json: Json = False) -> None:
    """Replay the ledger's hash chain, and hold every letter against its hash."""
    from flows.post.audit import verify as verify_ledger

    with _ledger() as ledger, ledger.read() as connection:
        verdict = verify_ledger(connection)
    output.verdict(verdict, json=json)
    _leave(0 if verdict.ok else 1)


@app.command("upgrade-ledger")
def upgrade_ledger() -> None:
    """Bring an older PostgreSQL ledger up to this program (SQLite does it by itself)."""
    with _ledger(upgrade=True) as ledger:
        console.say(f"the ledger {ledger.name} is up to date")


@app.command()
def serve() -> None:
    """Prefect deployments for the UI."""
    from flows.cli.serve import serve as run

    run()


@contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """The first Ctrl-C ends the run after the letter in hand; a second one kills the process."""
    stop = threading.Event()

    def interrupted(number: int, frame: object) -> None:
        if stop.is_set():
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        stop.set()
        console.say(
            "stopping after the letter in hand; once more stops at once and may leave it uncertain"
        )

    before = {one: signal.signal(one, interrupted) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _leave(code: int) -> NoReturn:
    raise typer.Exit(code)


def _need_text(arguments: list[str]) -> None:
    for one in arguments:
        if any("\ud800" <= letter <= "\udfff" for letter in one):
            raise ConfigurationError(f"{one!r}: this argument is not UTF-8 text; type it again")


def main() -> None:
    """The console script. Every error made by a user is one line (or a line each) and exit 2."""
    for line in settings.warnings():
        console.say(line)
    try:
        _need_text(sys.argv[1:])
        app()
    except ConfigurationError as error:
        console.fail(error)
        sys.exit(2)
    except DearMinisterError as error:
        console.fail(error)
        sys.exit(2)
    except BrokenPipeError:
        # Whoever read has gone; Python's own last flush would complain of it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
