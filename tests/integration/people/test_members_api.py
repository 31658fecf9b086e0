"""Refreshing the lists from the Members API, against a server that replays it."""

import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.errors import ConfigurationError
from flows.people import reshuffle
from flows.people.forms import country
from flows.people.lists.loading import load
from flows.people.readers import readers
from flows.people.sources import refreshing
from flows.people.sources.members_api import MembersApi
from flows.people.style import Style
from tests.integration.people.members_server import MembersServer, member, recorded, serving

NOW = datetime.datetime(2024, 10, 29, 9, tzinfo=datetime.UTC)
DAY = NOW.date()


@pytest.fixture
def everyone(shared_data: Path) -> Iterator[MembersServer]:
    with serving(recorded(shared_data / "members-api")) as running:
        yield running


@pytest.fixture
def server(shared_data: Path) -> Iterator[MembersServer]:
    """Forty-five of the MPs, which is three pages."""
    some = recorded(shared_data / "members-api")
    some.members = [*some.members[:45], *some.members[-2:]]
    with serving(some) as running:
        yield running


def refresh(server: MembersServer, folder: Path, **options: Any) -> refreshing.Refreshed:
    cache = folder / "cache"
    with MembersApi(cache, server.url, per_second=5000, wait=0.01) as api:
        found = refreshing.refresh(api, NOW, lambda what, at, of: None, **options)
        api.forget()
    return found


def test_every_mp_and_minister_comes_once_page_by_page_with_posts_addresses_and_committees(
    everyone: MembersServer, tmp_path: Path
) -> None:
    lists = refreshing.save(refresh(everyone, tmp_path), tmp_path / "contacts")
    loaded = load([one.path for one in lists])
    assert not loaded.refused
    assert len(loaded.contacts) == 650 + 2 + 2
    by_id = {one.id: one for one in loaded.contacts}
    starmer = by_id["parl-4514-1267"]
    assert (starmer.rank, starmer.department) == ("pm", "Prime Minister's Office")
    assert starmer.email == "keir.starmer.mp@parliament.example"
    assert starmer.privy_counsellor
    assert by_id["parl-172"].committees == ("Home Affairs Committee",)
    assert by_id["parl-1"].privy_counsellor
    found = readers(loaded.contacts, country("uk"), Style(), DAY)
    assert len(found.readers) == 650
    addressed = {one.contact.person: one.address for one in found.readers}
    assert addressed["parl-4514"].salutation == "Dear Prime Minister"
    assert addressed["parl-4514"].lines[0] == "Rt Hon Sir Keir Starmer MP"
    assert addressed["parl-2"].salutation == "Dear Minister"
    assert addressed["parl-467"].salutation == "Dear Mr Speaker"
    assert {row.column for row in found.refused} == {"family"}
    assert len(found.refused) == 2
    asked = sum(count for path, count in everyone.asked.items() if "Search" in path)
    assert asked == 33 + 1


def test_the_source_line_names_address_time_and_etag(server: MembersServer, tmp_path: Path) -> None:
    refreshing.save(refresh(server, tmp_path, details=False), tmp_path)
    line = (tmp_path / "members-mps.csv.source").read_text("utf-8")
    assert line == (f'members-api {server.url} fetched 2024-10-29T09:00:00Z etag "abc" MPs 45\n')


def test_the_tenures_let_an_old_list_be_checked(server: MembersServer, tmp_path: Path) -> None:
    refreshing.save(refresh(server, tmp_path, details=False), tmp_path)
    held = reshuffle.load(tmp_path / "offices.csv")
    contacts = load([tmp_path / "members-ministers.csv"]).contacts
    assert reshuffle.check(contacts, held, DAY).stale == ()
    (stale, _) = reshuffle.check(contacts, held, datetime.date(2023, 1, 1)).stale
    assert "held by Ex Holder from 25 October 2022" in stale.what


def test_a_run_that_was_stopped_goes_on_where_it_was(server: MembersServer, tmp_path: Path) -> None:
    server.faults["/api/Posts/GovernmentPosts"] = [(400, {}, b"")]
    with pytest.raises(ConfigurationError, match="answered 400; the old list stays"):
        refresh(server, tmp_path, details=False)
    before = sum(server.asked.values())
    refresh(server, tmp_path, details=False)
    assert sum(server.asked.values()) - before == 2
    assert not (tmp_path / "cache").exists()


def test_busy_and_broken_answers_are_tried_again(server: MembersServer, tmp_path: Path) -> None:
    server.faults["/api/Members/Search"] = [
        (429, {"Retry-After": "0"}, b""),
        (503, {}, b""),
        (0, {}, b""),
    ]
    found = refresh(server, tmp_path, details=False)
    assert len(found.mps.contacts) == 45


@pytest.mark.parametrize(
    ("path", "answer", "says"),
    [
        ("/api/Members/Search", (500, {}, b""), "the server answered 500"),
        ("/api/Members/Search", (302, {"Location": "/elsewhere"}, b""), "the server answered 302"),
        ("/api/Members/Search", (404, {}, b""), "not found"),
        ("/api/Members/Search", (200, {}, b"<html>"), "the answer is not JSON"),
        ("/api/Members/Search", (200, {}, b"[]"), "the document: Input should be"),
        ("/api/Members/Search", (200, {}, b'{"items": [{"value": {"id": 1}}], "totalResults": 1}'),
         "items.0.value.nameDisplayAs: Field required; the shape of the API has changed"),
        ("/api/Members/Search", (200, {}, b'{"items": [], "totalResults": 9}'),
         "then an empty page"),
        ("/api/Posts/GovernmentPosts", (200, {}, b'{"items": []}'),
         "the document: Input should be"),
        ("/api/Posts/GovernmentPosts", (200, {}, b"[]"), "nobody holds a post"),
    ],
)  # fmt: skip
def test_a_change_in_the_api_gives_one_clear_line_and_the_old_list_stays(
    server: MembersServer,
    tmp_path: Path,
    path: str,
    answer: tuple[int, dict[str, str], bytes],
    says: str,
) -> None:
    folder = tmp_path / "contacts"
    refreshing.save(refresh(server, tmp_path, details=False), folder)
    before = {one.name: one.read_bytes() for one in folder.iterdir()}
    server.faults[path] = [answer] * 9
    with pytest.raises(ConfigurationError) as error:
        refreshing.save(refresh(server, tmp_path, details=False), folder)
    assert says in str(error.value)
    assert "\n" not in str(error.value)
    assert {one.name: one.read_bytes() for one in folder.iterdir()} == before


def test_a_refresh_keeps_what_the_office_wrote_and_drops_who_has_left(
    server: MembersServer, tmp_path: Path
) -> None:
    (saved, _, _) = refreshing.save(refresh(server, tmp_path, details=False), tmp_path)
    mps = saved.path
    text = mps.read_text("utf-8").splitlines()
    at = text[0].split(",").index("personal")
    row = next(number for number, line in enumerate(text) if line.startswith("parl-172,"))
    cells = text[row].split(",")
    cells[at] = "For you alone."
    text[row] = ",".join(cells)
    mps.write_text("\n".join(text), "utf-8")
    server.members = [one for one in server.members if one["id"] != 4212]
    (saved, _, _) = refreshing.save(refresh(server, tmp_path, details=False), tmp_path)
    assert str(saved) == f"{mps}: 44 contacts (1 gone)"
    by_id = {one.id: one for one in load([mps]).contacts}
    assert by_id["parl-172"].personal == "For you alone."
    assert "parl-4212" not in by_id
    assert len(by_id) == 44


def test_a_list_made_by_hand_is_never_replaced(server: MembersServer, tmp_path: Path) -> None:
    mine = tmp_path / "members-ministers.csv"
    mine.write_text("id,name\na,Ann Lee\n")
    with pytest.raises(ConfigurationError, match="was not imported"):
        refreshing.save(refresh(server, tmp_path, details=False), tmp_path)
    assert mine.read_text() == "id,name\na,Ann Lee\n"
    assert not (tmp_path / "members-mps.csv").exists()


def test_no_server_at_all_is_one_clear_line(tmp_path: Path) -> None:
    with (
        MembersApi(tmp_path, "http://127.0.0.1:1", attempts=1) as api,
        pytest.raises(ConfigurationError, match=r"no answer .*the old list stays"),
    ):
        api.members(1, lambda what, at, of: None)
    with pytest.raises(ConfigurationError, match="is no https address"):
        MembersApi(tmp_path, "ftp://example.org")


def test_requests_keep_their_distance(shared_data: Path, tmp_path: Path) -> None:
    server = recorded(shared_data / "members-api")
    server.members = [member(number, f"Ann Lee{number}", 1) for number in range(100)]
    with serving(server), MembersApi(tmp_path, server.url, per_second=50) as api:
        began = datetime.datetime.now(tz=datetime.UTC)
        api.members(1, lambda what, at, of: None)
        took = (datetime.datetime.now(tz=datetime.UTC) - began).total_seconds()
    assert took >= 4 / 50


def test_hostile_names_from_the_api_are_refused_row_by_row(
    server: MembersServer, tmp_path: Path
) -> None:
    server.members[0] = member(172, "=cmd|' /C calc'!A0", 1)
    server.members[1] = member(5131, "Jack\u202eAbbott", 1)
    found = refresh(server, tmp_path, details=False)
    assert len(found.mps.contacts) == 43
    assert {row.column for row in found.mps.refused} == {"row", "name"}
    assert json.dumps([str(row) for row in found.mps.refused])
