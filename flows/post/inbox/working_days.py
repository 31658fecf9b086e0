"""Working days: Monday to Friday, bank holidays of England and Wales left out.

Departments answer by them: 20 working days is the Government's standard for correspondence (Cabinet
Office, Guide to Handling Correspondence). A recess may stretch the wait.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flows.post.delivery.office_hours import bank_holidays

STANDARD = 20
"""Working days in which a department is to answer."""


@dataclass(frozen=True, slots=True)
class Recess:
    """When one House does not sit: from the day after it rises to the day before it returns."""

    house: str
    """commons or lords."""
    name: str
    rises: date
    returns: date

    def covers(self, day: date) -> bool:
        return self.rises < day < self.returns


def is_working_day(day: date, recesses: Sequence[Recess] = ()) -> bool:
    """Whether offices work on that day, and none of the recesses covers it."""
    if day.weekday() > 4 or day in bank_holidays(day.year):
        return False
    return not any(recess.covers(day) for recess in recesses)


def between(start: date, end: date, recesses: Sequence[Recess] = ()) -> int:
    """Working days after ``start`` up to and with ``end``; 0 where ``end`` is not later."""
    days = range(1, (end - start).days + 1)
    return sum(is_working_day(start + timedelta(days=day), recesses) for day in days)
