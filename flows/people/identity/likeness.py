"""Names that are nearly the same: a question for a person, never an answer."""

from collections.abc import Iterator
from functools import lru_cache

from nicknames import NickNamer
from rapidfuzz.distance import OSA, JaroWinkler

from flows.people.contact import Contact
from flows.people.identity.spelling import fold, given_names, peerage, surnames

_NEARLY = 0.88
"""Jaro-Winkler similarity of two spellings of one first name: Catherine and Katherine have 0.93,
Stephen and Steven 0.89, Mark and Marc 0.88, Andrew and Angela 0.67."""

_LONG_SURNAME = 5
"""Letters from which one that differs may be a slip: of Lee and Leo it says nothing."""


def alike(one: Contact, other: Contact) -> bool:
    """Say whether two names may be one person's.

    The same letters but for accents, hyphens and capitals; or a surname in common and first names
    that are the same, a short form of each other (Liz, Elizabeth), an initial of it, or spelt
    nearly alike. Peers: the same title, with or without its territorial part.
    """
    if fold(one.name) == fold(other.name):
        return True
    peers = peerage(one), peerage(other)
    if peers[0] and peers[1]:
        return peers[0][0] == peers[1][0] and (
            peers[0][1].split(" of ")[0] == peers[1][1].split(" of ")[0]
        )
    if any(peers):
        return False
    shared = surnames(one) & surnames(other)
    if not shared and not _a_letter_apart(one, other):
        return False
    ours, theirs = given_names(one), given_names(other)
    if not ours or not theirs:
        return bool(shared)
    if not shared:
        return ours[0] == theirs[0]
    return any(_first_names_alike(first, second) for first in ours for second in theirs)


def share(one: Contact, other: Contact) -> bool:
    """Say whether two names have a word in common, nearly so, or one is a peer's title."""
    if peerage(one) or peerage(other):
        return True
    return bool({*fold(one.name).split()} & {*fold(other.name).split()}) or alike(one, other)


def _a_letter_apart(one: Contact, other: Contact) -> bool:
    """Whether a letter was changed, left out or put in: "Johnson", "Johnston"."""
    return any(
        min(len(first), len(second)) >= _LONG_SURNAME
        and first.isalpha()
        and OSA.distance(first, second) == 1
        for first in surnames(one)
        for second in surnames(other)
    )


def spellings(contact: Contact) -> Iterator[str]:
    """Yield each surname with a letter fewer, and the first name: two that differ by a letter, of
    the same first name, share one of them or the whole."""
    given = given_names(contact)
    for surname in surnames(contact) if given else ():
        if len(surname) >= _LONG_SURNAME and surname.isalpha():
            yield f"{given[0]} {surname}"
            for at in range(len(surname)):
                yield f"{given[0]} {surname[:at]}{surname[at + 1 :]}"


def _first_names_alike(one: str, other: str) -> bool:
    if len(one) == 1 or len(other) == 1:
        return one[0] == other[0]
    return (
        one == other
        or bool(_forms(one) & _forms(other))
        or JaroWinkler.similarity(one, other) >= _NEARLY
    )


@lru_cache(maxsize=4096)
def _forms(name: str) -> frozenset[str]:
    """A first name, the names it is short for, and nothing that is merely short for those."""
    return frozenset({name, *_namer().canonicals_of(name)})


@lru_cache
def _namer() -> NickNamer:
    return NickNamer()
