"""A campaign with its readers, before anything is frozen: who is in, who is out, what is odd."""

import gc
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from pathlib import Path

from flows import settings
from flows.counted import counted
from flows.errors import ConfigurationError
from flows.letters import campaign as campaigns
from flows.letters import surprising_dates
from flows.letters.campaign import Campaign
from flows.people import audience, forms, readers, reshuffle, unstated
from flows.people.accounting import Accounting, Fate, RowFate, account
from flows.people.audience import Audience, Choice
from flows.people.contact import Contact, Reader, RejectedRow
from flows.people.election import DAIL, DISSOLUTIONS, polled
from flows.people.identity import distinct, persons
from flows.people.identity.evidence import identifier, identifiers
from flows.people.identity.persons import Merge, Pair
from flows.people.lists import loading, rows, table
from flows.people.lists.loading import Loaded
from flows.people.sources.provenance import list_day
from flows.people.suppression import WatchedSuppression


@dataclass(frozen=True, slots=True)
class Draft:
    """A campaign with its readers, before anything is frozen."""

    campaign: Campaign
    on: date
    readers: tuple[Reader, ...]
    refused: tuple[RejectedRow, ...]
    lists: tuple[Path, ...]
    choices: tuple[Choice, ...] = ()
    """Everyone in the lists, in or out, and by which rule."""
    stale: tuple[str, ...] = ()
    """Rows that claim an office which somebody else held on the day, a line each."""
    stale_contacts: frozenset[str] = frozenset()
    """The ids of those rows."""
    merges: tuple[Merge, ...] = ()
    """Rows of one person under different ids, and the evidence that they are one."""
    different: frozenset[Pair] = frozenset()
    """Persons that somebody listed as different, two ids each."""
    accounting: Accounting = field(default_factory=Accounting)
    """What becomes of every row of the lists; ``prepare`` moves on what ends in filling."""
    remarks: tuple[str, ...] = ()
    """What somebody should look at, a line each: how lists were read where that is not plain, dates
    that may be wrong."""
    handed_back: bool = False
    """Whether all the lists are files of rows that were handed back, to be corrected."""

    @property
    def own_lists(self) -> bool:
        """Whether the lists are those that campaign.toml names."""
        office = settings.office()
        own = {office.name(office.folder / name) for name in self.campaign.contacts}
        return {office.name(path) for path in self.lists} == own

    @property
    def left_out(self) -> tuple[Choice, ...]:
        """Readers that the audience or the suppression list keeps out."""
        return tuple(choice for choice in self.choices if not choice.decision.in_)

    @property
    def merged_by(self) -> dict[str, int]:
        """Rows merged into another, counted by what shows that they are one person."""
        found = Counter(" ".join(merge.why.split()[:2]) for merge in self.merges)
        found["the id"] += len(self.accounting.of(Fate.MERGED)) - sum(found.values())
        return {_EVIDENCE.get(kind, kind): count for kind, count in found.items() if count > 0}

    @property
    def merge_lines(self) -> tuple[str, ...]:
        """A line for each row that came together with another; of very many the first hundred."""
        lines = tuple(f"merged {merge}" for merge in self.merges[:_MOST_MERGES])
        if more := len(self.merges) - len(lines):
            lines += (
                f"merged besides: {counted(more, 'row')}; dear-minister contacts who names them",
            )
        return lines

    def only(self, ids: Sequence[str]) -> tuple[Reader, ...]:
        """The readers with these contact ids; of no ids: all. Raises ConfigurationError."""
        there = {
            contact.id: reader
            for reader in self.readers
            for contact in (*reversed(reader.others), reader.contact)
        }
        if unknown := sorted(set(ids) - there.keys()):
            near = get_close_matches(unknown[0], there, _FEW) or list(there)[:_FEW]
            more = ", ..." if len(there) > len(near) else ""
            raise ConfigurationError(
                f"--contact {unknown[0]}: not among the readers of this campaign; ids are in the "
                f"lists: {', '.join(near) or 'nobody is written to'}{more}"
            )
        wanted = {there[identity].contact.id for identity in ids}
        return tuple(one for one in self.readers if not ids or one.contact.id in wanted)


_MOST_MERGES = 100
_FEW = 5
"""Ids that are proposed in the place of one that nobody has."""
_EVIDENCE = {
    "the id": "one id",
    "the number": "one number and surname",
    "the seat": "one seat and surname",
    "the peerage": "one peerage",
}


def folder(campaign: str) -> Path:
    """The campaign's folder, from a key under templates/ or a path."""
    path = Path(campaign)
    if path.is_dir() or path.parent != Path():
        return path
    templates = settings.office().templates
    if (templates / campaign).is_dir():
        return templates / campaign
    there = sorted(toml.parent.name for toml in templates.glob("*/campaign.toml"))
    raise ConfigurationError(
        f"there is no campaign {campaign} under {templates}/"
        + (f"; there are: {', '.join(there)}" if there else "")
    )


@contextmanager
def _uncollected() -> Iterator[None]:
    """No search for cycles, which would look at all rows again and again while they come in, and
    none of which has any."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


@_uncollected()
def draft(campaign: str, contacts: Sequence[Path] = (), as_of: date | None = None) -> Draft:
    """Read the campaign and its contacts. ``contacts`` wins over campaign.toml, ``as_of`` over
    its date. Lists that campaign.toml names are looked for in the office folder. Raises
    ConfigurationError."""
    found = campaigns.load(folder(campaign))
    office = settings.office().folder
    lists = tuple(contacts) or tuple(office / name for name in found.contacts)
    on = as_of or found.date or date.today()
    loaded = loading.load(lists)
    rules = Audience.from_table(found.audience)
    different = distinct.load(settings.office().distinct)
    days = {str(table.sheet_of(path)[0]): list_day(table.sheet_of(path)[0]) for path in lists}
    sitting, outdated = _of_this_parliament(loaded.contacts, days, found, on)
    identified = persons.identify(sitting, different, days)
    changed = _reshuffled(identified.contacts, lists, on)
    people = identified.contacts
    handed_back = [*loaded.refused, *outdated, *identified.refused]
    if rules.stale_offices == "refuse":
        stale = {one.contact.id for one in changed}
        people = tuple(one for one in people if one.id not in stale)
        handed_back += [_refused(one.contact, "office", one.what) for one in changed]
    country = forms.country(found.country)
    imported = [file for file, day in days.items() if day]
    without_titles = unstated.untitled(people, imported)
    chosen = readers.readers(people, country, found.forms, on, without_titles)
    unsaid = unstated.remarks(people, imported, without_titles) if found.country == "uk" else ()
    choices = audience.decide_all(chosen.readers, rules, suppressions().now())
    refused = (*handed_back, *chosen.refused)
    return Draft(
        found,
        on,
        tuple(choice.reader for choice in choices if choice.decision.in_),
        (*refused, *identified.doubles),
        lists,
        choices,
        (*map(str, changed), *reshuffle.two_holders(identified.contacts)),
        frozenset(stale.contact.id for stale in changed),
        identified.merges,
        different,
        _accounting(loaded, choices, refused, identified.doubles, chosen.merged, identified.merges),
        (*loaded.remarks, *unsaid, *_surprising_dates(found, on, lists)),
        loaded.handed_back,
    )


def _surprising_dates(campaign: Campaign, on: date, lists: Iterable[Path]) -> tuple[str, ...]:
    days = {path: list_day(path) for path in lists}
    return surprising_dates.surprises(campaign, on, days, date.today())


def _of_this_parliament(
    contacts: Iterable[Contact], days: Mapping[str, date | None], campaign: Campaign, on: date
) -> tuple[list[Contact], list[RejectedRow]]:
    """Members of a list from before or after another general election stop: who sits is unknown."""
    house, table_ = ("dail", DAIL) if campaign.country == "ie" else ("commons", DISSOLUTIONS)
    sitting = polled(on, campaign.forms.dissolutions, table_)
    kept, stopped = [], []
    for contact in contacts:
        day = days.get(contact.file)
        if (
            contact.house != house
            or day is None
            or (poll := polled(day, campaign.forms.dissolutions, table_)) == sitting
        ):
            kept.append(contact)
        else:
            between = max(one for one in (poll, sitting) if one)
            reason = (
                f"the list is of {day} and the letter of {on}; a general election on {between} lies"
                " between: import or refresh the list, or date the letter with --as-of"
            )
            stopped.append(_refused(contact, "house", reason))
    return kept, stopped


def _accounting(
    loaded: Loaded,
    choices: Iterable[Choice],
    refused: Iterable[RejectedRow],
    doubles: Iterable[RejectedRow],
    merged: Iterable[tuple[Contact, Contact]],
    merges: Iterable[Merge],
) -> Accounting:
    """Every row of the lists with how it ends; AccountingError where that does not add up."""
    fates = [_rejected(row, Fate.REFUSED) for row in refused]
    fates += [_rejected(row, Fate.POSSIBLE_DOUBLE) for row in doubles]
    for choice in choices:
        fate = Fate.LETTER if choice.decision.in_ else Fate.LEFT_OUT
        contact = choice.reader.contact
        fates.append(RowFate(contact.file, contact.row, fate, choice.decision.rule))
    why = {(merge.row.file, merge.row.row): f": {merge.why}" for merge in merges}
    fates += [
        RowFate(
            row.file,
            row.row,
            Fate.MERGED,
            f"into {first.file}:{first.row}{why.get((row.file, row.row), '')}",
        )
        for row, first in merged
    ]
    places = [(contact.file, contact.row) for contact in loaded.contacts]
    places += [(row.file, row.row) for row in loaded.refused]
    return account(places, fates)


def _rejected(row: RejectedRow, fate: Fate) -> RowFate:
    return RowFate(row.file, row.row, fate, f"{row.column}: {row.reason}")


def _reshuffled(
    contacts: Sequence[Contact], lists: Sequence[Path], on: date
) -> tuple[reshuffle.Stale, ...]:
    """Offices that changed hands, by the dated data in contacts/ and beside each list."""
    known = settings.office().tenures
    files = dict.fromkeys((known, *(path.with_name(known.name) for path in lists)))
    tenures = [tenure for path in files if path.is_file() for tenure in reshuffle.load(path)]
    return reshuffle.check(contacts, tenures, on).stale if tenures else ()


def _refused(contact: Contact, column: str, reason: str) -> RejectedRow:
    return RejectedRow(contact.file, contact.row, column, reason, rows.cells(contact))


def suppressions() -> WatchedSuppression:
    """Who is never written to; nobody where there is no such list."""
    return WatchedSuppression(settings.office().suppression)


def listed(person: str) -> Contact | None:
    """Return the first row that a contact list beside the suppression list has of this person.

    ``person`` is an id of the person or of a row, as any source gives it. None where no list has
    it; a list at fault is passed over, and named when it is used.
    """
    office = settings.office()
    wanted = identifier(person)
    for path in sorted(office.contacts.glob("*")):
        if (
            path in (office.suppression, office.tenures, office.distinct, office.recess)
            or path.suffix.casefold() not in table.KINDS
        ):
            continue
        with suppress(ConfigurationError):
            for contact in loading.load([path]).contacts:
                if wanted in (*identifiers(contact), identifier(contact.id)):
                    return contact
    return None


def sources(campaign_folder: Path, lists: Sequence[Path]) -> dict[str, str]:
    """SHA-256 (hex) of every file a mailing is made from, by its name in the office folder.

    Files that are gone are left out.
    """
    files = (table.sheet_of(path)[0] for path in lists)
    return _hashes((*campaigns.files(campaign_folder), *files))


def sources_now(before: Mapping[str, str]) -> dict[str, str]:
    """The same files as they are now, and new ones in the campaign's folder."""
    office = settings.office().folder
    paths = {office / name for name in before}
    for path in list(paths):
        if path.name == campaigns.SETTINGS and path.parent.is_dir():
            paths |= set(campaigns.files(path.parent))
    return _hashes(paths)


def _hashes(paths: Iterable[Path]) -> dict[str, str]:
    office = settings.office()
    return {
        office.name(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(paths)
        if path.is_file()
    }
