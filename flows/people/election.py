"""When nobody is a member of the lower House: from dissolution to polling day."""

import datetime
from collections.abc import Iterable

Period = tuple[datetime.date, datetime.date]


def _periods(*days: tuple[str, str]) -> tuple[Period, ...]:
    read = datetime.date.fromisoformat
    return tuple((read(dissolved), read(polled)) for dissolved, polled in days)


DISSOLUTIONS = _periods(
    ("1979-04-07", "1979-05-03"),
    ("1983-05-13", "1983-06-09"),
    ("1987-05-18", "1987-06-11"),
    ("1992-03-16", "1992-04-09"),
    ("1997-04-08", "1997-05-01"),
    ("2001-05-14", "2001-06-07"),
    ("2005-04-11", "2005-05-05"),
    ("2010-04-12", "2010-05-06"),
    ("2015-03-30", "2015-05-07"),
    ("2017-05-03", "2017-06-08"),
    ("2019-11-06", "2019-12-12"),
    ("2024-05-30", "2024-07-04"),
)
"""The United Kingdom's dissolutions and polling days, both included. Source: House of Commons
Library, "General election dates 1918 onwards", and the proclamations in The London Gazette."""

DAIL = _periods(
    ("1997-05-15", "1997-06-06"),
    ("2002-04-25", "2002-05-17"),
    ("2007-04-29", "2007-05-24"),
    ("2011-02-01", "2011-02-25"),
    ("2016-02-03", "2016-02-26"),
    ("2020-01-14", "2020-02-08"),
    ("2024-11-08", "2024-11-29"),
)
"""The same of Dáil Éireann. Source: Houses of the Oireachtas, "Dáil general elections"."""


def dissolved(
    on: datetime.date, more: Iterable[Period] = (), table: Iterable[Period] = DISSOLUTIONS
) -> Period | None:
    """Return the dissolution and polling day that ``on`` falls between, both included, or None.

    ``more`` are periods ``table`` does not know yet. Seats are vacated by dissolution: Cabinet
    Manual, 2011, paragraph 2.20; Constitution of Ireland, article 16.3.
    """
    return next((period for period in (*table, *more) if period[0] <= on <= period[1]), None)


def polled(
    on: datetime.date, more: Iterable[Period] = (), table: Iterable[Period] = DISSOLUTIONS
) -> datetime.date | None:
    """Return the polling day of the lower House that sits on the day ``on``, None where unknown."""
    return max((poll for _, poll in (*table, *more) if poll < on), default=None)
