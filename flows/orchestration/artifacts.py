"""What a run shows in Prefect's UI: a bar that moves, what would be sent, what became of it."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import groupby
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import httpx
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from flows.counted import counted
from flows.operations.review import Changes, Review
from flows.operations.specimens import Specimen
from flows.orchestration import links
from flows.people.contact import RejectedRow
from flows.post.mailing.mailing import Mailing
from flows.post.states import State
from flows.post.status import DispatchStatus, Status, in_words, words

MOST_ROWS = 650
"""A table's rows: Prefect's older UI draws all of them at once."""
MOST_LINES = 20
"""Lines of one kind in the summary; the table has the others."""
ROLES = {"minister": "ministers", "mp": "MPs", "peer": "peers", "other": "others"}
_SHORT_LINE = 70
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def key(text: str) -> str:
    """An artifact's key: lower-case letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def plain(text: str) -> str:
    """Text as it stands, within markdown: nothing in it is markup, or HTML."""
    return _PUNCTUATION.sub(r"\\\1", " ".join(text.split()))


@contextmanager
def progress(mailing: Mailing, what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar, as a function that is called with (done, total)."""
    made = create_progress_artifact(
        0.0, key=key(f"{mailing.campaign}-progress"), description=f"{what}: mailing {mailing.id}"
    )
    bar = cast(UUID, made)  # awaitable only where a loop runs

    def moved(done: int, total: int) -> None:
        with suppress(httpx.HTTPError):  # nobody sees the bar while Prefect's server is away
            update_progress_artifact(bar, progress=100.0 * done / max(total, 1))

    yield moved


def review(found: Review) -> None:
    """The rows handed back, the specimen pack, and the summary that leads to them."""
    campaign = found.mailing.campaign
    pages = {}
    if found.refused:
        pages["all the rows handed back"] = create_table_artifact(
            [_refused(row) for row in found.refused[:MOST_ROWS]],
            key=key(f"{campaign}-refused-rows"),
            description=f"{counted(len(found.refused), 'row')} handed back: correct them in "
            "their list, start again. With column and reason: "
            f"{found.refused_file or 'in the ledger'}",
        )
    if found.specimens:
        pages["the specimens"] = create_markdown_artifact(
            "\n\n---\n\n".join(_specimen(letter) for letter in found.specimens),
            key=key(f"{campaign}-specimens"),
            description=f"One letter for each kind of reader: mailing {found.mailing.id}",
        )
    create_markdown_artifact(
        summary(found, {name: links.page(made) for name, made in pages.items()}),
        key=key(f"{campaign}-review"),
        description=f"What would be sent: mailing {found.mailing.id}",
    )


def summary(found: Review, pages: Mapping[str, str]) -> str:
    """The review's first page, in markdown; ``pages`` are links to the others, by name."""
    mailing = found.mailing
    lines = [
        f"# {plain(mailing.campaign)}, edition {mailing.edition}",
        "",
        f"**{counted(mailing.letters, 'letter')}**, frozen as mailing `{mailing.id}`, dated "
        f"{mailing.as_of}. {_so_far(found)}",
        "",
        f"Hash to sign off: **`{mailing.short_hash}`**",
        "",
        "| Readers | Letters |",
        "|---|---|",
        *(f"| {ROLES.get(role, plain(role))} | {n} |" for role, n in found.roles.items()),
    ]
    if found.by_post:
        lines.append(f"| of these by post, on paper | {found.by_post} |")
    lines += _list("Look at these first", found.odd)
    if found.refused:
        lines += _list(
            f"{counted(len(found.refused), 'row')} handed back",
            [str(row) for row in found.refused],
            f"Ready to correct: `{found.refused_file}`" if found.refused_file else "",
        )
    lines += _list(f"{len(found.left_out)} left out", found.left_out)
    lines += _list(
        f"{len(found.unsettled)} not settled from earlier mailings of this edition",
        [str(letter) for letter in found.unsettled],
    )
    if served := len(mailing.passed_over) - sum(not letter.again for letter in found.unsettled):
        lines += [
            "",
            f"{counted(max(served, 0), 'person has', 'persons have')} this edition already.",
        ]
    lines += _changes(found.changes)
    if found.specimens:
        folder = found.specimens[0].files[0].parent
        kinds = [f"{', '.join(letter.kinds)}: {letter.name}" for letter in found.specimens]
        lines += _list("Specimens", kinds, f"As files: `{folder}`")
    lines += ["", "Read on: " + ", ".join(f"[{name}]({link})" for name, link in pages.items())]
    return "\n".join(lines)


def _so_far(found: Review) -> str:
    if set(found.live) <= {State.READY}:
        return "Nothing has been sent."
    return f"So far: {words(found.live, found.on_paper)}."


def _list(title: str, rows: Sequence[str], foot: str = "") -> list[str]:
    if not rows:
        return []
    more = len(rows) - MOST_LINES
    return [
        *("", f"## {title}", ""),
        *(f"- {plain(row)}" for row in rows[:MOST_LINES]),
        *([f"- and {more} more"] if more > 0 else []),
        *(["", foot] if foot else []),
    ]


def _changes(found: Changes | None) -> list[str]:
    if found is None:
        return ["", "This is the first mailing of this campaign."]
    told = [
        *found.files,
        *(f"new reader: {name}" for name in found.came),
        *(f"no longer a reader: {name}" for name in found.went),
    ]
    if found.differ:
        one = "letter to the same reader differs"
        many = "letters to the same readers differ"
        told.insert(0, f"{counted(found.differ, one, many)}, {found.same} do not")
    title = f"Changed since mailing `{found.since.id}`"
    return _list(title, told) or ["", f"Nothing has changed since mailing `{found.since.id}`."]


def _specimen(letter: Specimen) -> str:
    subject = f"Subject: {plain(letter.subject)}" if letter.subject else "By post."
    files = ", ".join(f"`{path}`" for path in letter.files)
    head = f"## {plain(letter.name)}\n\n*{', '.join(letter.kinds)}*\n\n{subject}\n\n---\n\n"
    return f"{head}{_laid_out(letter.text)}\n\nAs files: {files}"


def _laid_out(text: str) -> str:
    """A letter's lines in markdown: lists as lists, and short lines kept together as an address."""
    blocks = []
    for kind, lines in groupby(filter(str.strip, text.splitlines()), _kind_of_line):
        if kind == "item":
            blocks.append("\n".join(f"- {plain(line[2:])}" for line in lines))
        else:
            blocks.append(("\\\n" if kind == "short" else "\n\n").join(map(plain, lines)))
    return "\n\n".join(blocks)


def _kind_of_line(line: str) -> str:
    if line.startswith("- "):
        return "item"
    return "short" if len(line) < _SHORT_LINE else "paragraph"


def _refused(row: RejectedRow) -> dict[str, Any]:
    return {"row": f"{row.file}:{row.row}", "column": row.column, "reason": row.reason}


def outcome(mailing: Mailing, now: Status, ending: str, evidence: str) -> None:
    """What became of the letters: a summary, and a table with uncertain and refused ones first.

    ``now`` lists ``MOST_ROWS`` at most.
    """
    what = f"rehearsal {now.rehearsal}" if now.rehearsal else "live"
    table = create_table_artifact(
        [_row(letter) for letter in now.dispatches],
        key=key(f"{mailing.campaign}-outcome"),
        description=f"{what}: {in_words(now)}"
        + (f"; shown: {len(now.dispatches)}" if len(now.dispatches) < now.letters else ""),
    )
    lines = [
        f"# {plain(mailing.id)}, {what}",
        "",
        f"**{plain(ending)}**",
        "",
        "| State | Letters |",
        "|---|---|",
        *(f"| {state} | {n} |" for state, n in sorted(now.counts.items())),
        "",
        f"[The letters, those to see to first]({links.page(table)})",
        "",
        evidence,
    ]
    if now.counts.get(State.SENT) and not now.rehearsal:
        offered = (("report", "report"), ("evidence pack", "evidence"), ("spreadsheet", "export"))
        told = [links.to_form(text, verb, mailing=mailing.id) for text, verb in offered]
        lines += ["", f"For others to read: {', '.join(told)}."]
    if links.desk():
        lines += ["", f"[This mailing on the desk page]({links.mailing(mailing.id)})"]
    create_markdown_artifact(
        "\n".join(lines),
        key=key(f"{mailing.campaign}-report"),
        description=f"{what}: mailing {mailing.id}",
    )


def _row(letter: DispatchStatus) -> dict[str, Any]:
    return {
        "no.": letter.id.rpartition(":")[2],
        "to": letter.name if letter.email else f"{letter.name} (by post)",
        "state": letter.state.value,
        "tries": letter.attempts,
        "answer": f"{letter.code or ''} {letter.reply}".strip()[:200],
        "Message-ID": letter.message_id if letter.state is State.UNCERTAIN else "",
    }


def of_verb(verb: str, message: str, text: str, table: Sequence[Mapping[str, Any]]) -> None:
    """What an operator's verb came to: its text, and a table where it has rows."""
    more = ""
    if table:
        made = create_table_artifact(
            [dict(row) for row in table[:MOST_ROWS]],
            key=key(f"{verb}-rows"),
            description=f"{counted(len(table), 'row')}: {message}",
        )
        more = f"\n\n[{counted(len(table), 'row')}]({links.page(made)})"
    create_markdown_artifact(
        (text or plain(message)) + more, key=key(f"{verb}-done"), description=message[:250]
    )


def file_link(path: Path) -> str:
    """A file that a flow wrote: a link to it on the desk page, or its path where there is none."""
    url = links.desk(path)
    return f"[{path.name}]({url}) (`{path}`)" if url else f"`{path}`"
