"""What a row says about who its person is: ids, seat, peerage; and what keeps two persons apart."""

import re
from collections.abc import Iterable, Iterator

from flows.people.contact import Contact
from flows.people.identity.spelling import peerage, seat_key, surnames

_PARLIAMENT = re.compile(r"(?:parl|parliament|mnis|pims)[-:_/ ]?0*(\d{1,6})(?:\.0)?", re.I)
_TWFY = re.compile(r"(?:twfy|uk\.org\.publicwhip/person)[-:_/]0*(\d{4,6})", re.I)
_WIKIDATA = re.compile(r"(?:wikidata|wd)?[-:_/]?(Q\d{1,10})", re.I)
_COLUMNS = {
    "parliament_id": "parl",
    "mnis_id": "parl",
    "id_parliament": "parl",
    "member_id_parliament": "parl",
    "twfy_id": "twfy",
}
"""Headings under which lists carry a number of a public scheme."""
_NUMBER = re.compile(r"0*(\d{1,6})(?:\.0)?")
NUMBER = "number"
"""The scheme of a bare number, which an office may have given by itself: it tells something only
where the surname agrees."""
_ONE_A_PERSON = ("parl", "twfy", "wikidata")
"""Schemes that give each person one id: two different ids are two persons."""


def identifier(text: str) -> str:
    """Return one spelling of an id: "parl-454" for Parliament's, "number-454" for a bare number."""
    text = text.strip()
    if found := _PARLIAMENT.fullmatch(text):
        return f"parl-{int(found[1])}"
    if found := _TWFY.fullmatch(text):
        return f"twfy-{int(found[1])}"
    if found := _WIKIDATA.fullmatch(text):
        return f"wikidata-{found[1].upper()}"
    if found := _NUMBER.fullmatch(text):
        return f"{NUMBER}-{int(found[1])}"
    return text.casefold()


def identifiers(contact: Contact) -> frozenset[str]:
    """Return every id that a row gives its person: ``person``, ``aliases``, and the numbers of
    Parliament and TheyWorkForYou in columns that a list has of its own."""
    stated = (
        f"{scheme}-{number}"
        for column, scheme in _COLUMNS.items()
        if (number := contact.columns.get(column, "").strip())
    )
    return frozenset(
        identifier(text) for text in (contact.person, *contact.aliases, *stated) if text
    )


def keys(contact: Contact) -> Iterator[str]:
    """Yield what is enough to know a person by, on one day: two rows with a key in common are one.

    A bare number counts with a word of the surname, Parliament's number likewise so that the two
    meet; a seat in the Commons counts with a word of the surname; a peerage by itself.
    """
    family = sorted(surnames(contact))
    for found in sorted(identifiers(contact)):
        scheme, _, number = found.partition("-")
        if scheme != NUMBER:
            yield f"id {found}"
        if scheme in (NUMBER, "parl"):
            yield from (f"number {number} {word}" for word in family)
    yield from seat_keys(contact)
    if contact.house in ("lords", "") and (style := peerage(contact)):
        yield f"peer {' '.join(style)}"


def seat_keys(contact: Contact) -> Iterator[str]:
    """Yield the seat in the Commons with each word of the surname."""
    if contact.house in ("commons", "") and (seat := seat_key(contact.constituency)):
        yield from (f"seat {seat}: {word}" for word in sorted(surnames(contact)))


def said(key: str, contact: Contact) -> str:
    """Return a key of ``contact`` in words, for the line that says why two rows are one person."""
    kind, _, what = key.partition(" ")
    if kind == "id":
        return f"the id {what}"
    if kind == "number":
        return f"the number {what.split(' ')[0]} and the surname"
    if kind == "seat":
        return f"the seat {contact.constituency} and the surname"
    return f"the peerage {what.title()}"


def told_apart(one: Contact, other: Contact, *, seats: bool = True) -> str:
    """Return what says that two rows are two persons, "" where nothing does.

    Different ids of a scheme that gives each person one, or different seats in the Commons, or
    seats in two Houses, on the day that the lists are about; or different peerages. Without
    ``seats``, for lists of two days, two seats in the Commons say nothing.
    """
    for scheme in _ONE_A_PERSON:
        ours, theirs = (_of_scheme(scheme, contact) for contact in (one, other))
        if ours and theirs and not ours & theirs:
            return f"their ids differ: {min(ours)}, {min(theirs)}"
    if one.house and other.house and one.house != other.house:
        return f"one is in the {one.house}, the other in the {other.house}"
    held = seat_key(one.constituency), seat_key(other.constituency)
    if seats and all(held) and held[0] != held[1]:
        return f"their seats differ: {one.constituency}, {other.constituency}"
    if one.gender and other.gender and one.gender != other.gender:
        return "one is a man, the other a woman"
    peers = peerage(one), peerage(other)
    if all(peers) and peers[0] != peers[1] and not _shorter(peers):
        return "their peerages differ"
    return ""


def _of_scheme(scheme: str, contact: Contact) -> frozenset[str]:
    return frozenset(found for found in identifiers(contact) if found.partition("-")[0] == scheme)


def _shorter(peers: Iterable[tuple[str, str] | None]) -> bool:
    """Whether one title is the other without its territorial part: "Green" and "Green of X"."""
    (degree, title), (other_degree, other_title) = (peer or ("", "") for peer in peers)
    if degree != other_degree:
        return False
    return title.split(" of ")[0] == other_title.split(" of ")[0] and (
        " of " not in title or " of " not in other_title
    )
