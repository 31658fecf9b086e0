"""What the commands about contact lists come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from flows.cli import grouping
from flows.cli.answer import Answer, attention
from flows.cli.console import refused_documents
from flows.counted import counted
from flows.errors import Fault
from flows.people.accounting import Fate

if TYPE_CHECKING:
    from pathlib import Path

    from flows.operations.draft import Draft
    from flows.people.audience import Choice
    from flows.people.contact import RejectedRow
    from flows.people.quality import Finding, Line, Report
    from flows.people.sources.saving import Changes, Plan


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
        *_rejected(report.refused),
        *grouping.lines([_finding(finding) for finding in report.findings]),
        ", ".join(
            counted(count, "row") if what == "rows" else f"{count} {what}"
            for what, count in report.counts.items()
        ),
    ]
    remarks = list(report.remarks)
    houseless = [one for one in report.findings if one.where.endswith(": house")]
    if len(houseless) > 1 and len(houseless) == report.rows - len(report.refused):
        remarks.append(
            "no row names a House: where all sit in one, write it in a column house, or import the"
            " list with --house commons (or lords, dail, seanad)"
        )
    if handed_back:
        remarks.append(
            f"correct refused rows in the list itself; with column and reason: {handed_back}"
        )
    no_letter = any(one.what.startswith("no letter") for one in report.findings)
    return Answer(document, lines, remarks, attention(report.refused or no_letter))


def _finding(finding: Finding) -> Fault:
    where, _, column = finding.where.rpartition(": ")
    return Fault(where, f"{column}: {finding.what}")


def _rejected(rows: Sequence[RejectedRow]) -> list[str]:
    """Rows handed back, those of one cause as one line with their number."""
    faults = [Fault(f"{row.file}:{row.row}", f"{row.column}: {row.reason}") for row in rows]
    return grouping.lines(faults)


def who(draft: Draft) -> Answer:
    """Everyone in a campaign's lists, in or out, and by which rule."""
    by_mail = sum(bool(reader.contact.email) for reader in draft.readers)
    by_post = len(draft.readers) - by_mail
    document = {
        "in": [_choice(choice) for choice in draft.choices if choice.decision.in_],
        "out": [_choice(choice) for choice in draft.left_out],
        "refused": refused_documents(draft.refused),
        "merged": [
            {
                "row": f"{merge.row.file}:{merge.row.row}",
                "into": f"{merge.into.file}:{merge.into.row}",
                "why": merge.why,
            }
            for merge in draft.merges
        ],
        "merged_by": draft.merged_by,
        "accounted": draft.accounting.counts,
        "remarks": list(draft.remarks),
        "by_mail": by_mail,
        "by_post": by_post,
    }
    lines = [*_rejected(draft.refused), *(f"merged {merge}" for merge in draft.merges)]
    told = {(merge.row.file, merge.row.row) for merge in draft.merges}
    lines += [
        f"merged {row.file}:{row.row} {row.why}: the same person by id"
        for row in draft.accounting.of(Fate.MERGED)
        if row.place not in told
    ]
    for choice in draft.choices:
        sign = "in " if choice.decision.in_ else "out"
        reader = choice.reader
        lines.append(
            f"{sign} {reader.contact.id}: {reader.address.lines[0]}: {choice.decision.rule}"
        )
    lines.append(
        f"{len(draft.readers)} in ({by_mail} by mail, {by_post} by post),"
        f" {len(draft.left_out)} out, {len(draft.refused)} refused,"
        f" {len(draft.accounting.of(Fate.MERGED))} merged"
    )
    lines.append(draft.accounting.sentence)
    if draft.merged_by:
        counts = ", ".join(f"{count} by {kind}" for kind, count in draft.merged_by.items())
        lines.append(f"merged: {counts}")
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


_MOST_SHOWN = 40
"""Changes or rows of one kind; more are counted."""


def distinct(one: str, other: str, file: Path, *, new: bool) -> Answer:
    """Two persons who look like one."""
    said = "are two persons" if new else "were listed as two persons before"
    return Answer({"distinct": [one, other], "file": file}, [f"{one} and {other} {said}: {file}"])


def imported(
    planned: Plan,
    offices: Path | None,
    handed_back: Path | None,
    listed: str,
    *,
    dry_run: bool = False,
) -> Answer:
    """A list made of a sheet or a public source's files: what was used, and what changed.

    ``listed`` is how campaign.toml names the list.
    """
    found, changes = planned.imported, planned.changes
    document = {
        "contacts": len(planned.contacts),
        "file": planned.path,
        "written": not dry_run,
        "source": found.source,
        "used": list(found.used),
        "not_used": list(found.unused),
        "changes": asdict(changes) if changes else None,
        "remarks": list(found.remarks),
        "offices": offices,
        "refused": refused_documents(found.refused),
        "refused_file": handed_back,
    }
    lines = [f"used: {', '.join(found.used) or 'none'}"]
    if found.unused:
        lines.append(f"not used: {', '.join(found.unused)}")
    if changes:
        lines += _changes(changes, dry_run)
    lines.append(f"{counted(len(planned.contacts), 'contact')}: {planned.path}")
    if dry_run:
        lines[-1] = f"nothing is written; {lines[-1]} as it would be"
    if offices:
        lines.append(f"who held which office when, for the reshuffle check: {offices}")
    if found.refused:
        lines += _rejected(found.refused)[:_MOST_SHOWN]
        where = f"; with column and reason: {handed_back}" if handed_back else ""
        lines.append(
            f"{counted(len(found.refused), 'row')} handed back and not in the list: correct the "
            f"sheet and import it again{where}"
        )
    remarks = list(found.remarks)
    if not dry_run and changes is None:
        remarks.append(
            "to write to them, name the list in a campaign's campaign.toml:  "
            f'contacts = ["{listed}"]'
        )
    return Answer(document, lines, remarks, attention(found.refused))


def _changes(changes: Changes, dry_run: bool) -> list[str]:
    """Every change, a line each, and how many there are."""
    listed = [
        *(f"{'would be ' if dry_run else ''}new: {identity}" for identity in changes.new),
        *(f"{'would be ' if dry_run else ''}gone: {identity}" for identity in changes.gone),
        *map(str, changes.changed),
        *(
            f"{kept.id}: {kept.column}: {kept.before or '(blank)'} stays as corrected by hand;"
            f" the source says {kept.after or '(blank)'}"
            for kept in changes.kept
        ),
        *(f"added by hand, stays: {identity}" for identity in changes.added_by_hand),
        *(f"deleted by hand, stays away: {identity}" for identity in changes.deleted_by_hand),
    ]
    lines = listed[:_MOST_SHOWN]
    if len(listed) > _MOST_SHOWN:
        lines.append(f"and {len(listed) - _MOST_SHOWN} more changes; all of them with --json")
    lines.append(f"against the list that was there: {changes.summary or 'no change'}")
    return lines


def refreshed(lists: Sequence[Plan]) -> Answer:
    """Lists fetched from a source, and what changed in each."""
    return Answer(
        {
            "files": [plan.path for plan in lists],
            "changes": [asdict(plan.changes) if plan.changes else None for plan in lists],
            "used": list(lists[0].imported.used),
            "not_used": list(lists[0].imported.unused),
        },
        [
            f"used: {', '.join(lists[0].imported.used)}",
            f"not used: {', '.join(lists[0].imported.unused) or 'none'}",
            *map(str, lists),
        ],
        [remark for plan in lists for remark in plan.imported.remarks],
    )
