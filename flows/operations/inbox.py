"""The sweep of the campaign's mailbox as the settings say."""

from collections.abc import Callable

from flows.post.inbox import sweep as sweeping
from flows.post.inbox.sweep import Swept
from flows.post.ledger.database import Ledger
from flows.settings import Settings


def sweep(
    settings: Settings,
    ledger: Ledger,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Swept:
    """File what is new in IMAP_INBOX. ``progress`` is called with mails read and mails in all.

    Raises ConfigurationError (no IMAP_HOST, the mailbox cannot be read), SweepBusyError,
    LedgerUnavailableError.
    """
    return sweeping.sweep(
        ledger,
        settings.inbox,
        bounces=settings.mail_bounces_to,
        mark_read=settings.imap_mark_read,
        progress=progress,
    )


def summary(found: Swept) -> str:
    """What a sweep found, on one line."""
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(found.kinds.items()))
    parts = [kinds or "nothing new"]
    if found.ours:
        parts.append(f"{found.ours} copies of our own letters")
    if found.known:
        parts.append(f"{found.known} were filed before")
    if found.made_anew:
        parts.append("the mailbox was made anew since the last sweep, so all of it was read")
    if found.waiting:
        parts.append(f"{found.waiting} wait for a person: dear-minister replies")
    return "; ".join(parts)
