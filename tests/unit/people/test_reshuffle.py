"""What a list claims, against who held the office on the day."""

import datetime
from pathlib import Path

import pytest

from flows.errors import ConfigurationError
from flows.people import reshuffle
from flows.people.reshuffle import Tenure, check
from tests.unit.people.list_fixtures import DAY, contact, csv_file

FCO = "Foreign & Commonwealth Office"
CHANGE = datetime.date(2012, 9, 4)
HELD = [
    Tenure("Minister for Europe", FCO, "parl-1", "David Old", datetime.date(2010, 5, 13), CHANGE),
    Tenure("Minister for Europe", FCO, "parl-2", "Nick New-Man", CHANGE, None),
    Tenure("Minister of State", FCO, "parl-3", "Lord Green of X", CHANGE, None),
    Tenure("Minister of State", "Home Office", "parl-4", "Ann Lee", CHANGE, None),
    Tenure("Lord Privy Seal", "Cabinet Office", "parl-5", "Bo Ek", CHANGE, DAY),
]


def found(on: datetime.date = DAY, **columns: object) -> list[str]:
    columns.setdefault("rank", "mos")
    one = contact(str(columns.pop("name")), **columns)
    return [stale.what for stale in check([one], HELD, on).stale]


def test_a_row_that_claims_somebody_else_s_office_is_told_since_when() -> None:
    assert found(name="David Old", office="Minister for Europe", department=FCO) == [
        "listed as Minister for Europe; that office was held by Nick New-Man from 4 September 2012"
    ]
    assert found(name="David Old", office="Minister for Europe", on=datetime.date(2011, 1, 1)) == []


def test_ids_decide_where_there_are_any_and_surnames_where_not() -> None:
    office = "The Minister for Europe"
    assert found(name="Nicholas New-Man", office=office) == []
    assert found(name="Nick New-Man", office=office, person="parl-9") != []
    assert found(name="Somebody Else", office=office, person="parl-2") == []
    assert found(name="Some Body", office=office, columns={"parliament_id": "2"}) == []


def test_the_department_tells_offices_of_one_name_apart() -> None:
    office = "Minister of State"
    department = "Foreign and Commonwealth Office"
    assert found(name="Lord Green", office=office, department=department) == []
    assert found(name="Ann Lee", office=office, department=department) != []
    assert found(name="Ann Lee", office=office, department="Home Office") == []


def test_an_office_joined_of_two_is_found_by_either() -> None:
    office = "Minister for Europe and Minister for Nothing Known"
    assert found(name="Nick New-Man", office=office) == []
    assert found(name="David Old", office=office) != []


def test_an_office_nobody_holds_any_more_says_since_when() -> None:
    assert found(name="Bo Ek", office="Lord Privy Seal") == [
        "listed as Lord Privy Seal; nobody held that office after 4 September 2013"
    ]
    assert found(name="Bo Ek", office="Lord Privy Seal", on=datetime.date(2000, 1, 1)) == [
        "listed as Lord Privy Seal; nobody held that office yet"
    ]


def test_unknown_offices_are_counted_and_rows_without_rank_are_not_asked() -> None:
    unknown = contact(rank="mos", office="Minister for Silly Walks")
    backbench = contact(office="Minister for Europe")
    assert check([unknown, backbench], HELD, DAY) == reshuffle.Checked((), (unknown,))


def test_tenures_are_saved_and_loaded_as_they_were(tmp_path: Path) -> None:
    reshuffle.save(HELD, tmp_path / "offices.csv")
    assert reshuffle.load(tmp_path / "offices.csv") == tuple(HELD)


def test_a_tenure_without_a_date_stops_with_its_row(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "office,department,person,name,start,end\nA,B,C,D,soon,\n")
    with pytest.raises(ConfigurationError, match=r"list.csv:2: start: 'soon' is no date"):
        reshuffle.load(path)
