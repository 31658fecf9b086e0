"""The numbers of a report: letters by outcome and group, and over time."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flows.operations.outcomes import Outcome, ReaderOutcome
from flows.post.delivery.office_hours import ZONE

ROLES = {"minister": "Ministers", "mp": "MPs", "peer": "Peers", "other": "Others"}
_STEPS = (
    (timedelta(minutes=5), "%d %B %Y %H:%M"),
    (timedelta(hours=1), "%d %B %Y %H:00"),
    (timedelta(days=1), "%d %B %Y"),
)
_MOST_BARS = 48


@dataclass(frozen=True, slots=True)
class Group:
    """Letters of one group of readers, by outcome. ``outcomes`` has every outcome."""

    name: str
    letters: int
    outcomes: dict[Outcome, int]


@dataclass(frozen=True, slots=True)
class Interval:
    """Letters that were sent or posted within one interval, in London."""

    label: str
    letters: int
    total: int
    """Letters sent or posted until its end."""


def local(moment: datetime) -> datetime:
    """Return the moment in London."""
    return moment.astimezone(ZoneInfo(ZONE))


def by_role(rows: Sequence[ReaderOutcome]) -> tuple[Group, ...]:
    """Return the groups by the reader's role, the largest first."""
    return _groups(rows, lambda row: ROLES.get(row.role, row.role))


def by_party(rows: Sequence[ReaderOutcome]) -> tuple[Group, ...]:
    """Return the groups by party, the largest first."""
    return _groups(rows, lambda row: row.party or "No party stated")


def by_department(rows: Sequence[ReaderOutcome]) -> tuple[Group, ...]:
    """Return the groups by department; readers in no department are left out."""
    return _groups([row for row in rows if row.department], lambda row: row.department)


def over_time(rows: Sequence[ReaderOutcome]) -> tuple[Interval, ...]:
    """Return letters sent or posted by interval, empty intervals between others included.

    An interval has 5 minutes, an hour, a day or as many days as leave at most 48 of them.
    """
    moments = sorted(local(_left_at(row)) for row in rows if row.outcome in _LEFT)
    if not moments:
        return ()
    span = moments[-1] - moments[0]
    step, form = next((pair for pair in _STEPS if span <= pair[0] * _MOST_BARS), _STEPS[-1])
    step = max(step, timedelta(days=-(-span.days // _MOST_BARS))) if step.days else step
    begin = _floor(moments[0], step)
    counts = Counter((moment - begin) // step for moment in moments)
    found, total = [], 0
    for number in range(max(counts) + 1):
        total += counts[number]
        found.append(Interval((begin + number * step).strftime(form), counts[number], total))
    return tuple(found)


_LEFT = (Outcome.SENT, Outcome.POSTED)


def _left_at(row: ReaderOutcome) -> datetime:
    if row.outcome is Outcome.POSTED and row.posted_on:
        return datetime.combine(row.posted_on, datetime.min.time(), tzinfo=ZoneInfo(ZONE))
    return row.at


def _floor(moment: datetime, step: timedelta) -> datetime:
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight if step.days else midnight + ((moment - midnight) // step) * step


def _groups(
    rows: Sequence[ReaderOutcome], name: Callable[[ReaderOutcome], str]
) -> tuple[Group, ...]:
    counts: dict[str, Counter[Outcome]] = {}
    for row in rows:
        counts.setdefault(name(row), Counter())[row.outcome] += 1
    groups = [
        Group(group, sum(found.values()), {outcome: found[outcome] for outcome in Outcome})
        for group, found in counts.items()
    ]
    return tuple(sorted(groups, key=lambda group: (-group.letters, group.name)))
