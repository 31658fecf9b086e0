"""Commands about a mailing: frozen, signed off, sent, posted, accounted for."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from flows import settings
from flows.cli import console, options
from flows.cli import decisions_output as decisions
from flows.cli import mailings_output as output
from flows.cli.answer import Answer, Exit
from flows.cli.command import Commands
from flows.counted import counted
from flows.errors import ConfigurationError, DearMinisterError
from flows.post.states import State

app = Commands("A mailing, from frozen to answered")


@app.command()
def prepare(
    campaign: options.Campaign, contacts: options.Contacts = None, as_of: options.AsOf = None
) -> Answer:
    """Freeze a mailing: prints its id, hash, counts and refused rows."""
    from flows.operations.likeness import likeness
    from flows.operations.overview import overview
    from flows.operations.prepare import prepare as freeze
    from flows.operations.review import unsettled

    draft = options.draft(campaign, contacts, as_of)
    with options.ledger() as ledger, console.bar("Letters") as progress:
        prepared = freeze(settings.load(), ledger, draft, progress)
        mailing = prepared.mailing
        alike = likeness(ledger, mailing.id).lines if mailing and prepared.new else ()
        before = unsettled(ledger, mailing, draft.readers) if mailing else ()
    handed_back = {(row.file, row.row) for row in prepared.refused}
    passed_over = set(prepared.passed_over)
    written_to = [
        reader
        for reader in draft.readers
        if reader.contact.person not in passed_over
        and (reader.contact.file, reader.contact.row) not in handed_back
    ]
    numbers = overview(draft, written_to)
    return output.prepared(prepared, draft, numbers, alike, [str(letter) for letter in before])


@app.command()
def approve(
    mailing: options.MailingId,
    by: options.By,
    digest: Annotated[str, typer.Option("--hash", metavar="HASH", help="As prepare printed it.")],
) -> Answer:
    """Sign a mailing off for live sending, with the name of the person who does."""
    from flows.operations.approve import approve as sign_off

    with options.ledger() as ledger:
        return output.approved(*sign_off(ledger, mailing, by, digest))


@app.command()
def send(
    mailing: options.MailingId,
    live: Annotated[bool, typer.Option("--live", help="To the readers themselves.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before a live sending.")] = False,
    at: Annotated[
        str,
        typer.Option(
            "--at", metavar="TIME", help='Wait until "2026-11-27 09:00" in London; with --live.'
        ),
    ] = "",
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
) -> Answer:
    """Send what is due. Without --live a rehearsal: built-in mailbox, or MAIL_REDIRECT_TO."""
    from flows.operations import appointment
    from flows.operations.send import sender as open_sender
    from flows.post import status as statuses
    from flows.post.ledger import campaign_runs
    from flows.post.mailing import mailing as mailings

    chosen = settings.load()
    moment = appointment.moment(at) if at else None
    if at and not live:
        raise ConfigurationError("--at is for a live sending: add --live")
    with options.ledger() as ledger, ExitStack() as sending:
        found = mailings.get(ledger, mailing)
        if live and found.approved_at and not yes and console.can_ask():
            counts = statuses.by_mail(ledger, found.id)
            due = counts.get(State.READY, 0) + counts.get(State.DEFERRED, 0)
            letters = due if limit is None else min(due, limit)
            when = f"at {at}" if at else "now"
            question = (
                f"Send {counted(letters, 'letter')} of {mailing} to "
                f"{'its reader' if letters == 1 else 'their readers'}, {when}?"
            )
            if letters and not console.is_yes(question):
                return decisions.unsent(mailing, "you said no")
        # Not while somebody is asked: there Ctrl-C ends the command.
        stop = sending.enter_context(options.interruptible())
        if live and limit and found.approved_at:
            campaign_runs.limit(ledger, found.id, limit)  # the sweep keeps to it from here on
        if moment and not appointment.wait(ledger, found, moment, stop, console.say):
            return decisions.unsent(mailing, "the waiting was stopped; the mailing is held")
        sender = None
        try:
            with (
                console.sending() as bar,
                open_sender(chosen, ledger, found, live=live, report=bar, stop=stop) as sender,
            ):
                if live:
                    campaign_runs.limit(ledger, found.id, limit or 0)
                number = sender.sending.rehearsal
                counts = statuses.by_mail(ledger, found.id, number)
                done, total = counts.get(State.SENT, 0), sum(counts.values())
                bar.expect(done, total if limit is None else min(total, done + limit))
                tally = sender.run(limit=limit, patience=patience * 60)
            return output.sent(ledger, chosen, found, number, tally)
        except DearMinisterError as error:
            if sender is None or not sender.attempted:
                raise
            # Letters have left, whatever failed since: this is not "nothing done".
            console.fail(error)
            raise typer.Exit(Exit.ATTENTION) from error


@app.command()
def status(
    mailing: Annotated[
        str | None, typer.Argument(metavar="MAILING", help="Only this one.", show_default=False)
    ] = None,
) -> Answer:
    """Where every dispatch stands; without MAILING, all mailings."""
    from flows.post.ledger.workers import recover

    with options.ledger() as ledger:
        recover(ledger)
        return output.status(ledger, mailing)


@app.command()
def resolve(
    target: Annotated[
        str,
        typer.Argument(
            metavar="DISPATCH|MAILING",
            help="A dispatch's id; a mailing's with --refused or --uncertain.",
        ),
    ],
    by: options.By = "",
    why: options.Why = "",
    answer: Annotated[
        str, typer.Option("--as", metavar="sent|resend", help="It went, or it is to go again.")
    ] = "",
    refused: Annotated[
        bool, typer.Option("--refused", help="Every refused letter of the mailing.")
    ] = False,
    uncertain: Annotated[
        bool, typer.Option("--uncertain", help="Every uncertain letter of the mailing.")
    ] = False,
    reply: Annotated[
        str, typer.Option("--reply", metavar="TEXT", help="Only those with TEXT in their reply.")
    ] = "",
    insist: Annotated[
        bool,
        typer.Option(
            "--insist", help="Though the sender's process was not seen to end: it may go twice."
        ),
    ] = False,
    search: Annotated[
        bool, typer.Option("--search", help="Look for it by IMAP and propose an answer.")
    ] = False,
) -> Answer:
    """Settle an uncertain dispatch, or have a refused one sent again; for a whole mailing with
    --refused or --uncertain. --search looks for evidence and changes nothing."""
    from flows.post import resolution

    with options.ledger() as ledger:
        if search:
            from flows.operations import search as searching

            return decisions.proposal(target, searching.proposal(settings.load(), ledger, target))
        if refused and uncertain:
            raise ConfigurationError("--refused, --uncertain: one at a time, each with its reason")
        if refused or uncertain:
            state = State.REFUSED if refused else State.UNCERTAIN
            settled = resolution.resolve_all(
                ledger,
                target,
                state=state,
                answer=answer,
                by=by,
                why=why,
                reply=reply,
                insist=insist,
            )
        else:
            settled = [
                resolution.resolve(ledger, target, answer=answer, by=by, why=why, insist=insist)
            ]
    return decisions.settled(settled)


@app.command()
def withdraw(
    target: Annotated[str, typer.Argument(metavar="MAILING|DISPATCH")],
    by: options.By,
    why: options.Why,
    only_mail: Annotated[
        bool, typer.Option("--only-mail", help="Leave letters that go by post alone as they are.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Take letters by post as well, without asking.")
    ] = False,
) -> Answer:
    """Cancel a mailing's unsent letters, or one dispatch. The next prepare has these readers."""
    from flows.post import resolution

    with options.ledger() as ledger:
        found = resolution.withdrawable(ledger, target)
        if found.mailing and found.post and not (only_mail or yes):
            left = counted(len(found.post), "letter goes by post", "letters go by post")
            console.need_yes(
                f"Of {target} {left}, not recorded as posted. Withdraw them too?",
                "say --yes to withdraw them too, or --only-mail to leave them as they are",
            )
        gone = resolution.withdraw(ledger, target, by=by, why=why, only_mail=only_mail)
    return decisions.withdrawn(gone, found)


@app.command()
def hold(mailing: options.MailingId, by: options.By, why: options.Why) -> Answer:
    """Stop a mailing: nothing of it is sent live until somebody releases it."""
    from flows.operations.hold import hold as stop

    with options.ledger() as ledger:
        return decisions.held(mailing, stop(ledger, mailing, by=by, why=why))


@app.command()
def release(mailing: options.MailingId, by: options.By, why: options.Why) -> Answer:
    """Let a held mailing go on."""
    from flows.operations.hold import release as let_go

    with options.ledger() as ledger:
        let_go(ledger, mailing, by=by, why=why)
    return decisions.released(mailing)


@app.command("print")
def print_(
    mailing: options.MailingId,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Default: var/mailings/MAILING/print."),
    ] = None,
    sheet: Annotated[
        str, typer.Option("--labels", metavar="SHEET", help="The sheet of labels.")
    ] = "a4-21",
    first_label: Annotated[
        int,
        typer.Option(
            "--first-label", metavar="N", min=1, help="The first label still on the sheet."
        ),
    ] = 1,
    envelope: Annotated[
        str,
        typer.Option("--envelope", metavar="KIND", help="Whose window to check for, or none."),
    ] = "uk",
    everyone: Annotated[
        bool,
        typer.Option("--all", help="All letters as PDF, for the chair: those by mail too."),
    ] = False,
) -> Answer:
    """The print pack: letters that go by post, address labels, a sheet to tick. Before the sign-off
    every page of the letters says PROOF."""
    from flows.operations.print_pack import every_letter, pack
    from flows.post.mailing import mailing as mailings

    with options.ledger() as ledger:
        found = mailings.get(ledger, mailing)
        if everyone:
            return decisions.bound(every_letter(settings.load(), ledger, mailing, out), found)
        made = pack(
            settings.load(),
            ledger,
            mailing,
            out=out,
            sheet=sheet,
            first_label=first_label,
            envelope=envelope,
        )
    return decisions.packed(made, found)


@app.command()
def posted(
    mailing: options.MailingId,
    on: Annotated[str, typer.Option("--on", metavar="DATE", help="The day, as 2013-09-04.")],
    by: options.By,
    excepted: Annotated[
        list[str] | None,
        typer.Option("--except", metavar="ID", help="A contact whose letter did not go."),
    ] = None,
) -> Answer:
    """Record that the letters on paper went to the post."""
    from flows.operations.posted import posted as record

    day = settings.day(on)
    with options.ledger() as ledger:
        return decisions.posted(record(ledger, mailing, on=day, by=by, excepted=excepted or ()))
