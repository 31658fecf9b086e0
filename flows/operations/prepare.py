"""Prepare: fill every reader's letter and freeze them all as one mailing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parseaddr
from pathlib import Path

from flows.errors import ConfigurationError
from flows.letters import campaign as campaigns
from flows.letters.campaign import Campaign
from flows.letters.message import MailHeaders
from flows.operations.draft import Draft, sources
from flows.people import email_address
from flows.people.contact import RejectedRow
from flows.people.lists import refused
from flows.post.ledger.clock import now
from flows.post.ledger.database import Ledger
from flows.post.mailing import freezing, rendering
from flows.post.mailing.freezing import MailingIdentity
from flows.post.mailing.frozen_letter import FrozenLetter
from flows.post.mailing.mailing import Mailing
from flows.settings import Settings
from flows.settings import mailbox as mailbox_header


@dataclass(frozen=True, slots=True)
class Prepared:
    """What ``prepare`` came to. ``mailing`` is None where there was not one letter to write."""

    mailing: Mailing | None
    refused: tuple[RejectedRow, ...]
    passed_over: tuple[str, ...]
    """Persons who have this edition already, or are getting it."""
    refused_file: Path | None = None
    new: bool = True
    """False where exactly this had been frozen before."""


def postmark(
    settings: Settings, campaign: Campaign, identity: str, moment: datetime
) -> MailHeaders:
    """What this campaign's messages have in common. Raises ConfigurationError: no sender."""
    sender = settings.mail_from or campaign.sender.email
    address = parseaddr(sender)[1]
    if "@" not in address:
        raise ConfigurationError(
            f"MAIL_FROM is not set and {campaign.folder / campaigns.SETTINGS} has no sender.email: "
            "set one of them"
        )
    try:
        email_address.ascii_address(address)
    except email_address.AddressError:
        where = (
            "MAIL_FROM"
            if settings.mail_from
            else f"{campaign.folder / campaigns.SETTINGS}: sender.email"
        )
        raise ConfigurationError(
            f"{where}: {address!r} cannot be a sender: use an ASCII address at a named domain, "
            "like chair@example.org"
        ) from None
    return MailHeaders(
        identity,
        mailbox_header(campaign.sender.name, sender),
        settings.mail_reply_to,
        address.rpartition("@")[2],
        moment,
    )


def prepare(
    settings: Settings,
    ledger: Ledger,
    order: Draft,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Prepared:
    """Freeze a mailing for everyone in the brief who has not had this edition.

    ``progress`` hears letters filled and letters in all. Raises ConfigurationError,
    AlreadyLiveError, LedgerUnavailableError.
    """
    campaign = order.campaign
    moment = now().replace(microsecond=0)
    draft = postmark(settings, campaign, "", moment)
    subject = MailingIdentity(
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
    letters: Iterator[FrozenLetter | RejectedRow], total: int, progress: Callable[[int, int], None]
) -> Iterator[FrozenLetter | RejectedRow]:
    for done, letter in enumerate(letters, 1):
        yield letter
        progress(done, total)
