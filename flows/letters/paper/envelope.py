"""A letter on its way to the posting room, and the order of the envelopes."""

import re
from dataclasses import dataclass
from typing import Self

from flows.people.contact import Reader

# The shape of a United Kingdom postcode; other countries' stand in the contact's own column.
_POSTCODE = re.compile(r"\b([A-Z]{1,2}\d[A-Z\d]?)\s*(\d[A-Z]{2})\s*$", re.IGNORECASE)
_NUMBERS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Posted:
    """A letter that goes by post."""

    id: str
    """The contact's."""
    reference: str
    lines: tuple[str, ...]
    """Name line, office and postal address, as they are printed."""
    postcode: str
    family: str
    """What envelopes of one postcode are sorted by."""
    sheets: int = 0
    """Of paper, printed on both sides; 0 until it is laid out."""
    part: int = 1
    """Which of the printed files it is in, counted from 1."""

    @classmethod
    def of(cls, reader: Reader, reference: str) -> Self:
        """A reader's letter, not laid out yet."""
        return cls(
            id=reader.contact.id,
            reference=reference,
            lines=(*reader.address.lines, *reader.postal),
            postcode=postcode(reader),
            family=reader.contact.family or reader.contact.name.split()[-1],
        )

    @property
    def name(self) -> str:
        """The addressee as the envelope has it."""
        return self.lines[0]

    @property
    def order(self) -> tuple[object, ...]:
        """Sorts by postcode, then by name."""
        return _natural(self.postcode), self.family.casefold(), self.name.casefold(), self.id


def goes_by_post(reader: Reader, everyone: bool = False) -> bool:
    """Whether this reader's letter is printed: no e-mail, or a column ``post`` that says yes.

    ``everyone``: the campaign's own ``post = true``.
    """
    wanted = reader.contact.columns.get("post", "").strip().casefold()
    return everyone or not reader.contact.email or wanted in {"yes", "y", "true", "1", "x"}


def postcode(reader: Reader) -> str:
    """The contact's postcode, or the one at the end of the postal address; blank where none is."""
    if reader.contact.postcode:
        return reader.contact.postcode.upper()
    found = _POSTCODE.search(reader.postal[-1]) if reader.postal else None
    return f"{found[1]} {found[2]}".upper() if found else ""


def _natural(text: str) -> tuple[tuple[str, int], ...]:
    """SW2 before SW10."""
    pieces = _NUMBERS.split(text.casefold())
    return tuple(
        (word, int(number or 0))
        for word, number in zip(pieces[::2], [*pieces[1::2], ""], strict=True)
    )
