"""Names that are nearly the same: a question for a person, never an answer."""

from functools import lru_cache

from nicknames import NickNamer
from rapidfuzz.distance import JaroWinkler

from flows.people.contact import Contact
from flows.people.identity.spelling import fold, given_names, peerage, surnames

_NEARLY = 0.88
"""Jaro-Winkler similarity of two spellings of one first name: Catherine and Katherine have 0.93,
Stephen and Steven 0.89, Mark and Marc 0.88, Andrew and Angela 0.67."""


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
    if any(peers) or not surnames(one) & surnames(other):
        return False
    ours, theirs = given_names(one), given_names(other)
    if not ours or not theirs:
        return True
    return _first_names_alike(ours[0], theirs[0])


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
