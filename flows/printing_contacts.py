"""What the contacts commands say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from flows.terminal import document, refused_documents, refused_rows, say

if TYPE_CHECKING:
    from pathlib import Path

    from flows.briefing import Brief
    from flows.people.audience import Choice
    from flows.people.quality import Report
    from flows.people.review import Line


def addresses(lines: Sequence[Line], *, json: bool) -> None:
    """Envelope, opening and close of every row."""
    if json:
        document([one.document() for one in lines])
        return
    for one in lines:
        if one.refused:
            say(f"{one.id}: refused: {one.refused}")
        else:
            say(f"{one.id}: {one.envelope} | {one.salutation}, | {one.close},")


def quality(report: Report, handed_back: Path | None, *, json: bool) -> None:
    """A list's state."""
    if json:
        document(
            {
                "counts": report.counts,
                "findings": [asdict(one) for one in report.findings],
                "refused": refused_documents(report.refused),
                "refused_file": handed_back,
            }
        )
        return
    refused_rows(report.refused)
    for finding in report.findings:
        say(f"{finding.where}: {finding.what}")
    say(", ".join(f"{count} {what}" for what, count in report.counts.items()))
    if handed_back:
        say(f"refused rows, ready to correct and load again: {handed_back}")


def who(order: Brief, *, json: bool) -> None:
    """Everyone in a campaign's lists, in or out, and by which rule."""
    if json:
        document(
            {
                "in": [_choice(one) for one in order.choices if one.decision.in_],
                "out": [_choice(one) for one in order.left_out],
                "refused": refused_documents(order.refused),
            }
        )
        return
    refused_rows(order.refused)
    for one in order.choices:
        sign = "in " if one.decision.in_ else "out"
        say(f"{sign} {one.reader.contact.id}: {one.reader.address.lines[0]}: {one.decision.rule}")
    say(f"{len(order.readers)} in, {len(order.left_out)} out, {len(order.refused)} refused")


def _choice(one: Choice) -> dict[str, str]:
    return {
        "id": one.reader.contact.id,
        "person": one.reader.contact.person,
        "role": one.reader.role,
        "rule": one.decision.rule,
    }
