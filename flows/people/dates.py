"""Dates as sources write them: whole, half, open, or with a time nobody asked for."""

import datetime
import re

from flows.errors import RowError

_OPEN = {"", "null", "none", "nan", "9999-12-31", "n/a"}
_ISO = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?(?:[T ].*)?")
_BRITISH = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?: .*)?")


def parse(column: str, text: str | None, *, last: bool = False) -> datetime.date | None:
    """Return the date in ``text``, None for an open one ("9999-12-31", blank, null).

    A year or month stands for its first day, with ``last`` for its last. Day/month/year is read
    as in Britain. Raises RowError for anything else.
    """
    text = (text or "").strip()
    if text.casefold() in _OPEN or text.startswith("9999-12-31"):
        return None
    try:
        if found := _BRITISH.fullmatch(text):
            return datetime.date(int(found[3]), int(found[2]), int(found[1]))
        if found := _ISO.fullmatch(text):
            year, month, day = (int(part) if part else None for part in found.groups())
            assert year is not None  # the pattern asks for it
            if month is None:
                return datetime.date(year, 12, 31) if last else datetime.date(year, 1, 1)
            if day is None:
                return _last_day(year, month) if last else datetime.date(year, month, 1)
            return datetime.date(year, month, day)
    except ValueError:
        pass
    raise RowError(column, f"{text!r} is no date; write it as 2013-09-04")


def covers(start: datetime.date | None, end: datetime.date | None, on: datetime.date) -> bool:
    """Say whether ``on`` lies in start <= on < end; None is open."""
    return (start is None or start <= on) and (end is None or on < end)


def _last_day(year: int, month: int) -> datetime.date:
    following = datetime.date(year + month // 12, month % 12 + 1, 1)
    return following - datetime.timedelta(days=1)
