"""What a campaign asks of a reader: houses, ranks, parties; for the audience and for asks."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from flows.errors import ConfigurationError
from flows.people.contact import HOUSES, RANKS, Contact, Reader
from flows.people.lists.cells import tidy

ROLES = ("minister", "mp", "peer", "other")
_FIXED = {"houses": HOUSES, "ranks": RANKS, "roles": ROLES}


@dataclass(frozen=True, slots=True)
class Criteria:
    """What a campaign names. An empty field asks for nothing; within a field one value is enough.

    ``roles``, ``houses`` and ``ranks`` look at the office that addresses the letter, the others at
    every row of the person.
    """

    roles: tuple[str, ...] = ()
    houses: tuple[str, ...] = ()
    ranks: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    parties: tuple[str, ...] = ()
    constituencies: tuple[str, ...] = ()
    committees: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    people: tuple[str, ...] = ()

    @classmethod
    def from_table(cls, table: Mapping[str, Any], where: str) -> "Criteria":
        """Read a table of campaign.toml; ``where`` names it in messages, as in "[audience]".

        A single text stands for a list of one. Raises ConfigurationError for an unknown key, a
        value that is no text, a house, rank or role that does not exist, and an empty list.
        """
        known = [field.name for field in fields(cls)]
        values: dict[str, tuple[str, ...]] = {}
        for key, value in table.items():
            if key not in known:
                raise ConfigurationError(f"{where} {key}: no such term; use {', '.join(known)}")
            listed = [value] if isinstance(value, str) else value
            if not isinstance(listed, list | tuple) or not all(isinstance(v, str) for v in listed):
                raise ConfigurationError(f'{where} {key}: write a list of texts: {key} = ["..."]')
            if not listed:
                raise ConfigurationError(f"{where} {key} is empty: name one, or delete the line")
            for term in listed:
                if key in _FIXED and term.casefold() not in _FIXED[key]:
                    raise ConfigurationError(
                        f"{where} {key}: {term!r} is none of {', '.join(_FIXED[key])}"
                    )
            values[key] = tuple(tidy(term) for term in listed)
        return cls(**values)

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))

    def unmet(self, reader: Reader) -> str | None:
        """Return the first term the reader does not meet, as ``key = found``; None if all are."""
        for key, wanted in _asked(self):
            found = _FOUND[key](reader)
            if not _common(wanted, found):
                return f"{key}: {' | '.join(value for value in found if value) or 'none'}"
        return None

    def matched(self, reader: Reader) -> tuple[str, ...]:
        """Return every term the reader meets, as ``key: value``."""
        return tuple(
            f"{key}: {value}{_counted(key, value, reader)}"
            for key, wanted in _asked(self)
            if (value := _common(wanted, _FOUND[key](reader)))
        )


@lru_cache(maxsize=256)
def _asked(criteria: Criteria) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The terms that ask for something."""
    pairs = ((field.name, getattr(criteria, field.name)) for field in fields(criteria))
    return tuple((key, wanted) for key, wanted in pairs if wanted)


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """Return a name for comparing: case, blanks, commas and "&" for "and" make no difference."""
    folded = text.casefold().replace("&", " and ").replace(",", " ").replace("’", "'")
    return " ".join(folded.split())


def _counted(key: str, value: str, reader: Reader) -> str:
    """What a rule adds where a party counts as another."""
    party = reader.contact.party
    if key == "parties" and fold(value) == "labour" and _party(party) != party:
        return f" ({party} counts as Labour)"
    return ""


def _party(party: str) -> str:
    """A party for comparing. Labour and Co-operative members sit as Labour; Parliament's lists
    write "Labour (Co-op)", others "Labour/Co-operative" or "Lab/Co-op"."""
    name = re.sub(r"[^a-z]+", " ", party.casefold()).strip()
    return "labour" if re.fullmatch(r"lab(our)? (and )?co op(erative)?( party)?", name) else party


def _common(wanted: tuple[str, ...], found: tuple[str, ...]) -> str | None:
    folded = {fold(value) for value in found if value}
    if not folded:
        return None
    return next((value for value in wanted if fold(value) in folded), None)


def _column(column: str) -> Callable[[Reader], tuple[str, ...]]:
    def found(reader: Reader) -> tuple[str, ...]:
        return tuple(dict.fromkeys(str(getattr(row, column)) for row in _rows(reader)))

    return found


def _list_column(column: str) -> Callable[[Reader], tuple[str, ...]]:
    def found(reader: Reader) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys(value for row in _rows(reader) for value in getattr(row, column))
        )

    return found


def _rows(reader: Reader) -> tuple[Contact, ...]:
    return (reader.contact, *reader.others)


_FOUND: dict[str, Callable[[Reader], tuple[str, ...]]] = {
    "roles": lambda reader: (reader.role,),
    "houses": lambda reader: (reader.contact.house,),
    "ranks": lambda reader: (reader.contact.rank,),
    "departments": _column("department"),
    "parties": lambda reader: tuple(
        dict.fromkeys(
            name for row in _rows(reader) for name in (row.party, _party(row.party)) if name
        )
    ),
    "constituencies": _column("constituency"),
    "committees": _list_column("committees"),
    "tags": _list_column("tags"),
    "people": lambda reader: tuple(
        value for row in _rows(reader) for value in (row.person, row.id)
    ),
}
