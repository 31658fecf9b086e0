"""Specimens of a campaign's letters, sent to one's own address before anything is frozen."""

from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path

from flows.errors import ConfigurationError, DearMinisterError
from flows.letters.filler import Filler, files, filled, laid_out
from flows.letters.letter import Letter
from flows.operations.draft import Draft
from flows.operations.prepare import postmark
from flows.operations.specimens import chosen
from flows.people import email_address
from flows.people.contact import RejectedRow
from flows.post.ledger.clock import now
from flows.post.mailing.rehearsal import redirected
from flows.post.smtp.mailbox import mailbox
from flows.post.smtp.server import Server
from flows.post.smtp.session import Session
from flows.post.states import State
from flows.settings import Settings

MAILING = "sample"
"""What stands in their Message-IDs in place of a mailing's id."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """The readers whose letters were sent to ``to``, and rows that have none."""

    to: str
    readers: tuple[tuple[str, str], ...]
    """Contact id, and the kinds of reader that it stands for."""
    refused: tuple[RejectedRow, ...]
    folder: Path | None
    """The built-in mailbox, where SMTP_HOST names no server."""


def sample(settings: Settings, draft: Draft, to: str, count: int) -> Sampled:
    """Send up to ``count`` letters, to readers of different kinds, to ``to`` and nobody else.

    The real reader is named in the subject; the ledger has nothing of it. Raises ConfigurationError
    (no reader by mail, an address that is none, no sender) and UnavailableError.
    """
    try:
        to = email_address.ascii_address(to)
    except email_address.AddressError as error:
        raise ConfigurationError(f"--to {to}: {error}") from None
    by_mail = [reader for reader in draft.readers if reader.contact.email]
    if not by_mail:
        raise ConfigurationError(
            "no letter of this campaign goes by mail; to look at them: dear-minister preview "
            f"{draft.campaign.key}"
        )
    picked = chosen(by_mail)[:count]
    kinds = {reader.contact.id: ", ".join(kinds) for reader, kinds in picked}
    letters: Iterable[Letter | RejectedRow] = filled(
        Filler(draft.campaign, draft.on), [reader for reader, _ in picked]
    )
    if draft.campaign.letter != "docx":
        letters = laid_out(letters, settings.letter_processes)
    headers = postmark(settings, draft.campaign, MAILING, now().replace(microsecond=0))
    refused, mails = [], []
    for letter in letters:
        made = letter if isinstance(letter, RejectedRow) else files(letter, draft.campaign, headers)
        if isinstance(made, RejectedRow):
            refused.append(made)
            continue
        assert isinstance(letter, Letter)
        contact = letter.reader.contact
        mail = made[f"mail-{contact.id}.eml"]
        mails.append((contact.id, redirected(mail, to, f"{contact.name} <{contact.email}>", 0)))
    sender = parseaddr(headers.sender)[1]
    folder = None
    if settings.smtp_host:
        _send(settings.server, sender, to, mails)
    else:
        folder = settings.var / "mailbox"
        with mailbox(folder) as server:
            _send(server, sender, to, mails)
    readers = tuple((identity, kinds[identity]) for identity, _ in mails)
    return Sampled(to, readers, tuple(refused), folder)


def _send(server: Server, sender: str, to: str, mails: Iterable[tuple[str, bytes]]) -> None:
    session = Session(server, lambda address: address == to)
    try:
        for identity, mail in mails:
            outcome = session.deliver(sender, (to,), mail, lambda: None)
            if outcome.state is not State.SENT:
                raise SampleError(f"the letter to {identity} was not taken: {outcome.reply}")
    finally:
        session.quit()


class SampleError(DearMinisterError):
    """The server did not take a specimen."""
