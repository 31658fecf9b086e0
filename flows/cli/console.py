"""The terminal: results on stdout; progress, remarks and errors on stderr."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
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

from flows.cli.answer import Answer, Exit, Table
from flows.errors import ConfigurationError, DearMinisterError
from flows.post.states import State

# Not loaded for a command that only says a line: see flows.cli.mailings_output.
if TYPE_CHECKING:
    from flows.people.contact import RejectedRow
    from flows.post.delivery.sending import SendEvent

# Without emoji=False the row number in "mps.csv:100: email" would come out as a picture.
console = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)

_NARROWEST = 8
_REDRAWN = 0.1
"""Seconds between two drawings of a bar."""
_COLOURS = {"red": "31", "green": "32", "yellow": "33", "bold red": "1;31", "dim": "2"}
_COMMAND = re.compile(r"\bdear-minister (?!init\b|demo\b)(?:(?:contacts|replies) )?[a-z][a-z-]*")
_as_json = False
_quiet = False
_office = ""


def configure(*, json: bool, quiet: bool, office: Path | None = None) -> None:
    """How this process speaks: one JSON document, and whether remarks are left out. ``office`` is
    what --office was given, which every command that is named to be typed next repeats."""
    global _as_json, _quiet, _office
    _as_json, _quiet = json, quiet
    _office = f" --office {shlex.quote(str(office))}" if office else ""


def _to_type(text: str) -> str:
    """The text, its commands as they are to be typed where this one was."""
    return _COMMAND.sub(lambda found: f"{found[0]}{_office}", text) if _office else text


class OutputError(DearMinisterError):
    """A result could not be written to stdout."""


class _Stdout(io.FileIO):
    """The file behind stdout: its faults are told from those of all others."""

    def write(self, content: Any) -> int:
        try:
            return super().write(content)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(
                f"stdout: cannot be written ({error.strerror}); the command itself was done, only "
                "its answer is lost"
            ) from error


def begin() -> None:
    """From here on whatever writes to stdout raises OutputError where that cannot be done."""
    if sys.stdout is None:  # closed: what is opened next would take its number, and its text
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    elif sys.stdout is sys.__stdout__ and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(_Stdout(sys.stdout.fileno(), "w", closefd=False)),
            sys.stdout.encoding,
            sys.stdout.errors,
            line_buffering=sys.stdout.line_buffering,
            write_through=sys.stdout.write_through,
        )


def drop_stdout() -> None:
    """Write no more to stdout: Python's own last flush would complain of it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def stopped(what: str) -> None:
    """A line on stderr: Ctrl-C ended the command, and what is left of it."""
    console.print()
    fail(DearMinisterError(f"stopped: {what}"))


def give(answer: Answer) -> Exit:
    """Print a command's answer; returns its exit code."""
    if _as_json:
        document(answer.document)
        return answer.code
    for line in answer.lines:
        if isinstance(line, Table):
            _write("".join(f"{row}\n" for row in _laid_out(line)))
        else:
            result(line)
    sys.stdout.flush()
    for line in answer.remarks:
        say(line)
    return answer.code


def document(value: Any) -> None:
    """One JSON document on stdout, in UTF-8 (RFC 8259, 8.1) whatever the terminal's encoding."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    _write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")
    sys.stdout.flush()


def result(text: str) -> None:
    """A line on stdout, wrapped between words where the terminal is narrower."""
    _write("".join(f"{line}\n" for line in _wrapped(_to_type(text), _width())))


def say(text: str) -> None:
    """A remark on stderr; --quiet leaves it out."""
    if not _quiet:
        warn(text)


def warn(text: str) -> None:
    """A line on stderr that no option leaves out."""
    width = console.width if console.is_terminal else 0
    console.print("\n".join(_wrapped(_to_type(text), width)), markup=False)


def fail(error: Exception) -> None:
    """An error's line or lines on stderr."""
    for line in _to_type(str(error)).splitlines():
        console.print(Text.assemble(("dear-minister:", "red"), " ", line))


def ask(question: str, default: str = "") -> str:
    """What is typed after the question, on stderr; ``default`` where that is blank.

    Raises ConfigurationError where the input ends, KeyboardInterrupt with what to say of it.
    """
    shown = f"{question} [{default}]: " if default else f"{question}: "
    return _typed(shown) or default


def is_yes(question: str) -> bool:
    """Whether the answer to a question on stderr is yes. Raises as ``ask`` does."""
    return _typed(f"{question} [y/N] ").casefold() in ("y", "yes")


def need_yes(question: str, otherwise: str) -> None:
    """Ask on the terminal; go on after a yes. Raises ConfigurationError after a no, and with what
    to say instead (``otherwise``) where nobody can be asked."""
    if not sys.stdin.isatty():
        raise ConfigurationError(f"{question} Nobody can be asked here: {otherwise}")
    if not is_yes(question):
        raise ConfigurationError(f"nothing was changed; {otherwise}")


def _typed(question: str) -> str:
    # Not input(): it writes to stdout, which may be a file with the result.
    try:
        console.print(question, end="", markup=False)
        line = sys.stdin.readline()
    except KeyboardInterrupt:
        raise KeyboardInterrupt("nothing was done") from None
    except UnicodeDecodeError:
        raise ConfigurationError("the answer is not UTF-8 text; nothing was done") from None
    if not line:
        console.print()
        raise ConfigurationError("the input ended without an answer; nothing was done")
    return line.strip()


def can_ask() -> bool:
    """Whether somebody sits at a terminal who can answer."""
    return sys.stdin.isatty() and console.is_terminal


def _write(text: str) -> None:
    """On stdout, with ? for what the terminal's encoding cannot show."""
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="replace")
    sys.stdout.write(text)


def _width() -> int:
    """Columns of the terminal; 0 where stdout is none."""
    return Console(emoji=False).width if sys.stdout.isatty() else 0


def _wrapped(text: str, width: int) -> list[str]:
    # A command is there to be copied: the terminal may break it, a line break must not.
    if not width or len(text) <= width or "dear-minister " in text:
        return [text]
    indent = " " * (len(text) - len(text.lstrip()) + 2)
    return textwrap.wrap(
        text,
        width,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
        initial_indent="",
    )


def _laid_out(table: Table) -> Iterator[str]:
    """The table's lines: fitted to the terminal, nothing cut; as wide as need be in a pipe."""
    widths = [
        max((cell_len(row[place]) for row in (table.headings, *table.rows)), default=0)
        for place in range(len(table.headings))
    ]
    if width := _width():
        room = width - 2 * (len(widths) - 1)
        while sum(widths) > room and max(widths) > _NARROWEST:
            widest = widths.index(max(widths))
            others = sum(widths) - widths[widest]
            second = max((width for width in widths if width < widths[widest]), default=_NARROWEST)
            widths[widest] = max(room - others, second - 1, _NARROWEST)
    paint = sys.stdout.isatty() and not Console().no_color
    for row in (table.headings, *table.rows):
        colours = table.colours if paint and row is not table.headings else {}
        yield from _row(row, widths, {text: _COLOURS[name] for text, name in colours.items()})


def _row(row: Sequence[str], widths: Sequence[int], colours: dict[str, str]) -> Iterator[str]:
    cells = [
        [cell] if cell_len(cell) <= width else textwrap.wrap(cell, width, break_on_hyphens=False)
        for cell, width in zip(row, widths, strict=True)
    ]
    for number in range(max(map(len, cells))):
        line = []
        for cell, whole, width in zip(cells, row, widths, strict=True):
            text = cell[number] if number < len(cell) else ""
            padded = text + " " * (width - cell_len(text))
            code = colours.get(whole)
            line.append(f"\x1b[{code}m{padded}\x1b[0m" if code and text else padded)
        yield "  ".join(line).rstrip()


@contextmanager
def bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar; call what it yields with (done, total).

    No thread draws it: the process may be copied meanwhile (``letters.processes``).
    """
    with _progress(auto_refresh=False) as progress:
        task = progress.add_task(title, total=None)
        drawn = 0.0

        def show(done: int, total: int) -> None:
            nonlocal drawn
            progress.start()  # not before: what cannot begin shows its error alone
            progress.update(task, completed=done, total=total)
            if done == total or time.monotonic() - drawn > _REDRAWN:
                progress.refresh()
                drawn = time.monotonic()

        yield show


@contextmanager
def _progress(*, auto_refresh: bool = True) -> Iterator[Progress]:
    """Progress that is shown from its start(), not from here on."""
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        auto_refresh=auto_refresh,
        disable=_quiet or _as_json or not console.is_terminal,
    )
    try:
        yield progress
    finally:
        if progress.live.is_started:
            progress.stop()


class SendingBar:
    """A progress bar over the letters by mail; anything but a sent letter gets a line."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("Sending", total=None)

    def expect(self, done: int, total: int) -> None:
        """How many letters this sending has, and how many of them are sent."""
        self._progress.start()
        self._progress.update(self._task, completed=done, total=total)

    def __call__(self, event: SendEvent) -> None:
        """Show what happened."""
        if event.state is State.SENT:
            self._progress.update(self._task, advance=1, description="Sending")
            return
        if event.state is None and not self._progress.disable:
            self._progress.update(self._task, description=event.text)
        if not _quiet and not event.counted:
            self._progress.console.print(_to_type(line(event)), markup=False)


@contextmanager
def sending() -> Iterator[SendingBar]:
    """A progress bar for a sending."""
    with _progress() as progress:
        yield SendingBar(progress)


def line(note: SendEvent) -> str:
    """A note as one line: dispatch and state where it has them."""
    return ": ".join(part for part in (note.dispatch, note.state or "", note.text) if part)


def refused_documents(rows: Sequence[RejectedRow]) -> list[dict[str, str]]:
    """Each row handed back, as --json shows it."""
    return [
        {"row": f"{row.file}:{row.row}", "column": row.column, "reason": row.reason} for row in rows
    ]


@contextmanager
def steps() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar for each step of a longer fetch; call it with (step, done, total)."""
    with _progress() as progress:
        tasks: dict[str, TaskID] = {}

        def report(step: str, done: int, total: int) -> None:
            progress.start()
            if step not in tasks:
                tasks[step] = progress.add_task(step, total=total)
            progress.update(tasks[step], completed=done, total=total)

        yield report
