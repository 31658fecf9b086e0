"""Parts of a personal name, as every country's forms need them."""

import re
import unicodedata

from flows.errors import RowError
from flows.people.contact import Contact
from flows.people.lists.cells import tidy

# Words that may or may not belong to the surname behind them; only the list's owner knows.
_PARTICLES = (
    "ab af al an ap av bin bint da dal de del della den der des di do dos du el fab ferch giolla"
    " het ibn la las le los mab mac mc mhic na ni ní nic nig nighean o ó o' of op san st te ten"
    " ter the ua ui uí van verch vom von y zu zum zur"
)
_IS_PARTICLE = frozenset(_PARTICLES.split())
# Two-word surnames and titles of members, some written elsewhere with a hyphen.
_COMPOUNDS = frozenset(
    [
        "allin khan",
        "barros curtis",
        "bonham carter",
        "clifton brown",
        "douglas home",
        "duncan smith",
        "heaton harris",
        "heyhoe flint",
        "lewell buck",
        "liddell grainger",
        "lloyd george",
        "long bailey",
        "oppong asare",
        "ribeiro addy",
        "russell moyle",
        "saville roberts",
        "shastri hurst",
    ]
)
_NOBODY = frozenset(
    ["none", "null", "nan", "n/a", "#n/a", "tbc", "tba", "unknown", "vacant", "vacancy", "-", "?"]
)
# What UTF-8 and Mac letters become when read as Windows-1252, beside symbols of the currency kind.
_TORN = "‰†‡¶§¡¿²³¹¼½¾"
_ENTITY = re.compile(r"&#?\w+;")
_SUFFIXES = frozenset(["jnr", "jr", "junior", "snr", "sr", "senior"])


def joined(*parts: str) -> str:
    """Join what is not blank with single spaces."""
    return tidy(" ".join(part for part in parts if part))


def checked(name: str) -> str:
    """Return ``name`` tidied; RowError where it is nobody's, or not a name alone.

    Refused: "Vacant", a comma ("Smith, John"), brackets ("John Smith (Labour)"), and letters torn
    by a wrong encoding, "SiÃ¢n" or "Si&acirc;n".
    """
    name = tidy(name)
    if name.casefold() in _NOBODY or name.casefold().startswith("vacant "):
        raise RowError("name", f"{name!r} is nobody; write the name or delete the row")
    if "," in name:
        raise RowError(
            "name", f"{name!r} holds a comma; write the name alone, the first name first"
        )
    if re.search(r"[()\[\]]", name):
        raise RowError("name", f"{name!r} holds brackets; write the name alone")
    torn = (
        letter
        for letter in name
        if letter in _TORN
        or (ord(letter) > 127 and unicodedata.category(letter) in {"Sc", "Sm", "So"})
    )
    if odd := next(torn, "") or (found[0] if (found := _ENTITY.search(name)) else ""):
        raise RowError(
            "name", f"{name!r} holds {odd!r}, a letter lost in a conversion; write the name anew"
        )
    return name


def is_compound(first: str, last: str) -> bool:
    """Say whether two words are known to be one surname or title, "Duncan Smith"."""
    return f"{first} {last}".casefold() in _COMPOUNDS


def is_particle(word: str) -> bool:
    """Say whether a word may be the beginning of a surname or title: "de", "St", "Ó"."""
    return word.casefold() in _IS_PARTICLE


def family(contact: Contact) -> str:
    """Return the surname as spoken: the family column, else a known pair of words ("Duncan
    Smith"), else the last word; no Jnr or Snr.

    Raises RowError where the last word may be half a surname ("Nick de Bois"), or where the family
    column is no part of the name.
    """
    name = _without_suffix(tidy(contact.name))
    if contact.family:
        surname = _without_suffix(tidy(contact.family))
        if surname.casefold() not in name.casefold():
            raise RowError("family", f"{surname!r} is no part of {name!r}; correct one of the two")
        return surname
    parts = name.split(" ")
    if len(parts) > 2 and is_compound(parts[-2], parts[-1]):
        return " ".join(parts[-2:])
    at = next(
        (at for at, part in enumerate(parts) if 0 < at < len(parts) - 1 and is_particle(part)), 0
    )
    if at:
        raise RowError(
            "family",
            f"the surname of {name!r} may be {' '.join(parts[at:])!r} or {parts[-1]!r};"
            " write it here",
        )
    return parts[-1]


def given(contact: Contact) -> str:
    """Return the first name, for "Dear Sir John"; RowError where only an initial is known."""
    parts = tidy(contact.name).split(" ")
    if len(parts) < 2 or len(parts[0].strip(".")) < 2:
        raise RowError(
            "name",
            f"{contact.name!r} has no first name to go with {contact.title!r};"
            " complete it or write the salutation",
        )
    return parts[0]


def _without_suffix(name: str) -> str:
    parts = name.split(" ")
    while len(parts) > 1 and parts[-1].casefold().strip(".,") in _SUFFIXES:
        parts.pop()
    return " ".join(parts).rstrip(",")
