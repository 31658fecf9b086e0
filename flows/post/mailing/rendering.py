"""From readers to frozen letters, in the order of the readers, on as many processes as pay."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import parseaddr
from itertools import islice
from pathlib import Path

from flows.errors import ConfigurationError, RowError
from flows.letters import message
from flows.letters.campaign import Campaign, load
from flows.letters.filler import Filler
from flows.letters.letter import Letter
from flows.letters.paper.envelope import goes_by_post
from flows.people.contact import Contact, Reader, RejectedRow
from flows.people.lists.rows import cells
from flows.post.mailing import renderers
from flows.post.mailing.frozen_letter import FrozenLetter, written

_CHUNK = 50
_WORTH_A_PROCESS = 2000
"""Readers below which starting processes takes longer than filling the letters."""


@dataclass(frozen=True, slots=True)
class MailHeaders:
    """What a mailing's messages have in common."""

    mailing: str
    sender: str
    """The From header's mailbox."""
    reply_to: str
    domain: str
    """The right-hand side of Message-IDs: the sender's domain."""
    date: datetime

    def message_id(self, person: str) -> str:
        """One Message-ID a mailing and person (RFC 5322 3.6.4)."""
        token = hashlib.sha256(f"{self.mailing}\n{person}".encode()).hexdigest()[:32]
        return f"<{token}@{self.domain}>"


def render(
    campaign: Campaign,
    on: date,
    readers: Sequence[Reader],
    postmark: MailHeaders,
    processes: int = 0,
) -> Iterator[FrozenLetter | RejectedRow]:
    """Each reader's frozen letter, or that reader handed back; the bytes do not depend on
    ``processes`` (0: as many as the machine has, where the list is long enough).

    Raises ConfigurationError: a template at fault, no LibreOffice for a campaign that sends PDF.
    """
    filler = Filler(campaign, on)  # a template at fault is told before any process starts
    if campaign.letter != "docx":
        for one in laid_out(filled(filler, readers), processes):
            yield one if isinstance(one, RejectedRow) else _frozen(one, campaign, postmark)
        return
    if not processes:
        processes = (os.cpu_count() or 1) if len(readers) >= _WORTH_A_PROCESS else 1
    if processes > 1:
        prepare = (campaign.folder, campaign.fingerprint, on, postmark)
        for many in renderers.answers(prepare, _chunks(readers), processes):
            yield from many
        return
    for one in filled(filler, readers):
        yield one if isinstance(one, RejectedRow) else _frozen(one, campaign, postmark)


def filled(filler: Filler, readers: Iterable[Reader]) -> Iterator[Letter | RejectedRow]:
    """Each reader's letter, or that reader handed back."""
    for reader in readers:
        try:
            yield filler.fill(reader)
        except RowError as error:
            yield _refused(reader.contact, error.column, error.reason)


def laid_out(
    found: Iterable[Letter | RejectedRow], processes: int = 0
) -> Iterator[Letter | RejectedRow]:
    """Letters with their PDF, in order; those without one, and ``found``'s own, handed back."""
    from flows.letters.pdf import convert

    aside: list[RejectedRow] = []

    def letters() -> Iterator[Letter]:
        for one in found:
            if isinstance(one, RejectedRow):
                aside.append(one)
            else:
                yield one

    for one in convert.convert(letters(), processes=processes):
        if isinstance(one, convert.Failed):
            aside.append(_refused(one.letter.reader.contact, "letter", one.reason))
        else:
            yield one
    yield from aside


def files(
    letter: Letter, campaign: Campaign, postmark: MailHeaders
) -> dict[str, bytes] | RejectedRow:
    """A letter, its PDF where it has one, and its mail where one goes, by file name."""
    contact = letter.reader.contact
    made = {f"letter-{contact.id}.docx": letter.docx}
    if letter.pdf:
        made[f"letter-{contact.id}.pdf"] = letter.pdf
    if contact.email:
        mail = _message(letter, campaign, postmark)
        if isinstance(mail, RejectedRow):
            return mail
        made[f"mail-{contact.id}.eml"] = mail
    return made


def begin(prepare: tuple[Path, str, date, MailHeaders]) -> Callable[[Sequence[Reader]], object]:
    """In a process of ``renderers``: what to do with each job. Compiled templates do not travel.

    Raises ConfigurationError where the campaign is no longer what the parent has.
    """
    folder, fingerprint, on, postmark = prepare
    campaign = load(folder)
    filler = Filler(campaign, on)

    def many(readers: Sequence[Reader]) -> list[FrozenLetter | RejectedRow]:
        if campaign.fingerprint != fingerprint:
            raise ConfigurationError(
                f"{folder} was edited while letters were being filled; prepare again"
            )
        return [
            one if isinstance(one, RejectedRow) else _frozen(one, campaign, postmark)
            for one in filled(filler, readers)
        ]

    return many


def _frozen(
    letter: Letter, campaign: Campaign, postmark: MailHeaders
) -> FrozenLetter | RejectedRow:
    reader, contact = letter.reader, letter.reader.contact
    content = _message(letter, campaign, postmark) if contact.email else letter.docx
    if isinstance(content, RejectedRow):
        return content
    return FrozenLetter(
        contact=contact.id,
        person=contact.person,
        name=reader.address.lines[0],
        role=reader.role,
        email=contact.email,
        reference=letter.reference,
        message_id=postmark.message_id(contact.person) if contact.email else "",
        content=content,
        copies=tuple(parseaddr(one)[1] for one in letter.cc) if contact.email else (),
        paper=goes_by_post(reader, campaign.post),
        reader=written(reader),
    )


def _message(letter: Letter, campaign: Campaign, postmark: MailHeaders) -> bytes | RejectedRow:
    contact = letter.reader.contact
    attachments = []
    if campaign.letter != "pdf" or not letter.pdf:
        attachments.append(message.letter_docx(letter))
    if campaign.letter != "docx" and letter.pdf:
        attachments.append(message.letter_pdf(letter))
    try:
        return message.freeze(
            letter,
            sender=postmark.sender,
            reply_to=postmark.reply_to,
            message_id=postmark.message_id(contact.person),
            date=postmark.date,
            attachments=attachments,
            smtputf8=True,
        )
    except RowError as error:
        return _refused(contact, error.column, error.reason)


def _refused(contact: Contact, column: str, reason: str) -> RejectedRow:
    return RejectedRow(contact.file, contact.row, column, reason, cells(contact))


def _chunks(readers: Iterable[Reader]) -> Iterator[list[Reader]]:
    source = iter(readers)
    while chunk := list(islice(source, _CHUNK)):
        yield chunk
