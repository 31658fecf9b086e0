"""What came back of a mailing's letters, for its report."""

from dataclasses import dataclass

from flows.post.inbox import responses
from flows.post.inbox.numbers import Group, Numbers, numbers
from flows.post.inbox.responses import ReaderResponse
from flows.post.ledger.database import Ledger
from flows.post.mailing.mailing import Mailing


@dataclass(frozen=True, slots=True)
class Answers:
    """The figures of a mailing's readers, and what each of them who was heard from sent."""

    numbers: Numbers
    heard: tuple[ReaderResponse, ...]
    """Readers from whom something came, a bounce included."""

    @property
    def groups(self) -> tuple[tuple[str, dict[str, Group]], ...]:
        """The figures by role, department and party, as far as there are any."""
        found = (
            ("Role", self.numbers.by_role),
            ("Department", self.numbers.by_department),
            ("Party", self.numbers.by_party),
        )
        return tuple((title, dict(groups)) for title, groups in found if groups)


def answers(ledger: Ledger, mailing: Mailing) -> Answers | None:
    """What came back, chasers' answers included; None where nothing has."""
    readers = [
        reader
        for reader in responses.responses(ledger, mailing.campaign, mailing.edition)
        if reader.mailing == mailing.id
    ]
    heard = tuple(reader for reader in readers if reader.items)
    return Answers(numbers(readers), heard) if heard else None
