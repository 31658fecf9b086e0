"""Tables of members from elsewhere, TheyWorkForYou's CSV among them: their columns into ours.

A heading is known by name or not at all. Ids are Parliament's number ("parl-1467") where the table
has it, then TheyWorkForYou's ("twfy-10001"), which are shared with the other sources.
"""

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from flows.errors import ConfigurationError, RowError
from flows.people import dates, offices
from flows.people.contact import HOUSES, RANKS
from flows.people.lists import table
from flows.people.lists.table import Row
from flows.people.sources import display_names
from flows.people.sources.imported import Imported, gather, slug, stamp

_MEANT = {
    "parliament_id": ("parliament_id", "mnis_id", "id_parliament", "member_id_parliament"),
    "person_id": ("person_id", "twfy_id"),
    "id": ("id", "ifg_person_id"),
    "display": ("name", "name_display_as", "display_name", "full_name", "member"),
    "first": ("first_name", "firstname", "given_name", "forenames", "forename"),
    "last": ("last_name", "lastname", "family_name", "surname"),
    "title": ("title",),
    "lordname": ("lordname",),
    "lordofname": ("lordofname",),
    "gender": ("gender", "sex"),
    "house": ("house",),
    "constituency": ("constituency",),
    "party": ("party", "affiliation"),
    "email": ("email", "e-mail", "email_address", "email_2015"),
    "office": ("office", "post", "role"),
    "department": ("department",),
    "rank": ("rank",),
    "post_id": ("ifg_post_id", "post_id"),
    "start": ("fromdate", "from_date", "start_date", "appointment_start"),
    "end": ("todate", "to_date", "end_date", "appointment_end"),
}
"""What each column of ours is called elsewhere, the surer name first."""
_HEADINGS = tuple(name for names in _MEANT.values() for name in names)
_TWFY = ("person_id", "first_name", "last_name", "party", "constituency")
_PERSON = re.compile(r"(?:uk\.org\.publicwhip/person/)?(\d+)(?:\.0)?")


def read_twfy(files: Sequence[Path], as_of: datetime.date, today: datetime.date) -> Imported:
    """Return the members of TheyWorkForYou's CSV (Person ID, First name, Last name, ...).

    All sit in the Commons; the export states neither title nor gender nor address. Raises
    ConfigurationError for other columns and for what ``table.read`` refuses.
    """
    found = [
        (path, table.read(path, expected=_TWFY, required=_TWFY, whole=True).rows) for path in files
    ]
    rows = ((str(path), _row(row, "commons")) for path, rows in found for row in rows)
    return gather(stamp("twfy", files, as_of, today), rows)


def read_csv(
    files: Sequence[Path], as_of: datetime.date, today: datetime.date, house: str = ""
) -> Imported:
    """Return the people of any table whose headings are known; rows ended by ``as_of`` are left.

    ``house`` is that of a table without such a column. A table without ids gets them from the
    names: it cannot be joined with another, and of two with one name the second is refused.
    Raises ConfigurationError when there is no column for a name, or none is current.
    """
    return gather(stamp("csv", files, as_of, today), _csv_rows(files, as_of, house))


def _csv_rows(files: Sequence[Path], as_of: datetime.date, house: str) -> Iterator[tuple[str, Row]]:
    for path in files:
        sheet = table.read(path, expected=_HEADINGS, whole=True)
        if not _named(sheet.columns):
            raise ConfigurationError(
                f"{path}: no column for the name among {', '.join(sheet.columns)};"
                f" call one {_MEANT['display'][0]!r}"
            )
        for row in sheet.rows:
            try:
                current = _current(row.cells, as_of)
            except RowError as error:
                yield str(path), Row(row.number, row.cells, str(error))
                continue
            if current:
                yield str(path), _row(row, house)


def _named(columns: Sequence[str]) -> bool:
    return any(name in columns for key in ("display", "last", "lordname") for name in _MEANT[key])


def _current(cells: Mapping[str, str], on: datetime.date) -> bool:
    start = dates.parse("start", _get(cells, "start"))
    end = dates.parse("end", _get(cells, "end"), last=True)
    return dates.covers(start, end, on)


def _row(row: Row, house: str) -> Row:
    if row.fault:
        return row
    cells = row.cells
    person = _person(cells)
    name = _name(cells)
    key = person or slug(name["name"])
    post = _get(cells, "post_id") or _get(cells, "office")
    rank = _get(cells, "rank").casefold()
    office = _get(cells, "office")
    return Row(
        row.number,
        {
            "id": f"{key}-{slug(post)[:8]}" if person and post else key,
            "person": key,
            **name,
            "gender": _get(cells, "gender"),
            "house": _house(cells) or house,
            "rank": rank if rank in RANKS else offices.rank(office),
            "office": office,
            "department": _get(cells, "department"),
            "constituency": _get(cells, "constituency"),
            "party": _get(cells, "party"),
            "email": _get(cells, "email"),
        },
    )


def _name(cells: Mapping[str, str]) -> dict[str, str]:
    """Name, surname and title: of a peer by title and place, of others by the names given."""
    title = _get(cells, "title")
    lord, place = _get(cells, "lordname"), _get(cells, "lordofname")
    if lord or place:
        styled_as = f"{title} {lord} of {place}" if lord and place else f"{title} {lord}"
        return {"name": styled_as if lord else f"{title} of {place}"}
    last = _get(cells, "last")
    if last:
        whole = f"{_get(cells, 'first')} {last}".strip()
        return {"name": whole, "family": last if " " in last else "", "title": title}
    found = display_names.parse(_get(cells, "display"))
    return found.cells() | ({"title": title} if title else {})


def _person(cells: Mapping[str, str]) -> str:
    for key, prefix in (("parliament_id", "parl"), ("person_id", "twfy")):
        if (text := _get(cells, key)) and (found := _PERSON.fullmatch(text)):
            return f"{prefix}-{found[1]}"
    return slug(_get(cells, "id").rpartition("/")[2])


def _house(cells: Mapping[str, str]) -> str:
    house = _get(cells, "house").casefold().removeprefix("house of ")
    return house if house in HOUSES else _get(cells, "house")


def _get(cells: Mapping[str, str], meaning: str) -> str:
    return next((text for name in _MEANT[meaning] if (text := cells.get(name, "").strip())), "")
