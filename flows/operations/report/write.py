"""Write a mailing's report."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from flows import counted as counts_in_words
from flows.operations.outcomes import (
    ATTENTION,
    Outcome,
    ReaderOutcome,
    counted,
    outcomes,
)
from flows.operations.report import charts, figures, hexmap
from flows.operations.report.answers import Answers, answers
from flows.operations.report.figures import Group, Interval
from flows.people.identity.spelling import seat_key
from flows.people.lists import files
from flows.post import status
from flows.post.ledger.clock import now
from flows.post.ledger.database import Ledger
from flows.post.mailing.mailing import Mailing, get
from flows.settings import Settings


@dataclass(frozen=True, slots=True)
class Report:
    """What was written. ``counts`` are letters by outcome, outcomes without a letter left out."""

    mailing: str
    rehearsal: int
    """0 for the live sending, else the rehearsal that is shown."""
    file: Path
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Section:
    """A picture with the table that it shows."""

    anchor: str
    short: str
    title: str
    words: str
    picture: str
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    open: bool = False


@dataclass(frozen=True, slots=True)
class _Cause:
    """Letters that need a person for one and the same cause."""

    outcome: Outcome
    said: str
    """The mail server's words, or the reason that a person gave."""
    letters: int
    rows: tuple[ReaderOutcome, ...]
    advice: str


def report(settings: Settings, ledger: Ledger, mailing: str, target: Path | None = None) -> Report:
    """Write the report of a mailing as one HTML file and return what it came to.

    The live sending once the mailing is signed off, else the last rehearsal. ``target`` is
    ``mailings/MAILING/report.html`` among the runtime files unless given. Raises
    ConfigurationError: no such mailing, not writable.
    """
    found = get(ledger, mailing)
    rehearsal = status.shown(found, status.rehearsals(ledger, mailing))
    rows = outcomes(ledger, mailing, rehearsal)
    file = target or settings.mailing_folder(mailing) / "report.html"
    came = None if rehearsal else answers(ledger, found)
    text = page(found, rehearsal, rows, came=came)
    files.write(file, text.encode())
    counts = {outcome.value: letters for outcome, letters in counted(rows).items() if letters}
    return Report(mailing, rehearsal, file, counts)


def page(
    mailing: Mailing,
    rehearsal: int,
    rows: tuple[ReaderOutcome, ...],
    head: str = "",
    came: Answers | None = None,
) -> str:
    """Return the report as HTML. ``came`` is what came back, None where nothing has."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable[..., str]] = {
        "day": lambda as_of: _day(date.fromisoformat(as_of)),
        "moment": _moment,
        "when": _when,
        "counted": counts_in_words.counted,
        "reason": _reason,
    }
    environment.filters |= filters
    return environment.get_template("page.html").render(
        mailing=mailing,
        rehearsal=rehearsal,
        total=len(rows),
        now=now(),
        counts={outcome.value: letters for outcome, letters in counted(rows).items()},
        attention=_causes(mailing, rows),
        answers=came,
        sections=_sections(rows),
        map=_map(mailing, rows),
        readers=sorted(rows, key=lambda row: (row.name.split()[-1:] or [""], row.name)),
        head=head,
    )


def _sections(rows: tuple[ReaderOutcome, ...]) -> list[_Section]:
    found = []
    for anchor, short, title, groups in (
        ("role", "By role", "By role of reader", figures.by_role(rows)),
        ("party", "By party", "By party", figures.by_party(rows)),
        ("department", "By department", "By department", figures.by_department(rows)),
    ):
        if groups:
            found.append(_grouped(anchor, short, title, groups))
    if intervals := figures.over_time(rows):
        found.append(_timed(intervals))
    return found


def _grouped(anchor: str, short: str, title: str, groups: tuple[Group, ...]) -> _Section:
    shown = [outcome for outcome in Outcome if any(group.outcomes[outcome] for group in groups)]
    return _Section(
        anchor,
        short,
        title,
        "",
        charts.bars(groups, f"{title}: letters by outcome, as in the table below"),
        (title.removeprefix("By ").capitalize(), "Letters", *(o.value.capitalize() for o in shown)),
        tuple(
            (group.name, group.letters, *(group.outcomes[outcome] for outcome in shown))
            for group in groups
        ),
    )


def _timed(intervals: tuple[Interval, ...]) -> _Section:
    return _Section(
        "time",
        "Over time",
        "Sent or posted over time",
        "",
        charts.over_time(intervals, "Letters sent or posted over time, as in the table below")
        if len(intervals) > 1
        else "",
        ("From", "Letters", "So far"),
        tuple(
            (interval.label, interval.letters, interval.total)
            for interval in intervals
            if interval.letters
        ),
        open=len(intervals) == 1,
    )


def _map(mailing: Mailing, rows: tuple[ReaderOutcome, ...]) -> dict[str, Any] | None:
    """The map, where a reader sits for a constituency of the day's layout."""
    layout = hexmap.layout(date.fromisoformat(mailing.as_of))
    seated = [row for row in rows if seat_key(row.constituency) in layout]
    if not seated:
        return None
    found = {seat_key(row.constituency): row.outcome for row in seated}
    unplaced = sum(bool(row.constituency) for row in rows) - len(seated)
    words = f"{len(seated)} of {len(layout)} constituencies have a reader in this mailing."
    if unplaced:
        words += f" {unplaced} readers name a constituency that this map does not have."
    return {
        "picture": charts.constituencies(
            layout, found, "Constituencies by what became of the letter, as in the table below"
        ),
        "rows": sorted(seated, key=lambda row: row.constituency),
        "words": words,
    }


def _day(moment: date) -> str:
    return f"{moment.day} {moment:%B %Y}"


def _moment(moment: datetime) -> str:
    there = figures.local(moment)
    return f"{_day(there)}, {there:%H:%M}"


def _when(row: ReaderOutcome) -> str:
    if row.outcome is Outcome.POSTED and row.posted_on:
        return _day(row.posted_on)
    return _moment(row.at)


def _reason(row: ReaderOutcome) -> str:
    """Who decided the outcome and why, else the mail server's words where it was not sent."""
    if row.outcome is Outcome.POSTED:
        return f"recorded by {row.posted_by or row.by}"
    said = f"{row.by}: {row.why}" if row.by else row.why
    return said or ("" if row.outcome is Outcome.SENT else row.reply)


def _causes(mailing: Mailing, rows: tuple[ReaderOutcome, ...]) -> list[_Cause]:
    """The letters that need a person, those of one cause together, the commonest cause first."""
    groups: dict[tuple[Outcome, str], list[ReaderOutcome]] = {}
    for row in rows:
        if row.outcome in ATTENTION:
            groups.setdefault((row.outcome, row.reply or row.why), []).append(row)
    order = sorted(groups, key=lambda cause: (ATTENTION.index(cause[0]), -len(groups[cause])))
    return [
        _Cause(
            cause[0],
            cause[1] or "nothing was said",
            len(groups[cause]),
            tuple(groups[cause]),
            _ADVICE[cause[0]].format(mailing=mailing.id, dispatch=groups[cause][0].dispatch),
        )
        for cause in order
    ]


_ADVICE = {
    Outcome.UNCERTAIN: "Look for each in the sent mails (dear-minister resolve {dispatch} "
    "--search), then say whether it went: --as sent or --as resend.",
    Outcome.REFUSED: "Correct the address in the list and free the letter (dear-minister withdraw "
    "{dispatch}), or mend what the server objects to and send it again (dear-minister resolve).",
}
