"""When letters may leave: office hours on working days, not on bank holidays.

A letter that reaches a minister's office at three in the morning reads like a machine's.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from flows.errors import ConfigurationError

ZONE = "Europe/London"
ALWAYS = "always"
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FORM = re.compile(
    r"(?P<first>[a-z]{3})[a-z]*(?:\s*-\s*(?P<last>[a-z]{3})[a-z]*)?\s+"
    r"(?P<opens>\d{1,2}:\d{2})\s*-\s*(?P<closes>\d{1,2}:\d{2})"
)
_LONGEST_WAIT_DAYS = 60


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """Hours of the day in London on certain days of the week, bank holidays of England and Wales
    left out. ``days`` are 0 (Monday) to 6; without days it is always open."""

    days: frozenset[int]
    opens: time
    closes: time
    """The first minute that is closed; 00:00 is midnight at the day's end."""
    text: str

    @classmethod
    def parse(cls, text: str) -> "OfficeHours":
        """Read "Mon-Fri 08:00-18:00", or "always". Raises ConfigurationError."""
        plain = " ".join(text.split())
        if plain.lower() == ALWAYS:
            return cls(frozenset(), time(), time(), ALWAYS)
        fault = ConfigurationError(
            f'OFFICE_HOURS: {text!r} is not understood; write "Mon-Fri 08:00-18:00" or "{ALWAYS}"'
        )
        found = _FORM.fullmatch(plain.lower())
        if not found:
            raise fault
        try:
            first = _DAYS.index(found["first"])
            last = _DAYS.index(found["last"]) if found["last"] else first
            opens, closes = _clock(found["opens"]), _clock(found["closes"])
        except ValueError:
            raise fault from None
        if closes != time() and closes <= opens:
            raise fault
        days = frozenset((first + n) % 7 for n in range((last - first) % 7 + 1))
        return cls(days, opens, closes, plain)

    def open_at(self, moment: datetime) -> bool:
        """Whether letters may leave at this moment."""
        if not self.days:
            return True
        local = moment.astimezone(ZoneInfo(ZONE))
        if local.weekday() not in self.days or local.date() in bank_holidays(local.year):
            return False
        return self.opens <= local.time() and (self.closes == time() or local.time() < self.closes)

    def next_opening(self, moment: datetime) -> datetime:
        """The moment itself where it is open, else the next opening, in London's time."""
        if self.open_at(moment):
            return moment
        zone = ZoneInfo(ZONE)
        today = moment.astimezone(zone).date()
        for later in range(_LONGEST_WAIT_DAYS):
            opening = datetime.combine(today + timedelta(days=later), self.opens, zone)
            if opening >= moment and self.open_at(opening):
                return opening
        raise ConfigurationError(
            f"OFFICE_HOURS: {self.text}: no such day within {_LONGEST_WAIT_DAYS} days"
        )

    def __str__(self) -> str:
        return f"{self.text}, London, no bank holidays" if self.days else ALWAYS


def _clock(text: str) -> time:
    hour, minute = (int(part) for part in text.split(":"))
    return time() if (hour, minute) == (24, 0) else time(hour, minute)


@lru_cache(maxsize=8)
def bank_holidays(year: int) -> frozenset[date]:
    """Bank holidays of England and Wales, substitute days included."""
    import holidays  # slow to load, and commands that send nothing have no need of it

    return frozenset(holidays.country_holidays("GB", subdiv="ENG", years=year))


def when(moment: datetime) -> str:
    """The moment as an operator in London reads it: "Monday 9 September 2013, 08:00"."""
    local = moment.astimezone(ZoneInfo(ZONE))
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M}"
