"""A campaign's answers in figures: how many, how fast, of what kind, from whom."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from flows.post.inbox.kinds import BY_PEOPLE, Kind
from flows.post.inbox.responses import ReaderResponse
from flows.post.inbox.working_days import STANDARD


@dataclass(frozen=True, slots=True)
class Group:
    """The figures of some readers: all, a department's, a party's, a role's."""

    letters: int
    """Sent and, as far as anybody knows, delivered."""
    returned: int
    """Reported as not delivered; not among ``letters``."""
    answered: int
    """With a substantive reply."""
    written_to_us: int
    """With anything that a person wrote: an acknowledgement, a question, a reply."""
    within_standard: int
    """Answered within 20 working days."""
    response_rate: float | None
    """``answered`` of ``letters``, 0 to 1; None without letters."""
    median_working_days: float | None
    """To the first substantive reply."""
    longest_working_days: int | None


@dataclass(frozen=True, slots=True)
class Numbers:
    """A campaign's answers. ``kinds`` counts what came back, every item of it."""

    everybody: Group
    kinds: Mapping[str, int]
    by_role: Mapping[str, Group]
    by_department: Mapping[str, Group]
    by_party: Mapping[str, Group]
    standard: int = STANDARD
    """Working days."""


def numbers(readers: Sequence[ReaderResponse]) -> Numbers:
    """The figures of these readers; those whose letter has not left are not counted."""
    sent = [reader for reader in readers if reader.sent_on]
    kinds = Counter(item.kind for reader in sent for item in reader.items)
    return Numbers(
        everybody=_group(sent),
        kinds={kind.value: kinds[kind] for kind in Kind if kinds[kind]},
        by_role=_grouped(sent, lambda one: one.role),
        by_department=_grouped(sent, lambda one: one.department),
        by_party=_grouped(sent, lambda one: one.party),
    )


def _grouped(
    readers: Sequence[ReaderResponse], by: Callable[[ReaderResponse], str]
) -> dict[str, Group]:
    groups: defaultdict[str, list[ReaderResponse]] = defaultdict(list)
    for reader in readers:
        if name := by(reader):
            groups[name].append(reader)
    return {name: _group(groups[name]) for name in sorted(groups)}


def _group(readers: Sequence[ReaderResponse]) -> Group:
    from statistics import median  # slow to load, and most commands count no answers

    arrived = [reader for reader in readers if reader.answer or not reader.returned]
    days = [reader.working_days for reader in arrived if reader.working_days is not None]
    answered = sum(1 for reader in arrived if reader.answer)
    return Group(
        letters=len(arrived),
        returned=len(readers) - len(arrived),
        answered=answered,
        written_to_us=sum(
            any(item.kind in BY_PEOPLE for item in reader.items) for reader in arrived
        ),
        within_standard=sum(count <= STANDARD for count in days),
        response_rate=round(answered / len(arrived), 4) if arrived else None,
        median_working_days=median(days) if days else None,
        longest_working_days=max(days, default=None),
    )
