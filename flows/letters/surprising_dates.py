"""Dates of a campaign that are right on purpose or wrong by oversight: somebody should look."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from flows.letters.campaign import SETTINGS, Campaign

FAR = 31
"""Days between a letter's date and today, beyond which it is said."""
OLD_LIST = 366
"""Days between the day of a list of readers and the letter's."""
_MODEL, _MODEL_DATE = "r2p-dialogue-2013", date(2013, 9, 4)


def letter_day(on: date, today: date) -> str:
    """A line about a letter dated far from today; blank where it is not."""
    days = (on - today).days
    if abs(days) <= FAR:
        return ""
    far = f"{abs(days)} days {'from now' if days > 0 else 'ago'}"
    return f"the letters are dated {on.day} {on:%B %Y}, {far}"


def surprises(
    campaign: Campaign, on: date, lists: Mapping[Path, date | None], today: date
) -> tuple[str, ...]:
    """A line for each date that may be wrong.

    ``on`` is the date printed, ``lists`` maps each list of readers to the day it is of, where it
    says so: offices change hands, and titles with them.
    """
    found = []
    if line := letter_day(on, today):
        copied = campaign.key != _MODEL and campaign.date == _MODEL_DATE == on
        why = ", the date of the campaign it was copied from" if copied else ""
        where = f"{campaign.folder / SETTINGS}: date" if campaign.date == on else "--as-of"
        found.append(f"{line}{why}: right on purpose? else change {where}")
    for path, day in lists.items():
        if day is not None and abs((on - day).days) >= OLD_LIST:
            found.append(
                f"{path} says who held which office on {day.day} {day:%B %Y}, the letters are "
                f"dated {on.day} {on:%B %Y}: import or refresh a list of that day"
            )
    return tuple(found)
