"""A contact: a person in an office, with where to write to; and the row that became none."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

REQUIRED = ("id", "name")
KNOWN = (
    "id",
    "person",
    "aliases",
    "name",
    "family",
    "title",
    "honours",
    "privy_counsellor",
    "gender",
    "house",
    "rank",
    "office",
    "department",
    "constituency",
    "party",
    "email",
    "address",
    "postcode",
    "committees",
    "personal",
    "salutation",
    "envelope",
    "tags",
    "notes",
)
RANKS = ("pm", "dpm", "sos", "mos", "puss", "law-officer", "whip", "speaker")
HOUSES = ("commons", "lords", "dail", "seanad")


@dataclass(frozen=True, slots=True)
class Contact:
    """One row of a contact list; the columns are described in contacts/README.md."""

    id: str
    name: str
    person: str
    family: str = ""
    title: str = ""
    honours: str = ""
    privy_counsellor: bool = False
    gender: str = ""
    house: str = ""
    rank: str = ""
    office: str = ""
    department: str = ""
    constituency: str = ""
    party: str = ""
    email: str = ""
    address: tuple[str, ...] = ()
    postcode: str = ""
    committees: tuple[str, ...] = ()
    personal: str = ""
    salutation: str = ""
    envelope: str = ""
    tags: tuple[str, ...] = ()
    notes: str = ""
    aliases: tuple[str, ...] = ()
    """Other ids of the person, as other sources give them: "parl-454", "twfy-10251"."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Columns of the list that this product does not know, for templates to use."""
    file: str = ""
    row: int = 0
    """Line of the file, the header being 1, as a spreadsheet counts."""


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row handed back: where it stands, the column at fault, the reason, and all its cells."""

    file: str
    row: int
    column: str
    reason: str
    cells: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.file}:{self.row}: {self.column}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Address:
    """How one person is addressed: envelope lines (name, then the office), opening, close."""

    lines: tuple[str, ...]
    salutation: str
    """The opening without its comma: "Dear Secretary of State"."""
    close: str
    """The close without its comma: "Yours sincerely"."""

    @property
    def envelope(self) -> str:
        """The envelope on one line, parts joined by a comma."""
        return ", ".join(self.lines)


@dataclass(frozen=True, slots=True)
class Reader:
    """One person who gets one letter: the contact that addresses it, and the other posts."""

    contact: Contact
    role: str
    """What asks are chosen by: minister, mp or peer."""
    address: Address
    postal: tuple[str, ...]
    """Lines below the envelope lines: department or House, street, town and postcode."""
    others: tuple[Contact, ...] = ()


PRECEDENCE = ("pm", "dpm", "sos", "speaker", "law-officer", "mos", "puss", "whip", "")
"""Ranks from the highest; as the Institute for Government's rank_equivalence_value orders them."""
MINISTERS = ("pm", "dpm", "sos", "mos", "puss", "law-officer", "whip")
"""Ranks that make a reader a member of the Government."""

_BESIDE = re.compile(
    r"(First Secretary of State|Minister for (Women|Equalit|the Union|the Civil Service)|First Lord"
    r"|Lord President of the Council|Lord Privy Seal|Paymaster General"
    r"|President of the Board of Trade|Chancellor of the Duchy of Lancaster"
    r"|Minister without Portfolio)"
)
"""Offices held beside a department's: they yield to another of the same rank."""


def precedence(contact: Contact) -> tuple[int, bool]:
    """Return a sort key for a person's posts: the post that addresses the letter comes first."""
    return PRECEDENCE.index(contact.rank), _BESIDE.match(contact.office) is not None
