"""What came back as spreadsheets: addresses to correct, and every reader with every item."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from flows.errors import ConfigurationError
from flows.operations.came_back import Desk
from flows.people.lists import cells, files, workbook
from flows.people.lists.workbook import Column, Sheet
from flows.post.inbox import items, responses
from flows.post.inbox.items import Item
from flows.post.inbox.responses import ReaderResponse
from flows.post.ledger.database import Ledger


@dataclass(frozen=True, slots=True)
class Correction:
    """A reader whose letter was returned: what to put right in the contact list."""

    contact: str
    name: str
    office: str
    email: str
    dispatch: str
    returned_on: date
    said: str
    """The server's words."""
    todo: str


_COLUMNS = (
    ("id", "contact"),
    ("name", "name"),
    ("office", "office"),
    ("email", "email"),
    ("what to do", "todo"),
    ("what the server said", "said"),
    ("returned", "returned_on"),
    ("dispatch", "dispatch"),
)


def corrections(ledger: Ledger, campaign: str = "") -> list[Correction]:
    """Letters that were returned and not written again, for whoever keeps the contact lists."""
    bad = {address.item for address in items.bad_addresses(ledger).values()}
    return [
        Correction(
            reader.contact,
            reader.name,
            reader.department,
            reader.email,
            reader.dispatch,
            responses.day(item.received_at),
            " ".join(part for part in (item.status, item.diagnostic) if part),
            _todo(item, item.id in bad),
        )
        for reader in responses.responses(ledger, Path(campaign).name)
        if (item := reader.returned) and not reader.answer
    ]


def write_corrections(found: Sequence[Correction], to: Path) -> None:
    """The correction sheet as .csv or .xlsx. Raises ConfigurationError."""
    rows = [[str(getattr(correction, field)) for _, field in _COLUMNS] for correction in found]
    _write(to, [name for name, _ in _COLUMNS], rows, "Addresses to correct")


_EXPORTED = (
    "person",
    "name",
    "role",
    "department",
    "party",
    "sent",
    "item",
    "came",
    "kind",
    "working days",
    "from",
    "subject",
    "words",
    "doubt",
)


def export(found: Desk, to: Path) -> int:
    """Every reader and every item as .csv or .xlsx; returns the rows. Raises ConfigurationError."""
    rows = []
    for reader in found.readers:
        about = [reader.person, reader.name, reader.role, reader.department, reader.party]
        about.append(reader.sent_on.isoformat() if reader.sent_on else "")
        for item in reader.items or (None,):
            rows.append([*about, *_exported(item, reader)])
    rows += [["", "", "", "", "", "", *_exported(item, None)] for item in found.unmatched]
    _write(to, _EXPORTED, rows, "What came back")
    return len(rows)


def _exported(item: Item | None, reader: ReaderResponse | None) -> list[str]:
    if item is None:
        return [""] * 8
    days = ""
    if reader and reader.answer and item.id == reader.answer.id:
        days = str(reader.working_days)
    sender = item.sender or item.source
    came = responses.day(item.received_at).isoformat()
    return [str(item.id), came, item.kind, days, sender, item.subject, item.words, item.doubt]


def _write(to: Path, headings: Sequence[str], rows: Sequence[Sequence[str]], title: str) -> None:
    kind = to.suffix.lower()
    if kind not in (".csv", ".xlsx"):
        raise ConfigurationError(f"{to}: name a file that ends in .csv or .xlsx")
    if kind == ".xlsx":
        sheet = Sheet(title[:31], [Column(name) for name in headings], rows)
        content = workbook.xlsx([sheet], title=title)
    else:
        text = io.StringIO(newline="")
        csv.writer(text).writerows(
            [headings, *([cells.defuse(cell) for cell in row] for row in rows)]
        )
        content = text.getvalue().encode("utf-8-sig")  # without the mark Excel reads it as cp1252
    files.write(to, content)


def _todo(item: Item, bad: bool) -> str:
    if item.source == "post":
        return "the post brought it back: correct the postal address, or write by e-mail"
    if bad:
        return "nobody has this address: correct it, or blank it for a letter by post"
    if item.status.startswith(("5.2.2", "4.")):
        return "the mailbox was full or its server away: write again later, or by post"
    if ".7." in item.status:
        return "their server refuses us: ask the office, or write by post"
    return "ask the office for another address, or write by post"
