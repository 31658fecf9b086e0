"""The terminal: lines and progress on stderr, one JSON document on stdout."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from flows.post.states import State

# Not loaded for a command that only says a line: see flows.cli.output.
if TYPE_CHECKING:
    from flows.people.contact import RejectedRow
    from flows.post.delivery.sending import SendEvent
    from flows.post.mailing.mailing import Mailing

# Without emoji=False the row number in "mps.csv:100: email" would come out as a picture.
console = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def document(value: Any) -> None:
    """One JSON document on stdout, in UTF-8 (RFC 8259, 8.1) whatever the terminal's encoding."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """A line on stderr."""
    console.print(text, markup=False)


def fail(error: Exception) -> None:
    """An error's line or lines on stderr."""
    for line in str(error).splitlines():
        console.print(Text.assemble(("dear-minister:", "red"), " ", line))


@contextmanager
def bar(title: str, *, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A progress bar that hears (done, total)."""
    with _progress(quiet) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _progress(quiet: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=quiet or not console.is_terminal,
    )


@contextmanager
def sending(mailing: Mailing, *, quiet: bool = False) -> Iterator[Callable[[SendEvent], None]]:
    """A progress bar over letters; anything but a sent letter gets a line."""
    with _progress(quiet) as progress:
        task = progress.add_task("Sending", total=mailing.letters)

        def report(note: SendEvent) -> None:
            if note.state is State.SENT:
                progress.advance(task)
                return
            progress.console.print(line(note), markup=False)

        yield report


def line(note: SendEvent) -> str:
    """A note as one line: dispatch and state where it has them."""
    return ": ".join(part for part in (note.dispatch, note.state or "", note.text) if part)


def refused_rows(rows: Sequence[RejectedRow]) -> None:
    """Each row handed back, one line."""
    for row in rows:
        say(str(row))


def refused_documents(rows: Sequence[RejectedRow]) -> list[dict[str, str]]:
    return [
        {"row": f"{one.file}:{one.row}", "column": one.column, "reason": one.reason} for one in rows
    ]


@contextmanager
def steps() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar for each step of a longer fetch; hears (step, done, total)."""
    with _progress(quiet=False) as progress:
        tasks: dict[str, TaskID] = {}

        def report(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = progress.add_task(step, total=total)
            progress.update(tasks[step], completed=done, total=total)

        yield report
