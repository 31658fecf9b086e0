"""What a campaigner asks of letters before they are frozen: how many, to whom, what is blank."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from babel.dates import format_date

from flows.counted import counted
from flows.errors import ConfigurationError
from flows.letters import printed
from flows.operations.draft import Draft
from flows.people.contact import Reader

_ROLES = {"mp": ("MP",), "other": ("other", "others")}
"""How a role is counted where its key is not the word for one."""


@dataclass(frozen=True, slots=True)
class Overview:
    """The letters of a draft in numbers."""

    letters: int
    by_mail: int
    by_post: int
    """Without an e-mail address; with ``post = true`` the others are printed too."""
    roles: dict[str, int]
    date: date
    blank: dict[str, int]
    """Fields that the templates print although they are blank, and in how many letters."""
    alike: tuple[tuple[str, ...], ...]
    """Contact ids whose letters have the same envelope and address: perhaps one person twice."""

    def sentences(self, language: str) -> list[str]:
        """The same in words."""
        roles = ", ".join(
            counted(count, *_ROLES.get(role, (role,))) for role, count in self.roles.items()
        )
        lines = [
            f"{counted(self.letters, 'letter')}, {self.by_mail} by mail and {self.by_post} by "
            f"post: {roles or 'nobody'}",
            f"dated {format_date(self.date, 'long', language)}",
        ]
        if self.blank:
            blank = ", ".join(
                f"{name} in {counted(count, 'letter')}" for name, count in self.blank.items()
            )
            lines.append(f"printed although blank: {blank}")
        lines += [f"same envelope and address: {', '.join(ids)}" for ids in self.alike]
        return lines


def overview(draft: Draft, readers: Sequence[Reader]) -> Overview:
    """The letters that these readers of the draft get."""
    by_mail = sum(1 for reader in readers if reader.contact.email)
    try:
        fields = printed.unguarded(draft.campaign, draft.on)
    except ConfigurationError:
        fields = set()  # check says what is wrong with the template
    blank = {
        f"reader.{name}": count
        for name in sorted(fields)
        if (count := sum(1 for reader in readers if not getattr(reader.contact, name, True)))
    }
    same: dict[tuple[object, ...], list[str]] = defaultdict(list)
    for reader in readers:
        same[(reader.address.lines, reader.postal)].append(reader.contact.id)
    return Overview(
        len(readers),
        by_mail,
        len(readers) - by_mail,
        dict(Counter(reader.role for reader in readers).most_common()),
        draft.on,
        blank,
        tuple(tuple(ids) for ids in same.values() if len(ids) > 1),
    )
