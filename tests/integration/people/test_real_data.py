"""The real files, in their real dirt: everyone of a day, each with an address or a reason."""

import csv
import datetime
import random
import re
from collections import Counter
from pathlib import Path

import pytest

from flows.people import reshuffle, sources
from flows.people.contact import Reader, RejectedRow
from flows.people.forms import country
from flows.people.lists.loading import load
from flows.people.readers import Readers, readers
from flows.people.sources import ifg
from flows.people.sources.imported import Imported
from flows.people.sources.provenance import Options
from flows.people.sources.saving import save
from flows.people.style import Style

DAY = datetime.date(2013, 9, 4)
TODAY = datetime.date(2026, 11, 23)
UK = country("uk")
ROOT = Path(__file__).resolve().parents[3]


def imported(kind: str, *files: Path, on: datetime.date = DAY, house: str = "") -> Imported:
    return sources.read(kind, files, on, TODAY, Options(house=house))


def addressed(found: Imported, on: datetime.date = DAY, **style: bool) -> Readers:
    return readers(found.contacts, UK, Style(**style), on)


def by_name(found: Readers) -> dict[str, Reader]:
    return {reader.contact.name: reader for reader in found.readers}


def reasons(rows: tuple[RejectedRow, ...]) -> Counter[str]:
    return Counter(row.column for row in rows)


def assert_whole(found: Readers) -> None:
    for reader in found.readers:
        for text in (*reader.address.lines, reader.address.salutation, *reader.postal):
            assert text == " ".join(text.split())
            assert text
            assert not re.search(r"\b(None|nan)\b|[{}]", text)
        assert reader.address.salutation.startswith("Dear ")


def test_the_as_of_join_finds_the_137_posts_of_the_oracle(shared_data: Path) -> None:
    found = imported("ifg", shared_data / "ifg" / "raw")
    with (shared_data / "ifg" / "ministers_2013-09-04.csv").open(encoding="utf-8") as file:
        oracle = sorted(
            (
                f"parl-{row['parliament_id']}",
                *(row[name] for name in ("name", "gender", "office", "department")),
                row["house"].lower(),
                *(row[name] for name in ("party", "constituency")),
            )
            for row in csv.DictReader(file)
        )
    ours = sorted(
        (c.person, c.name, c.gender, c.office, c.department, c.house, c.party, c.constituency)
        for c in found.contacts
    )
    assert ours == oracle
    assert len(ours) == 137
    assert not found.refused


def test_the_137_posts_make_120_letters(shared_data: Path) -> None:
    found = addressed(imported("ifg", shared_data / "ifg" / "raw"))
    assert (len(found.readers), len(found.refused)) == (120, 0)
    assert_whole(found)
    hague = by_name(found)["William Hague"]
    assert hague.contact.office == "Secretary of State for Foreign and Commonwealth Affairs"
    assert [other.office for other in hague.others] == ["First Secretary of State"]
    assert hague.address.salutation == "Dear Secretary of State"
    openings = Counter(reader.address.salutation for reader in found.readers)
    assert openings["Dear Prime Minister"] == 1
    assert openings["Dear Secretary of State"] == 17
    assert openings["Dear Minister"] == 69


def test_two_hundred_other_days_have_exactly_one_prime_minister(shared_data: Path) -> None:
    tables = ifg.load([shared_data / "ifg" / "raw"])
    first = datetime.date(1979, 5, 4)
    rng = random.Random(379)
    for _ in range(200):
        day = first + datetime.timedelta(
            days=rng.randrange((datetime.date(2026, 6, 1) - first).days)
        )
        found = [row for _, row in ifg.in_office(tables, day)]
        prime_ministers = [row.cells["name"] for row in found if row.cells.get("rank") == "pm"]
        assert len(prime_ministers) == 1, day
        assert len({row.cells["id"] for row in found}) == len(found), day


@pytest.mark.parametrize(
    ("day", "name"),
    [("1979-05-04", "Margaret Thatcher"), ("1990-11-28", "John Major"),
     ("2010-05-10", "Gordon Brown"), ("2010-05-11", "David Cameron"),
     ("2022-10-01", "Liz Truss"), ("2025-01-01", "Keir Starmer")],
)  # fmt: skip
def test_the_day_an_office_changes_hands_belongs_to_the_new_holder(
    shared_data: Path, day: str, name: str
) -> None:
    on = datetime.date.fromisoformat(day)
    found = imported("ifg", shared_data / "ifg" / "raw", on=on)
    assert [one.name for one in found.contacts if one.rank == "pm"] == [name]


def test_every_member_of_the_commons_of_2013_is_addressed(shared_data: Path) -> None:
    found = imported("csv", shared_data / "mps" / "mps_2013-09-04.csv")
    letters = addressed(found)
    assert (len(found.contacts), len(letters.readers), len(letters.refused)) == (650, 650, 0)
    assert_whole(letters)
    people = by_name(letters)
    for name, opening in [
        ("Iain Duncan Smith", "Dear Mr Duncan Smith"),
        ("Gloria De Piero", "Dear Ms De Piero"),
        ("Nick de Bois", "Dear Mr de Bois"),
        ("Siân James", "Dear Ms James"),
        ("Stephen O'Brien", "Dear Mr O'Brien"),
        ("Ian Paisley Jnr", "Dear Mr Paisley"),
        ("Lady Hermon", "Dear Lady Hermon"),
        ("John Stanley", "Dear Sir John"),
    ]:
        assert people[name].address.salutation == opening


def test_every_peer_of_2013_has_a_form_of_address(shared_data: Path) -> None:
    found = imported("csv", shared_data / "parlparse" / "lords_2013-09-04.csv")
    letters = addressed(found)
    assert (len(found.contacts), len(letters.readers), len(letters.refused)) == (806, 806, 0)
    assert_whole(letters)
    openings = Counter(reader.address.salutation.split()[1] for reader in letters.readers)
    assert openings == {"Lord": 602, "Lady": 180, "Bishop": 20, "Archbishop": 2, "Duke": 2}
    envelopes = {reader.address.envelope: reader.address.salutation for reader in letters.readers}
    assert envelopes["The Earl Howe"] == "Dear Lord Howe"
    assert envelopes["The Earl of Mar and Kellie"] == "Dear Lord Mar and Kellie"
    assert envelopes["The Lord Green of Hurstpierpoint"] == "Dear Lord Green"
    assert envelopes["The Viscount Montgomery of Alamein"] == "Dear Lord Montgomery"
    assert envelopes["The Countess of Mar"] == "Dear Lady Mar"


def test_posts_seats_and_peerages_meet_in_one_letter_each(shared_data: Path) -> None:
    ministers = imported("ifg", shared_data / "ifg" / "raw")
    mps = imported("csv", shared_data / "mps" / "mps_2013-09-04.csv")
    found = readers((*ministers.contacts, *mps.contacts), UK, Style(), DAY)
    peers = {one.person for one in ministers.contacts if one.house == "lords"}
    assert len(found.readers) == 650 + len(peers)
    assert not found.refused
    cable = next(one for one in found.readers if one.contact.name == "Vince Cable")
    assert [other.rank for other in cable.others] == [""]


def test_displayed_names_are_taken_apart(shared_data: Path) -> None:
    on = datetime.date(2024, 10, 29)
    for kind, path in (
        ("csv", shared_data / "mps" / "mps_2024-10-29.csv"),
        ("members-json", shared_data / "members-api" / "current_mps_2024-10-29.json"),
    ):
        letters = addressed(imported(kind, path, on=on), on)
        assert len(letters.readers) == 648
        assert reasons(letters.refused) == {"family": 2}
        assert_whole(letters)
        people = by_name(letters)
        assert people["Keir Starmer"].address.salutation == "Dear Sir Keir"
        assert people["Diane Abbott"].address.salutation == "Dear Ms Abbott"
        assert people["Rosena Allin-Khan"].address.salutation == "Dear Dr Allin-Khan"


def test_scraped_addresses_are_refused_where_a_cell_holds_two(shared_data: Path) -> None:
    on = datetime.date(2019, 3, 1)
    path = shared_data / "mps" / "mp_emails_2019-03.csv"
    found = imported("csv", path, on=on, house="commons")
    assert (len(found.contacts), reasons(found.refused)) == (647, {"email": 2})
    assert sum(not one.email for one in found.contacts) == 12
    letters = addressed(found, on, full_name=True)
    assert (len(letters.readers), len(letters.refused)) == (647, 0)


def test_theyworkforyou_gives_names_and_no_title_so_only_full_names_can_open(
    shared_data: Path,
) -> None:
    on = datetime.date(2023, 8, 15)
    found = imported("twfy", shared_data / "twfy" / "mps_2023-08-15.csv", on=on)
    assert len(found.contacts) == 650
    assert reasons(addressed(found, on).refused) == {"title": 649, "gender": 1}
    speaker = next(one for one in found.contacts if one.rank == "speaker")
    assert (speaker.name, speaker.office) == ("Lindsay Hoyle", "Speaker of the House of Commons")
    assert len(addressed(found, on, full_name=True).readers) == 649


def test_theyworkforyou_of_other_years_is_windows_1252(shared_data: Path, tmp_path: Path) -> None:
    text = (shared_data / "twfy" / "mps_2023-08-15.csv").read_text("utf-8")
    path = tmp_path / "mps.csv"
    path.write_bytes(text.replace("Diane", "Siân").encode("cp1252", "replace"))
    found = imported("twfy", path)
    assert found.contacts[0].name == "Siân Abbott"


def test_popolo_files_meet_by_id(shared_data: Path) -> None:
    on = datetime.date(2016, 1, 1)
    posts = shared_data / "parlparse" / "ministers-2010.govposts.popolo.json"
    people = shared_data / "everypolitician" / "commons-term56.popolo.json"
    found = imported("popolo", posts, people, on=on)
    assert (len(found.contacts), len(found.refused)) == (758, 35)
    assert {row.cells["person_id"].split("/")[0] for row in found.refused} == {"uk.org.publicwhip"}
    letters = addressed(found, on)
    assert (len(letters.readers), len(letters.refused)) == (649, 0)
    assert_whole(letters)
    people_found = by_name(letters)
    assert people_found["George Osborne"].address.salutation == "Dear Chancellor"
    assert people_found["Iain Duncan Smith"].contact.family == "Duncan Smith"
    assert people_found["John Bercow"].address.salutation == "Dear Mr Speaker"


def test_a_party_change_does_not_make_two_of_a_member(shared_data: Path) -> None:
    path = shared_data / "parlparse" / "memberships_2010-2015.csv"
    found = imported("csv", path)
    assert len(found.contacts) == len({one.person for one in found.contacts}) == 650


def test_the_oracle_itself_can_be_imported(shared_data: Path) -> None:
    found = imported("csv", shared_data / "ifg" / "ministers_2013-09-04.csv")
    assert (len(found.contacts), len(addressed(found).readers)) == (137, 120)


def test_an_imported_list_is_loaded_again_as_it_was(shared_data: Path, tmp_path: Path) -> None:
    found = imported("ifg", shared_data / "ifg" / "raw")
    path = tmp_path / "ministers.csv"
    save(found, path)
    again = load([path]).contacts
    assert [(c.id, c.name, c.office, c.tags) for c in again] == [
        (c.id, c.name, c.office, c.tags) for c in found.contacts
    ]
    line = (tmp_path / "ministers.csv.source").read_text("utf-8")
    assert line == "ifg raw as-of 2013-09-04 imported 2026-11-23\n"


def test_the_sample_list_is_right_on_its_day_and_stale_a_year_later(
    shared_data: Path, tmp_path: Path
) -> None:
    path = tmp_path / "offices.csv"
    reshuffle.save(ifg.tenures(ifg.load([shared_data / "ifg" / "raw"])), path)
    held = reshuffle.load(path)
    contacts = load([ROOT / "contacts" / "ministers.csv"]).contacts
    assert reshuffle.check(contacts, held, DAY) == reshuffle.Checked((), ())
    stale = reshuffle.check(contacts, held, datetime.date(2014, 9, 4)).stale
    assert len(stale) == 13
    assert str(stale[0]).endswith(
        "ministers.csv:4: office: listed as Secretary of State for Foreign and Commonwealth"
        " Affairs; that office was held by Philip Hammond from 15 July 2014"
    )


def test_the_reshuffle_check_finds_nothing_in_the_join_of_the_same_day(shared_data: Path) -> None:
    found = imported("ifg", shared_data / "ifg" / "raw")
    held = ifg.tenures(ifg.load([shared_data / "ifg" / "raw"]))
    assert reshuffle.check(found.contacts, held, DAY) == reshuffle.Checked((), ())
