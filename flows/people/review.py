"""A list's envelopes and openings, row by row, for a human to read through."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from flows.errors import RowError
from flows.people.contact import Contact
from flows.people.forms import Country
from flows.people.style import Style


@dataclass(frozen=True, slots=True)
class Line:
    """How one row is addressed, or why not: then ``refused`` holds column and reason."""

    id: str
    envelope: str = ""
    salutation: str = ""
    close: str = ""
    refused: str = ""

    def document(self) -> dict[str, str]:
        """Return the JSON object of ``contacts address``."""
        if self.refused:
            return {"id": self.id, "refused": self.refused}
        return {
            "id": self.id,
            "envelope": self.envelope,
            "salutation": self.salutation,
            "close": self.close,
        }


def addresses(
    contacts: Iterable[Contact], forms: Country, style: Style, on: datetime.date
) -> tuple[Line, ...]:
    """Address every row on its own, without merging the rows of a person."""

    def line(contact: Contact) -> Line:
        try:
            address = forms.address(contact, style, on)
        except RowError as error:
            return Line(contact.id, refused=str(error))
        return Line(contact.id, address.envelope, address.salutation, address.close)

    return tuple(line(contact) for contact in contacts)
