"""Recover: compare the ledger with the mailbox of sent mails, and sign that it is the right one."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flows.counted import counted
from flows.errors import ConfigurationError
from flows.post import recovery
from flows.post.ledger import witness
from flows.post.ledger.database import Ledger
from flows.post.ledger.witness import BehindWitnessError
from flows.post.mailing.mailing import Mailing
from flows.post.recovery import Recovered
from flows.post.smtp import sent_folder
from flows.post.smtp.imap import ImapError
from flows.post.smtp.sent_folder import SentMail
from flows.settings import Settings

_OURS = re.compile(r"<[0-9a-f]{32}@")
"""How this program's Message-IDs begin."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a recovery came to."""

    differences: tuple[str, ...]
    """What the witnesses said before."""
    mailbox: str
    """The mailbox that was asked; empty where none is set."""
    done: Recovered
    strangers: tuple[SentMail, ...]
    """Mails of this program's form in the mailbox that are no letters of this ledger: their
    readers would be written to again."""


def recover(settings: Settings, ledger: Ledger, *, by: str, why: str) -> Recovery:
    """Mark what lies in the mailbox of sent mails (IMAP_HOST, IMAP_FOLDER) as sent, and begin a new
    generation of the ledger. Raises ConfigurationError (nothing to recover, a sender at work) and
    LedgerUnavailableError."""
    before = witness.differences(ledger)
    known = recovery.letters(ledger)
    there: Mapping[str, SentMail] | None = None
    mailbox = ""
    if settings.imap_host:
        archive = settings.archive
        mailbox = archive.folder
        there = sent_folder.sent_mails(archive, known.since)
    found = [identity for _, identity in known.open if identity in (there or {})]
    if not before and not found:
        asked = f" and {mailbox} has none of its unsent letters" if mailbox else ""
        raise ConfigurationError(
            f"the ledger agrees with its witnesses{asked}: there is nothing to recover"
        )
    done = recovery.recover(ledger, present=there, where=mailbox, by=by, why=why)
    ours = recovery.every_message_id(ledger)
    strangers = [
        mail
        for identity, mail in (there or {}).items()
        if _OURS.match(identity) and identity not in ours
    ]
    return Recovery(before, mailbox, done, tuple(strangers))


def need_unsent(
    settings: Settings, ledger: Ledger, mailing: Mailing, note: Callable[[str], None]
) -> None:
    """Where the office archives each mail (MAIL_BCC_ARCHIVE) and the archive can be read
    (IMAP_HOST): none of the letters that were never tried lies there.

    A mailbox that cannot be read is noted. Raises BehindWitnessError.
    """
    if not (settings.imap_host and settings.mail_bcc_archive):
        return
    untried = recovery.never_tried(ledger, mailing.id)
    if not untried:
        return
    archive = settings.archive
    try:
        there = sent_folder.sent_mails(archive, mailing.frozen_at)
    except ImapError as error:
        note(f"not compared with the archive: {error}")
        return
    if sent := [dispatch for identity, dispatch in untried.items() if identity in there]:
        raise BehindWitnessError(
            f"{archive.folder} holds {counted(len(sent), 'letter')} that the ledger "
            f"({ledger.name}) has never tried to send, {sent[0]} the first: the ledger was "
            "restored, copied or lost; "
            "nothing was sent: dear-minister recover --by NAME --why TEXT"
        )
