"""Prepare: fill every reader's letter and freeze them all as one mailing."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from flows.counted import counted
from flows.errors import ConfigurationError
from flows.letters import campaign as campaigns
from flows.letters.campaign import Campaign
from flows.letters.filler import Filler, filled
from flows.letters.letter import Letter
from flows.letters.message import ListHeaders, MailHeaders
from flows.letters.pdf.kept import KeptPages
from flows.operations.draft import Draft, sources
from flows.operations.new import unwritten
from flows.people import email_address
from flows.people.accounting import Accounting, AccountingError, Fate, RowFate
from flows.people.contact import Reader, RejectedRow
from flows.people.identity import evidence, memory, persons
from flows.people.lists import refused, rows
from flows.post import status
from flows.post.inbox import items
from flows.post.ledger.clock import now
from flows.post.ledger.database import Ledger
from flows.post.mailing import freezing, rendering, served
from flows.post.mailing import mailing as mailings
from flows.post.mailing.freezing import MailingIdentity, Superseded
from flows.post.mailing.frozen_letter import FrozenLetter
from flows.post.mailing.mailing import Mailing
from flows.post.mailing.served import Served
from flows.settings import Settings


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
    left: int = 0
    """Letters of ``mailing`` that are still to be sent or posted, or are on their way."""
    superseded: tuple[Superseded, ...] = ()
    """Mailings that nobody had signed off and that this one takes the place of."""
    accounting: Accounting = field(default_factory=Accounting)
    """What became of every row of the lists; its letters are those of ``mailing``."""


def postmark(
    settings: Settings, campaign: Campaign, identity: str, moment: datetime
) -> MailHeaders:
    """What this campaign's messages have in common. Raises ConfigurationError: no sender."""
    sender = settings.mail_from or campaign.sender.email
    if not sender:
        raise ConfigurationError(
            f"MAIL_FROM is not set and {campaign.folder / campaigns.SETTINGS} has no sender.email: "
            "set one of them"
        )
    try:
        written = email_address.sender(sender)
    except email_address.AddressError as error:
        where = (
            "MAIL_FROM"
            if settings.mail_from
            else f"{campaign.folder / campaigns.SETTINGS}: sender.email"
        )
        raise ConfigurationError(f"{where}: {error}") from None
    return MailHeaders(
        identity,
        email_address.mailbox(campaign.sender.name, sender),
        settings.mail_reply_to,
        written.rpartition("@")[2],
        moment,
        ListHeaders(settings.mail_list_id, settings.mail_list_unsubscribe),
        settings.signer,
    )


def prepare(
    settings: Settings,
    ledger: Ledger,
    draft: Draft,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Prepared:
    """Freeze a mailing for everyone in the draft who has not had this edition.

    ``progress`` is called with the letters filled and the letters in all. Raises
    ConfigurationError, AlreadyLiveError, LedgerUnavailableError, and AccountingError where the rows
    of the lists do not add up.
    """
    plan = _planned(settings, ledger, draft)
    draft, headers, known, subject = plan.draft, plan.headers, plan.known, plan.subject
    campaign, chosen, taken = draft.campaign, plan.chosen, known.persons()
    before = freezing.same(ledger, subject)
    if before and _has_them_all(ledger, before, chosen):
        accounting = _accounting(draft, before.refused, known, set(before.passed_over))
        left = status.unfinished(ledger, before.id)
        return Prepared(
            before, before.refused, before.passed_over, None, False, left, (), accounting
        )
    passed_over = tuple(
        reader.contact.person for reader in draft.readers if reader.contact.person in taken
    )
    identity = freezing.new_id(ledger, subject)
    handed_back = list(draft.refused)
    frozen = None
    if chosen:
        headers = replace(headers, mailing=identity)
        kept = KeptPages.of_mailing(settings.mailing_folder(identity))
        rendered = rendering.render(
            campaign, draft.on, chosen, headers, settings.letter_processes, kept
        )
        letters = _counted(rendered, len(chosen), handed_back, progress)
        frozen = freezing.freeze(
            ledger, subject, identity, headers.date, letters, draft.refused, passed_over
        )
        kept.remove()
    accounting = _accounting(draft, handed_back, known, taken)
    accounting.need_letters(frozen.letters if frozen else 0)
    file = None
    if handed_back:
        file = settings.mailing_folder(identity) / "refused-rows.csv"
        refused.write(handed_back, file)
    left = frozen.letters if frozen else 0
    gone = freezing.superseded(ledger, frozen) if frozen else ()
    return Prepared(frozen, tuple(handed_back), passed_over, file, True, left, gone, accounting)


def lay_out(settings: Settings, ledger: Ledger, draft: Draft, share: int, of: int) -> int:
    """Lay out this share (0 to ``of`` - 1) of the PDFs that ``prepare`` would freeze now.

    It finds them then; other processes do the other shares. Returns the number of letters.

    Raises ConfigurationError, LedgerUnavailableError.
    """
    plan = _planned(settings, ledger, draft)
    campaign = plan.draft.campaign
    before = freezing.same(ledger, plan.subject)
    if campaign.letter == "docx" or (before and _has_them_all(ledger, before, plan.chosen)):
        return 0
    from flows.letters.pdf import convert  # loads the PDF libraries, which DOCX does without

    made = filled(Filler(campaign, plan.draft.on), plan.chosen)
    letters = (one for one in made if isinstance(one, Letter))
    identity = freezing.new_id(ledger, plan.subject)
    kept = KeptPages.of_mailing(settings.mailing_folder(identity))
    return convert.ahead(letters, kept, share, of, processes=settings.letter_processes)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a mailing would be frozen from now."""

    draft: Draft
    headers: MailHeaders
    known: Served
    subject: MailingIdentity
    chosen: list[Reader]
    """The readers who have not had this edition."""


def _planned(settings: Settings, ledger: Ledger, draft: Draft) -> _Plan:
    draft = without_bad_addresses(ledger, draft)
    campaign = draft.campaign
    if faults := unwritten(campaign):
        raise ConfigurationError(*faults)
    headers = postmark(settings, campaign, "", now().replace(microsecond=0))
    known = served.served(ledger, campaign.key, campaign.edition)
    draft = recognised(known, draft)
    subject = MailingIdentity(
        campaign.key,
        campaign.edition,
        draft.on,
        email_address.sender(headers.sender),
        sources(campaign.folder, draft.lists),
        "\n".join((headers.fingerprint, *(reader.contact.person for reader in draft.readers))),
    )
    taken = known.persons()
    chosen = [reader for reader in draft.readers if reader.contact.person not in taken]
    if chosen:
        _need_readers_before(ledger, draft)
    return _Plan(draft, headers, known, subject, chosen)


def _need_readers_before(ledger: Ledger, draft: Draft) -> None:
    """Raise ConfigurationError for lists that were not meant to replace an unsigned mailing.

    Such are lists named for this once with none of its readers, and rows handed back that hold
    fewer than half of them. The campaign's own lists, as edited, do replace it.
    """
    if draft.own_lists and not draft.handed_back:
        return
    campaign = draft.campaign
    readers = {reader.contact.person for reader in draft.readers}
    for before in mailings.every(ledger):
        if (before.campaign, before.edition) != (campaign.key, campaign.edition):
            continue
        unsigned = set() if before.approved_at else freezing.live_persons(ledger, before.id)
        kept = len(unsigned & readers)
        lost = len(unsigned) - kept
        if lost > kept and (draft.handed_back or not kept):
            raise _would_replace(draft, before.id, lost)


def _would_replace(draft: Draft, mailing: str, lost: int) -> ConfigurationError:
    lists = ", ".join(map(str, draft.lists))
    return ConfigurationError(
        f"{lists}: this mailing would take the place of {mailing}, which nobody has signed off, and"
        f" {counted(lost, 'reader')} of it would get no letter. Correct rows in the list that they"
        f" are from, or add this file beside the others to contacts = [...] in"
        f" {draft.campaign.folder / campaigns.SETTINGS}, and prepare without --contacts. If"
        f" {mailing} is not to go: dear-minister withdraw {mailing} --by NAME --why TEXT"
    )


def without_bad_addresses(ledger: Ledger, draft: Draft) -> Draft:
    """The draft with those readers handed back whose address, a mail server said, nobody has."""
    bad = items.bad_addresses(ledger)
    if not bad:
        return draft
    kept, returned = [], []
    for reader in draft.readers:
        contact = reader.contact
        found = bad.get(email_address.key(contact.email)) if contact.email else None
        if found is None:
            kept.append(reader)
            continue
        reason = (
            f"a letter to {contact.email} was returned on {found.since[:10]} "
            f"({found.why or 'no such address'}); correct it, blank it for a letter by post, or, "
            f"where it is right: dear-minister replies good {contact.email} --by NAME --why TEXT"
        )
        returned.append(
            RejectedRow(contact.file, contact.row, "email", reason, rows.cells(contact))
        )
    fates = [
        RowFate(row.file, row.row, Fate.REFUSED, f"{row.column}: {row.reason}") for row in returned
    ]
    return replace(
        draft,
        readers=tuple(kept),
        refused=(*draft.refused, *returned),
        accounting=draft.accounting.moved(fates),
    )


def recognised(known: Served, draft: Draft) -> Draft:
    """Return the draft with readers under the ids that earlier mailings of the edition had them by.

    By a shared id, by seat and surname, or by peerage, whatever list they come from now. Who has
    much the same name or the same e-mail as somebody served, and nothing more, waits as a possible
    double until a person says.
    """
    if not known.by_person:
        return draft
    salt = memory.salt(draft.campaign.key, draft.campaign.edition)
    kept, doubles = [], []
    for reader in draft.readers:
        contact = reader.contact
        earlier = known.by_person.get(contact.person) or next(
            (found for key in memory.certain(reader, salt) if (found := known.by_certain.get(key))),
            None,
        )
        if earlier:
            kept.append(
                reader
                if earlier.person == contact.person
                else replace(reader, contact=replace(contact, person=earlier.person))
            )
            continue
        may_be = next(
            (
                found
                for key in memory.possible(reader, salt)
                if (found := known.by_possible.get(key))
                and found.served
                and not evidence.told_apart(contact, found.contact)
                and not persons.listed(contact, found.contact, draft.different)
            ),
            None,
        )
        if may_be is None:
            kept.append(reader)
            continue
        reason = (
            f"may be {may_be.name}, who has this edition already (person {may_be.person}, mailing "
            f"{may_be.mailing}): write {may_be.person} here, or, if they are two persons: "
            f"dear-minister contacts distinct {contact.person} {may_be.person}"
        )
        doubles.append(
            RejectedRow(contact.file, contact.row, "person", reason, rows.cells(contact))
        )
    fates = [
        RowFate(row.file, row.row, Fate.POSSIBLE_DOUBLE, f"{row.column}: {row.reason}")
        for row in doubles
    ]
    return replace(
        draft,
        readers=tuple(kept),
        refused=(*draft.refused, *doubles),
        accounting=draft.accounting.moved(fates),
    )


def _as_whom(known: Served, reader: Reader) -> str:
    earlier = known.by_person.get(reader.contact.person)
    if earlier is None:
        return "has this edition already"
    return f"has this edition already, as {earlier.name} in mailing {earlier.mailing}"


def _has_them_all(ledger: Ledger, before: Mailing, chosen: Iterable[Reader]) -> bool:
    """Whether a mailing frozen from exactly this still has a letter for everyone who is due one,
    but for those whose letters could not be filled."""
    there = freezing.live_persons(ledger, before.id)
    handed_back = {(row.file, row.row) for row in before.refused}
    return all(
        reader.contact.person in there or (reader.contact.file, reader.contact.row) in handed_back
        for reader in chosen
    )


def _counted(
    letters: Iterator[FrozenLetter | RejectedRow],
    total: int,
    handed_back: list[RejectedRow],
    progress: Callable[[int, int], None],
) -> Iterator[FrozenLetter | RejectedRow]:
    """Pass the letters on, those handed back noted; AccountingError where one is missing."""
    done = 0
    for letter in letters:
        done += 1
        if isinstance(letter, RejectedRow):
            handed_back.append(letter)
        yield letter
        progress(done, total)
    if done != total:
        raise AccountingError(
            f"{total} letters were to be filled and {done} came; nothing was frozen: prepare again,"
            " and report it if it comes back"
        )


def _accounting(
    draft: Draft, handed_back: Iterable[RejectedRow], known: Served, taken: Collection[str]
) -> Accounting:
    """The draft's accounting, moved on by what filling refused and who is served already."""
    before = {(row.file, row.row, row.column, row.reason) for row in draft.refused}
    ended = [
        RowFate(row.file, row.row, Fate.REFUSED, f"{row.column}: {row.reason}")
        for row in handed_back
        if (row.file, row.row, row.column, row.reason) not in before
    ]
    ended += [
        RowFate(reader.contact.file, reader.contact.row, Fate.SERVED, _as_whom(known, reader))
        for reader in draft.readers
        if reader.contact.person in taken
    ]
    return draft.accounting.moved(ended)
