"""What the commands about contact lists come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from flows.cli.answer import Answer, attention
from flows.cli.console import refused_documents

if TYPE_CHECKING:
    from pathlib import Path

    from flows.operations.draft import Draft
    from flows.people.audience import Choice
    from flows.people.contact import RejectedRow
    from flows.people.quality import Line, Report


def addresses(lines: Sequence[Line]) -> Answer:
    """Envelope, opening and close of every row."""
    return Answer(
        [line.document() for line in lines],
        [
            f"{line.id}: refused: {line.refused}"
            if line.refused
            else f"{line.id}: {line.envelope} | {line.salutation}, | {line.close},"
            for line in lines
        ],
        code=attention(any(line.refused for line in lines)),
    )


def quality(report: Report, handed_back: Path | None) -> Answer:
    """A list's state."""
    document = {
        "counts": report.counts,
        "findings": [asdict(finding) for finding in report.findings],
        "refused": refused_documents(report.refused),
        "refused_file": handed_back,
        "remarks": list(report.remarks),
    }
    lines = [
        *map(str, report.refused),
        *(f"{finding.where}: {finding.what}" for finding in report.findings),
        ", ".join(f"{count} {what}" for what, count in report.counts.items()),
    ]
    remarks = list(report.remarks)
    if handed_back:
        remarks.append(f"refused rows, ready to correct and load again: {handed_back}")
    return Answer(document, lines, remarks, attention(report.refused))


def who(draft: Draft) -> Answer:
    """Everyone in a campaign's lists, in or out, and by which rule."""
    document = {
        "in": [_choice(choice) for choice in draft.choices if choice.decision.in_],
        "out": [_choice(choice) for choice in draft.left_out],
        "refused": refused_documents(draft.refused),
        "remarks": list(draft.remarks),
    }
    lines = [str(row) for row in draft.refused]
    for choice in draft.choices:
        sign = "in " if choice.decision.in_ else "out"
        reader = choice.reader
        lines.append(
            f"{sign} {reader.contact.id}: {reader.address.lines[0]}: {choice.decision.rule}"
        )
    lines.append(
        f"{len(draft.readers)} in, {len(draft.left_out)} out, {len(draft.refused)} refused"
    )
    return Answer(document, lines, draft.remarks, attention(draft.refused))


def _choice(choice: Choice) -> dict[str, str]:
    return {
        "id": choice.reader.contact.id,
        "person": choice.reader.contact.person,
        "role": choice.reader.role,
        "rule": choice.decision.rule,
    }


def suppressed(whom: str, file: Path, *, listed: bool) -> Answer:
    """Somebody who is never written to again."""
    remarks = [] if listed else [f"note: no list in {file.parent}/ has {whom}; a slip?"]
    return Answer(
        {"suppressed": whom, "file": file},
        [f"{whom} is suppressed from now on: {file}"],
        remarks,
    )


def imported(
    count: int, to: Path, offices: Path | None, refused: Sequence[RejectedRow], file: Path | None
) -> Answer:
    """A list made of a public source's files."""
    document = {
        "contacts": count,
        "file": to,
        "offices": offices,
        "refused": refused_documents(refused),
        "refused_file": file,
    }
    lines = [f"{count} contacts: {to}"]
    if offices:
        lines.append(f"who held which office when, for the reshuffle check: {offices}")
    if refused:
        lines += [*map(str, refused[:20]), f"{len(refused)} rows handed back: {file}"]
    return Answer(document, lines, code=attention(refused))


def refreshed(files: Sequence[Path]) -> Answer:
    """Lists fetched from a source."""
    return Answer({"files": list(files)}, [str(path) for path in files])
