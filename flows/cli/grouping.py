"""Faults as lines: many of one cause are one line with a count."""

import re
from collections.abc import Sequence

from flows.errors import Fault

_FEW = 3
"""So many of one cause are still shown one by one."""
_OWN = re.compile(r"'[^']*'|\"[^\"]*\"|“[^”]*”|\S*@\S*|\d[\d.,]*")
"""What is a row's own in a fault's words."""


def lines(faults: Sequence[Fault]) -> list[str]:
    """A line for each cause, in the order in which it first appears."""
    causes: dict[tuple[str, str, str], list[Fault]] = {}
    for fault in faults:
        file = fault.where.rpartition(":")[0] if _row(fault) else fault.where
        key = (fault.severity, file if _row(fault) else "", _OWN.sub("", fault.what))
        causes.setdefault(key, []).append(fault)
    found: list[str] = []
    for (_, file, _), same in causes.items():
        if len(same) <= _FEW:
            found += map(str, same)
        elif file:
            rows = ", ".join(_row(fault) for fault in same[:_FEW])
            found.append(f"{file}: {len(same)} rows ({rows}, ...): {same[0].what}")
        else:
            places = ", ".join(fault.where for fault in same[:_FEW])
            found.append(f"{len(same)} times ({places}, ...): {same[0].what}")
    return found


def _row(fault: Fault) -> str:
    """The row's number in "mps.csv:12"; blank where the place is no row."""
    _, colon, number = fault.where.rpartition(":")
    return number if colon and number.isdigit() else ""
