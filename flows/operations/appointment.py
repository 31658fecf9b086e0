"""A live sending at a later time: held until then, so that no sweep sends it before."""

import getpass
import threading
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from flows.errors import ConfigurationError
from flows.operations.approve import need_signed_off
from flows.operations.hold import hold, need_free
from flows.post.delivery.office_hours import ZONE
from flows.post.ledger import holds
from flows.post.ledger.clock import now
from flows.post.ledger.database import Ledger
from flows.post.mailing.mailing import Mailing

_LOOK = 20.0
"""Seconds after which the clock is looked at again: a machine may have slept."""


def moment(text: str) -> datetime:
    """A time typed as "2026-11-27 09:00", in London. Raises ConfigurationError: none, or past."""
    try:
        found = datetime.strptime(text.strip(), "%Y-%m-%d %H:%M").replace(tzinfo=ZoneInfo(ZONE))
    except ValueError as error:
        raise ConfigurationError(
            f'--at {text!r}: write the day and the time in London as "2026-11-27 09:00"'
        ) from error
    if found <= now():
        raise ConfigurationError(f"--at {text!r}: is past; leave --at out to send now")
    return found


def wait(
    ledger: Ledger,
    mailing: Mailing,
    at: datetime,
    stop: threading.Event,
    say: Callable[[str], None] = lambda line: None,
) -> bool:
    """Hold the mailing until ``at``, then release it; False where ``stop`` was set before.

    A mailing whose waiting was stopped, or died, stays held. Raises ConfigurationError: not signed
    off, edited since, held by somebody else before or meanwhile.
    """
    need_free(ledger, mailing.id)
    need_signed_off(ledger, mailing)
    who = getpass.getuser()
    why = f"{holds.APPOINTED}{at:%Y-%m-%d %H:%M} (send --at)"
    ours = hold(ledger, mailing.id, by=who, why=why)
    if ours.why != why:
        raise ConfigurationError(f"mailing {mailing.id} is {ours}; nothing was sent")
    say(f"waiting until {at:%A %d %B %Y, %H:%M} in London; keep this running")
    while (left := (at - now()).total_seconds()) > 0:
        if stop.wait(min(left, _LOOK)):
            return False
    holds.release(ledger, mailing.id, by=who, why="the time of send --at has come", only=ours)
    need_free(ledger, mailing.id)
    return True
