"""What became of every row of every list: each ends in exactly one way, and the sum is checked."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from flows.counted import counted
from flows.errors import DearMinisterError

Place = tuple[str, int]
"""File and row."""


class Fate(StrEnum):
    """How a row of a contact list ends."""

    LETTER = "letter"
    REFUSED = "refused"
    LEFT_OUT = "left out"
    """By the audience, the suppression list or an election; ``why`` names the rule."""
    SERVED = "served already"
    """The person has this edition, or is getting it, from another mailing."""
    MERGED = "merged"
    """Another row of the same person carries the letter, or the reason why there is none."""
    POSSIBLE_DOUBLE = "possible double"
    """It may be a person of another row; both wait until somebody says."""


_THINGS = (Fate.LETTER, Fate.POSSIBLE_DOUBLE)
"""Fates that are counted as things; the others say what was done with a row."""


class AccountingError(DearMinisterError):
    """The rows do not add up: a fault of this program, found before anything is frozen."""


@dataclass(frozen=True, slots=True)
class RowFate:
    """One row, how it ended, and why where that is not plain."""

    file: str
    row: int
    fate: Fate
    why: str = ""

    @property
    def place(self) -> Place:
        """File and row."""
        return (self.file, self.row)


@dataclass(frozen=True, slots=True)
class Accounting:
    """Every row of the lists with its fate; made by ``account``, which checks the sum."""

    rows: tuple[RowFate, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """Return the number of rows, then of each fate; the fates add up to the rows.

        The keys are those of the JSON object ``accounted``: rows, letter, refused, left_out,
        served_already, merged, possible_double.
        """
        found = Counter(row.fate for row in self.rows)
        fates = {fate.value.replace(" ", "_"): found[fate] for fate in Fate}
        return {"rows": len(self.rows), **fates}

    @property
    def sentence(self) -> str:
        """Return the sum in words: "787 rows: 675 letters, 112 merged"."""
        found = Counter(row.fate for row in self.rows)
        parts = ", ".join(
            counted(found[fate], fate, "" if fate in _THINGS else fate)
            for fate in Fate
            if found[fate]
        )
        return f"{counted(len(self.rows), 'row')}: {parts or 'none'}"

    def of(self, fate: Fate) -> tuple[RowFate, ...]:
        """Return the rows that ended so, in the order of the lists."""
        return tuple(row for row in self.rows if row.fate is fate)

    def moved(self, ended: Iterable[RowFate]) -> "Accounting":
        """Return the accounting after letters ended otherwise: refused in filling, or served.

        Raises AccountingError for a row that had no letter, or that ends twice.
        """
        changed: dict[Place, list[RowFate]] = {}
        for row in ended:
            changed.setdefault(row.place, []).append(row)
        rows = []
        for row in self.rows:
            if row.fate is Fate.LETTER and (new := changed.pop(row.place, None)):
                if len(new) > 1:
                    raise AccountingError(_fault(row.place, (one.fate for one in new)))
                rows.append(new[0])
            else:
                rows.append(row)
        if changed:
            place = next(iter(changed))
            raise AccountingError(_fault(place, ()))
        return Accounting(tuple(rows))

    def need_letters(self, count: int) -> None:
        """Raise AccountingError where ``count`` letters are not what the rows say."""
        expected = self.counts["letter"]
        if count != expected:
            raise AccountingError(
                f"{counted(count, 'letter was', 'letters were')} frozen for "
                f"{counted(expected, 'row')} ({self.sentence}): do not sign"
                " them off, and report it"
            )


_OUR_FAULT = "this is a fault of the program, not of the lists; nothing was frozen, report it"


def account(places: Iterable[Place], fates: Iterable[RowFate]) -> Accounting:
    """Return the accounting of the rows at ``places``.

    Raises AccountingError where a row ends in no way, in two, or is not in the lists.
    """
    found: dict[Place, list[RowFate]] = {}
    for fate in fates:
        found.setdefault(fate.place, []).append(fate)
    rows: list[RowFate] = []
    wanted: Mapping[Place, int] = Counter(places)
    for place, count in wanted.items():
        ended = found.pop(place, [])
        if len(ended) != count:
            raise AccountingError(_fault(place, (one.fate for one in ended)))
        rows += ended
    if found:
        raise AccountingError(_fault(next(iter(found)), ()))
    return Accounting(tuple(rows))


def _fault(place: Place, ends: Iterable[Fate]) -> str:
    listed = " and ".join(ends) or "in no way that the lists know"
    return f"{place[0]}:{place[1]}: this row ends {listed}; {_OUR_FAULT}"
