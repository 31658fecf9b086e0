"""The shapes of the UK Parliament's Members API, and the contact columns they fill.

Field names as in its OpenAPI description (members-api.parliament.uk, v1). Only what is used is
asked for, so that a new field breaks nothing and a missing one is told by its name.
"""

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from flows.errors import ConfigurationError
from flows.people import offices
from flows.people.reshuffle import Tenure
from flows.people.sources import display_names

_HOUSES = {1: "commons", 2: "lords"}
USED = frozenset(
    ["id", "nameListAs", "nameDisplayAs", "nameFullTitle", "gender", "latestParty",
     "latestHouseMembership", "party", "is_mp", "is_current", "membershipFrom", "name", "type",
     "postHolders", "governmentDepartments", "typeId", "isPreferred", "email",
     "committeeMemberships"]
)  # fmt: skip
"""Fields that fill columns, or say who sits and holds an office now."""
PARLIAMENTARY_OFFICE = 1
"""ContactInformation.typeId of the office at Westminster."""


class _Shape(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class Party(_Shape):
    name: str | None = None


class HouseMembership(_Shape):
    house: int
    membership_from: str | None = None
    membership_end_date: datetime.datetime | None = None


class Member(_Shape):
    id: int
    name_list_as: str | None = None
    name_display_as: str = Field(min_length=1)
    name_full_title: str | None = None
    gender: str | None = None
    latest_party: Party | None = None
    latest_house_membership: HouseMembership


class MemberItem(_Shape):
    value: Member


class Search(_Shape):
    items: list[MemberItem]
    total_results: int


class Department(_Shape):
    id: int
    name: str | None = None


class Holder(_Shape):
    member: MemberItem
    start_date: datetime.datetime
    end_date: datetime.datetime | None = None


class Post(_Shape):
    id: int
    type: int
    name: str = Field(min_length=1)
    government_departments: list[Department] | None = None
    post_holders: list[Holder] | None = None


class PostItem(_Shape):
    value: Post


class ContactInformation(_Shape):
    type_id: int
    is_preferred: bool = False
    email: str | None = None


class ContactItem(_Shape):
    value: list[ContactInformation] | None


class Membership(_Shape):
    name: str
    end_date: datetime.datetime | None = None


class _Biography(_Shape):
    committee_memberships: list[Membership] | None


class BiographyItem(_Shape):
    value: _Biography


T = TypeVar("T")


def shaped(kind: type[T], document: Any, where: str) -> T:
    """Return ``document`` as ``kind``; ConfigurationError names the field that does not fit."""
    try:
        return TypeAdapter(kind).validate_python(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        at = ".".join(str(part) for part in first["loc"]) or "the document"
        raise ConfigurationError(
            f"{where}: {at}: {first['msg']}; the shape of the API has changed, the old list stays"
        ) from None


def fields(document: Any) -> Iterator[str]:
    """Yield the names of all fields of members, posts, addresses and biographies."""
    match document:
        case {"items": list(items)}:
            for item in items:
                yield from fields(item)
        case {"value": list(values)}:
            for value in values:
                yield from fields(value)
        case {"value": Mapping() as value}:
            yield from map(str, value)
        case list():
            for item in document:
                yield from fields(item)
        case Mapping():
            yield from map(str, document)


def member_cells(
    member: Member,
    contact: ContactItem | None = None,
    biography: BiographyItem | None = None,
) -> dict[str, str]:
    """Return the contact of a member as such: the seat, with address and present committees."""
    person = f"parl-{member.id}"
    house = _HOUSES.get(member.latest_house_membership.house, "")
    shown = display_names.parse(member.name_display_as)
    full = display_names.parse(member.name_full_title or member.name_display_as)
    surname = (member.name_list_as or "").partition(",")[0].strip()
    party = (member.latest_party.name if member.latest_party else None) or ""
    # The Speaker belongs to no party, and the API says so in the party's place.
    speaker = house == "commons" and party == "Speaker"
    return {
        "id": person,
        "person": person,
        "name": shown.name,
        "family": surname if house == "commons" and " " in surname else "",
        "title": full.title or shown.title,
        "honours": full.honours,
        "privy_counsellor": full.privy_counsellor,
        "gender": member.gender or "",
        "house": house,
        "rank": "speaker" if speaker else "",
        "office": "Speaker of the House of Commons" if speaker else "",
        "constituency": (member.latest_house_membership.membership_from or "")
        if house == "commons"
        else "",
        "party": party,
        "email": email(contact),
        "committees": "; ".join(committees(biography)),
    }


def post_cells(
    post: Post, holder: Holder, departments: dict[int, str], contact: ContactItem | None = None
) -> dict[str, str]:
    """Return the contact of a member in a government post."""
    cells = member_cells(holder.member.value, contact)
    named = post.government_departments or []
    return cells | {
        "id": f"{cells['person']}-{post.id}",
        "rank": offices.rank(post.name),
        "office": offices.plain(post.name),
        "department": _department(named, departments),
    }


def current(items: Iterable[MemberItem], house: int) -> list[Member]:
    """Return who sits in ``house`` (1 Commons, 2 Lords) now."""
    return [
        item.value
        for item in items
        if item.value.latest_house_membership.house == house
        and item.value.latest_house_membership.membership_end_date is None
    ]


def holders(posts: Sequence[PostItem]) -> list[tuple[Post, Holder]]:
    """Return who holds each post now."""
    return [
        (item.value, holder)
        for item in posts
        for holder in item.value.post_holders or []
        if holder.end_date is None
    ]


def tenures(posts: Sequence[PostItem], departments: dict[int, str]) -> tuple[Tenure, ...]:
    """Return every tenure the posts state, for the reshuffle check."""
    return tuple(
        Tenure(
            offices.plain(item.value.name),
            _department(item.value.government_departments or [], departments),
            f"parl-{holder.member.value.id}",
            display_names.parse(holder.member.value.name_display_as).name,
            holder.start_date.date(),
            holder.end_date.date() if holder.end_date else None,
        )
        for item in posts
        for holder in item.value.post_holders or []
    )


def email(contact: ContactItem | None) -> str:
    """Return the address of the office at Westminster, else the preferred one, else none.

    A constituency office writes to constituents; a letter to a member of Parliament does not go
    there unless the member prefers it.
    """
    ways = [way for way in (contact.value if contact else None) or [] if way.email]
    ways.sort(key=lambda way: (way.type_id != PARLIAMENTARY_OFFICE, not way.is_preferred))
    if ways and (ways[0].type_id == PARLIAMENTARY_OFFICE or ways[0].is_preferred):
        return (ways[0].email or "").strip()
    return ""


def committees(biography: BiographyItem | None) -> list[str]:
    """Return the committees a member sits on now, each once."""
    listed = (biography.value.committee_memberships if biography else None) or []
    return list(
        dict.fromkeys(
            membership.name.strip() for membership in listed if membership.end_date is None
        )
    )


def _department(named: Sequence[Department], departments: dict[int, str]) -> str:
    names = [department.name or departments.get(department.id, "") for department in named]
    return next((name.strip() for name in names if name), "")
