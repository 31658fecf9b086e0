"""Tables of members from elsewhere: TheyWorkForYou's CSV, and sheets that an office keeps itself.

A heading is known by name, or said by --map. Ids are Parliament's number ("parl-1467") where the
table has it, then TheyWorkForYou's ("twfy-10001"), which are shared with the other sources.
"""

import datetime
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from flows.counted import counted
from flows.errors import ConfigurationError, RowError
from flows.people import dates, offices
from flows.people.contact import RANKS, Contact
from flows.people.forms import uk_peers, uk_titles
from flows.people.identity.spelling import fold
from flows.people.lists import table
from flows.people.lists.delimited import bare
from flows.people.lists.number_format import Shown
from flows.people.lists.table import Row, Table
from flows.people.sources import display_names, headings, provenance
from flows.people.sources.headings import Assigned
from flows.people.sources.imported import LONGEST, Imported, gather, slug
from flows.people.sources.provenance import NO_OPTIONS, Options

_TWFY = ("person_id", "first_name", "last_name", "party", "constituency")
_PERSON = re.compile(r"(?:uk\.org\.publicwhip/person/)?(\d+)(?:\.0)?")
_SEATED = re.compile(r",?\s+(MP|TD|MPs|TDs)\s*$")
_HOUSES = {
    **dict.fromkeys(("commons", "houseofcommons", "hoc", "mp", "mps"), "commons"),
    **dict.fromkeys(("lords", "houseoflords", "hol", "peer", "peers"), "lords"),
    **dict.fromkeys(("dail", "dáil", "dáiléireann", "daileireann", "td", "tds"), "dail"),
    **dict.fromkeys(("seanad", "seanadéireann", "seanadeireann", "senator"), "seanad"),
}
_BY_SUFFIX = {"MP": "commons", "MPs": "commons", "TD": "dail", "TDs": "dail"}
_MOST_TWICE = 10
"""Names that are told to stand in several rows; more are counted."""
_AS_THEY_STAND = ("committees", "personal", "salutation", "envelope", "tags", "notes", "postcode")


def read_twfy(files: Sequence[Path], as_of: datetime.date, today: datetime.date) -> Imported:
    """Return the members of TheyWorkForYou's CSV (Person ID, First name, Last name, ...).

    All sit in the Commons; the export states neither title nor gender nor address, nor its day.
    Raises ConfigurationError for other columns and for what ``table.read`` refuses.
    """
    found = [table.read(path, expected=_TWFY, required=_TWFY, whole=True) for path in files]
    reach = provenance.snapshot(as_of, files)
    known = [headings.assign(sheet.headings, {}, str(sheet.path)) for sheet in found]
    rows = (
        (str(sheet.path), _row(row, assigned, Options(house="commons")))
        for sheet, assigned in zip(found, known, strict=True)
        for row in sheet.rows
    )
    return gather(
        provenance.stamp("twfy", files, reach.day, today),
        rows,
        used=_union(assigned.used for assigned in known),
        unused=_union(assigned.unused for assigned in known),
        remarks=reach.remarks,
    )


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A sheet, and what its columns mean."""

    table: Table
    assigned: Assigned

    def dates(self, row: Row) -> tuple[datetime.date | None, datetime.date | None]:
        """Return the first and the last day of a row. Raises RowError."""
        found = [self._date(row, meaning) for meaning in ("start", "end")]
        return found[0], found[1]

    def _date(self, row: Row, meaning: str) -> datetime.date | None:
        names = self.assigned.columns.get(meaning, ())
        cell = next((cell for name in names if (cell := row.cells.get(name, "")).strip()), "")
        if isinstance(cell, Shown):
            return cell.date
        return dates.parse(meaning, cell, last=meaning == "end")


def read_sheet(
    files: Sequence[Path],
    as_of: datetime.date,
    today: datetime.date,
    options: Options = NO_OPTIONS,
    kept: Options = NO_OPTIONS,
) -> Imported:
    """Return the people of any table whose headings are known, or mapped; ended rows are left.

    ``options`` say what the sheet does not; ``kept`` are those of the last import, used where the
    headings they name are there. A table without ids gets them from the names. Raises
    ConfigurationError when there is no column for a name, none is current, or a mapping is wrong.
    """
    sheets = [_sheet(path, options, kept) for path in files]
    chosen = options.over(Options(kept.house, kept.rank))
    known: list[datetime.date | None] = []
    for sheet in sheets:
        for row in sheet.table.rows:
            with suppress(RowError):
                known += sheet.dates(row)
    names = [table.sheet_of(path)[0] for path in files]
    reach = provenance.reach(as_of, known, names)
    rows = list(_sheet_rows(sheets, reach.day, chosen))
    remarks = (
        *(
            f"{sheet.table.path}: {remark}"
            for sheet in sheets
            for remark in (*sheet.table.remarks, *sheet.assigned.remarks)
        ),
        *reach.remarks,
        *_missing([row for _, row in rows], chosen),
    )
    found = gather(
        provenance.stamp("sheet", files, reach.day, today),
        rows,
        used=_union(sheet.assigned.used for sheet in sheets),
        unused=_union(sheet.assigned.unused for sheet in sheets),
        remarks=remarks,
    )
    present = {heading for sheet in sheets for heading in sheet.table.headings.values()}
    mapping = {key: value for key, value in kept.mapping.items() if key in present}
    remarks = (*found.remarks, *_twice(found.contacts))
    return replace(found, options=chosen.over(Options(mapping=mapping)), remarks=remarks)


def _sheet(path: Path, options: Options, kept: Options) -> _Sheet:
    mapping = {**kept.mapping, **options.mapping}
    expected = {*headings.EXPECTED, *(heading.casefold() for heading in mapping)}
    sheet = table.read(path, expected=expected, whole=True)
    there = {bare(heading) for heading in sheet.headings.values()}
    mapping = {
        heading: column
        for heading, column in mapping.items()
        if heading in options.mapping or bare(heading) in there
    }
    assigned = headings.assign(sheet.headings, mapping, str(path))
    if not assigned.columns.keys() & {"name", "last_name", "lordname"}:
        raise ConfigurationError(
            f"{path}: no column for the name among {', '.join(sheet.headings.values())};"
            ' call one "name", or say which it is: --map "Their heading=name"'
        )
    return _Sheet(sheet, assigned)


def _sheet_rows(
    sheets: Sequence[_Sheet], day: datetime.date, options: Options
) -> Iterator[tuple[str, Row]]:
    for sheet in sheets:
        path = str(sheet.table.path)
        for row in sheet.table.rows:
            try:
                if dates.covers(*sheet.dates(row), day):
                    yield path, _row(row, sheet.assigned, options)
            except RowError as error:
                yield path, Row(row.number, row.cells, str(error))


def _missing(rows: Sequence[Row], options: Options) -> Iterator[str]:
    """One line for a House or a rank that no row states."""
    sound = [row for row in rows if not row.fault]
    if not options.house and not any(row.cells.get("house") for row in sound):
        yield (
            f"no row says which House its reader sits in ({counted(len(sound), 'row')}): where "
            "all sit in one, import again with --house commons, lords, dail or seanad"
        )
    held = [row for row in sound if row.cells.get("office")]
    if held and not any(row.cells.get("rank") for row in held):
        yield (
            f"no office is of a rank known here ({counted(len(held), 'row')}): where all are of "
            f"one, import again with --rank {' or '.join(RANKS[:5])}, or map a column to rank"
        )


def _twice(contacts: Iterable[Contact]) -> list[str]:
    """One line for each name that several rows have under ids of their own."""
    by_name: dict[str, list[Contact]] = {}
    for contact in contacts:
        by_name.setdefault(fold(f"{contact.title} {contact.name}"), []).append(contact)
    lines = []
    for rows in by_name.values():
        if len({contact.person for contact in rows}) > 1:
            numbers = ", ".join(str(contact.row) for contact in rows)
            lines.append(
                f"{rows[0].file}: {rows[0].name} stands in rows {numbers}, with an id in each: if"
                " this is one person, delete a row, or write one word for both in a column person"
            )
    if len(lines) > _MOST_TWICE:
        more = counted(len(lines) - _MOST_TWICE, "more name stands", "more names stand")
        lines[_MOST_TWICE:] = [f"{more} in several rows"]
    return lines


def _row(row: Row, assigned: Assigned, options: Options) -> Row:
    used = {name for names in assigned.columns.values() for name in names}
    fault = row.fault or next(
        (
            f"{assigned.headings.get(name, name)}: {what}"
            for name, what in row.errors.items()
            if name in used
        ),
        "",
    )
    if fault:
        return Row(row.number, row.cells, fault)
    cells = {name: _one_line(text) for name, text in row.cells.items()}

    def get(meaning: str) -> str:
        return assigned.get(cells, meaning)

    name, house = _name(cells, assigned)
    office = get("office")
    title = name.get("title", "")
    if not office and title and not uk_titles.known(title) and offices.rank(title):
        office = name.pop("title")  # a heading "Title" above job titles
    person = _person(cells, assigned)
    key = person or slug(name["name"]) or f"p-{sha256(name['name'].encode()).hexdigest()[:8]}"
    post = get("post_id") or office
    return Row(
        row.number,
        {
            "id": _identity(key, post) if person and post else key,
            "person": get("person") or key,
            **name,
            "gender": get("gender"),
            "house": _house(get("house")) or house or options.house,
            "rank": _rank(get("rank"), office) or options.rank,
            "office": office,
            "department": get("department"),
            "constituency": get("constituency"),
            "party": get("party"),
            "email": _email(get("email")),
            "address": assigned.lines(row.cells),
            **{meaning: get(meaning) for meaning in _AS_THEY_STAND},
            "committees": re.sub(r"[\r\n]+", "; ", assigned.get(row.cells, "committees")),
            "personal": assigned.get(row.cells, "personal"),
            **{column: cells.get(name, "") for column, name in assigned.own.items()},
        },
    )


def _one_line(text: str) -> str:
    """A cell of several lines as one: in an office's sheet they are there to fit a column."""
    return re.sub(r"\s*[\r\n]+\s*", " ", text) if "\n" in text or "\r" in text else text


def _email(text: str) -> str:
    """An address without what mail programs put around it: mailto:, a name, a last semicolon."""
    bare = text.strip().removeprefix("mailto:").rstrip(" ;,")
    found = re.fullmatch(r"[^<>@]*<\s*([^<>\s]+)\s*>", bare)
    return found[1] if found else bare


def _identity(key: str, post: str) -> str:
    """The person's id and the post's words, so that no two posts of one person share an id."""
    return f"{key}-{slug(post)}"[:LONGEST].rstrip("-")


def _rank(stated: str, office: str) -> str:
    folded = re.sub(r"[\s-]+", "-", stated.casefold())
    by_name = offices.rank(office)
    if by_name in ("law-officer", "whip", "speaker"):
        return by_name  # other sources count these among the ranks of ministers
    return folded if folded in RANKS else offices.rank(stated) or by_name


def _name(cells: Mapping[str, str], assigned: Assigned) -> tuple[dict[str, str], str]:
    """Name, surname and title, and the House that letters after the name say.

    Of a peer by title and place, of others by the names given.
    """
    title, privy = display_names.honourable(assigned.get(cells, "title"))
    if stated := assigned.get(cells, "privy_counsellor"):
        privy = privy or display_names.privy_counsellor(stated)
    lord, place = assigned.get(cells, "lordname"), assigned.get(cells, "lordofname")
    if lord or place:
        styled_as = f"{title} {lord} of {place}" if lord and place else f"{title} {lord}"
        found = {"name": styled_as if lord else f"{title} of {place}", "privy_counsellor": privy}
        return found, ""
    first, last = assigned.get(cells, "first_name"), assigned.get(cells, "last_name")
    given = assigned.get(cells, "name")
    whole = f"{first} {last}".strip() if last and (first or not given) else given
    seat = _SEATED.search(whole)
    whole, family = display_names.in_order(whole)
    shown = display_names.parse(whole)
    if uk_peers.parse(f"{title} {shown.name}") and not first and not seat:
        shown, title = replace(shown, name=f"{title} {shown.name}"), ""
    family = assigned.get(cells, "family") or family or (last if " " in last else "")
    return {
        "name": shown.name,
        "family": family if " " in family and family in shown.name else "",
        "title": title or shown.title,
        "honours": assigned.get(cells, "honours") or shown.honours,
        "privy_counsellor": privy or shown.privy_counsellor,
    }, _BY_SUFFIX[seat[1]] if seat else ""


def _person(cells: Mapping[str, str], assigned: Assigned) -> str:
    for meaning, prefix in (("parliament_id", "parl"), ("person_id", "twfy")):
        if (text := assigned.get(cells, meaning)) and (found := _PERSON.fullmatch(text)):
            return f"{prefix}-{found[1]}"
    return slug(assigned.get(cells, "id").rpartition("/")[2])


def _house(stated: str) -> str:
    return _HOUSES.get(re.sub(r"[\s.-]+|^the ", "", stated.casefold()), stated)


def _union(found: Iterable[Sequence[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for names in found for name in names))
