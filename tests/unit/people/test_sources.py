"""Sources' own ways of writing names, offices and tables, one small case each."""

import datetime
import json
from pathlib import Path

import pytest

from flows.errors import ConfigurationError
from flows.people import offices, sources
from flows.people.lists.loading import load
from flows.people.sources import display_names
from flows.people.sources.imported import Imported
from flows.people.sources.provenance import Options
from flows.people.sources.saving import save
from tests.unit.people.list_fixtures import DAY, contact

TODAY = datetime.date(2026, 11, 23)


def imported(kind: str, *files: Path, on: datetime.date = DAY, house: str = "") -> Imported:
    return sources.read(kind, files, on, TODAY, Options(house=house))


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "name", "title", "honours", "privy"),
    [
        ("Rt Hon Sir Keir Starmer KCB KC MP", "Keir Starmer", "Sir", "KCB KC", "yes"),
        ("The Rt Hon. the Lord Hague of Richmond", "Lord Hague of Richmond", "", "", "yes"),
        ("Rt Hon Professor the Lord Darzi of Denham OM KBE", "Lord Darzi of Denham", "Professor",
         "OM KBE", "yes"),
        ("The Lord Bishop of Oxford", "Lord Bishop of Oxford", "", "", ""),
        ("Ms Diane Abbott", "Diane Abbott", "Ms", "", ""),
        ("Rev Dr William McCrea MP", "William McCrea", "Rev Dr", "", ""),
        ("Lady Hermon", "Lady Hermon", "", "", ""),
        ("David TC Davies", "David TC Davies", "", "", ""),
        ("Sir George Young Bt MP", "George Young", "Sir", "Bt", ""),
    ],
)  # fmt: skip
def test_a_displayed_name_is_taken_apart(
    text: str, name: str, title: str, honours: str, privy: str
) -> None:
    assert display_names.parse(text) == display_names.Styled(name, title, honours, privy)


@pytest.mark.parametrize(
    ("office", "rank"),
    [
        ("The Prime Minister", "pm"),
        ("Prime Minister's Special Representative to Cyprus", ""),
        ("First Secretary of State and Deputy Prime Minister", "dpm"),
        ("The Lord Chancellor and Secretary of State for Justice ", "sos"),
        ("The Chief Secretary to the Treasury", "sos"),
        ("Leader of the House of Lords and Lord Privy Seal", "sos"),
        ("Deputy Leader of the House of Commons", "puss"),
        ("The Parliamentary Under-Secretary of State for Health", "puss"),
        ("The Minister of State,  Department of Energy", "mos"),
        ("The Attorney-General", "law-officer"),
        ("The Parliamentary Secretary to the Treasury", "whip"),
        ("Lord in Waiting (HM Household) (Whip)", "whip"),
        ("Deputy Speaker (First Deputy Chairman of Ways and Means)", "speaker"),
        ("Shadow Secretary of State for Health", ""),
        ("Lords Spokesperson (HM Treasury) (Whip)", ""),
        ("Deputy Chairman of Committees", ""),
        ("Member, Labour Party National Executive Committee", ""),
    ],
)
def test_an_office_s_rank_is_found_by_its_name(office: str, rank: str) -> None:
    assert offices.rank(office) == rank


def test_spellings_of_one_office_have_one_key() -> None:
    assert offices.key("The Secretary of State for Culture, Media & Sport") == offices.key(
        "secretary of state for culture media and sport"
    )
    assert offices.key("Her Majesty's Attorney-General") == offices.key("Attorney General")


def test_a_peer_is_styled_by_title_and_place(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "lords.csv",
        "person_id,house,title,lordname,lordofname,fromdate,todate\n"
        "uk.org.publicwhip/person/1,lords,Lord,Green,Hurstpierpoint,2010,9999-12-31\n"
        "uk.org.publicwhip/person/2,lords,Earl,,Sandwich,1995,\n"
        "uk.org.publicwhip/person/3,lords,Earl,Howe,,1984,2012\n"
        "uk.org.publicwhip/person/4,lords,Lord,Gone,,x,\n",
    )
    found = imported("csv", path)
    assert [(one.id, one.name) for one in found.contacts] == [
        ("twfy-1", "Lord Green of Hurstpierpoint"),
        ("twfy-2", "Earl of Sandwich"),
    ]
    assert [row.row for row in found.refused] == [5]


def test_ids_come_from_parliament_then_theyworkforyou_then_the_name(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "mps.csv",
        "parliament_id,person_id,name\n379.0,1,William Hague\n,2,Ann Lee\n,,Siân Ŵyn\n,,Siân Ŵyn\n",
    )
    found = imported("csv", path, house="commons")
    ids = ["parl-379", "twfy-2", "sian-wyn", "sian-wyn-2"]
    assert [(one.id, one.person) for one in found.contacts] == [(one, one) for one in ids]
    assert {one.house for one in found.contacts} == {"commons"}


def test_a_table_without_a_name_says_which_columns_it_has(tmp_path: Path) -> None:
    path = written(tmp_path, "x.csv", "who,what\na,b\n")
    with pytest.raises(ConfigurationError, match="no column for the name among who, what"):
        imported("csv", path)


def test_parlparse_people_are_named_by_the_day_and_seated_by_their_post(tmp_path: Path) -> None:
    names = [
        {"note": "Main", "given_name": "David", "family_name": "Cameron", "end_date": "2023-11-12"},
        {"note": "Main", "honorific_prefix": "Lord", "lordname": "Cameron",
         "lordofname": "Chipping Norton", "start_date": "2023-11-13"},
    ]  # fmt: skip
    document = {
        "persons": [
            {"id": "uk.org.publicwhip/person/10777", "other_names": names,
             "identifiers": [{"scheme": "datadotparl", "identifier": "1467"}]},
        ],
        "posts": [
            {"id": "p1", "area": {"name": "Witney"}, "organization_id": "house-of-commons"},
            {"id": "p2", "organization_id": "house-of-lords", "role": "Peer"},
        ],
        "memberships": [
            {"id": "m/1", "person_id": "uk.org.publicwhip/person/10777", "post_id": "p1",
             "start_date": "2010-05-06", "end_date": "2015-03-30"},
            {"id": "m/2", "person_id": "uk.org.publicwhip/person/10777", "post_id": "p2",
             "start_date": "2023-11-13"},
            {"id": "m/3", "person_id": "uk.org.publicwhip/person/10777", "role": "Party leader"},
        ],
    }  # fmt: skip
    path = written(tmp_path, "people.json", json.dumps(document))
    (then,) = imported("popolo", path).contacts
    assert (then.id, then.name, then.house) == ("parl-1467", "David Cameron", "commons")
    assert then.constituency == "Witney"
    (now,) = imported("popolo", path, on=datetime.date(2024, 1, 1)).contacts
    assert (now.name, now.house) == ("Lord Cameron of Chipping Norton", "lords")


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"persons": {}}', '{"memberships": [1]}', '{"persons": []}', "null"]
)
def test_json_that_is_no_popolo_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"opolo"):
        imported("popolo", written(tmp_path, "x.json", text))


def test_ifg_tables_have_to_be_complete(tmp_path: Path) -> None:
    path = written(tmp_path, "appointment.csv", "id,person_id,post_id,start_date,end_date\n")
    with pytest.raises(
        ConfigurationError, match=r"tables missing: appointment_characteristics.csv"
    ):
        imported("ifg", path)


def test_saving_keeps_the_office_s_own_columns_and_notes_the_source(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    save(Imported((contact(id="a", party="Labour"), contact(id="b")), (), "first"), path)
    own = {
        "notes": "mine",
        "tags": ("x", "y"),
        "personal": "One.\nTwo.",
        "columns": {"phone": "020"},
    }
    edited = (contact(id="a", party="Labour", **own), contact(id="b"))
    path.with_name("list.csv.source").unlink()
    path.unlink()
    save(Imported(edited, (), "edited by hand since"), path)
    # As older versions left a list: nothing says what the source had.
    path.with_name(".list.imported.csv").unlink()
    save(Imported((contact(id="a", party="Liberal"), contact(id="b")), (), "second"), path)
    first = load([path]).contacts[0]
    assert (first.party, first.notes, first.tags) == ("Liberal", "mine", ("x", "y"))
    assert (first.personal, first.columns) == ("One.\nTwo.", {"phone": "020"})
    assert path.with_name("list.csv.source").read_text() == "second\n"


def test_a_list_made_by_hand_is_not_replaced(tmp_path: Path) -> None:
    path = written(tmp_path, "mine.csv", "id,name\na,Ann Lee\n")
    with pytest.raises(ConfigurationError, match="was not imported"):
        save(Imported((contact(),), (), "x"), path)


def test_cells_that_a_spreadsheet_would_run_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "x.csv", "id,name\na,=HYPERLINK(1)\nb,Bo Ek\n")
    found = imported("csv", path, house="commons")
    assert [one.id for one in found.contacts] == ["b"]
    assert "begins like a formula" in found.refused[0].reason
