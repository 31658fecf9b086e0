"""What a command comes to: a document for --json, lines for a reader, and the exit code."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


class Exit(IntEnum):
    """The exit codes of every command."""

    DONE = 0
    ATTENTION = 1
    """Done, but some rows were refused, are uncertain or still wait."""
    NOTHING_DONE = 2
    """Wrong use or configuration, or a question that got no yes: nothing was done."""
    STOPPED = 130
    """Ctrl-C before it was done."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings. A cell whose whole text is in ``colours`` is shown in that colour."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    colours: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command returns; ``flows.cli.command`` prints it and ends with its exit code.

    ``document`` goes to stdout with --json. Without it ``lines`` go to stdout and ``remarks``
    (what to do next, what is worth knowing) to stderr.
    """

    document: Any
    lines: Iterable[str | Table] = ()
    remarks: Sequence[str] = ()
    code: Exit = Exit.DONE


def notes(lines: Iterable[str]) -> list[str]:
    """What is worth knowing, as remarks."""
    return [f"note: {line}" for line in lines]


def attention(needed: object) -> Exit:
    """ATTENTION where something needs it, else DONE."""
    return Exit.ATTENTION if needed else Exit.DONE
