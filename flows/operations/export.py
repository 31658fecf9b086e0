"""Write a mailing's record to a file: CSV, XLSX, JSON, or a ZIP with all the evidence."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.errors import ConfigurationError
from flows.operations import evidence, who_got_what
from flows.operations.outcomes import ReaderOutcome, outcomes
from flows.people.lists import files
from flows.post import status
from flows.post.ledger.database import Ledger
from flows.post.ledger.workers import recover
from flows.post.mailing.mailing import Mailing, get
from flows.post.status import Status


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written. ``rehearsal`` is 0 for the live sending."""

    mailing: str
    rehearsal: int
    dispatches: int
    file: Path


def export(ledger: Ledger, mailing: str, target: Path) -> Exported:
    """Write who got what and when to ``target``, whose ending decides the kind of file.

    The live sending once the mailing is signed off, else the last rehearsal; a ZIP is always about
    the live sending. Raises ConfigurationError: no such mailing, an ending that is none of the
    four, not writable.
    """
    if target.suffix.lower() not in (*_WRITERS, ".zip"):
        raise ConfigurationError(f"--to {target}: name a file ending in .csv, .xlsx, .json or .zip")
    recover(ledger)
    found = get(ledger, mailing)
    if target.suffix.lower() == ".zip":
        return Exported(mailing, 0, evidence.pack(ledger, found, target), target)
    number = status.shown(found, status.rehearsals(ledger, mailing))
    now = status.status(ledger, mailing, number)
    save(target, found, now, outcomes(ledger, mailing, number))
    return Exported(mailing, number, len(now.dispatches), target)


def save(target: Path, mailing: Mailing, now: Status, rows: Sequence[ReaderOutcome]) -> None:
    """Write one sending as CSV, XLSX or JSON, by the ending of ``target``.

    Raises ConfigurationError where the file cannot be written.
    """
    content = _WRITERS[target.suffix.lower()](mailing, now, rows)
    files.write(target, content)


def _csv(mailing: Mailing, now: Status, rows: Sequence[ReaderOutcome]) -> bytes:
    """In words first, for whoever opens it; behind them the ledger's columns under their names."""
    outcome = {row.dispatch: row for row in rows}
    return who_got_what.comma_separated(
        (*who_got_what.TRUSTEES, *who_got_what.TECHNICAL),
        (
            (
                *who_got_what.trustee_row(mailing, outcome[str(technical["id"])], now.rehearsal),
                *(technical[name] for name in who_got_what.TECHNICAL),
            )
            for technical in who_got_what.technical_rows(mailing, now, rows)
        ),
    )


def _json(mailing: Mailing, now: Status, rows: Sequence[ReaderOutcome]) -> bytes:
    dispatches: list[Mapping[str, Any]] = list(who_got_what.technical_rows(mailing, now, rows))
    document = {
        "mailing": mailing.id,
        "hash": mailing.hash,
        "frozen_at": mailing.frozen_at.isoformat(),
        "signed_off_by": mailing.approved_by or None,
        "signed_off_at": mailing.approved_at.isoformat() if mailing.approved_at else None,
        "dispatches": dispatches,
    }
    return json.dumps(document, ensure_ascii=False, indent=2).encode()


_WRITERS: Mapping[str, Callable[[Mailing, Status, Sequence[ReaderOutcome]], bytes]] = {
    ".csv": _csv,
    ".xlsx": who_got_what.spreadsheet,
    ".json": _json,
}
