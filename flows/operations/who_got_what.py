"""Who got what and when, as tables: in words, and in the ledger's terms."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from flows.operations.outcomes import Outcome, ReaderOutcome, counted
from flows.operations.report import figures
from flows.people.lists import workbook
from flows.people.lists.cells import defuse
from flows.people.lists.workbook import Cell, Column, Sheet
from flows.post.mailing.mailing import Mailing
from flows.post.states import State
from flows.post.status import Status

TRUSTEES = (
    "Reader",
    "Office",
    "Outcome",
    "Sent or posted (London time)",
    "Signed off by",
    "Decided by",
    "Reason",
    "The mail server's answer",
    "Dispatch",
)
TECHNICAL = (
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
    "decided_by",
    "reason",
)


def trustee_row(mailing: Mailing, row: ReaderOutcome, rehearsal: int = 0) -> tuple[str, ...]:
    """Return the cells under ``TRUSTEES``."""
    outcome = f"rehearsal {rehearsal}: {row.outcome}" if rehearsal else row.outcome.value
    if row.posted_on and row.outcome is not Outcome.POSTED:
        outcome += f", and posted on {row.posted_on}"
    return (
        row.name,
        row.office,
        outcome,
        _when(row),
        "" if rehearsal else mailing.approved_by,
        row.by or row.posted_by,
        row.why,
        row.reply,
        row.dispatch,
    )


def technical_rows(
    mailing: Mailing, now: Status, rows: Sequence[ReaderOutcome]
) -> list[Mapping[str, Cell]]:
    """Return a mapping of ``TECHNICAL`` for each dispatch, those that need a person first."""
    sending = f"rehearsal {now.rehearsal}" if now.rehearsal else "live"
    decided = {row.dispatch: row.by for row in rows}
    return [
        {
            **asdict(dispatch),
            "state": dispatch.state.value,
            "sending": sending,
            "sent_at": dispatch.changed_at if dispatch.state is State.SENT else None,
            "signed_off_by": mailing.approved_by,
            "decided_by": decided[dispatch.id],
        }
        for dispatch in now.dispatches
    ]


def spreadsheet(mailing: Mailing, now: Status, rows: Sequence[ReaderOutcome]) -> bytes:
    """Return a workbook (XLSX): who got what in words, the technical columns, the totals."""
    number = now.rehearsal
    title = f"{mailing.id}: {f'REHEARSAL {number}, no reader got anything' if number else 'live'}"
    technical = technical_rows(mailing, now, rows)
    return workbook.xlsx(
        [
            Sheet(
                "Who got what",
                [Column(heading) for heading in TRUSTEES],
                [trustee_row(mailing, row, number) for row in rows],
            ),
            Sheet(
                "Technical",
                [Column(heading) for heading in TECHNICAL],
                [[row[name] for name in TECHNICAL] for row in technical],
            ),
            _totals(mailing, rows),
        ],
        title=title,
        created=mailing.frozen_at.replace(tzinfo=None),
    )


def comma_separated(columns: Sequence[str], rows: Iterable[Iterable[object]]) -> bytes:
    """Return a CSV file, in UTF-8 with the byte order mark that Excel needs, cells defused."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _totals(mailing: Mailing, rows: Sequence[ReaderOutcome]) -> Sheet:
    lines: list[tuple[Cell, ...]] = [
        ("All letters", "", len(rows)),
        *(("", outcome.value, letters) for outcome, letters in counted(rows).items() if letters),
        ("Rows handed back before freezing", "", len(mailing.refused)),
        ("Had this edition already", "", len(mailing.passed_over)),
    ]
    for groups in (figures.by_role(rows), figures.by_party(rows), figures.by_department(rows)):
        for group in groups:
            lines.append((group.name, "", group.letters))
            lines += [("", outcome.value, n) for outcome, n in group.outcomes.items() if n]
    return Sheet("Totals", [Column("Group"), Column("Outcome"), Column("Letters")], lines)


def _when(row: ReaderOutcome) -> str:
    if row.outcome is Outcome.POSTED and row.posted_on:
        return row.posted_on.isoformat()
    if row.outcome is not Outcome.SENT:
        return ""
    return f"{figures.local(row.at):%Y-%m-%d %H:%M}"


def _cell(cell: object) -> object:
    if cell is None:
        return ""
    return cell if isinstance(cell, int) else defuse(str(cell))
