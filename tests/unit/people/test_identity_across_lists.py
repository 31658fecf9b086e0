"""Two rows of two lists: what proves one person, what only asks, what stops both."""

import random
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.people.contact import Contact
from flows.people.identity import evidence
from flows.people.identity.persons import Persons as Identified
from flows.people.identity.persons import identify
from tests.unit.people.list_fixtures import contact

C: dict[str, Any] = {"house": "commons"}
L: dict[str, Any] = {"house": "lords"}


def two(
    first: dict[str, Any], second: dict[str, Any], **options: Any
) -> tuple[Identified, list[Contact]]:
    """Two rows of two lists, and what is found of them."""
    rows = []
    for number, columns in enumerate((first, second), start=1):
        given = {"id": f"row{number}", "file": f"list{number}.csv", "row": 2, **columns}
        rows.append(contact(given.pop("name"), **given))
    return identify(rows, **options), rows


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ({"name": "Nick Clegg", "person": "parl-1"}, {"name": "Nicholas Clegg", "person": "parl-1"},
         None),
        ({"name": "Ann Lee", "person": "parl-454"}, {"name": "Ann Lee", "person": "454"},
         "one number and surname"),
        ({"name": "Ann Lee", "person": "parl-454"},
         {"name": "Ann Lee", "columns": {"mnis_id": "454.0"}}, "one id"),
        ({"name": "Ann Lee", "person": "twfy-1234"},
         {"name": "A Lee", "aliases": ("x-1", "uk.org.publicwhip/person/1234")}, "one id"),
        ({"name": "Bob Lee", "constituency": "Exeter", **C},
         {"name": "Robert LEE", "constituency": "EXETER", **C}, "one seat and surname"),
        ({"name": "Ann Lee", "constituency": "Truro & Falmouth", **C},
         {"name": "Ann Lee", "constituency": "Truro, and Falmouth", **C}, "one seat and surname"),
        ({"name": "Ann Lee", "constituency": "Ynys Môn", **C},
         {"name": "Ann Lee", "constituency": "Isle of Anglesey", **C}, "one seat and surname"),
        ({"name": "Ann Lee", "constituency": "Gogledd Caerdydd", **C},
         {"name": "Ann Lee", "constituency": "Cardiff North", **C}, "one seat and surname"),
        ({"name": "Ann Lee", "constituency": "Durham, City of", **C},
         {"name": "Ann Lee", "constituency": "City of Durham", **C}, "one seat and surname"),
        ({"name": "Rebecca Long Bailey", "constituency": "Salford", **C},
         {"name": "Rebecca Long-Bailey", "constituency": "Salford", **C}, "one seat and surname"),
        ({"name": "Siân James", "constituency": "Swansea East", **C},
         {"name": "Sian JAMES", "constituency": "Swansea East", **C}, "one seat and surname"),
        ({"name": "Ian Paisley Jnr", "constituency": "North Antrim", **C},
         {"name": "Ian Paisley", "constituency": "North Antrim", **C}, "one seat and surname"),
        ({"name": "Lady Hermon", "constituency": "North Down", **C},
         {"name": "Sylvia Hermon", "constituency": "North Down", **C}, "one seat and surname"),
        ({"name": "Lord Green of Hurstpierpoint", **L},
         {"name": "The Lord Green of Hurstpierpoint", **L}, "one peerage"),
        ({"name": "Baron Hill", **L}, {"name": "Lord Hill", **L}, "one peerage"),
        ({"name": "Lord de Mauley", **L}, {"name": "Lord De Mauley", **L}, "one peerage"),
        ({"name": "Bishop of Oxford", **L},
         {"name": "John Pritchard", "office": "Bishop of Oxford", **L}, "one peerage"),
    ],
)  # fmt: skip
def test_an_id_a_seat_or_a_peerage_proves_that_two_rows_are_one_person(
    first: dict[str, Any], second: dict[str, Any], reason: str | None
) -> None:
    found, rows = two(first, second)
    assert len({row.person for row in found.contacts}) == 1
    assert len(found.contacts) == len(rows)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"name": "Liz Truss"}, {"name": "Elizabeth Truss"}),
        ({"name": "Liz Truss", "person": "parl-4097"}, {"name": "Mary Elizabeth Truss"}),
        ({"name": "Thérèse Coffey"}, {"name": "Therese Coffey"}),
        ({"name": "Theresa Coffey"}, {"name": "Therese Coffey"}),
        ({"name": "John Smith"}, {"name": "John P Smith"}),
        ({"name": "J. Smith"}, {"name": "John Smith"}),
        ({"name": "Smith"}, {"name": "John Smith"}),
        ({"name": "Stephen Brown"}, {"name": "Steven Brown"}),
        ({"name": "Ann Johnston"}, {"name": "Ann Johnson"}),
        ({"name": "Ann Lee"}, {"name": "ANN LEE"}),
        ({"name": "Ann Lee", "constituency": "Exeter", **C}, {"name": "Ann Lee"}),
        ({"name": "Lord Green", **L}, {"name": "Lord Green of Hurstpierpoint", **L}),
        ({"name": "Ann Lee", "email": "a@example.org"},
         {"name": "Bo Ek", "email": "A@Example.org"}),
    ],
)  # fmt: skip
def test_a_likeness_without_more_asks_and_both_rows_wait(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    found, rows = two(first, second)
    stopped = (*found.doubles, *found.refused)
    assert found.contacts == ()
    assert [row.file for row in stopped] == ["list1.csv", "list2.csv"]
    for row in found.doubles:
        assert row.column == "person"
        assert row.reason.startswith("may be ")
        assert "dear-minister contacts distinct" in row.reason
    apart = frozenset({frozenset(evidence.identifier(row.person) for row in rows)})
    if not found.refused and "constituency" not in second:
        assert len(identify(rows, apart).contacts) == 2


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"name": "Ann Lee"}, {"name": "Ian Lee"}),
        ({"name": "Mike Wood", "person": "parl-1"}, {"name": "Mike Wood", "person": "parl-2"}),
        ({"name": "Mike Wood", "gender": "M"}, {"name": "Michelle Wood", "gender": "F"}),
        ({"name": "Mike Wood", "constituency": "Batley", **C},
         {"name": "Michael Wood", "constituency": "Dudley", **C}),
        ({"name": "Lord Green of X", **L}, {"name": "Lord Green of Y", **L}),
        ({"name": "Lord Green", **L}, {"name": "Damian Green"}),
        ({"name": "Ann Lee", "person": "1"}, {"name": "Bo Ek", "person": "1"}),
        ({"name": "Danny Healy-Rae", "constituency": "Kerry", "house": "dail"},
         {"name": "Michael Healy-Rae", "constituency": "Kerry", "house": "dail"}),
    ],
)  # fmt: skip
def test_two_people_are_two(first: dict[str, Any], second: dict[str, Any]) -> None:
    found, _ = two(first, second)
    assert len({row.person for row in found.contacts}) == 2
    assert found.doubles == found.refused == ()


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        ({"name": "Ann Lee", "constituency": "Exeter", **C},
         {"name": "Bo Ek", "constituency": "EXETER", **C}, "given the seat"),
        ({"name": "Ann Lee", "person": "p", "gender": "F"},
         {"name": "Ann Lee", "person": "p", "gender": "M"}, "one is a man"),
        ({"name": "Ann Lee", "person": "p", **C}, {"name": "Ann Lee", "person": "p", **L},
         "one is in the commons"),
        ({"name": "Ann Lee", "person": "p", "constituency": "Exeter", **C},
         {"name": "Ann Lee", "person": "p", "constituency": "Truro", **C}, "their seats differ"),
        ({"name": "Ann Lee", "person": "p"}, {"name": "Bo Ek", "person": "p"},
         "not one word of the names"),
    ],
)  # fmt: skip
def test_rows_that_contradict_each_other_all_stop(
    first: dict[str, Any], second: dict[str, Any], says: str
) -> None:
    found, _ = two(first, second)
    assert found.contacts == ()
    assert [row.file for row in found.refused] == ["list1.csv", "list2.csv"]
    assert all(says in row.reason for row in found.refused)


def test_a_seat_renamed_between_two_lists_asks_and_two_seats_on_one_day_do_not() -> None:
    rows = (
        {"name": "Alec Lee", "constituency": "Elmet and Rothwell", **C},
        {"name": "Alec Lee", "constituency": "Wetherby and Easingwold", **C},
    )
    day, later = date(2023, 8, 15), date(2024, 10, 29)
    one_day, _ = two(*rows, days={"list1.csv": day, "list2.csv": day})
    two_days, _ = two(*rows, days={"list1.csv": day, "list2.csv": later})
    assert (len(one_day.contacts), len(two_days.doubles)) == (2, 2)


def test_a_list_whose_every_row_may_be_a_double_writes_to_nobody() -> None:
    rows = [contact("Ann Lee", id=f"r{n}", file="list.csv", row=n) for n in range(2, 2000)]
    assert len(identify(rows).doubles) == len(rows)


def test_the_person_is_called_by_parliament_s_number_and_keeps_the_other_ids() -> None:
    found, _ = two(
        {"name": "Ann Lee", "person": "twfy-7", "constituency": "Exeter", **C},
        {"name": "Ann Lee", "person": "parl-3", "constituency": "Exeter", **C},
    )
    assert [row.person for row in found.contacts] == ["parl-3", "parl-3"]
    assert all("twfy-7" in row.aliases for row in found.contacts)


FIRST = ["Ann", "Bo", "Cyd", "Dag", "Eve", "Fay", "Gus", "Hal"]
LAST = ["Lindqvist", "Okonkwo", "Marchetti", "Devereux", "Papadakis", "Yamamoto", "Zubrowka"]
SEATS = ["Exeter", "Ynys Môn", "Truro & Falmouth", "City of Durham", "Leeds East", "Bath", "Hove"]
SPELT = {
    "Ynys Môn": ["YNYS MON", "Anglesey"], "Truro & Falmouth": ["Truro, and Falmouth"],
    "City of Durham": ["Durham, City of"],
}  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 7), st.integers(1, 4), st.randoms(use_true_random=False))
def test_lists_shuffled_split_and_renamed_any_way_make_one_letter_a_person(
    people: int, lists: int, rng: random.Random
) -> None:
    rows: list[Contact] = []
    for at in range(people):
        whole = contact(f"{FIRST[at]} {LAST[at]}", id=f"parl-{at}", constituency=SEATS[at], **C)
        for copy in range(rng.randint(1, 3)):
            file = f"list{rng.randrange(lists)}.csv"
            other = rng.choice(
                [
                    {"person": f"parl-{at}", "constituency": ""},
                    {"person": f"twfy-{100 + at}"},
                    {"person": f"own{copy}-{at}", "name": whole.name.upper()},
                    {"person": f"x{copy}{at}", "name": f"{FIRST[at][0]}. {LAST[at]}"},
                    {"constituency": rng.choice(SPELT.get(SEATS[at], [SEATS[at]]))},
                ]
            )
            rows.append(replace(whole, id=f"{file}-{at}-{copy}", file=file, **other))
        rows.append(replace(whole, id=f"sure-{at}", file="sure.csv"))
    rng.shuffle(rows)
    rows = [replace(row, row=number) for number, row in enumerate(rows, start=2)]
    found = identify(rows)
    assert found.doubles == found.refused == ()
    assert len(found.contacts) == len(rows)
    persons: dict[str, set[str]] = {}
    for row in found.contacts:
        persons.setdefault(row.name.split()[-1].casefold(), set()).add(row.person)
    assert [len(ids) for ids in persons.values()] == [1] * people
