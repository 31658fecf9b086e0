"""The title column in the United Kingdom: how each is written on an envelope and spoken."""

from dataclasses import dataclass

from flows.errors import RowError


@dataclass(frozen=True, slots=True)
class Title:
    """A title before a name."""

    envelope: str
    """On the envelope; blank where an MP's name stands alone ("Hywel Francis MP")."""
    spoken: str
    """In the opening; blank where Mr or Ms, by the gender the source gives, takes its place."""
    first_name: bool = False
    """Goes with the first name: "Dear Sir John"."""


_RANKS = (
    "Admiral, Rear Admiral, Vice Admiral, Commodore, Captain, Commander, Lieutenant Commander,"
    " Field Marshal, General, Lieutenant General, Major General, Brigadier, Colonel,"
    " Lieutenant Colonel, Major, Air Chief Marshal, Air Marshal, Air Vice Marshal, Air Commodore,"
    " Group Captain, Wing Commander, Squadron Leader"
)

_TITLES = {
    "mr": Title("", "Mr"),
    "mrs": Title("", "Mrs"),
    "ms": Title("", "Ms"),
    "miss": Title("", "Miss"),
    "mx": Title("", "Mx"),
    "dr": Title("Dr", "Dr"),
    "doctor": Title("Dr", "Dr"),
    "prof": Title("Professor", "Professor"),
    "professor": Title("Professor", "Professor"),
    "sir": Title("Sir", "Sir", first_name=True),
    "dame": Title("Dame", "Dame", first_name=True),
    # Younger sons of dukes and marquesses: Debrett's, "Courtesy titles".
    "lord": Title("Lord", "Lord", first_name=True),
    # A clergyman without a doctorate is Mr in speech: Crockford's, "How to address the clergy".
    "rev": Title("Rev", ""),
    "revd": Title("Rev", ""),
    "reverend": Title("Rev", ""),
    "rev dr": Title("Rev Dr", "Dr"),
    "revd dr": Title("Rev Dr", "Dr"),
    "canon": Title("Rev Canon", "Canon"),
    # Children of viscounts and barons; written, never spoken.
    "hon": Title("Hon", ""),
    "the hon": Title("Hon", ""),
    "col": Title("Colonel", "Colonel"),
    "capt": Title("Captain", "Captain"),
    "maj": Title("Major", "Major"),
    "lt col": Title("Lieutenant Colonel", "Colonel"),
    "lieutenant colonel": Title("Lieutenant Colonel", "Colonel"),
    "lieutenant commander": Title("Lieutenant Commander", "Commander"),
    "lieutenant general": Title("Lieutenant General", "General"),
    "major general": Title("Major General", "General"),
    "rear admiral": Title("Rear Admiral", "Admiral"),
    "vice admiral": Title("Vice Admiral", "Admiral"),
    "air vice marshal": Title("Air Vice Marshal", "Air Marshal"),
}
"""Debrett's, "Forms of address"; the services by their full rank, spoken without the prefix."""
_TITLES |= {
    rank.casefold(): Title(rank, rank)
    for rank in _RANKS.split(", ")
    if rank.casefold() not in _TITLES
}

MALE = frozenset(["mr", "sir", "lord"])
FEMALE = frozenset(["mrs", "ms", "miss", "dame"])


def fold(title: str) -> str:
    """Return a title as the table lists it."""
    return " ".join(title.casefold().replace(".", " ").replace("-", " ").split())


def title(text: str) -> Title:
    """Return the rule for a title; RowError where there is none. Source: the table's."""
    key = fold(text)
    if key.startswith(("rt hon", "right hon", "the rt hon", "the right hon")):
        raise RowError("title", f"{text!r}: write yes in privy_counsellor and the rest here")
    if key == "lady":
        # "Lady Olga" is a peer's daughter, "Lady Hermon" a knight's wife; the cell cannot tell.
        raise RowError("title", "'Lady' is used in two ways; write salutation and envelope")
    if found := _TITLES.get(key):
        return found
    raise RowError("title", f"{text!r} has no rule; write salutation and envelope")


def is_title(word: str) -> bool:
    """Say whether ``word`` is a title that belongs in the title column."""
    return fold(word) in _TITLES.keys() | {"rt", "right", "the"}


def known(text: str) -> bool:
    """Say whether the title column may hold ``text``."""
    return fold(text) in _TITLES
