"""A mailing's dispatches as a file for trustees: CSV, XLSX or JSON."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from flows.errors import ConfigurationError
from flows.people.lists import files, workbook
from flows.people.lists.cells import defuse
from flows.people.lists.workbook import Cell, Column, Sheet
from flows.post.mailing.mailing import Mailing
from flows.post.states import State
from flows.post.status import Status

COLUMNS = (
    "id",
    "contact",
    "person",
    "name",
    "office",
    "role",
    "email",
    "sending",
    "state",
    "sent_at",
    "attempts",
    "code",
    "enhanced",
    "reply",
    "queue_id",
    "message_id",
    "changed_at",
    "due_at",
    "sha256",
    "signed_off_by",
)


def export(mailing: Mailing, now: Status, target: Path) -> None:
    """Write who got what and when. Cells that look like formulas are defused, the server's words
    included. Raises ConfigurationError: an ending that is none of the three, not writable."""
    write = _WRITERS.get(target.suffix.lower())
    if write is None:
        raise ConfigurationError(f"--to {target}: name a file ending in .csv, .xlsx or .json")
    sending = f"rehearsal {now.rehearsal}" if now.rehearsal else "live"
    rows = [
        {
            **asdict(one),
            "sending": sending,
            "sent_at": one.changed_at if one.state is State.SENT else None,
            "signed_off_by": mailing.approved_by,
        }
        for one in now.dispatches
    ]
    write(mailing, rows, target)


def _csv(mailing: Mailing, rows: Sequence[dict[str, Any]], target: Path) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([_defused(_cell(row[name])) for name in COLUMNS] for row in rows)
    # Excel takes a CSV without a byte order mark for Windows-1252.
    files.replace(target, _bytes(text.getvalue().encode("utf-8-sig")))


def _xlsx(mailing: Mailing, rows: Sequence[dict[str, Any]], target: Path) -> None:
    sheet = Sheet(
        "Dispatches",
        [Column(name) for name in COLUMNS],
        [[_cell(row[name]) for name in COLUMNS] for row in rows],
    )
    files.replace(target, _bytes(workbook.xlsx([sheet])))


def _json(mailing: Mailing, rows: Sequence[dict[str, Any]], target: Path) -> None:
    document = {
        "mailing": mailing.id,
        "hash": mailing.hash,
        "frozen_at": mailing.frozen_at.isoformat(),
        "signed_off_by": mailing.approved_by or None,
        "signed_off_at": mailing.approved_at.isoformat() if mailing.approved_at else None,
        "dispatches": rows,
    }
    text = json.dumps(document, ensure_ascii=False, indent=2)
    files.replace(target, _bytes(text.encode()))


def _bytes(content: bytes) -> Callable[[BinaryIO], object]:
    return lambda file: file.write(content)


def _cell(value: object) -> Cell:
    if value is None:
        return ""
    return value if isinstance(value, int) else str(value)


def _defused(cell: Cell) -> Cell:
    return defuse(cell) if isinstance(cell, str) else cell


_WRITERS: dict[str, Callable[[Mailing, Sequence[dict[str, Any]], Path], None]] = {
    ".csv": _csv,
    ".xlsx": _xlsx,
    ".json": _json,
}
