"""The rows of a file before its heading is known."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

MAXIMUM_COLUMNS = 1_000
"""Columns of a list; the widest known has fewer than a hundred."""
_NO_FAULTS: Mapping[int, str] = {}


@dataclass(frozen=True, slots=True)
class Record:
    """One row that is not blank: its number as a spreadsheet counts, and its cells."""

    number: int
    cells: Sequence[str]
    faults: Mapping[int, str] = field(default_factory=lambda: _NO_FAULTS)
    """What is wrong with a cell, by place; -1 for the row."""


@dataclass(frozen=True, slots=True)
class Records:
    """The rows of a file that are not blank, and what there is to say about how it was read."""

    rows: Iterable[Record]
    remarks: tuple[str, ...] = ()
    complete: bool = False
    """Whether a row states all its cells, as in a text, where a short one was cut."""
