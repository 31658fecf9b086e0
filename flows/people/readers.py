"""From contacts to readers: one person, one letter, however many posts."""

import datetime
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from flows.errors import RowError
from flows.people.contact import Address, Contact, Reader, RejectedRow, precedence
from flows.people.forms import Country
from flows.people.lists import rows
from flows.people.style import Style

_OF_THE_PERSON = (
    "email",
    "family",
    "title",
    "honours",
    "gender",
    "house",
    "constituency",
    "party",
    "committees",
    "personal",
)
"""Columns that are facts about a person: a blank one is filled from that person's other rows."""


@dataclass(frozen=True, slots=True)
class Readers:
    """Who gets a letter, in order of first appearance, and which rows were handed back."""

    readers: tuple[Reader, ...]
    refused: tuple[RejectedRow, ...]
    merged: tuple[tuple[Contact, Contact], ...] = ()
    """A person's rows beside the one that addresses the letter, each with that one."""


def readers(
    contacts: Iterable[Contact],
    forms: Country,
    style: Style,
    on: datetime.date,
    untitled: Collection[str] = (),
) -> Readers:
    """Group ``contacts`` by person; the highest office addresses the letter, or the first row.

    Which, says ``style.addressed_by``; of two equally high, the first of the list. The addressing
    row's blanks in facts about the person (e-mail, title, gender, ...) are filled from the others.
    A person who cannot be addressed is refused with the addressing row. ``untitled`` are lists
    whose source states no titles: by them nobody is Mr or Ms, who may be Sir or Dame.
    """
    people: dict[str, list[Contact]] = {}
    for contact in contacts:
        people.setdefault(contact.person, []).append(contact)
    found: list[Reader] = []
    refused: list[RejectedRow] = []
    merged: list[tuple[Contact, Contact]] = []
    for posts in people.values():
        first = posts[0] if style.addressed_by == "list" else min(posts, key=precedence)
        others = tuple(post for post in posts if post is not first)
        merged += [(post, first) for post in others]
        try:
            found.append(_reader(_complete(first, others), others, forms, style, on, untitled))
        except RowError as error:
            refused.append(
                RejectedRow(first.file, first.row, error.column, error.reason, rows.cells(first))
            )
    return Readers(tuple(found), tuple(refused), tuple(merged))


def _reader(
    contact: Contact,
    others: tuple[Contact, ...],
    forms: Country,
    style: Style,
    on: datetime.date,
    untitled: Collection[str],
) -> Reader:
    address = _address(contact, others, forms, style, on, untitled)
    postal = forms.postal(contact, style, on)
    if not contact.email and not postal:
        raise RowError("email", "neither an e-mail nor a postal address is known; write one")
    return Reader(contact, forms.role(contact), address, postal, others)


def _address(
    contact: Contact,
    others: tuple[Contact, ...],
    forms: Country,
    style: Style,
    on: datetime.date,
    untitled: Collection[str],
) -> Address:
    guessed = contact.gender and not contact.title and contact.rank != "speaker"
    if not guessed or not all(row.file in untitled for row in (contact, *others)):
        return forms.address(contact, style, on)
    try:
        return forms.address(replace(contact, gender=""), style, on)
    except RowError as error:
        if error.column != "title":
            raise
        raise RowError(
            "title",
            f"{contact.file} is from a source that states no titles, and {contact.name} may be Sir"
            " or Dame; write the title here, use a list beside it that has titles, or allow"
            " full_name in [forms]",
        ) from None


def _complete(contact: Contact, others: tuple[Contact, ...]) -> Contact:
    if not others:
        return contact
    genders = {post.gender for post in (contact, *others) if post.gender}
    if len(genders) > 1:
        rows_ = ", ".join(f"{post.file}:{post.row}" for post in (contact, *others))
        raise RowError(
            "person", f"the rows of {contact.person!r} differ in gender ({rows_}); check"
        )
    missing = {
        column: value
        for column in _OF_THE_PERSON
        if not getattr(contact, column)
        and (value := next((v for post in others if (v := getattr(post, column))), None))
    }
    counsellor = any(post.privy_counsellor for post in (contact, *others))
    return replace(contact, privy_counsellor=counsellor, **missing)
