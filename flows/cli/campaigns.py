"""Commands about a campaign's folder, before anything is frozen."""

from pathlib import Path
from typing import Annotated

import typer

from flows import settings
from flows.cli import campaigns_output as output
from flows.cli import options
from flows.cli.answer import Answer
from flows.cli.command import Commands

app = Commands()


@app.command()
def check(
    campaign: options.Campaign, contacts: options.Contacts = None, as_of: options.AsOf = None
) -> Answer:
    """Contacts, templates, settings, mail server: every problem, one line each."""
    from flows.operations import check as checking

    day = settings.day(as_of) if as_of else None
    return output.problems(checking.problems(campaign, contacts or (), day))


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
