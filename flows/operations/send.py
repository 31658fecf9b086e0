"""Send: a sender for a mailing, live or in rehearsal, with the mail server it needs."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from email.utils import parseaddr

from flows.operations.approve import need_signed_off
from flows.operations.draft import suppressions
from flows.operations.hold import need_free
from flows.operations.recover import need_unsent
from flows.people.contact import Contact
from flows.post.delivery.rate import RateLimiter
from flows.post.delivery.sender import Sender
from flows.post.delivery.sending import SendEvent, Sending
from flows.post.inbox import chasers
from flows.post.ledger.database import Ledger
from flows.post.mailing import rehearsal, served
from flows.post.mailing.mailing import Mailing
from flows.post.smtp.mailbox import mailbox
from flows.settings import Settings


@contextmanager
def sender(
    settings: Settings,
    ledger: Ledger,
    mailing: Mailing,
    *,
    live: bool,
    report: Callable[[SendEvent], None] = lambda event: None,
    stop: threading.Event | None = None,
) -> Iterator[Sender]:
    """A sender for this mailing: live, or in rehearsal to MAIL_REDIRECT_TO or the built-in mailbox.

    Raises ConfigurationError before anything is said to a server: not signed off, held, edited
    since, no host.
    """
    redirect = "" if live else parseaddr(settings.mail_redirect_to)[1]
    built_in = not (live or redirect)
    server = mailbox(settings.var / "mailbox") if built_in else nullcontext(settings.server)
    with server as target:
        # A rehearsal begins once its mailbox is open: one that cannot be opened leaves no rows.
        sending = (
            _live(settings, ledger, mailing, report)
            if live
            else Sending(mailing.id, mailing.sender, rehearsal.begin(ledger, mailing), redirect)
        )
        with Sender(
            ledger,
            sending,
            target,
            limiter=RateLimiter(
                ledger, target.name, 0.0 if built_in else settings.seconds_between_letters
            ),
            schedule=settings.schedule,
            connections=settings.smtp_connections,
            connections_in_all=settings.smtp_connections_in_all,
            same_refusals=settings.mail_same_refusals,
            objection=_either(
                objection(ledger, mailing.id),
                chasers.stopped(ledger, mailing.id) if live else lambda person, email: None,
            ),
            report=report,
            stop=stop,
        ) as one:
            yield one


def _live(
    settings: Settings, ledger: Ledger, mailing: Mailing, report: Callable[[SendEvent], None]
) -> Sending:
    """What is sent live. Raises ConfigurationError: held, not signed off, edited since,
    or the archive has letters that were never tried."""
    need_free(ledger, mailing.id)
    need_unsent(settings, ledger, mailing, lambda note: report(SendEvent(note)))
    for edit in need_signed_off(ledger, mailing):
        report(SendEvent(edit))
    return Sending(
        mailing.id,
        mailing.sender,
        archive=parseaddr(settings.mail_bcc_archive)[1],
        bounces=parseaddr(settings.mail_bounces_to)[1],
        hash=mailing.hash,
    )


def objection(ledger: Ledger, mailing: str) -> Callable[[str, str], str | None]:
    """Return what tells why this person, at this address, is not written to at this moment.

    The person is one of ``mailing``: an objection that was noted under another id, seat or name
    since the letters were frozen is found by what the ledger kept of the reader.
    """
    watched = suppressions()
    frozen: dict[str, Contact] = {}

    def reason(person: str, email: str) -> str | None:
        found = watched.now()
        if direct := found.reason(person=person, email=email):
            return direct
        if not found.people or not person:
            return None
        if not frozen:
            frozen.update(served.contacts(ledger, mailing))
        reader = frozen.get(person)
        return found.of(reader) if reader else None

    return reason


def _either(
    first: Callable[[str, str], str | None], second: Callable[[str, str], str | None]
) -> Callable[[str, str], str | None]:
    return lambda person, email: first(person, email) or second(person, email)
