"""Commands about a campaign's folder, before anything is frozen."""

import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from flows import settings
from flows.cli import campaigns_output as output
from flows.cli import console, options
from flows.cli.answer import Answer
from flows.cli.command import Commands

app = Commands("A campaign and its folder")

_ASKED = {
    "subject": "What the letter is about (its subject line)",
    "sender": "Who signs it (full name)",
    "position": "What he or she is there (Chair, Director; may be blank)",
    "organisation": "The organisation",
    "email": "The e-mail address that it comes from",
}


@app.command(office="unused")
def init(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="A new folder, or an empty one.")
    ],
) -> Answer:
    """Make an office folder: a sample campaign, sample lists, .env, a README of one page."""
    from flows.operations.new import init as make

    return output.made(folder, make(folder))


@app.command()
def new(
    key: Annotated[str, typer.Argument(metavar="KEY", help="The folder's name: no spaces.")],
    source: Annotated[
        str, typer.Option("--from", metavar="CAMPAIGN", help="Make it a copy of this campaign.")
    ] = "",
    subject: Annotated[str, typer.Option("--subject", metavar="TEXT")] = "",
    sender: Annotated[str, typer.Option("--sender", metavar="NAME", help="Who signs.")] = "",
    position: Annotated[
        str, typer.Option("--position", metavar="TEXT", help="Chair, for example.")
    ] = "",
    organisation: Annotated[str, typer.Option("--organisation", metavar="TEXT")] = "",
    email: Annotated[
        str, typer.Option("--email", metavar="ADDRESS", help="Where the mails come from.")
    ] = "",
) -> Answer:
    """Make a campaign of your own, dated today; on a terminal it asks for your words."""
    from flows.operations import new as making

    known = making.words_of(source)
    given = making.Words(subject, sender, position, organisation, email)
    chosen = {name: getattr(given, name) or getattr(known, name) for name in _ASKED}
    if sys.stdin.isatty():
        for name, question in _ASKED.items():
            if not getattr(given, name):
                chosen[name] = console.ask(question, chosen[name])
    folder = making.new(key, source, making.Words(**chosen), date.today())
    return output.new(folder, key)


@app.command()
def check(
    campaign: options.Campaign, contacts: options.Contacts = None, as_of: options.AsOf = None
) -> Answer:
    """Contacts, templates, settings, mail server: every problem, one line each."""
    from flows.operations import check as checking

    day = settings.day(as_of) if as_of else None
    return output.checked(checking.check(campaign, contacts or (), day))


@app.command()
def fields(
    campaign: options.Campaign,
    contact: Annotated[
        str, typer.Option("--contact", metavar="ID", help="This reader's values; else the first's.")
    ] = "",
    contacts: options.Contacts = None,
    as_of: options.AsOf = None,
) -> Answer:
    """Every name that a letter may print, with one reader's values."""
    from flows.operations.fields import fields as read

    return output.fields(read(options.draft(campaign, contacts, as_of), contact))


@app.command()
def sample(
    campaign: options.Campaign,
    to: Annotated[str, typer.Option("--to", metavar="ADDRESS", help="Your own address.")],
    count: Annotated[
        int, typer.Option("--count", metavar="N", min=1, help="At most so many letters.")
    ] = 3,
    contacts: options.Contacts = None,
    as_of: options.AsOf = None,
) -> Answer:
    """Specimens by mail to your own address, of readers of different kinds; nothing is frozen."""
    from flows.operations.sample import sample as send

    draft = options.draft(campaign, contacts, as_of)
    return output.sampled(send(settings.load(), draft, to, count))


@app.command()
def preview(
    campaign: options.Campaign,
    contacts: options.Contacts = None,
    as_of: options.AsOf = None,
    contact: Annotated[
        list[str] | None, typer.Option("--contact", metavar="ID", help="Only this contact.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Default: var/preview/CAMPAIGN.")
    ] = None,
) -> Answer:
    """Letters and mails as files; nothing is frozen, nothing is sent."""
    from flows.operations import preview as previewing

    draft = options.draft(campaign, contacts, as_of)
    return output.preview(previewing.preview(settings.load(), draft, contact or (), out))
