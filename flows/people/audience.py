"""Who of the lists a campaign writes to, and the rule that decided."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flows.errors import ConfigurationError
from flows.people.contact import Reader
from flows.people.criteria import Criteria
from flows.people.suppression import Suppression

STALE_OFFICES = ("warn", "refuse")


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a reader gets a letter, and the rule that decided."""

    in_: bool
    rule: str


@dataclass(frozen=True, slots=True)
class Audience:
    """The campaign's [audience] table: everyone who meets all of its terms and is not excluded."""

    terms: Criteria = field(default_factory=Criteria)
    exclude: Criteria = field(default_factory=Criteria)
    """Whoever meets any of these is out."""
    stale_offices: str = "warn"
    """What a row does that claims an office someone else holds: "warn", or "refuse" the row."""

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> "Audience":
        """Read the table; ConfigurationError for unknown keys and values that cannot be."""
        rest = dict(table)
        exclude = rest.pop("exclude", {})
        if not isinstance(exclude, Mapping):
            raise ConfigurationError(
                '[audience] exclude: write a table: [audience.exclude] with parties = ["..."]'
            )
        stale = rest.pop("stale_offices", STALE_OFFICES[0])
        if stale not in STALE_OFFICES:
            raise ConfigurationError(
                f"[audience] stale_offices = {stale!r}: use {' or '.join(STALE_OFFICES)}"
            )
        return cls(
            Criteria.from_table(rest, "[audience]"),
            Criteria.from_table(exclude, "[audience.exclude]"),
            stale,
        )

    def decide(self, reader: Reader) -> Decision:
        """Return whether ``reader`` is in, with what decided in the words of campaign.toml."""
        if excluded := self.exclude.matched(reader):
            return Decision(False, f"excluded by {excluded[0]}")
        if missing := self.terms.unmet(reader):
            return Decision(False, f"not asked for: {missing}")
        return Decision(True, "; ".join(self.terms.matched(reader)) or "no rule keeps anybody out")


@dataclass(frozen=True, slots=True)
class Choice:
    """A reader and what was decided."""

    reader: Reader
    decision: Decision


def decide_all(
    readers: Iterable[Reader], audience: Audience, suppression: Suppression
) -> tuple[Choice, ...]:
    """Return the decision on every reader, in order; suppression comes before the audience."""
    return tuple(
        Choice(
            reader,
            Decision(False, why) if (why := suppression.of(reader)) else audience.decide(reader),
        )
        for reader in readers
    )
