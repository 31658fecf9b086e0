"""Offices as sources name them: their rank here, and one spelling for comparing them."""

import re

_RANKS = (
    ("pm", r"prime minister\b(?!')"),
    ("dpm", r"deputy prime minister\b|first secretary of state and deputy prime minister"),
    ("", r"shadow |opposition |lords spokes|(assistant |government )*spokes"),
    ("law-officer", r"(attorney|solicitor|advocate)[ -]general\b|lord advocate\b"),
    ("speaker", r"speaker of the house of commons|lord speaker"),
    ("speaker", r"deputy speaker (and chair|\((first|second))"),
    ("speaker", r"((first|second) deputy )?chair(man)? of ways"),
    ("puss", r"deputy leader of the house"),
    ("whip", r"parliamentary secretary to the treasury"),
    ("puss", r"parliamentary (under[- ])?secretary|(exchequer|economic) secretary"),
    ("mos", r"(senior )?minister of state|(financial|commercial) secretary"),
    ("whip", r".*\bwhip\b|.*\blord commissioner|(lord|baroness|lady|lords) in waiting"),
    ("whip", r"comptroller|vice[- ]chamberlain|treasurer of h|captain of the"),
    ("sos", r"(first )?secretary of state|.*\bsecretary of state for|(home|foreign) secretary"),
    ("sos", r".*chancellor\b|leader of the house|lord president|lord privy seal"),
    ("sos", r"chief secretary|paymaster general and minister for the cabinet office"),
    ("sos", r"minister for the cabinet office|president of the board of trade"),
    ("mos", r"minister\b|paymaster general"),
)
"""The first that fits the beginning of the name decides."""
_COMPILED = tuple((rank, re.compile(rule)) for rank, rule in _RANKS)


def _tidy(text: str) -> str:
    return " ".join(text.split())


def rank(office: str) -> str:
    """Return the rank of an office by its name alone, "" for one that is no office of Government.

    For sources that do not state a rank; "Minister for X" may be a Minister of State's or an
    Under-Secretary's, who are addressed alike, and is counted as the first.
    """
    name = plain(office).casefold()
    return next((found for found, rule in _COMPILED if rule.match(name)), "")


def plain(office: str) -> str:
    """Return an office without the article and the stray blanks and hyphens of sources."""
    name = _tidy(office)
    name = name.removeprefix("The ").removeprefix("the ")
    return re.sub(r"\b(Attorney|Solicitor|Advocate)-General", r"\1 General", name)


def key(office: str) -> str:
    """Return what two spellings of one office have in common."""
    name = plain(office).casefold().replace("&", " and ").replace("’", "'")
    name = re.sub(r"[^\w']+", " ", name)
    return _tidy(re.sub(r"\b(his|her) majesty's|\bhm\b|\bthe\b", " ", name))


_CHAIRS = {
    "speaker": "Speaker of the House of Commons",
    "spk": "Speaker of the House of Commons",
    "the speaker": "Speaker of the House of Commons",
    "cwm": "Chairman of Ways and Means",
    "dcwm": "Deputy Chairman of Ways and Means",
}
"""What sources write in the party's place for who belongs to none: the Members API, TheyWorkForYou
and parlparse ("SPK")."""


def chair(house: str, party: str, office: str) -> str:
    """Return the office of whoever is in the Chair of the Commons, "" for anybody else.

    The Speaker and the Deputy Speakers are known by what stands in the party's place, or by the
    office.
    """
    if house == "lords":
        return office if office and rank(office) == "speaker" else ""
    if office and rank(office) == "speaker":
        return office
    return _CHAIRS.get(_tidy(party).casefold(), "") if house == "commons" and not office else ""
