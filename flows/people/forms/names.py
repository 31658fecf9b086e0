"""Parts of a personal name, as every country's forms need them."""

from flows.errors import RowError
from flows.people.cells import tidy
from flows.people.contact import Contact

# Words that may or may not belong to the surname behind them; only the list's owner knows.
_PARTICLES = (
    "ab af al ap da de del della den der di do dos du el la le los mac mc ní nic ó o' st"
    " te ten ter ua uí van von y zu"
)
_SUFFIXES = frozenset(["jnr", "jr", "junior", "snr", "sr", "senior"])


def words(*parts: str) -> str:
    """Join what is not blank with single spaces."""
    return tidy(" ".join(part for part in parts if part))


def family(contact: Contact) -> str:
    """Return the surname as spoken: the family column, else the last word; no Jnr or Snr.

    Raises RowError where the last word may be half a surname ("Nick de Bois"), or where the
    family column is no part of the name.
    """
    name = _without_suffix(tidy(contact.name))
    if contact.family:
        surname = _without_suffix(tidy(contact.family))
        if surname.casefold() not in name.casefold():
            raise RowError("family", f"{surname!r} is no part of {name!r}; correct one of the two")
        return surname
    parts = name.split(" ")
    if len(parts) > 2 and parts[-2].casefold() in _PARTICLES.split():
        raise RowError(
            "family",
            f"the surname of {name!r} may be {' '.join(parts[-2:])!r} or {parts[-1]!r};"
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
