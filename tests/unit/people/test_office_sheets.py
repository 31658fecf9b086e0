"""A sheet that an office keeps itself becomes a contact list; what it leaves out is said."""

import datetime
import os
from pathlib import Path

import pytest
import xlsxwriter

from flows.errors import ConfigurationError
from flows.people.lists.loading import load
from flows.people.sources import headings, provenance, tables
from flows.people.sources.imported import Imported
from flows.people.sources.provenance import NO_OPTIONS, Options
from tests.unit.people.list_fixtures import csv_file

TODAY = datetime.date(2026, 11, 23)


def imported(
    path: Path, options: Options = NO_OPTIONS, kept: Options = NO_OPTIONS, on: datetime.date = TODAY
) -> Imported:
    return tables.read_sheet([path], on, TODAY, options, kept)


def test_common_headings_are_known_and_what_is_left_out_is_named(tmp_path: Path) -> None:
    path = csv_file(
        tmp_path,
        "Title,Forename,Surname,Rt Hon,Chamber,Seat,Group,Job title,Dept,E-mail address,"
        "Address 1,Address 2,Town,Post code,Twitter,Shoe size\n"
        "Mr,Iain,Duncan Smith,Yes,House of Commons,Chingford,Conservative,"
        "Secretary of State for Work and Pensions,DWP,ids@example.org,"
        "Caxton House,Tothill Street,London,SW1H 9NA,@ids,9\n",
    )
    found = imported(path)
    (one,) = found.contacts
    assert (one.name, one.family, one.title) == ("Iain Duncan Smith", "Duncan Smith", "Mr")
    assert (one.privy_counsellor, one.house, one.rank) == (True, "commons", "sos")
    assert (one.constituency, one.party, one.department) == ("Chingford", "Conservative", "DWP")
    assert one.address == ("Caxton House", "Tothill Street", "London")
    assert (one.postcode, one.email) == ("SW1H 9NA", "ids@example.org")
    assert found.unused == ("Twitter", "Shoe size")
    assert set(found.used) | set(found.unused) == set(path.read_text().splitlines()[0].split(","))


@pytest.mark.parametrize(
    ("heading", "column"),
    [
        ("Constituency name", "constituency"),
        ("AREA", "constituency"),
        ("Ministry", "department"),
        ("Position", "office"),
        ("Role", "office"),
        ("Political party", "party"),
        ("Chamber", "house"),
        ("Right Honourable", "privy_counsellor"),
        ("Privy Councillor?", "privy_counsellor"),
        ("Email (office)", "email"),
        ("Post nominals", "honours"),
        ("Sex", "gender"),
        ("Select committees", "committees"),
        ("Comments", "notes"),
    ],
)
def test_a_heading_is_known_whatever_its_spelling(heading: str, column: str) -> None:
    known = headings.assign({"x": heading}, {}, "x.csv")
    assert known.columns == {column: ("x",)}


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Hague, Rt Hon William", ("William Hague", "", True, "")),
        ("Duncan Smith, Iain", ("Iain Duncan Smith", "Duncan Smith", False, "")),
        ("Rt Hon Sir George Young Bt MP", ("George Young", "", True, "commons")),
        ("Mary Lou McDonald TD", ("Mary Lou McDonald", "", False, "dail")),
        ("Ann Lee, MP", ("Ann Lee", "", False, "commons")),
        ("Lord Green of Hurstpierpoint", ("Lord Green of Hurstpierpoint", "", False, "")),
    ],
)
def test_a_name_in_one_cell_is_taken_apart(
    tmp_path: Path, name: str, parts: tuple[str, str, bool, str]
) -> None:
    (one,) = imported(csv_file(tmp_path, f'Name\n"{name}"\n')).contacts
    assert (one.name, one.family, one.privy_counsellor, one.house) == parts


def test_a_peer_s_title_in_a_column_of_its_own_is_part_of_the_name(tmp_path: Path) -> None:
    rows = "Lord,,Green of Hurstpierpoint\nBaroness,,Warsi\nLady,Sylvia,Hermon\n"
    path = csv_file(tmp_path, f"Title,First name,Surname\n{rows}")
    assert [(one.name, one.title) for one in imported(path).contacts] == [
        ("Lord Green of Hurstpierpoint", ""),
        ("Baroness Warsi", ""),
        ("Sylvia Hermon", "Lady"),
    ]


def test_a_title_column_of_job_titles_is_read_as_offices(tmp_path: Path) -> None:
    path = csv_file(
        tmp_path, "Name,Title\nAnn Lee,Minister of State\nBo Ek,Dr\nCy Fox,Rt Hon Sir\n"
    )
    first, second, third = imported(path).contacts
    assert (first.office, first.title, first.rank) == ("Minister of State", "", "mos")
    assert (second.office, second.title) == ("", "Dr")
    assert (third.title, third.privy_counsellor) == ("Sir", True)


def test_a_column_is_mapped_by_its_heading_and_the_rest_stays_known(tmp_path: Path) -> None:
    path = csv_file(
        tmp_path,
        "Who,Where do they sit,Area,Line B,Line A,Shoe size\n"
        "Ann Lee,Otherton,North,London,1 Low St,9\n",
    )
    options = Options(
        mapping={
            "who": "name",
            "Where do they sit": "constituency",
            "Line A": "address 1",
            "Line B": "address 2",
            "Shoe size": "shoes",
        }
    )
    found = imported(path, options)
    (one,) = found.contacts
    assert (one.name, one.constituency) == ("Ann Lee", "Otherton")
    assert one.address == ("1 Low St", "London")
    assert one.columns == {"shoes": "9"}
    assert found.unused == ("Area",)


def test_a_known_column_that_a_mapping_takes_the_place_of_is_said_with_the_mapping_that_has_it_too(
    tmp_path: Path,
) -> None:
    path = csv_file(
        tmp_path,
        "Name,House,E-mail,Work mail,Street,City / Postcode\n"
        "Ann Ray,commons,a@example.org,b@example.org,1 High Road,London N1 1AA\n",
    )
    mapping = {"City / Postcode": "address_2", "Work mail": "email"}
    found = imported(path, Options(mapping=mapping))
    assert found.contacts[0].address == ("London N1 1AA",)
    (mail, street) = (line for line in found.remarks if "--map names another for" in line)
    assert "'E-mail' is not used, because --map names another for email" in mail
    assert '"Street=address_1"' in street
    mapping |= headings.parse(["Street=address_1", "E-mail=-"])
    found = imported(path, Options(mapping=mapping))
    assert found.contacts[0].address == ("1 High Road", "London N1 1AA")
    assert not any("--map names another for" in line for line in found.remarks)


def test_a_mapping_of_nothing_leaves_a_column_out(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "Name,Area,Email\nAnn Lee,North,ann@example.org\n")
    found = imported(path, Options(mapping={"Area": "-"}))
    assert found.contacts[0].constituency == ""
    assert found.unused == ("Area",)


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        (["Where"], r"""--map 'Where': write it as "Their heading=column\""""),
        (["Seat=constituency", "Area=constituency"], "names the column 'constituency' twice, for"),
        (["Seat=constituency", "SEAT=party"], "names the heading 'SEAT' twice; keep one"),
        (["Seat=constituancy"], "'constituancy' is no column; did you mean 'constituency'?"),
        (["Set=constituency"], "--map 'Set': .* has no such heading; there are Name, Seat, Area"),
        (["Seat=a b!"], "'a b!' cannot be a column's name"),
    ],
)
def test_a_wrong_mapping_is_one_clear_line(tmp_path: Path, pairs: list[str], says: str) -> None:
    path = csv_file(tmp_path, "Name,Seat,Area\nAnn Lee,North,South\n")
    with pytest.raises(ConfigurationError, match=says) as error:
        imported(path, Options(mapping=headings.parse(pairs)))
    assert "\n" not in str(error.value)


def test_a_title_row_hidden_rows_and_merged_departments_of_a_workbook_are_managed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "office.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet("Ministers")
        page.merge_range(0, 0, 0, 3, "Ministers we write to")
        page.write_row(1, 0, ["Member", "Position", "Dept", "Start date"])
        page.write_column(2, 0, ["Ann Lee", "Bo Ek", "Cy Fox"])
        page.write_column(2, 1, ["Secretary of State", "Minister of State", "Under-Secretary"])
        page.merge_range(2, 2, 3, 2, "Department of Health")
        page.write_string(4, 2, "Home Office")
        day = book.add_format({"num_format": "m/d/yyyy"})
        page.write_datetime(2, 3, datetime.datetime(2012, 9, 4), day)
        page.write_datetime(4, 3, datetime.datetime(2014, 5, 6), day)
        page.set_row(3, None, None, {"hidden": True})
        book.add_worksheet("Old").hide()
    found = imported(path, on=datetime.date(2014, 1, 1))
    assert [(one.name, one.department) for one in found.contacts] == [
        ("Ann Lee", "Department of Health"),
        ("Bo Ek", "Department of Health"),
    ]
    said = " ".join(found.remarks)
    assert "1 row above the heading passed over: Ministers we write to" in said
    assert "1 row is hidden in the sheet" in said
    assert "the sheet 'Ministers' is read, not 'Old' (hidden)" in said


def test_one_missing_house_or_rank_is_one_line_with_the_option_to_type(tmp_path: Path) -> None:
    people = "".join(f"Person {chr(65 + n)} Name,Helper {n}\n" for n in range(20))
    path = csv_file(tmp_path, f"Name,Position\n{people}")
    found = imported(path)
    assert len(found.contacts) == 20
    assert [one.split(":")[0] for one in found.remarks] == [
        "no row says which House its reader sits in (20 rows)",
        "no office is of a rank known here (20 rows)",
    ]
    assert "--house commons" in found.remarks[0]
    assert "--rank pm or dpm or sos or mos or puss" in found.remarks[1]
    told = imported(path, Options(house="lords", rank="mos"))
    assert {(one.house, one.rank) for one in told.contacts} == {("lords", "mos")}
    assert told.remarks == ()


def test_ids_never_collide_and_do_not_hang_on_the_order_of_rows(tmp_path: Path) -> None:
    rows = ["Siân Ŵyn,Ynys Môn,Minister for A", "Siân Ŵyn,Arfon,Minister for B", "Ольга,X,"]
    ids = set()
    for order in (rows, rows[::-1]):
        text = "Name,Seat,Position\n" + "\n".join(order) + "\n"
        found = imported(csv_file(tmp_path, text))
        assert not found.refused
        ids.add(tuple(sorted(one.id for one in found.contacts)))
    assert all(len(set(one)) == 3 for one in ids)
    many = "".join("Ann Lee,,\n" for _ in range(30))
    found = imported(csv_file(tmp_path, f"Name,Seat,Position\n{many}"))
    assert len({one.id.casefold() for one in found.contacts}) == 30
    posts = "".join(f"1,Ann Lee,Minister of State for {word}\n" for word in ("Ice", "Icecream"))
    found = imported(csv_file(tmp_path, f"parliament_id,Name,Position\n{posts}"))
    assert len({one.id for one in found.contacts}) == 2
    assert {one.person for one in found.contacts} == {"parl-1"}


def test_a_person_who_is_listed_twice_is_said_when_the_sheet_is_imported(tmp_path: Path) -> None:
    path = csv_file(
        tmp_path,
        "Name,House,E-mail\nAnn Ray,commons,a@example.org\nBo Ek,commons,b@example.org\n"
        "Ann Ray,commons,a@example.org\n",
    )
    (remark,) = imported(path).remarks
    assert "Ann Ray stands in rows 2, 4, with an id in each: if this is one person" in remark
    path.write_text(
        "Name,House,Person,Office\nAnn Ray,commons,x,Whip\nAnn Ray,commons,x,Minister\n", "utf-8"
    )
    assert not any("stands in rows" in line for line in imported(path).remarks)


def test_line_breaks_that_fit_a_column_and_what_mail_programs_add_are_taken_off(
    tmp_path: Path,
) -> None:
    path = csv_file(
        tmp_path,
        'Name,"Job\ntitle",E-mail,Address,Personal,Notes,Committees,Tel\n'
        '"Ann\nLee","Minister of State\r\nfor Health",mailto:ann@example.org;,'
        '"1 Low St\nLondon","One.\nTwo.","Rang\n3 May","Health\nDefence",+44 20 7946 0114\n'
        'Bo Ek,,"Ek, Bo <bo@example.org>",,,,,\n',
    )
    found = imported(path, Options(mapping={"Tel": "phone"}))
    first, second = found.contacts
    assert (first.name, first.office) == ("Ann Lee", "Minister of State for Health")
    assert (first.email, second.email) == ("ann@example.org", "bo@example.org")
    assert (first.address, first.personal) == (("1 Low St", "London"), "One.\nTwo.")
    assert (first.notes, first.committees) == ("Rang 3 May", ("Health", "Defence"))
    assert first.columns == {"phone": "+44 20 7946 0114"}


def test_a_formulas_error_matters_where_its_column_is_used(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "Name,Seat,Age\nAnn Lee,#N/A,7\nBo Ek,North,#REF!\n")
    found = imported(path)
    assert [one.name for one in found.contacts] == ["Bo Ek"]
    assert found.refused[0].reason == "Seat: holds #N/A, a formula's error; mend the formula"


# the day of a list


def test_a_list_never_claims_a_day_that_its_data_do_not_reach(tmp_path: Path) -> None:
    rows = "Name,Start date,End date\nAnn Lee,2010-05-06,2012-01-01\nBo Ek,2011-01-01,\n"
    path = csv_file(tmp_path, rows, name="people.csv")
    found = imported(path, on=datetime.date(2026, 11, 1))
    assert found.source == "sheet people.csv as-of 2012-01-01 imported 2026-11-23"
    assert found.remarks[0].startswith(
        "the data end on 1 January 2012: the list is of that day, not of 1 November 2026"
    )
    found = imported(path, on=datetime.date(2011, 6, 1))
    assert "as-of 2011-06-01" in found.source
    assert len(found.contacts) == 2


@pytest.mark.parametrize("name", ["mps_2023-08-15.csv", "20230815 mps.csv"])
def test_a_file_without_dates_is_of_the_day_in_its_name(tmp_path: Path, name: str) -> None:
    path = csv_file(tmp_path, "Name,House\nAnn Lee,commons\n", name=name)
    for asked in (datetime.date(2013, 9, 4), datetime.date(2026, 11, 1)):
        found = imported(path, on=asked)
        assert "as-of 2023-08-15" in found.source
        assert "the file is of 15 August 2023 by its name" in found.remarks[0]
    assert imported(path, on=datetime.date(2023, 8, 15)).remarks == ()


def test_a_file_that_states_no_day_is_no_later_than_it_was_saved(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "Name,House\nAnn Lee,commons\n")
    saved = datetime.datetime(2020, 3, 4, 12).timestamp()
    os.utime(path, (saved, saved))
    found = imported(path)
    assert "as-of 2020-03-04" in found.source
    assert "the file was saved on 4 March 2020 and states no day" in found.remarks[0]
    assert "as-of 2019-01-01" in imported(path, on=datetime.date(2019, 1, 1)).source


def test_the_file_beside_a_list_says_its_day_and_how_it_was_read(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    options = Options("commons", "", {"Where they sit = now": "constituency"})
    line = "sheet x.xlsx as-of 2013-09-04 imported 2026-11-23"
    provenance.write(path, provenance.Provenance(line, options))
    found = provenance.read(path)
    assert found == provenance.Provenance(line, options)
    assert provenance.list_day(path) == datetime.date(2013, 9, 4)
    fetched = "members-api https://x fetched 2024-10-29T09:00:00Z etag none MPs 650"
    assert provenance.Provenance(fetched).day == datetime.date(2024, 10, 29)
    assert provenance.list_day(tmp_path / "other.csv") is None


def test_a_foreign_sheet_under_a_list_s_name_is_told_the_command_that_reads_it(
    tmp_path: Path,
) -> None:
    path = csv_file(tmp_path, "First name,Surname\nAnn,Lee\n", name="our people.csv")
    with pytest.raises(ConfigurationError) as error:
        load([path])
    assert str(error.value).endswith(
        f"dear-minister contacts import '{path}' --to 'contacts/our people.csv'"
    )


def test_a_title_above_headings_that_nobody_knows_is_not_taken_for_the_headings(
    tmp_path: Path,
) -> None:
    """Else the message that says what to map names the title, and no heading."""
    path = csv_file(
        tmp_path,
        "Friends of the Rivers\n\nNo.,Full name of Member,Their mail\n1,Ann Lee,a@b.example\n",
    )
    with pytest.raises(ConfigurationError, match=r"among No\., Full name of Member, Their mail"):
        imported(path)
    mapped = Options(mapping={"full name of member": "name", "Their mail": "email"})
    (one,) = imported(path, mapped).contacts
    assert (one.name, one.email) == ("Ann Lee", "a@b.example")
