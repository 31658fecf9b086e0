"""Popolo JSON (popoloproject.com): EveryPolitician's and parlparse's people and memberships.

Several files are one graph: parlparse's government posts name people that another file describes.
They meet by id: "uk.org.publicwhip/person/10900" is EveryPolitician's everypolitician_legacy 10900,
and both are Parliament's number (scheme datadotparl) where a file states it.
"""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flows.errors import ConfigurationError, RowError
from flows.people import dates, offices
from flows.people.lists.cells import tidy
from flows.people.lists.table import Row
from flows.people.sources import jsonfile, provenance
from flows.people.sources.imported import LONGEST, Imported, gather, slug

_WHIP = "uk.org.publicwhip/person/"
_LISTS = ("persons", "memberships", "organizations", "areas", "posts", "events")
_USED = {
    "persons": ("id", "identifiers", "name", "given_name", "family_name", "sort_name",
                "honorific_prefix", "honorific_suffix", "lordname", "lordofname", "other_names",
                "gender", "email"),
    "memberships": ("id", "person_id", "post_id", "role", "area_id", "on_behalf_of_id",
                    "organization_id", "legislative_period_id", "start_date", "end_date"),
}  # fmt: skip
"""Fields that fill columns, or say which membership is of the day."""
_Thing = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Graph:
    """All files as one: memberships with their file and number, the rest by id."""

    memberships: list[tuple[str, int, _Thing]] = field(default_factory=list)
    people: dict[str, _Thing] = field(default_factory=dict)
    things: dict[str, _Thing] = field(default_factory=dict)


def read(files: Sequence[Path], as_of: datetime.date, today: datetime.date) -> Imported:
    """Return the members and office-holders of ``as_of``; a row number is a membership's place.

    Memberships of parties and committees are passed over; one of an unknown person is refused.
    Raises ConfigurationError: a file unreadable, not Popolo, or nobody a member on that day.
    """
    graph = _Graph()
    for path in files:
        _add(graph, path)
    if not graph.memberships:
        raise ConfigurationError(f"{files[0]}: holds no memberships; is it Popolo?")
    days = list(_days(graph))
    reach = provenance.reach(as_of, days, files)
    return gather(
        provenance.stamp("popolo", files, reach.day, today),
        _rows(graph, reach.day),
        used=[f"{name}.{key}" for name, keys in _USED.items() for key in keys],
        unused=_unused(graph),
        remarks=reach.remarks,
    )


def _days(graph: _Graph) -> Iterator[datetime.date | None]:
    """Every date on which a membership begins or ends, its legislative period's included."""
    terms = {str(one.get("legislative_period_id")) for _, _, one in graph.memberships}
    periods = [graph.things[term] for term in terms if term in graph.things]
    for one in (*(membership for _, _, membership in graph.memberships), *periods):
        for name in ("start_date", "end_date"):
            with suppress(RowError):
                yield dates.parse(name, _text(one.get(name)), last=name == "end_date")


def _unused(graph: _Graph) -> list[str]:
    """Fields of persons and memberships that fill no column, as often as they come up."""
    memberships = [membership for _, _, membership in graph.memberships]
    listed = {"persons": list(graph.people.values()), "memberships": memberships}
    return [
        f"{name}.{key}"
        for name, things in listed.items()
        for key in dict.fromkeys(str(key) for thing in things for key in thing)
        if key not in _USED[name]
    ]


def _add(graph: _Graph, path: Path) -> None:
    document = jsonfile.read(path)
    if not isinstance(document, Mapping) or not any(name in document for name in _LISTS):
        raise ConfigurationError(f"{path}: not Popolo; none of {', '.join(_LISTS)} is in it")
    for name in _LISTS:
        listed = document.get(name, [])
        if not isinstance(listed, list) or not all(isinstance(one, Mapping) for one in listed):
            raise ConfigurationError(f"{path}: {name} is no list of objects; not Popolo")
        for number, one in enumerate(listed, start=1):
            if name == "memberships":
                graph.memberships.append((str(path), number, one))
            elif name == "persons":
                for identity in _identities(one):
                    graph.people.setdefault(identity, one)
            else:
                graph.things.setdefault(str(one.get("id")), one)


def _identities(person: _Thing) -> Iterator[str]:
    yield str(person.get("id"))
    if legacy := _identifier(person, "everypolitician_legacy"):
        yield f"{_WHIP}{legacy}"


def _rows(graph: _Graph, on: datetime.date) -> Iterator[tuple[str, Row]]:
    for file, number, membership in graph.memberships:
        try:
            if not _covers(graph, membership, on):
                continue
            if cells := _cells(graph, membership, on):
                yield file, Row(number, cells)
        except RowError as error:
            cells = {key: str(value) for key, value in membership.items()}
            yield file, Row(number, cells, str(error))


def _covers(graph: _Graph, membership: _Thing, on: datetime.date) -> bool:
    """A membership without dates of its own lasts as long as its legislative period."""
    term = graph.things.get(str(membership.get("legislative_period_id")), {})
    start = membership.get("start_date") or term.get("start_date")
    end = membership.get("end_date") or term.get("end_date")
    return dates.covers(
        dates.parse("start_date", _text(start)),
        dates.parse("end_date", _text(end), last=True),
        on,
    )


def _cells(graph: _Graph, membership: _Thing, on: datetime.date) -> dict[str, str] | None:
    """The contact of a membership: a seat or an office of Government; None for any other."""
    post = graph.things.get(str(membership.get("post_id")), {})
    role = offices.plain(_text(membership.get("role")) or _text(post.get("role")))
    rank = offices.rank(role)
    seat = role.casefold() in {"", "member", "mp", "lord", "peer", "member of parliament"}
    if not rank and not seat:
        return None
    identity = _text(membership.get("person_id"))
    person = graph.people.get(identity)
    if person is None:
        raise RowError("person_id", "nobody here has this id; name the file with its persons too")
    area: _Thing = graph.things.get(str(membership.get("area_id"))) or post.get("area") or {}
    party = graph.things.get(str(membership.get("on_behalf_of_id")), {})
    key = _key(person)
    number = slug("-".join(_text(membership.get("id")).split("/")[-2:]))
    return {
        "id": f"{key}-{number or slug(role)}"[:LONGEST] if rank else key,
        "person": key,
        **_name(person, on),
        "gender": _text(person.get("gender")),
        "house": _house(graph, membership, post) if seat else "",
        "rank": rank,
        "office": role if rank else "",
        "constituency": _text(area.get("name")),
        "party": _text(party.get("name")),
        "email": _text(person.get("email")),
    }


def _name(person: _Thing, on: datetime.date) -> dict[str, str]:
    """The name of the day: parlparse keeps several with dates, others one."""
    for other in person.get("other_names") or []:
        if other.get("note") == "Main" and dates.covers(
            dates.parse("start_date", _text(other.get("start_date"))),
            dates.parse("end_date", _text(other.get("end_date")), last=True),
            on,
        ):
            return _parts(other)
    return _parts(person)


def _parts(name: _Thing) -> dict[str, str]:
    prefix, family = _text(name.get("honorific_prefix")), _text(name.get("family_name"))
    lord, place = _text(name.get("lordname")), _text(name.get("lordofname"))
    honourable = prefix.casefold() in {"the right honourable", "right honourable", "rt hon"}
    title = "" if honourable else prefix
    if lord or place:
        return {"name": tidy(f"{title} {lord}" + (f" of {place}" if place else ""))}
    whole = _text(name.get("name")) or f"{_text(name.get('given_name'))} {family}".strip()
    # "Duncan Smith, Iain": what a name is sorted by is the surname, where family_name is "Smith".
    sorted_by = _text(name.get("sort_name")).partition(",")[0]
    return {
        "name": whole,
        "family": next((name for name in (sorted_by, family) if " " in name and name in whole), ""),
        "title": title,
        "honours": _text(name.get("honorific_suffix")),
        "privy_counsellor": "yes" if honourable else "",
    }


def _house(graph: _Graph, membership: _Thing, post: _Thing) -> str:
    identity = _text(membership.get("organization_id")) or _text(post.get("organization_id"))
    organization = graph.things.get(identity, {})
    named = f"{identity} {_text(organization.get('name'))}".casefold()
    if "lords" in named:
        return "lords"
    return "commons" if "commons" in named else ""


def _key(person: _Thing) -> str:
    if number := _identifier(person, "datadotparl"):
        return f"parl-{number}"
    identity = _text(person.get("id"))
    return f"twfy-{identity[len(_WHIP) :]}" if identity.startswith(_WHIP) else slug(identity)


def _identifier(person: _Thing, scheme: str) -> str:
    for identifier in person.get("identifiers") or []:
        if isinstance(identifier, Mapping) and identifier.get("scheme") == scheme:
            return _text(identifier.get("identifier"))
    return ""


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()
