"""Arguments and options that several commands take, and the ledger they work on."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows import settings
from flows.cli import console
from flows.errors import DearMinisterError

if TYPE_CHECKING:
    from flows.operations.draft import Draft
    from flows.post.ledger.database import Ledger


def _campaigns() -> list[str]:
    """The campaigns of this office folder, for the shell's completion."""
    return sorted(toml.parent.name for toml in settings.office().templates.glob("*/campaign.toml"))


def _mailings() -> list[str]:
    """The mailings of the ledger, the latest first, for the shell's completion."""
    from flows.post.mailing import mailing as mailings

    with suppress(DearMinisterError):
        if settings.load().var.is_dir():
            with ledger() as opened:
                return [mailing.id for mailing in mailings.every(opened)]
    return []


Campaign = Annotated[
    str,
    typer.Argument(
        metavar="CAMPAIGN",
        help="A key under templates/, or a folder's path.",
        autocompletion=_campaigns,
    ),
]
MailingId = Annotated[
    str, typer.Argument(metavar="MAILING", help="A mailing's id.", autocompletion=_mailings)
]
Contacts = Annotated[
    list[Path] | None,
    typer.Option("--contacts", metavar="FILE", help="Contact list; wins over campaign.toml."),
]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DATE", help="The day of the letter, as 2013-09-04."),
]


def target(what: str, **settings: Any) -> Any:
    """--to FILE, refused before anything is done where no file can be written there."""
    return typer.Option("--to", metavar="FILE", help=what, callback=_can_be_written, **settings)


def _can_be_written(ctx: typer.Context, path: Path | None) -> Path | None:
    from flows.people.lists.files import need_target

    if path is not None and not ctx.resilient_parsing:
        need_target(path)
    return path


By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who says so; kept for good.")]
Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason; kept for good.")]


@contextmanager
def ledger(upgrade: bool = False) -> Iterator["Ledger"]:
    """The ledger of the settings, closed afterwards. Raises ConfigurationError."""
    from flows.operations.ledger import open_ledger

    opened = open_ledger(settings.load(), upgrade=upgrade)
    for note in opened.notes:
        console.warn(note)
    try:
        yield opened
    finally:
        opened.close()


def draft(campaign: str, contacts: list[Path] | None, as_of: str | None) -> "Draft":
    """The campaign with its readers. Raises ConfigurationError."""
    from flows.operations import draft as drafting

    return drafting.draft(campaign, contacts or (), settings.day(as_of) if as_of else None)


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """The first Ctrl-C ends the run after the letter in hand; a second one kills the process."""
    stop = threading.Event()

    def interrupted(number: int, frame: object) -> None:
        if stop.is_set():
            # Written at once: a second Ctrl-C may come while a line is being printed.
            os.write(2, b"\nstopped at once; what may be uncertain: dear-minister status\n")
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        stop.set()
        console.warn(
            "stopping after the letter in hand; once more stops at once and may leave it uncertain"
        )

    before = {
        number: signal.signal(number, interrupted) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
