"""What came back: by reader, what waits to be sorted, and one item whole."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from flows.errors import ConfigurationError
from flows.people.lists import files
from flows.post.inbox import items, responses
from flows.post.inbox.items import Item
from flows.post.inbox.kinds import PAPER
from flows.post.inbox.numbers import Numbers, numbers
from flows.post.inbox.responses import ReaderResponse
from flows.post.ledger import schema
from flows.post.ledger.database import Ledger

_D, _L = schema.dispatch.c, schema.letter.c


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that came back of one campaign, or of all."""

    readers: tuple[ReaderResponse, ...]
    unmatched: tuple[Item, ...]
    """Items that belong to no letter yet, whatever their campaign."""
    numbers: Numbers

    @property
    def waiting(self) -> tuple[Item, ...]:
        """What a person has to sort, match or confirm, the oldest first."""
        theirs = [item for reader in self.readers for item in reader.items]
        found = {item.id: item for item in (*theirs, *self.unmatched) if item.waits}
        return tuple(sorted(found.values(), key=lambda item: (item.received_at, item.id)))


def desk(ledger: Ledger, campaign: str = "") -> Desk:
    """What came back of this campaign (a key, or a folder's path); blank: of all campaigns.

    Raises ConfigurationError where nothing of such a campaign was ever frozen.
    """
    key = Path(campaign).name
    readers = responses.responses(ledger, key)
    if campaign and not readers:
        raise ConfigurationError(
            f"no letter of a campaign {key} was ever prepared; see: dear-minister status"
        )
    unmatched = responses.unmatched(ledger)
    if key:
        theirs = {reader.dispatch for reader in readers}
        unmatched = [
            item for item in unmatched if not item.candidates or theirs & set(item.candidates)
        ]
    return Desk(tuple(readers), tuple(unmatched), numbers(readers))


@dataclass(frozen=True, slots=True)
class Details:
    """One item with what is said of it elsewhere."""

    item: Item
    reader: str
    """Whose letter it is about, as on the envelope; blank where that is not known."""
    candidates: tuple[str, ...]
    """Letters that it may be about: dispatch and name."""
    written: Path | None = None
    """The file with the raw mail."""


def details(ledger: Ledger, item: int, to: Path | None = None) -> Details:
    """One item; its raw mail goes to the file ``to``. Raises ConfigurationError."""
    found = items.get(ledger, item)
    wanted = {found.dispatch, *found.candidates} - {None}
    with ledger.read() as connection:
        rows = connection.execute(
            select(_D.id, _L.name)
            .join(schema.letter, (_L.mailing == _D.mailing) & (_L.ordinal == _D.ordinal))
            .where(_D.id.in_(wanted))
        ).all()
    names = {row.id: row.name for row in rows}
    if to:
        if next(items.raw(ledger, found), None) is None:
            raise ConfigurationError(
                f"of item {item} nothing more was kept, being {found.kind} ({found.reason}); "
                "it still lies in the mailbox"
                if found.source not in PAPER
                else f"item {item} has no scan"
            )
        files.replace(to, lambda file: file.writelines(items.raw(ledger, found)))
    return Details(
        found,
        names.get(found.dispatch or "", ""),
        tuple(f"{dispatch}  {names.get(dispatch, '')}" for dispatch in found.candidates),
        to,
    )
