"""The Institute for Government's ministers database: who held which post on any day since 1979.

Nine tables (CSV); the join is appointment > post > organisation, person, representation, each with
its dates. Field names as in instituteforgov/ifg-ministers-database-public, CC BY 4.0.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from flows.errors import ConfigurationError, RowError
from flows.people import dates, offices
from flows.people.lists import table
from flows.people.lists.table import Row, Table
from flows.people.reshuffle import Tenure
from flows.people.sources import provenance
from flows.people.sources.imported import Imported, gather
from flows.people.unstated import ATTENDS

_TABLES: dict[str, tuple[str, ...]] = {
    "appointment": ("id", "person_id", "post_id", "start_date", "end_date"),
    "appointment_characteristics": (
        "appointment_id",
        "cabinet_status",
        "is_acting",
        "is_on_leave",
        "start_date",
        "end_date",
    ),
    "post": ("id", "organisation_id", "name", "rank_equivalence"),
    "organisation": ("id", "name"),
    "person": ("id", "id_parliament", "name", "short_name", "gender", "start_date", "end_date"),
    "representation": ("id", "person_id", "house", "constituency_id", "start_date", "end_date"),
    "representation_characteristics": ("representation_id", "party", "start_date", "end_date"),
    "constituency": ("id", "name"),
}
"""The tables the join reads, and the columns it cannot do without."""
_RANKS = {"PM": "pm", "DPM": "dpm", "SoS": "sos", "MoS": "mos", "PUSS": "puss"}
_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables, each row under the id that others join it by, in the order of the files."""

    appointments: tuple[tuple[str, Row], ...]
    single: Mapping[str, Mapping[str, Mapping[str, str]]]
    """post, organisation, constituency: one row an id."""
    dated: Mapping[str, Mapping[str, Sequence["Dated"]]] = field(default_factory=dict)
    """person by id; representation by person; the characteristics by what they describe."""
    unused: tuple[str, ...] = ()
    """Columns that the join does not read, "table.column"."""

    def days(self) -> Iterator[datetime.date | None]:
        """Yield every date on which something begins or ends."""
        for _, row in self.appointments:
            for column in ("start_date", "end_date"):
                with suppress(RowError):
                    yield dates.parse(column, row.cells.get(column))
        for rows in self.dated.values():
            for dated in chain.from_iterable(rows.values()):
                yield from (dated.start, dated.end)


@dataclass(frozen=True, slots=True)
class Dated:
    """A row true from start (included) to end (excluded); None is open."""

    cells: Mapping[str, str]
    start: datetime.date | None
    end: datetime.date | None


def read(files: Sequence[Path], as_of: datetime.date, today: datetime.date) -> Imported:
    """Return everyone in office on ``as_of``; ``files`` are the tables or the folder of them.

    A row that joins nothing comes back refused. Raises ConfigurationError: a table or column
    missing, unreadable, or nobody in office on that day.
    """
    tables = load(files)
    reach = provenance.reach(as_of, tables.days(), files)
    return gather(
        provenance.stamp("ifg", files, reach.day, today),
        in_office(tables, reach.day),
        used=[f"{name}.{column}" for name, columns in _TABLES.items() for column in columns],
        unused=tables.unused,
        remarks=reach.remarks,
    )


def load(files: Sequence[Path]) -> Tables:
    """Read the tables, whatever their order; errors as for ``read``."""
    paths = {path.stem: path for path in _paths(files)}
    if missing := [name for name in _TABLES if name not in paths]:
        raise ConfigurationError(
            f"{files[0]}: tables missing: {', '.join(f'{name}.csv' for name in missing)};"
            " name all of them, or their folder"
        )
    read_ = {name: _table(paths[name], columns) for name, columns in _TABLES.items()}
    rows = {name: one.rows for name, one in read_.items()}
    return Tables(
        tuple((str(paths["appointment"]), row) for row in rows["appointment"]),
        {
            name: {row.cells["id"]: row.cells for row in rows[name]}
            for name in ("post", "organisation", "constituency")
        },
        {
            "person": _dated(rows["person"], "id", paths["person"]),
            **{
                name: _dated(rows[name], by, paths[name])
                for name, by in (
                    ("representation", "person_id"),
                    ("appointment_characteristics", "appointment_id"),
                    ("representation_characteristics", "representation_id"),
                )
            },
        },
        tuple(
            f"{name}.{heading}"
            for name, one in read_.items()
            for column, heading in one.headings.items()
            if column not in _TABLES[name]
        ),
    )


def tenures(tables: Tables) -> tuple[Tenure, ...]:
    """Return every post ever held, for the reshuffle check; rows that join nothing are left out."""
    found = []
    for _, row in tables.appointments:
        cells = row.cells
        try:
            start = dates.parse("start_date", cells.get("start_date"))
            end = dates.parse("end_date", cells.get("end_date"))
            person = _person(tables, cells["person_id"], start or datetime.date.min)
            post = tables.single["post"][cells["post_id"]]
        except (RowError, KeyError):
            continue
        department = tables.single["organisation"].get(post["organisation_id"], _NOTHING)
        found.append(
            Tenure(
                post["name"],
                department.get("name", ""),
                _key(person),
                person["name"],
                start,
                end,
            )
        )
    return tuple(found)


def _paths(files: Sequence[Path]) -> Iterator[Path]:
    for path in files:
        yield from sorted(path.glob("*.csv")) if path.is_dir() else (path,)


def _table(path: Path, columns: tuple[str, ...]) -> Table:
    found = table.read(path, expected=columns, required=columns, whole=True)
    if faulty := next((row for row in found.rows if row.fault), None):
        raise ConfigurationError(f"{path}:{faulty.number}: {faulty.fault}")
    return found


def _dated(rows: Iterable[Row], by: str, path: Path) -> dict[str, list[Dated]]:
    found: dict[str, list[Dated]] = defaultdict(list)
    for row in rows:
        try:
            start = dates.parse("start_date", row.cells["start_date"])
            end = dates.parse("end_date", row.cells["end_date"])
        except RowError as error:
            raise ConfigurationError(f"{path}:{row.number}: {error}") from None
        found[row.cells[by]].append(Dated(row.cells, start, end))
    return found


def in_office(tables: Tables, on: datetime.date) -> Iterator[tuple[str, Row]]:
    """Yield the contact cells of every post held on a day, faults included, by file and row."""
    for file, row in tables.appointments:
        try:
            start = dates.parse("start_date", row.cells["start_date"])
            end = dates.parse("end_date", row.cells["end_date"])
            if dates.covers(start, end, on):
                yield file, Row(row.number, _cells(tables, row.cells, on))
        except RowError as error:
            yield file, Row(row.number, row.cells, str(error))


def _cells(tables: Tables, appointment: Mapping[str, str], on: datetime.date) -> dict[str, str]:
    """The contact of one appointment: joins by id, each row the one of the day."""
    person = _person(tables, appointment["person_id"], on)
    post = tables.single["post"].get(appointment["post_id"])
    if post is None:
        raise RowError("post_id", f"{appointment['post_id']!r} is not in post.csv")
    department = tables.single["organisation"].get(post["organisation_id"], _NOTHING)
    seat = _on(tables, "representation", appointment["person_id"], on) or _NOTHING
    party = _on(tables, "representation_characteristics", seat.get("id", ""), on) or _NOTHING
    standing = _on(tables, "appointment_characteristics", appointment["id"], on) or _NOTHING
    constituency = tables.single["constituency"].get(seat.get("constituency_id", ""), _NOTHING)
    key = _key(person)
    short = person["short_name"]
    return {
        "id": f"{key}-{appointment['id'][:8]}",
        "person": key,
        "name": person["name"],
        "family": short if " " in short and seat.get("house") != "Lords" else "",
        # The whole Cabinet is sworn of the Privy Council (Cabinet Manual, 2011, paragraph 1.9).
        "privy_counsellor": "yes" if standing.get("cabinet_status") == "Full cabinet" else "",
        "gender": person["gender"],
        "house": seat.get("house", ""),
        "rank": _rank(post),
        "office": post["name"],
        "department": department.get("name", ""),
        "constituency": constituency.get("name", ""),
        "party": party.get("party", ""),
        "tags": " ".join(_tags(standing)),
    }


def _rank(post: Mapping[str, str]) -> str:
    """The rank stated, but for Law Officers, party managers and an honour held beside an office."""
    by_name = offices.rank(post["name"])
    stated = post["rank_equivalence"]
    if by_name == "law-officer" or stated.startswith("Parl"):
        return by_name
    if post["name"] == "First Secretary of State":
        return "sos"
    if stated not in _RANKS:
        raise RowError("rank_equivalence", f"{stated!r} of {post['name']!r} is not known here")
    return _RANKS[stated]


def _tags(standing: Mapping[str, str]) -> Iterator[str]:
    if standing.get("is_acting", "").casefold() == "true":
        yield "acting"
    if standing.get("is_on_leave", "").casefold() == "true":
        yield "on-leave"
    if standing.get("cabinet_status", "").casefold() == "attends cabinet":
        yield ATTENDS


def _person(tables: Tables, identity: str, on: datetime.date) -> Mapping[str, str]:
    if found := _on(tables, "person", identity, on):
        return found
    raise RowError("person_id", f"{identity!r} has no name in person.csv on {on}")


def _on(tables: Tables, name: str, key: str, on: datetime.date) -> Mapping[str, str] | None:
    """The row of the day; of several the one that began last, whose beginning is known."""
    valid = [row for row in tables.dated[name].get(key, ()) if dates.covers(row.start, row.end, on)]
    return max(valid, key=lambda row: row.start or datetime.date.min).cells if valid else None


def _key(person: Mapping[str, str]) -> str:
    """Parliament's number where there is one, which other sources share: "500.0" is 500."""
    number = person["id_parliament"].removesuffix(".0")
    return f"parl-{number}" if number.isdigit() else f"ifg-{person['id'][:8]}"
