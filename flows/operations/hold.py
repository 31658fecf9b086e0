"""Hold and release: stop a mailing, and let it go on, on a person's word."""

from flows.errors import ConfigurationError
from flows.post.ledger import campaign_runs, holds
from flows.post.ledger.database import Ledger
from flows.post.ledger.holds import Hold
from flows.post.mailing import mailing as mailings
from flows.post.mailing.mailing import Mailing
from flows.post.resolution import named


def hold(ledger: Ledger, mailing: str, *, by: str, why: str) -> Hold:
    """Hold the mailing: nothing of it is sent live until a person releases it.

    Returns the hold that stands, which may be an earlier one. Letters that the server has already
    taken stay sent; a letter in hand is finished. Raises ConfigurationError: no such mailing, no
    name, no reason.
    """
    name, reason = named(by, why)
    return holds.hold(ledger, mailings.get(ledger, mailing).id, by=name, why=reason)


def release(ledger: Ledger, mailing: str, *, by: str, why: str) -> None:
    """Release the mailing: the next sweep, or the next ``send --live``, goes on.

    Raises ConfigurationError: no such mailing, nothing holds it, no name, no reason.
    """
    name, reason = named(by, why)
    found = mailings.get(ledger, mailing)
    if not holds.release(ledger, found.id, by=name, why=reason):
        raise ConfigurationError(f"mailing {mailing} is not held; nothing was changed")


def swept(ledger: Ledger, mailing: Mailing) -> bool:
    """Whether the next sweep goes on with what is left of the mailing: it is signed off, not held,
    and its last run had no limit."""
    free = not holds.find(ledger, mailing.id) and not campaign_runs.limited(ledger, mailing.id)
    return mailing.approved_at is not None and free


def need_free(ledger: Ledger, mailing: str) -> None:
    """Raise ConfigurationError where a person holds the mailing back from its readers."""
    if found := holds.find(ledger, mailing):
        raise ConfigurationError(
            f"mailing {mailing} is {found}; nothing was sent. To go on: "
            f"dear-minister release {mailing} --by NAME --why TEXT"
        )
