"""What is missing or odd in a contact list, counted and listed before anybody writes to it."""

import datetime
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flows.errors import RowError
from flows.people import email_address
from flows.people.contact import Contact, RejectedRow
from flows.people.forms import Country
from flows.people.lists.loading import load
from flows.people.style import Style

MISSING = ("email", "title", "gender", "address")
"""Columns whose blanks are counted. A peer needs no title, a reader with a title no gender."""
_SHARED = re.compile(
    r"(info|contact|contactus|enquir(y|ies)|office|mail|post|admin|hello|help|press|media|team"
    r"|correspondence|private\.?office|ministers?|.*office|officeof.*|.*casework(er)?)",
)
_PERSONAL = frozenset(
    [
        "aol.com",
        "btinternet.com",
        "gmail.com",
        "googlemail.com",
        "gmx.com",
        "hotmail.co.uk",
        "hotmail.com",
        "icloud.com",
        "live.co.uk",
        "live.com",
        "me.com",
        "msn.com",
        "ntlworld.com",
        "outlook.com",
        "proton.me",
        "protonmail.com",
        "sky.com",
        "talktalk.net",
        "virginmedia.com",
        "yahoo.co.uk",
        "yahoo.com",
    ]
)
"""Mail providers of private people; an office's address is elsewhere."""
# What remains when UTF-8 was read as Windows-1252 and saved again: "SiÃ¢n".
_MOJIBAKE = re.compile("[ÃÂâ][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]")
_TEXTS = ("name", "family", "title", "office", "department", "constituency", "party")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at; the row is used as it is."""

    where: str
    """file:row: column."""
    what: str
    severity: str = "warning"


@dataclass(frozen=True, slots=True)
class Report:
    """A list's state: how many rows, what is missing in how many, what is odd, what is refused."""

    rows: int
    missing: Mapping[str, int]
    findings: tuple[Finding, ...]
    refused: tuple[RejectedRow, ...]
    remarks: tuple[str, ...] = ()
    """How the files were read where that is not plain."""

    @property
    def counts(self) -> dict[str, int]:
        """Return every number of the report by its name, for a table or a JSON document."""
        kinds = Counter(finding.what.split(":")[0] for finding in self.findings)
        missing = {f"no {column}": number for column, number in self.missing.items()}
        return {"rows": self.rows, "refused": len(self.refused), **missing, **kinds}


def report(paths: Sequence[Path], country: Country, style: Style, on: datetime.date) -> Report:
    """Load the lists and report, also whom these forms would not address on the day ``on``;
    ConfigurationError as ``loading.load`` raises it."""
    loaded = load(paths)
    contacts = loaded.contacts
    return Report(
        rows=len(contacts) + len(loaded.refused),
        missing={
            column: sum(_misses(contact, column) for contact in contacts) for column in MISSING
        },
        findings=(*_not_addressed(contacts, country, style, on), *_findings(contacts)),
        refused=loaded.refused,
        remarks=loaded.remarks,
    )


def _not_addressed(
    contacts: Iterable[Contact], country: Country, style: Style, on: datetime.date
) -> Iterable[Finding]:
    for contact in contacts:
        try:
            country.address(contact, style, on)
        except RowError as error:
            yield _finding(contact, error.column, f"no letter: {error.reason}")


def _misses(contact: Contact, column: str) -> bool:
    if column == "title":
        return not contact.title and contact.house not in ("lords", "seanad")
    if column == "gender":
        return not contact.gender and not contact.title and contact.house not in ("lords", "seanad")
    return not getattr(contact, column)


def _findings(contacts: tuple[Contact, ...]) -> Iterable[Finding]:
    yield from _mailboxes(contacts)
    yield from _duplicates(contacts)
    for contact in contacts:
        for column in _TEXTS:
            text = getattr(contact, column)
            if odd := _odd(text):
                yield _finding(contact, column, f"odd character: {odd} in {text!r}")


def _mailboxes(contacts: tuple[Contact, ...]) -> Iterable[Finding]:
    people: dict[str, dict[str, Contact]] = defaultdict(dict)
    for contact in contacts:
        if contact.email:
            people[contact.email.casefold()].setdefault(contact.person, contact)
    for contact in contacts:
        local, _, domain = contact.email.casefold().rpartition("@")
        sharing = people.get(contact.email.casefold(), {})
        if len(sharing) > 1 and sharing.get(contact.person) is contact:
            others = ", ".join(person for person in sharing if person != contact.person)
            yield _finding(contact, "email", f"shared mailbox: {contact.email}, also of {others}")
        elif _SHARED.fullmatch(local):
            yield _finding(contact, "email", f"office mailbox: {contact.email}")
        if scripts := email_address.mixed_scripts(contact.email):
            what = f"mixed scripts: {contact.email} mixes {scripts} letters; is it a forgery?"
            yield _finding(contact, "email", what)
        if domain in _PERSONAL:
            yield _finding(contact, "email", f"personal address: {contact.email}")


def _duplicates(contacts: tuple[Contact, ...]) -> Iterable[Finding]:
    """Rows that look like one person under two ids; only a human can say whether they are."""
    seen: dict[tuple[str, str, str], Contact] = {}
    for contact in contacts:
        key = (contact.name.casefold(), contact.house, contact.constituency.casefold())
        first = seen.setdefault(key, contact)
        if first.person != contact.person:
            where = f"{first.file}:{first.row}"
            yield _finding(
                contact, "person", f"duplicate: {contact.name!r} is also {first.person!r} ({where})"
            )


def _odd(text: str) -> str | None:
    if found := _MOJIBAKE.search(text):
        return f"{found[0]!r}, as when an encoding was mistaken,"
    if scripts := email_address.mixed_scripts(text):
        return f"{scripts} letters in one word,"
    for character in text:
        if not (character.isalpha() or character.isdigit() or character in " \u00a0'’‘-–().,&/:;"):
            return f"U+{ord(character):04X}"
    return None


def _finding(contact: Contact, column: str, what: str) -> Finding:
    return Finding(f"{contact.file}:{contact.row}: {column}", what)


@dataclass(frozen=True, slots=True)
class Line:
    """How one row is addressed, or why not: then ``refused`` holds column and reason."""

    id: str
    envelope: str = ""
    salutation: str = ""
    close: str = ""
    refused: str = ""

    def document(self) -> dict[str, str]:
        """Return the JSON object of ``contacts address``."""
        if self.refused:
            return {"id": self.id, "refused": self.refused}
        return {
            "id": self.id,
            "envelope": self.envelope,
            "salutation": self.salutation,
            "close": self.close,
        }


def addresses(
    contacts: Iterable[Contact], forms: Country, style: Style, on: datetime.date
) -> tuple[Line, ...]:
    """Address every row on its own, without merging the rows of a person."""

    def line(contact: Contact) -> Line:
        try:
            address = forms.address(contact, style, on)
        except RowError as error:
            return Line(contact.id, refused=str(error))
        return Line(contact.id, address.envelope, address.salutation, address.close)

    return tuple(line(contact) for contact in contacts)
