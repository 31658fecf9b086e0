"""Forms of address: one module per country, all with the three functions of ``Country``."""

import datetime
from typing import Protocol

from flows.errors import ConfigurationError
from flows.people.contact import Address, Contact
from flows.people.forms import ie, uk
from flows.people.style import Style


class Country(Protocol):
    """What a country's module has to offer. Nothing is guessed: no rule, no address."""

    def address(self, contact: Contact, style: Style, on: datetime.date) -> Address:
        """Return envelope, opening and close on the day ``on``; RowError where no rule applies."""

    def role(self, contact: Contact) -> str:
        """Return what asks are chosen by: minister, mp, peer or other.

        A member of the lower House is mp, of the upper peer, whatever the country calls them.
        """

    def postal(self, contact: Contact, style: Style, on: datetime.date) -> tuple[str, ...]:
        """Return the lines below the envelope's, () where none is known; RowError for half."""


_COUNTRIES: dict[str, Country] = {"uk": uk, "ie": ie}


def country(key: str) -> Country:
    """Return the forms of a country; ConfigurationError names those there are."""
    if found := _COUNTRIES.get(key):
        return found
    raise ConfigurationError(f"country = {key!r}: no forms of address; use {', '.join(_COUNTRIES)}")
