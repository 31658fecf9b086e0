"""How fast letters may leave (MAIL_RATE), and when a deferred letter is due again.

The rate is kept in the ledger, one row a mail server, so that it holds over all connections and
processes: each attempt takes the next free slot (the generic cell rate algorithm, no bursts).
Workers on several machines go by the database's clock, which is one for all: a machine whose own is
late would take the next slot for a mistake, and begin anew.
"""

import re
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from flows.errors import ConfigurationError
from flows.post.delivery.sending import Stop

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from flows.post.ledger.database import Ledger

_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_RATE = re.compile(r"(\d+)\s*(?:/|per)\s*(second|minute|hour|day)s?", re.IGNORECASE)
_FURTHEST = 3600.0
"""Seconds. A slot further off than this was left by a clock that has since been set back."""
_DATABASE_CLOCK = "SELECT extract(epoch FROM clock_timestamp())"
_MOST_DAYS = 3650
_LONGEST_WAIT = _MOST_DAYS * 24 * 60
"""Minutes. Times beyond the calendar would fail only after an attempt."""


def interval(rate: str) -> float:
    """Seconds between two letters for a rate like "30/minute"; 0 for a blank one.

    Raises ConfigurationError.
    """
    if not rate.strip():
        return 0.0
    found = _RATE.fullmatch(rate.strip())
    if not found or not int(found[1]):
        raise ConfigurationError(
            f'MAIL_RATE: {rate!r} is not a rate; write "30/minute" or "500/hour", or leave it blank'
        )
    return _UNITS[found[2].lower()] / int(found[1])


class RateLimiter:
    """Lets letters through to one server no faster than the rate."""

    def __init__(self, ledger: "Ledger", server: str, seconds: float) -> None:
        self.ledger = ledger
        self.server = server
        self.interval = seconds

    def wait(self, stop: Stop) -> bool:
        """Wait for this worker's next slot; False where the run was over first."""
        if not self.interval:
            return not stop.over
        return not stop.wait(self._slot())

    def _slot(self) -> float:
        """How many seconds from now the next letter may leave; taken from then on."""
        # The settings load this module, also for commands that never open a ledger.
        from sqlalchemy import insert, select, update

        from flows.post.ledger import schema

        row = schema.throttle
        with self.ledger.write() as connection:
            found = connection.execute(
                select(row.c.next_at).where(row.c.server == self.server)
            ).scalar()
            clock = self._clock(connection)
            mine = (
                clock
                if found is None or found > clock + max(_FURTHEST, 64 * self.interval)
                else max(found, clock)
            )
            following = {"next_at": mine + self.interval}
            if found is None:
                connection.execute(insert(row).values(server=self.server, **following))
            else:
                connection.execute(update(row).where(row.c.server == self.server).values(following))
        return mine - clock

    def _clock(self, connection: "Connection") -> float:
        """The time in seconds since 1970."""
        if self.ledger.sqlite:
            return time.time()
        return float(connection.exec_driver_sql(_DATABASE_CLOCK).scalar_one())


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a deferred letter is tried again: minutes after each attempt, the last one repeated."""

    minutes: tuple[float, ...] = (5, 15, 30, 60, 120, 240)
    give_up_days: float = 5

    def next(self, attempts: int, now: datetime) -> datetime:
        """When the letter is due after that many attempts (one at least)."""
        wait = self.minutes[min(attempts, len(self.minutes)) - 1]
        return now + timedelta(minutes=wait)

    def exhausted(self, first_attempt: datetime, now: datetime) -> bool:
        """Whether the days are over. Asked after an attempt only: no clock alone decides."""
        return now - first_attempt >= timedelta(days=self.give_up_days)

    @classmethod
    def parse(cls, minutes: str, give_up_days: float) -> "Schedule":
        """From MAIL_RETRY_MINUTES ("5 15 30 60 120 240") and MAIL_GIVE_UP_DAYS.

        Raises ConfigurationError.
        """
        try:
            waits = tuple(float(part) for part in minutes.replace(",", " ").split())
        except ValueError:
            waits = ()
        if not waits or not all(0 <= wait <= _LONGEST_WAIT for wait in waits):
            raise ConfigurationError(
                f"MAIL_RETRY_MINUTES: {minutes!r} is not a list of minutes; "
                'write "5 15 30 60 120 240"'
            )
        if not 0 < give_up_days <= _MOST_DAYS:
            raise ConfigurationError(
                f"MAIL_GIVE_UP_DAYS: {give_up_days} is not a number of days; write 5"
            )
        return cls(waits, give_up_days)
