"""Offices that have changed hands: what a list claims against dated data."""

import csv
import datetime
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from flows.errors import ConfigurationError, RowError
from flows.people import dates, offices
from flows.people.contact import Contact
from flows.people.forms import uk_peers
from flows.people.forms.names import family
from flows.people.lists import files, table

COLUMNS = ("office", "department", "person", "name", "start", "end")


@dataclass(frozen=True, slots=True)
class Tenure:
    """One person in one office from ``start`` (included) to ``end`` (excluded); None is open."""

    office: str
    department: str
    person: str
    name: str
    start: datetime.date | None
    end: datetime.date | None


@dataclass(frozen=True, slots=True)
class Stale:
    """A row that claims an office which was not its person's on the day."""

    contact: Contact
    what: str

    def __str__(self) -> str:
        return f"{self.contact.file}:{self.contact.row}: office: {self.what}"


@dataclass(frozen=True, slots=True)
class Checked:
    """What the comparison found, and the rows whose office the dated data do not know."""

    stale: tuple[Stale, ...]
    unknown: tuple[Contact, ...]


def check(contacts: Iterable[Contact], held: Iterable[Tenure], on: datetime.date) -> Checked:
    """Compare every row that claims an office with who held it on the day ``on``.

    A person is the same by id ("parl-379", the number Parliament gives); a list that has ids of
    its own is compared by surname, which this check may do because it only reports. "&" and "and",
    capitals and articles make no difference to an office or department; an office joined of two
    ("... and Lord Chancellor") is found by either.
    """
    by_office: Mapping[str, list[Tenure]] = defaultdict(list)
    for tenure in held:
        by_office[offices.key(tenure.office)].append(tenure)
    stale: list[Stale] = []
    unknown: list[Contact] = []
    for contact in contacts:
        if not contact.rank or not contact.office:
            continue
        known = _tenures(contact, by_office)
        if not known:
            unknown.append(contact)
        elif what := _stale(contact, known, on):
            stale.append(Stale(contact, what))
    return Checked(tuple(stale), tuple(unknown))


def two_holders(contacts: Iterable[Contact]) -> tuple[str, ...]:
    """Return a line for each office that one person holds at a time and two persons claim.

    On a day of a reshuffle both may have held it; elsewhere one row is older than the other.
    """
    claims: dict[tuple[str, str], dict[str, Contact]] = defaultdict(dict)
    for contact in contacts:
        if contact.rank in _SINGLE and contact.office:
            office = offices.key(contact.office) if contact.rank != "pm" else "prime minister"
            claims[contact.rank, office].setdefault(contact.person, contact)
    return tuple(
        f"two persons are listed as {next(iter(held.values())).office}: "
        + " and ".join(f"{row.name} ({row.file}:{row.row})" for row in held.values())
        + "; was there a reshuffle? delete the row that is not of the day"
        for held in claims.values()
        if len(held) > 1
    )


_SINGLE = ("pm", "dpm", "sos", "law-officer")
"""Ranks whose offices have one holder each; Ministers of State of one title may be several."""


def load(path: Path) -> tuple[Tenure, ...]:
    """Load tenures saved by ``save``; ConfigurationError names the file, the row, the fault."""
    found = []
    for row in table.read(path, expected=COLUMNS, required=COLUMNS).rows:
        try:
            if row.fault:
                raise RowError("row", row.fault)
            for column, what in row.errors.items():
                raise RowError(column, what)
            start = dates.parse("start", row.cells["start"])
            end = dates.parse("end", row.cells["end"])
        except RowError as error:
            raise ConfigurationError(f"{path}:{row.number}: {error}") from None
        office, department, person, name = (row.cells[column] for column in COLUMNS[:4])
        found.append(Tenure(office, department, person, name, start, end))
    return tuple(found)


def save(held: Iterable[Tenure], path: Path) -> None:
    """Write tenures to ``path`` (CSV), replacing it whole."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for tenure in held:
        dates_ = (tenure.start or "", tenure.end or "")
        writer.writerow([tenure.office, tenure.department, tenure.person, tenure.name, *dates_])
    files.write(path, text.getvalue().encode())


def _tenures(contact: Contact, by_office: Mapping[str, list[Tenure]]) -> list[Tenure]:
    """Every tenure of the office claimed; of the same department where both sides name one."""
    claimed = offices.key(contact.office)
    names = [claimed] if claimed in by_office else _parts(claimed)
    found = [tenure for name in names for tenure in by_office.get(name, ())]
    department = offices.key(contact.department)
    same = [tenure for tenure in found if offices.key(tenure.department) == department]
    return same or found


def _parts(office: str) -> list[str]:
    """The titles an office joins: "a and b" may be a, b, or one title with an "and" in it."""
    words = office.split(" and ")
    return [
        " and ".join(words[start:end])
        for start in range(len(words))
        for end in range(start + 1, len(words) + 1)
    ]


def _stale(contact: Contact, known: list[Tenure], on: datetime.date) -> str | None:
    holders = [tenure for tenure in known if dates.covers(tenure.start, tenure.end, on)]
    if any(_same(contact, tenure) for tenure in holders):
        return None
    if holders:
        first = min(holders, key=lambda tenure: tenure.start or datetime.date.min)
        since = f" from {_day(first.start)}" if first.start else ""
        others = " or ".join(dict.fromkeys(tenure.name for tenure in holders))
        return f"listed as {contact.office}; that office was held by {others}{since}"
    ended = [tenure.end for tenure in known if tenure.end and tenure.end <= on]
    if ended:
        return f"listed as {contact.office}; nobody held that office after {_day(max(ended))}"
    return f"listed as {contact.office}; nobody held that office yet"


def _same(contact: Contact, tenure: Tenure) -> bool:
    number = tenure.person.removeprefix("parl-")
    stated = contact.columns.get("parliament_id", "")
    if contact.person.startswith("parl-") or stated:
        return tenure.person == contact.person or (bool(stated) and number == stated)
    return _surname(contact.name, contact.family) == _surname(tenure.name, "")


def _surname(name: str, known: str) -> str:
    if peer := uk_peers.parse(name):
        return peer.spoken.casefold()
    try:
        return (
            family(Contact(id="x", person="x", name=name, family=known)).casefold().split(" ")[-1]
        )
    except RowError:
        return name.casefold().split(" ")[-1]


def _day(day: datetime.date | None) -> str:
    return f"{day.day} {day:%B %Y}" if day else "an unknown day"
