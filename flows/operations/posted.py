"""Posted: record that letters on paper went to the post."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flows.operations.approve import edited_since
from flows.operations.send import objection
from flows.post import resolution
from flows.post.ledger.database import Ledger
from flows.post.mailing import mailing as mailings


@dataclass(frozen=True, slots=True)
class Posted:
    """Letters on paper that went."""

    mailing: str
    on: date
    dispatches: tuple[str, ...]
    doubts: tuple[str, ...]
    """What is odd about it, in words."""


def posted(
    ledger: Ledger, mailing: str, *, on: date, by: str, excepted: Sequence[str] = ()
) -> Posted:
    """Record that the letters on paper went on that day, but those of contacts ``excepted``.

    An edit since the sign-off is remarked on and refuses nothing: the letters have gone, and who is
    not recorded would be written to again. Raises what ``resolution.posted`` does.
    """
    gone = resolution.posted(
        ledger,
        mailing,
        on=on,
        by=by,
        excepted=excepted,
        suppressed=objection(ledger, mailing),
    )
    found = mailings.get(ledger, mailing)
    early = resolution.too_early(found, on)
    doubts = (*([early] if early else ()), *edited_since(found))
    return Posted(mailing, on, tuple(dispatch.id for dispatch in gone), doubts)
