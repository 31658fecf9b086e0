"""One line of the benchmark's table, and how two ways of doing the same work are timed."""

import gc
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Measured:
    """One line of the table. ``value`` is compared with ``goal`` as ``at_most`` says."""

    work: str
    against: str
    value: float
    unit: str
    goal: float
    at_most: bool
    detail: str = ""
    alone: bool = False
    """Whether it is time that was measured by itself, which a busy machine makes longer; the
    others are of pairs, of processor time or of memory."""
    tries: int = 1

    def again(self, second: "Measured") -> "Measured":
        """The better of two tries: what is missed twice is no accident."""
        better = second if (second.value < self.value) == self.at_most else self
        tried = f"two tries: {self.value:.3g} and {second.value:.3g}"
        return replace(better, tries=2, detail="; ".join(filter(None, (tried, better.detail))))

    @property
    def met(self) -> bool:
        """Whether the goal is reached."""
        return self.value <= self.goal if self.at_most else self.value >= self.goal


@dataclass(frozen=True, slots=True)
class Pairs:
    """Seconds for a unit of work, ours and theirs, measured back to back."""

    ours: tuple[float, ...]
    theirs: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """How many times as fast ours is: the median over the pairs."""
        return statistics.median(self.ratios)

    @property
    def ratios(self) -> list[float]:
        """Of each pair, the lowest first."""
        return sorted(b / a for a, b in zip(self.ours, self.theirs, strict=True))

    def detail(self) -> str:
        """Milliseconds for a unit of both, and the range of the ratios."""
        ratios = self.ratios
        ours, theirs = statistics.median(self.ours) * 1000, statistics.median(self.theirs) * 1000
        return f"{ours:.2f} ms against {theirs:.2f} ms; {ratios[0]:.1f} to {ratios[-1]:.1f}"


def by_the_clock(work: Callable[[], object]) -> float:
    """How long a call takes, in seconds."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def pairwise(
    ours: Callable[[], object],
    theirs: Callable[[], object],
    *,
    pairs: int,
    units: tuple[int, int] = (1, 1),
    seconds: Callable[[Callable[[], Any]], float] = by_the_clock,
) -> Pairs:
    """Time both in turn, the first one changing, so that a busy machine slows both of a pair.

    ``units``: how many units of work one call of each does. ``seconds`` calls and times one.
    """
    found: tuple[list[float], list[float]] = ([], [])
    for number in range(pairs):
        for which in (0, 1) if number % 2 else (1, 0):
            gc.collect()
            found[which].append(seconds((ours, theirs)[which]) / units[which])
    return Pairs(tuple(found[0]), tuple(found[1]))


def faster(work: str, against: str, goal: float, measured: Pairs) -> Measured:
    """A line that says how many times as fast the work is done."""
    return Measured(work, against, measured.ratio, "x", goal, False, measured.detail())


Rows = Callable[[bool], Iterator[Measured]]
"""What a bench module offers as ``rows``: its lines, fewer rounds where ``quick``."""
