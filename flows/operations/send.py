"""Send: a sender for a mailing, live or in rehearsal, with the mail server it needs."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import parseaddr

from flows.operations.draft import sources_now, suppressions
from flows.operations.hold import need_free
from flows.post.delivery.rate import RateLimiter
from flows.post.delivery.sender import Sender
from flows.post.delivery.sending import SendEvent, Sending
from flows.post.inbox import chasers
from flows.post.ledger.database import Ledger
from flows.post.mailing import approval, rehearsal
from flows.post.mailing.mailing import Mailing
from flows.post.smtp.mailbox import mailbox
from flows.post.smtp.server import Server
from flows.settings import Settings


@contextmanager
def sender(
    settings: Settings,
    ledger: Ledger,
    found: Mailing,
    *,
    live: bool,
    server: Server | None = None,
    report: Callable[[SendEvent], None] = lambda note: None,
    stop: threading.Event | None = None,
) -> Iterator[Sender]:
    """A sender for this mailing, live or in rehearsal, with its mailbox where it needs one.

    ``server`` stands in for the one in the settings (the demo's own mailbox). Raises
    ConfigurationError before anything is said to a server: not signed off, held, edited since, no
    host.
    """
    if live:
        target = server or settings.server
        need_free(ledger, found.id)
        before = found.approved_sources or {}
        for edit in approval.need_signed_off(ledger, found, lambda: sources_now(before)):
            report(SendEvent(f"{edit} since sign-off; the letters go as they were frozen"))
        sending = Sending(
            found.id,
            found.sender,
            archive=parseaddr(settings.mail_bcc_archive)[1],
            bounces=parseaddr(settings.mail_bounces_to)[1],
            hash=found.hash,
        )
        answered = chasers.stopped(ledger, found.id)
        with _sender(settings, ledger, sending, target, report, stop, answered) as one:
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


def _either(
    first: Callable[[str, str], str | None], second: Callable[[str, str], str | None]
) -> Callable[[str, str], str | None]:
    return lambda person, email: first(person, email) or second(person, email)


def _sender(
    settings: Settings,
    ledger: Ledger,
    sending: Sending,
    server: Server,
    report: Callable[[SendEvent], None],
    stop: threading.Event | None,
    answered: Callable[[str, str], str | None] = lambda person, email: None,
) -> Sender:
    outside = sending.rehearsal == 0 or sending.redirect
    return Sender(
        ledger,
        sending,
        server,
        pace=RateLimiter(ledger, server.name, settings.seconds_between_letters if outside else 0.0),
        schedule=settings.schedule,
        connections=settings.smtp_connections,
        suppressed=_either(objection(), answered),
        report=report,
        stop=stop,
    )
