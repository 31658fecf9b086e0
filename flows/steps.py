"""The steps that commands and flows are made of; each touches the rooms in order, none prints."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parseaddr
from pathlib import Path

from flows.briefing import Brief, sources, sources_now, suppressions
from flows.errors import ConfigurationError
from flows.letters import campaign as campaigns
from flows.letters.campaign import Campaign
from flows.people import refused
from flows.people.contact import Refused
from flows.post import freezing, mailing, rehearsal, rendering, signoff
from flows.post.clock import now
from flows.post.freezing import Subject
from flows.post.frozen import Frozen
from flows.post.ledger import Ledger
from flows.post.mailbox import mailbox
from flows.post.mailing import Mailing
from flows.post.pace import Pace
from flows.post.rendering import Postmark
from flows.post.sender import Sender
from flows.post.sending import Note, Sending
from flows.post.server import Server
from flows.settings import Settings
from flows.settings import mailbox as mailbox_header

_SENDER = re.compile(r"[!-?A-~]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


@dataclass(frozen=True, slots=True)
class Prepared:
    """What ``prepare`` came to. ``mailing`` is None where there was not one letter to write."""

    mailing: Mailing | None
    refused: tuple[Refused, ...]
    passed_over: tuple[str, ...]
    """Persons who have this edition already, or are getting it."""
    refused_file: Path | None = None
    new: bool = True
    """False where exactly this had been frozen before."""


def postmark(settings: Settings, campaign: Campaign, identity: str, moment: datetime) -> Postmark:
    """What this campaign's messages have in common. Raises ConfigurationError: no sender."""
    sender = settings.mail_from or campaign.sender.email
    address = parseaddr(sender)[1]
    if "@" not in address:
        raise ConfigurationError(
            f"MAIL_FROM is not set and {campaign.folder / campaigns.SETTINGS} has no sender.email: "
            "set one of them"
        )
    if not _SENDER.fullmatch(address):
        where = (
            "MAIL_FROM"
            if settings.mail_from
            else f"{campaign.folder / campaigns.SETTINGS}: sender.email"
        )
        raise ConfigurationError(
            f"{where}: {address!r} cannot be a sender: use an ASCII address at a named domain, "
            "like chair@example.org"
        )
    return Postmark(
        identity,
        mailbox_header(campaign.sender.name, sender),
        settings.mail_reply_to,
        address.rpartition("@")[2],
        moment,
    )


def prepare(
    settings: Settings,
    ledger: Ledger,
    order: Brief,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Prepared:
    """Freeze a mailing for everyone in the brief who has not had this edition.

    ``progress`` hears letters filled and letters in all. Raises ConfigurationError,
    AlreadyLiveError, LedgerUnavailableError.
    """
    campaign = order.campaign
    moment = now().replace(microsecond=0)
    draft = postmark(settings, campaign, "", moment)
    subject = Subject(
        campaign.key,
        campaign.edition,
        order.on,
        parseaddr(draft.sender)[1],
        sources(campaign.folder, order.lists),
        "\n".join((draft.sender, draft.reply_to, *(one.contact.person for one in order.readers))),
    )
    if before := freezing.same(ledger, subject):
        return Prepared(before, before.refused, before.passed_over, new=False)
    taken = freezing.taken(ledger, campaign.key, campaign.edition)
    chosen = [one for one in order.readers if one.contact.person not in taken]
    passed_over = tuple(one.contact.person for one in order.readers if one.contact.person in taken)
    if not chosen:
        return Prepared(None, order.refused, passed_over)
    identity = freezing.new_id(ledger, subject)
    mark = replace(draft, mailing=identity)
    filled = rendering.render(campaign, order.on, chosen, mark, settings.letter_processes)
    letters = _counted(filled, len(chosen), progress)
    frozen = freezing.freeze(ledger, subject, identity, moment, letters, order.refused, passed_over)
    handed_back = frozen.refused if frozen else order.refused
    file = None
    if handed_back:
        file = settings.var / "mailings" / identity / "refused-rows.csv"
        refused.write(handed_back, file)
    return Prepared(frozen, handed_back, passed_over, file)


def _counted(
    letters: Iterator[Frozen | Refused], total: int, progress: Callable[[int, int], None]
) -> Iterator[Frozen | Refused]:
    for done, letter in enumerate(letters, 1):
        yield letter
        progress(done, total)


def approve(ledger: Ledger, identity: str, by: str, digest: str) -> tuple[Mailing, list[str]]:
    """Sign a mailing off; also gives the edits made to its sources since it was frozen."""
    before = mailing.get(ledger, identity).sources
    current = sources_now(before)
    signed = signoff.approve(ledger, identity, by=by, digest=digest, sources=current)
    return signed, signoff.changed(before, current)


@contextmanager
def sender(
    settings: Settings,
    ledger: Ledger,
    found: Mailing,
    *,
    live: bool,
    server: Server | None = None,
    report: Callable[[Note], None] = lambda note: None,
    stop: threading.Event | None = None,
) -> Iterator[Sender]:
    """A sender for this mailing, live or in rehearsal, with its mailbox where it needs one.

    ``server`` stands in for the one in the settings (the demo's own mailbox). Raises
    ConfigurationError before anything is said to a server: not signed off, edited since, no host.
    """
    if live:
        target = server or settings.server
        before = found.approved_sources or {}
        for edit in signoff.need_signed_off(ledger, found, lambda: sources_now(before)):
            report(Note(f"{edit} since sign-off; the letters go as they were frozen"))
        archive = parseaddr(settings.mail_bcc_archive)[1]
        with _sender(
            settings, ledger, Sending(found.id, found.sender, archive=archive), target, report, stop
        ) as one:
            yield one
        return
    redirect = parseaddr(settings.mail_redirect_to)[1]
    if redirect:
        target = settings.server
        number = rehearsal.begin(ledger, found)
        sending = Sending(found.id, found.sender, number, redirect)
        with _sender(settings, ledger, sending, target, report, stop) as one:
            yield one
        return
    with mailbox(settings.var / "mailbox") as target:
        sending = Sending(found.id, found.sender, rehearsal.begin(ledger, found))
        with _sender(settings, ledger, sending, target, report, stop) as one:
            yield one


def objection() -> Callable[[str, str], str | None]:
    """Why this person, at this address, is not written to at this moment; None: no reason."""
    watched = suppressions()
    return lambda person, email: watched.now().reason(person=person, email=email)


def _sender(
    settings: Settings,
    ledger: Ledger,
    sending: Sending,
    server: Server,
    report: Callable[[Note], None],
    stop: threading.Event | None,
) -> Sender:
    outside = sending.rehearsal == 0 or sending.redirect
    return Sender(
        ledger,
        sending,
        server,
        pace=Pace(ledger, server.name, settings.seconds_between_letters if outside else 0.0),
        schedule=settings.schedule,
        connections=settings.smtp_connections,
        suppressed=objection(),
        report=report,
        stop=stop,
    )
