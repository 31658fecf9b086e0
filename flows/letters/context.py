"""The names a template may use, and the values they have for one reader."""

import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from types import MappingProxyType
from typing import Any

from babel.dates import format_date

from flows.errors import RowError
from flows.letters.campaign import Campaign
from flows.letters.jinja_environment import DotDict, dotted, nearest
from flows.people.contact import Address, Contact, Reader

# Notes are never sent; where a row stands is of no use in a letter.
_KEPT = tuple(f.name for f in fields(Contact) if f.name not in {"notes", "file", "row", "columns"})
_CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_LINES_ALLOWED = frozenset({"personal", "columns"})


class ListColumns(DotDict):
    """What a reader's list holds beside the known columns."""

    __slots__ = ("contact",)

    def __init__(self, contact: Contact) -> None:
        super().__init__(contact.columns)
        self.contact = contact

    def __reduce__(self) -> tuple[Any, ...]:
        return ListColumns, (self.contact,)

    def lacks(self, name: str) -> str:
        """Name the reader, the list and what would mend it."""
        row = f"{self.contact.name} ({self.contact.file}:{self.contact.row})"
        there = ", ".join(self.values_) or "none of its own"
        near = nearest(str(name), self.values_)
        mend = near or "; correct the name, or add the column to that list."
        return (
            f"the list of {row} has no column {name!r}, only {there}{mend} Where some lists lack "
            f"it: {{% if reader.columns.{name} is defined %}}"
        )


class Context:
    """What is the same for every reader of a campaign, and how a reader's own part is added."""

    def __init__(self, campaign: Campaign, on: date) -> None:
        self._key, self._edition = campaign.key, campaign.edition
        sender = campaign.sender
        self._shared: dict[str, Any] = {
            "date": format_date(on, "long", campaign.language),
            "facts": dotted(campaign.facts),
            "sender": DotDict({f.name: getattr(sender, f.name) for f in fields(sender)}),
            "campaign": DotDict(
                {"key": campaign.key, "title": campaign.title, "edition": campaign.edition}
            ),
        }

    def of(self, reader: Reader) -> dict[str, Any]:
        """The names and values for this reader; ``asks`` is still to be added.

        Raises RowError for a field with control characters.
        """
        contact = reader.contact
        need_plain(reader)
        values = _contact(contact)
        values["role"] = reader.role
        values["others"] = tuple(DotDict(_contact(other)) for other in reader.others)
        return {
            **self._shared,
            "reader": DotDict(values),
            "salutation": reader.address.salutation,
            "close": reader.address.close,
            "envelope_lines": reader.address.lines,
            "postal_lines": reader.postal,
            "reference": self.reference(contact.id),
        }

    def reference(self, contact: str) -> str:
        """campaign/edition/contact id."""
        return f"{self._key}/{self._edition}/{contact}"

    def known(self) -> dict[str, Any]:
        """Every name a template may use; parts as a mapping, None where any part may follow."""
        reader: dict[str, Any] = dict.fromkeys((*_KEPT, "role", "others", "columns"))
        names: dict[str, Any] = dict.fromkeys(self.of(specimen()))
        return {**names, **self._shared, "reader": reader, "asks": None}


def _contact(contact: Contact) -> dict[str, Any]:
    values = {name: getattr(contact, name) for name in _KEPT}
    values["columns"] = ListColumns(contact)
    return values


def texts(reader: Reader) -> Iterator[tuple[str, str]]:
    """Column and text of everything about a reader that a template can print."""
    contact = reader.contact
    for name in _KEPT:
        value = getattr(contact, name)
        if type(value) is str:
            yield name, value
        elif type(value) is tuple:
            yield from ((name, part) for part in value)
    for value in contact.columns.values():
        yield "columns", value
    for line in (*reader.address.lines, *reader.postal):
        yield "envelope", line
    yield "salutation", reader.address.salutation
    yield "close", reader.address.close
    for other in reader.others:
        yield from (("others", getattr(other, name)) for name in ("name", "office", "department"))


def need_plain(reader: Reader) -> None:
    """Raise RowError, naming the column, for control characters and what hides as text."""
    found = list(texts(reader))
    if " ".join([text for _, text in found]).isprintable():
        return
    for column, text in found:
        lines = text.replace("\n", " ") if column in _LINES_ALLOWED else text
        if _CONTROL.search(lines):
            raise RowError(column, "holds a control character; type the text again")


class _Anything(dict[str, str]):
    """Columns of a list nobody has seen yet: whatever a template asks for is there."""

    def __missing__(self, name: str) -> str:
        return f"the column {name}"


def specimen(role: str = "minister", *, full: bool = True) -> Reader:
    """An invented reader to try templates on; ``full`` has something in every field."""
    words = {name: f"the {name}" for name in _KEPT if name not in {"id", "name", "person"}}
    lists = {name: (f"the {name}",) for name in ("address", "committees", "tags")}
    given: dict[str, Any] = {**words, **lists, "privy_counsellor": True} if full else {}
    name = "Alex Specimen"
    contact = Contact(
        **{"id": "specimen", "name": name, "person": "specimen", **given},
        columns=_Anything() if full else MappingProxyType({}),
    )
    return Reader(
        contact=contact,
        role=role,
        address=Address((f"{name} MP", "Minister for Examples"), "Dear Specimen", "Yours in trial"),
        postal=("Department of Examples", "1 Example Street", "Exampleton XE1 1AA"),
        others=(contact,) if full else (),
    )
