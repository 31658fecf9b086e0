"""Files saved from the Members API: pages of members, single ones, posts, addresses, biographies.

They meet by id: an address or biography says in its links whose it is.
"""

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flows.errors import ConfigurationError
from flows.people.lists.table import Row
from flows.people.sources import jsonfile, members, provenance
from flows.people.sources.imported import Imported, gather

_HOUSES = {True: 1, False: 2}


@dataclass(frozen=True, slots=True)
class _Found:
    seats: list[tuple[str, int, members.Member]] = field(default_factory=list)
    posts: list[tuple[str, members.PostItem]] = field(default_factory=list)
    contacts: dict[int, members.ContactItem] = field(default_factory=dict)
    biographies: dict[int, members.BiographyItem] = field(default_factory=dict)


def read(files: Sequence[Path], as_of: datetime.date, today: datetime.date) -> Imported:
    """Return the sitting members and post-holders in ``files``, as the files have them.

    The files hold one day, that of their fetching. Raises ConfigurationError: a file unreadable,
    or of a shape the API does not have.
    """
    found = _Found()
    fields: dict[str, None] = {}
    for path in files:
        document = jsonfile.read(path)
        _add(found, path, document)
        fields.update(dict.fromkeys(members.fields(document)))
    reach = provenance.snapshot(as_of, files)
    return gather(
        provenance.stamp("members-json", files, reach.day, today),
        _rows(found),
        used=[name for name in fields if name in members.USED],
        unused=[name for name in fields if name not in members.USED],
        remarks=reach.remarks,
    )


def _add(found: _Found, path: Path, document: Any) -> None:
    where = str(path)
    match document:
        case {"items": [{"value": {"nameDisplayAs": _}}, *_]}:
            page = members.shaped(members.Search, document, where)
            for number, item in enumerate(page.items, start=1):
                found.seats.append((where, number, item.value))
        case {"value": {"nameDisplayAs": _}}:
            item = members.shaped(members.MemberItem, document, where)
            found.seats.append((where, 1, item.value))
        case [{"nameDisplayAs": _}, *_]:
            for number, one in enumerate(document, start=1):
                member = members.shaped(members.Member, _whole(one), f"{where}: item {number}")
                found.seats.append((where, number, member))
        case [{"value": {"postHolders": _}}, *_]:
            posts = members.shaped(list[members.PostItem], document, where)
            found.posts.extend((where, post) for post in posts)
        case {"value": [{"typeId": _}, *_]}:
            contact = members.shaped(members.ContactItem, document, where)
            found.contacts[_whose(document, where)] = contact
        case {"value": {"committeeMemberships": _}}:
            biography = members.shaped(members.BiographyItem, document, where)
            found.biographies[_whose(document, where)] = biography
        case _:
            raise ConfigurationError(
                f"{where}: neither members, posts, an address nor a biography of the Members API"
            )


def _whole(flat: Any) -> Any:
    """The member in the flat list that some save (is_mp, party, membershipFrom as they stand)."""
    if not isinstance(flat, Mapping):
        return flat
    return {
        **flat,
        "latestParty": {"name": flat.get("party")},
        "latestHouseMembership": {
            "house": _HOUSES[bool(flat.get("is_mp"))],
            "membershipFrom": flat.get("membershipFrom"),
            "membershipEndDate": None if flat.get("is_current", True) else "0001-01-01T00:00:00",
        },
    }


def _whose(document: Any, where: str) -> int:
    for link in document.get("links") or []:
        if isinstance(link, Mapping) and (
            found := re.match(r"/Members/(\d+)/", str(link.get("href")))
        ):
            return int(found[1])
    raise ConfigurationError(f"{where}: its links do not say whose it is; fetch it again")


def _rows(found: _Found) -> Iterator[tuple[str, Row]]:
    for where, number, member in found.seats:
        if member.latest_house_membership.membership_end_date is None:
            cells = members.member_cells(
                member, found.contacts.get(member.id), found.biographies.get(member.id)
            )
            yield where, Row(number, cells)
    for number, (where, post) in enumerate(found.posts, start=1):
        for _, holder in members.holders([post]):
            contact = found.contacts.get(holder.member.value.id)
            yield where, Row(number, members.post_cells(post.value, holder, {}, contact))
