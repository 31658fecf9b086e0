"""The house style of a campaign: what may be chosen among correct forms of address."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from flows.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Style:
    """The campaign's [forms] table; the defaults are the model letter's own forms."""

    the: bool = False
    """Write "The Rt Hon William Hague MP" in place of "Rt Hon William Hague MP" (commoners)."""
    short_titles: bool = False
    """Write "Dear Foreign Secretary" in place of "Dear Secretary of State", where there is one."""
    baroness: str = "Lady"
    """Write "Dear Lady Warsi", or "Dear Baroness Warsi" with "Baroness"."""
    peers_rt_hon: bool = False
    """Write "The Rt Hon the" for every baron, viscount and earl, Privy Counsellor or not."""
    full_name: bool = False
    """Write "Dear Alex Smith" where neither title nor gender is known; else that row is refused."""
    close: str = "Yours sincerely"
    addressed_by: str = "rank"
    """Which of a person's posts addresses the letter: the highest ("rank"), or the first of the
    list ("list")."""
    language: str = "en"
    """For countries with two: the language of the forms, as in "ga" for Irish."""
    dissolutions: tuple[tuple[datetime.date, datetime.date], ...] = ()
    """Dissolution and polling day of elections the product does not know yet."""

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> "Style":
        """Return the style in ``table``; ConfigurationError names a key or value it cannot be."""
        known: dict[str, Any] = {field.name: field.default for field in fields(cls)}
        for key, value in table.items():
            if key not in known:
                raise ConfigurationError(
                    f"[forms] {key}: no such setting; use {', '.join(sorted(known))}"
                )
            if key == "dissolutions":
                continue
            if type(value) is not type(known[key]):
                kind = "true or false" if isinstance(known[key], bool) else "a text"
                raise ConfigurationError(f"[forms] {key} = {value!r}: write {kind}")
            if (allowed := _ALLOWED.get(key)) and value not in allowed:
                raise ConfigurationError(f"[forms] {key} = {value!r}: use {' or '.join(allowed)}")
            if key == "close" and not value.strip(" ,"):
                raise ConfigurationError('[forms] close is empty: write "Yours sincerely"')
        values = dict(table)
        values["close"] = " ".join(str(table.get("close", known["close"])).split()).rstrip(" ,")
        values["dissolutions"] = _periods(table.get("dissolutions", ()))
        return cls(**values)


_ALLOWED = {
    "baroness": ("Lady", "Baroness"),
    "addressed_by": ("rank", "list"),
    "language": ("en", "ga"),
}


def _periods(value: Any) -> tuple[tuple[datetime.date, datetime.date], ...]:
    try:
        periods = tuple((start, end) for start, end in value)
        if all(type(day) is datetime.date for pair in periods for day in pair) and all(
            start <= end for start, end in periods
        ):
            return periods
    except (TypeError, ValueError):
        pass
    raise ConfigurationError(
        "[forms] dissolutions: write pairs of dates, dissolution and polling day:"
        " [[2024-05-30, 2024-07-04]]"
    )
