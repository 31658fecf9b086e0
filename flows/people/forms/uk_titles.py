"""The title column in the United Kingdom: how each is written on an envelope and spoken."""

from dataclasses import dataclass, replace

from flows.errors import RowError


@dataclass(frozen=True, slots=True)
class Title:
    """A title before a name."""

    envelope: str
    """On the envelope, behind Rt Hon; blank where the name stands alone ("Hywel Francis MP")."""
    spoken: str
    """In the opening; blank where Mr or Ms, by the gender the source gives, takes its place."""
    first_name: bool = False
    """Goes with the first name: "Dear Sir John"."""
    before: str = ""
    """On the envelope, before Rt Hon: the Church, the services, a chair."""

    @property
    def church(self) -> bool:
        """Whether it is a clergyman's, joined by "and": "Rev and Rt Hon"."""
        return self.before.startswith(("Rev", "Rt Rev", "Most Rev"))

    def styled(self, counsellor: bool, the: bool) -> str:
        """Return what stands before a commoner's name; with ``the`` "The Rt Hon", "The Rev".

        Sources: Debrett's Peerage, "Formal Modes of Addressing Persons of Title" (clerical, naval
        and military prefixes are written before others); Debrett's, "Privy Counsellors" (Rt Hon
        takes the place of Hon).
        """
        article = "The " if the else ""
        if not counsellor:
            titled = self.church or self.envelope == _HON
            return f"{article if titled else ''}{self.before} {self.envelope}"
        behind = "" if self.envelope == _HON else self.envelope
        if self.church:
            return f"{article}{self.before} and Rt Hon {behind}"
        return f"{f'{self.before} the ' if self.before else article}Rt Hon {behind}"


_HON = "Hon"
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
    "prof": Title("", "Professor", before="Professor"),
    "professor": Title("", "Professor", before="Professor"),
    "sir": Title("Sir", "Sir", first_name=True),
    "dame": Title("Dame", "Dame", first_name=True),
    # Younger sons of dukes and marquesses: Debrett's, "Courtesy titles".
    "lord": Title("Lord", "Lord", first_name=True),
    # A clergyman without a doctorate is Mr in speech: Crockford's, "How to address the clergy".
    "rev": Title("", "", before="Rev"),
    "revd": Title("", "", before="Rev"),
    "reverend": Title("", "", before="Rev"),
    "rev dr": Title("", "Dr", before="Rev Dr"),
    "revd dr": Title("", "Dr", before="Rev Dr"),
    "canon": Title("", "Canon", before="Rev Canon"),
    "rt rev": Title("", "Bishop", before="Rt Rev"),
    "rt revd": Title("", "Bishop", before="Rt Rev"),
    "most rev": Title("", "Archbishop", before="Most Rev"),
    "most revd": Title("", "Archbishop", before="Most Rev"),
    # Children of viscounts and barons; written, never spoken.
    "hon": Title("Hon", ""),
    "the hon": Title("Hon", ""),
    "col": Title("", "Colonel", before="Colonel"),
    "capt": Title("", "Captain", before="Captain"),
    "maj": Title("", "Major", before="Major"),
    "lt col": Title("", "Colonel", before="Lieutenant Colonel"),
    "lieutenant colonel": Title("", "Colonel", before="Lieutenant Colonel"),
    "lieutenant commander": Title("", "Commander", before="Lieutenant Commander"),
    "lieutenant general": Title("", "General", before="Lieutenant General"),
    "major general": Title("", "General", before="Major General"),
    "rear admiral": Title("", "Admiral", before="Rear Admiral"),
    "vice admiral": Title("", "Admiral", before="Vice Admiral"),
    "air vice marshal": Title("", "Air Marshal", before="Air Vice Marshal"),
}
"""Debrett's, "Forms of address"; the services by their full rank, spoken without the prefix."""
_TITLES |= {
    rank.casefold(): Title("", rank, before=rank)
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
        raise RowError(
            "title",
            "'Lady' is used in two ways; write salutation and envelope: 'Dear Lady Olga' and"
            " 'Lady Olga Maitland MP', or 'Dear Lady Hermon' and 'Lady Hermon MP'",
        )
    if found := _TITLES.get(key):
        return found
    first, _, last = key.rpartition(" ")
    if last in {"sir", "dame"} and (found := _TITLES.get(first)) and found.before:
        # "Professor Sir", "Colonel Sir": Debrett's, "Knights", "Dames".
        return replace(_TITLES[last], before=found.before)
    raise RowError("title", f"{text!r} has no rule; write salutation and envelope")


def is_title(word: str) -> bool:
    """Say whether ``word`` is a title that belongs in the title column."""
    return fold(word) in _TITLES.keys() | {"rt", "right", "the"}


def known(text: str) -> bool:
    """Say whether the title column may hold ``text``."""
    return fold(text) in _TITLES
