"""One refresh from the Members API: everything fetched and checked before a list is replaced."""

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from flows.errors import ConfigurationError
from flows.people.lists.table import Row
from flows.people.reshuffle import Tenure
from flows.people.reshuffle import save as save_tenures
from flows.people.sources import imported, members, saving
from flows.people.sources.imported import Imported
from flows.people.sources.members_api import MembersApi, Progress
from flows.people.sources.saving import Plan

LISTS = ("members-mps.csv", "members-peers.csv", "members-ministers.csv")
OFFICES = "offices.csv"
"""The tenures for the reshuffle check, beside the lists."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """Everything one refresh found."""

    mps: Imported
    peers: Imported
    ministers: Imported
    tenures: tuple[Tenure, ...]


def refresh(
    api: MembersApi, now: datetime.datetime, progress: Progress, *, details: bool = True
) -> Refreshed:
    """Fetch MPs, peers and government posts; with ``details`` each member's e-mail and committees.

    Raises ConfigurationError for anything that is not as documented; nothing is written.
    """
    mps, peers = api.members(1, progress), api.members(2, progress)
    where = f"{api.base}/api/Posts/GovernmentPosts"
    posts = members.shaped(list[members.PostItem], api.get("/api/Posts/GovernmentPosts"), where)
    departments = _departments(api, posts)
    held = members.holders(posts)
    if not held:
        raise ConfigurationError(f"{where}: nobody holds a post; the old list stays")
    progress("government posts", len(held), len(held))
    ways = _Details(api, progress, details)
    note = f"members-api {api.base} fetched {now:%Y-%m-%dT%H:%M:%SZ} etag {api.etag or 'none'}"
    lists = (
        imported.gather(f"{note} MPs {len(mps)}", _rows(f"{api.base} MPs", ways.cells(mps, "MPs"))),
        imported.gather(
            f"{note} peers {len(peers)}", _rows(f"{api.base} peers", ways.cells(peers, "peers"))
        ),
        imported.gather(
            f"{note} posts {len(held)}",
            _rows(
                f"{api.base} posts",
                (
                    members.post_cells(post, holder, departments, ways.contact(holder))
                    for post, holder in held
                ),
            ),
        ),
    )
    used = tuple(name for name in api.fields if name in members.USED)
    unused = tuple(name for name in api.fields if name not in members.USED)
    mp_list, peer_list, minister_list = (replace(made, used=used, unused=unused) for made in lists)
    return Refreshed(mp_list, peer_list, minister_list, members.tenures(posts, departments))


def save(refreshed: Refreshed, folder: Path, *, fewer: bool = False) -> tuple[Plan, ...]:
    """Write the three lists and the tenures into ``folder``; returns the lists as written.

    Raises ConfigurationError, and leaves all as they were, where one was not made by a refresh or,
    without ``fewer``, would shrink by more than a fifth.
    """
    lists = (refreshed.mps, refreshed.peers, refreshed.ministers)
    planned = tuple(
        saving.plan(found, folder / name, fewer=fewer)
        for found, name in zip(lists, LISTS, strict=True)
    )
    for plan in planned:
        saving.write(plan)
    save_tenures(refreshed.tenures, folder / OFFICES)
    return planned


class _Details:
    """E-mail and committees of each member, asked for once."""

    def __init__(self, api: MembersApi, progress: Progress, wanted: bool) -> None:
        self._api = api
        self._progress = progress
        self._wanted = wanted

    def cells(self, found: list[members.Member], what: str) -> Iterator[dict[str, str]]:
        for number, member in enumerate(found, start=1):
            yield members.member_cells(
                member,
                self._get(members.ContactItem, member.id, "Contact"),
                self._get(members.BiographyItem, member.id, "Biography"),
            )
            if self._wanted:
                self._progress(f"details of {what}", number, len(found))

    def contact(self, holder: members.Holder) -> members.ContactItem | None:
        return self._get(members.ContactItem, holder.member.value.id, "Contact")

    def _get(self, kind: type[members.T], number: int, what: str) -> members.T | None:
        path = f"/api/Members/{number}/{what}"
        document = self._api.get(path, absent=True) if self._wanted else None
        return members.shaped(kind, document, self._api.base + path) if document else None


def _departments(api: MembersApi, posts: list[members.PostItem]) -> dict[int, str]:
    """Names of the departments, which a post may give by id alone."""
    found: dict[int, str] = {}
    for kind in sorted({item.value.type for item in posts}):
        path = f"/api/Posts/Departments/{kind}"
        document = api.get(path, absent=True) or []
        for department in members.shaped(list[members.Department], document, api.base + path):
            found[department.id] = department.name or ""
    return found


def _rows(where: str, cells: Iterable[dict[str, str]]) -> Iterator[tuple[str, Row]]:
    for number, one in enumerate(cells, start=1):
        yield where, Row(number, one)
