"""From the cells of one row to a contact, or the reason why not."""

import re
import sys
import unicodedata
from collections.abc import Mapping

from flows.errors import RowError
from flows.people import email_address, offices
from flows.people.contact import HOUSES, KNOWN, RANKS, REQUIRED, Contact
from flows.people.lists.cells import forbidden, tidy

LONGEST = {"address": 1_000, "personal": 5_000, "notes": 5_000, "committees": 2_000}
"""Characters a cell may hold; LINE for the columns not named here."""
LINE = 300
_WITH_LINES = ("address", "personal")
_OF_A_LINE = tuple(column for column in KNOWN if column not in _WITH_LINES)
_SHARED = ("title", "office", "department", "constituency", "party")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_YES = {"yes", "y", "true", "1", "x"}
_NO = {"", "no", "n", "false", "0"}
_GENDERS = {"": "", "m": "M", "male": "M", "f": "F", "female": "F"}


def contact(cells: Mapping[str, str], *, file: str = "", row: int = 0) -> Contact:
    """Return the contact in ``cells`` (folded column names to text).

    Columns this product does not know are kept in ``Contact.columns`` as typed. Raises RowError
    naming the first column at fault.
    """
    for column, text in cells.items():
        if text:
            _check(column, text)
    known = {column: tidy(cells[column]) if cells.get(column) else "" for column in _OF_A_LINE}
    # What many rows say in the same words is kept once.
    known |= {column: sys.intern(known[column]) for column in _SHARED}
    for column in REQUIRED:
        if not known[column]:
            raise RowError(column, "empty; every row needs one")
    if not any(character.isalpha() for character in known["name"]):
        raise RowError("name", f"{known['name']!r} holds no letter; write the person's name")
    identity = _identifier("id", known["id"])
    house = _choice("house", known["house"], HOUSES)
    rank = _choice("rank", known["rank"], RANKS)
    if not rank and (chair := offices.chair(house, known["party"], known["office"])):
        rank, known["office"] = "speaker", chair
    return Contact(
        id=identity,
        name=known["name"],
        person=_identifier("person", known["person"]) if known["person"] else identity,
        family=known["family"],
        title=known["title"],
        honours=known["honours"],
        privy_counsellor=_yes("privy_counsellor", known["privy_counsellor"]),
        gender=_gender(known["gender"]),
        house=house,
        rank=rank,
        office=known["office"],
        department=known["department"],
        constituency=known["constituency"],
        party=known["party"],
        email=email(known["email"]),
        address=_address(cells.get("address", "")),
        postcode=known["postcode"],
        committees=tuple(name for part in known["committees"].split(";") if (name := part.strip())),
        personal=_paragraphs(cells.get("personal", "")),
        salutation=known["salutation"].rstrip(" ,"),
        envelope=known["envelope"],
        tags=tuple(known["tags"].split()),
        aliases=tuple(known["aliases"].split()),
        notes=known["notes"],
        columns={column: text for column, text in cells.items() if column not in KNOWN},
        file=file,
        row=row,
    )


def email(text: str) -> str:
    """Return the one address in a cell as ``email_address.parse`` does; a blank one stays blank.

    Raises RowError.
    """
    try:
        return email_address.parse(text) if text else ""
    except email_address.AddressError as error:
        raise RowError("email", str(error)) from None


def _check(column: str, text: str) -> None:
    if found := forbidden(text, lines=column in _WITH_LINES):
        raise RowError(column, f"holds {found}; delete it")
    limit = LONGEST.get(column, LINE) if column in KNOWN else LONGEST["personal"]
    if len(text) > limit:
        raise RowError(column, f"{len(text)} characters long; at most {limit} fit a letter")


def _identifier(column: str, text: str) -> str:
    if not _ID.fullmatch(text):
        raise RowError(
            column,
            f"{text!r} cannot name files: use up to 64 of A-Z, a-z, 0-9, '.', '_', '-',"
            " the first a letter or digit",
        )
    return text


def _yes(column: str, text: str) -> bool:
    folded = text.casefold()
    if folded not in _YES | _NO:
        raise RowError(column, f"{text!r} is neither yes nor blank; write one of the two")
    return folded in _YES


def _gender(text: str) -> str:
    if text.casefold() not in _GENDERS:
        raise RowError("gender", f"{text!r} is none of M, F, blank; blank where it is not known")
    return _GENDERS[text.casefold()]


def _choice(column: str, text: str, choices: tuple[str, ...]) -> str:
    letters = unicodedata.normalize("NFKD", text.casefold())  # Dáil is dail
    folded = "".join(letter for letter in letters if not unicodedata.combining(letter)).replace(
        " ", "-"
    )
    if folded and folded not in choices:
        raise RowError(column, f"{text!r} is not known; use one of {', '.join(choices)} or blank")
    return sys.intern(folded)


def _address(text: str) -> tuple[str, ...]:
    return tuple(line for part in re.split(r"[|\r\n]+", text) if (line := tidy(part)))


def _paragraphs(text: str) -> str:
    lines = (tidy(line) for line in re.split(r"\r\n|\r|\n", text))
    return "\n".join(lines).strip()


def cells(contact: Contact) -> dict[str, str]:
    """Return the cells a contact could be loaded from again."""
    written = {
        "privy_counsellor": "yes" if contact.privy_counsellor else "",
        "address": " | ".join(contact.address),
        "committees": "; ".join(contact.committees),
        "tags": " ".join(contact.tags),
        "aliases": " ".join(contact.aliases),
    }
    known = {name: written.get(name) or str(getattr(contact, name) or "") for name in KNOWN}
    return {**known, **contact.columns}
