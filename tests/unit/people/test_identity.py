"""One person, one letter, whatever list, id, spelling or seat they come under."""

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.errors import ConfigurationError
from flows.people.contact import Contact
from flows.people.identity import distinct
from flows.people.identity import persons as persons_module
from flows.people.identity.persons import Persons, identify
from flows.people.identity.spelling import seat_key


def row(number: int, name: str, *, list_: str = "a", **fields: Any) -> Contact:
    given_ = {"id": f"{list_}{number}", "person": f"{list_}{number}", "file": f"{list_}.csv"}
    return Contact(name=name, row=number + 1, **{**given_, **fields})


def persons(*rows: Contact, different: frozenset[frozenset[str]] = frozenset()) -> Persons:
    return identify(rows, different)


def member(number: int, name: str, seat: str, **fields: Any) -> Contact:
    return row(number, name, **{"house": "commons", "constituency": seat, **fields})


ONE = [
    ("parl-454", "parl-454"),
    ("parl-454", "454"),
    ("parl-454", "parl-0454"),
    ("mnis_454", "PARL-454"),
    ("twfy-10251", "uk.org.publicwhip/person/10251"),
]


@pytest.mark.parametrize(("one", "other"), ONE)
def test_an_id_in_common_makes_two_rows_one_person(one: str, other: str) -> None:
    found = persons(
        row(1, "William Hague", person=one), row(2, "William Hague", list_="b", person=other)
    )
    assert len({contact.person for contact in found.contacts}) == 1
    assert len(found.contacts) == 2


def test_an_alias_joins_what_neither_id_does() -> None:
    found = persons(
        row(1, "Nick Clegg", person="parl-1563"),
        row(2, "Nicholas Clegg", list_="b", person="twfy-11914"),
        row(3, "Nick Clegg", list_="c", person="libdem-1", aliases=("parl-1563", "twfy-11914")),
    )
    assert {contact.person for contact in found.contacts} == {"parl-1563"}
    assert found.contacts[0].aliases == ("libdem-1", "parl-1563", "twfy-11914")


def test_a_bare_number_is_parliaments_only_where_the_surname_agrees() -> None:
    found = persons(row(1, "William Hague", person="parl-7"), row(2, "Ann Ray", person="7"))
    assert len({contact.person for contact in found.contacts}) == 2
    assert not found.refused


def test_two_offices_numbering_from_one_do_not_mix_their_readers() -> None:
    found = persons(
        row(1, "William Hague", id="1", person="1"),
        row(1, "Caroline Lucas", list_="b", id="1", person="1"),
    )
    assert not found.merges
    assert {contact.name for contact in found.contacts} == {"William Hague", "Caroline Lucas"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ynys Môn", "YNYS MON"),
        ("Ynys Môn", "Anglesey"),
        ("Aldridge-Brownhills", "Aldridge Brownhills"),
        ("Basildon and Billericay", "Basildon & Billericay"),
        ("Birmingham, Hall Green", "Birmingham Hall Green"),
        ("Carmarthen East and Dinefwr", "Dwyrain Caerfyrddin a Dinefwr"),
        ("Na h-Eileanan an Iar", "Western Isles"),
        ("King's Lynn", "Kings Lynn"),
        ("Vale of Glamorgan", "Bro Morgannwg"),
    ],
)
def test_a_seat_has_one_key_however_it_is_written(one: str, other: str) -> None:
    assert seat_key(one) == seat_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Liz Truss", "Elizabeth Truss"),
        ("Iain Duncan Smith", "Iain Duncan-Smith"),
        ("Thérèse Coffey", "Therese Coffey"),
        ("Emma Lewell-Buck", "Emma Lewell"),
        ("Jeffrey M Donaldson", "Jeffrey Donaldson"),
    ],
)
def test_the_same_seat_and_surname_on_the_day_is_one_person(one: str, other: str) -> None:
    found = persons(
        member(1, one, "South West Norfolk", person="parl-1"),
        member(2, other, "south west norfolk", list_="b", person="twfy-10002"),
    )
    (merge,) = found.merges
    assert merge.why == "the seat South West Norfolk and the surname"
    assert {contact.person for contact in found.contacts} == {"parl-1"}


def test_members_of_one_name_for_one_place_elsewhere_stay_two() -> None:
    found = persons(
        row(1, "Michael Healy-Rae", house="dail", constituency="Kerry"),
        row(2, "Danny Healy-Rae", house="dail", constituency="Kerry"),
    )
    assert len({contact.person for contact in found.contacts}) == 2
    assert not found.doubles


def test_the_same_peerage_is_one_person() -> None:
    found = persons(
        row(1, "Lord Green of Hurstpierpoint", house="lords", person="parl-4167"),
        row(2, "The Lord Green of Hurstpierpoint", list_="b", house="lords", person="twfy-24906"),
    )
    (merge,) = found.merges
    assert merge.why == "the peerage Lord Green Of Hurstpierpoint"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Earl Howe", "Lord Howe"),
        ("Lord Smith of Clifton", "Lord Smith of Leigh"),
        ("Baroness Jones of Moulsecoomb", "Lord Jones of Moulsecoomb"),
    ],
)
def test_other_peerages_are_other_persons(one: str, other: str) -> None:
    found = persons(row(1, one, house="lords"), row(2, other, list_="b", house="lords"))
    assert not found.merges
    assert not found.doubles


def test_two_persons_in_one_seat_stop_both_rows() -> None:
    found = persons(
        member(1, "Jane Ashby", "Aldershot"),
        member(2, "Hugh Fenn", "Aldershot", list_="b"),
        member(3, "Ruth Burn", "Aberavon"),
    )
    assert [contact.name for contact in found.contacts] == ["Ruth Burn"]
    assert [str(one) for one in found.refused] == [
        "a.csv:2: person: Jane Ashby and Hugh Fenn in b.csv:3 are both given the seat Aldershot, "
        "which one person holds; correct or delete one of the two",
        "b.csv:3: person: Hugh Fenn and Jane Ashby in a.csv:2 are both given the seat Aldershot, "
        "which one person holds; correct or delete one of the two",
    ]


def test_two_official_ids_for_one_seat_and_surname_stop_both_rows() -> None:
    found = persons(
        member(1, "Ann Ray", "Wells", person="parl-1"),
        member(2, "Anne Ray", "Wells", list_="b", person="parl-2"),
    )
    assert len(found.refused) == 2


def test_one_id_with_two_seats_stops_both_rows() -> None:
    found = persons(
        member(1, "Ann Ray", "Wells", person="parl-1"),
        member(2, "Ann Ray", "Wye", list_="b", person="parl-1"),
    )
    assert [one.reason for one in found.refused] == [
        "the same person as Ann Ray in b.csv:3 by id, but their seats differ: Wells, Wye; correct"
        " one of the two rows",
        "the same person as Ann Ray in a.csv:2 by id, but their seats differ: Wells, Wye; correct"
        " one of the two rows",
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Liz Truss", "Elizabeth Truss"),
        ("Thérèse Coffey", "Therese Coffey"),
        ("J Smith", "John Smith"),
        ("John A Smith", "John Smith"),
        ("Catherine Ray", "Katherine Ray"),
        ("Lord Green", "Lord Green of Hurstpierpoint"),
        ("Ann Ray", "ANN RAY"),
    ],
)
def test_much_the_same_name_and_nothing_more_waits_for_a_person(one: str, other: str) -> None:
    found = persons(row(1, one), row(2, other, list_="b"))
    assert not found.contacts
    assert not found.merges
    first, second = found.doubles
    assert (first.file, second.file) == ("a.csv", "b.csv")
    assert "much the same name" in first.reason
    assert "contacts distinct a1 b2" in first.reason


@pytest.mark.parametrize(
    ("one", "other"),
    [("Andrew Ray", "Angela Ray"), ("Ann Ray", "Ann Burn"), ("John Smith", "James Smith")],
)
def test_another_name_is_another_person(one: str, other: str) -> None:
    found = persons(row(1, one), row(2, other, list_="b"))
    assert len(found.contacts) == 2


def test_one_email_under_two_names_waits_for_a_person() -> None:
    found = persons(
        row(1, "Ann Ray", email="office@example.org"),
        row(2, "Hugh Fenn", email="Office@example.org", list_="b"),
    )
    assert len(found.doubles) == 2
    assert "the same e-mail" in found.doubles[0].reason


@pytest.mark.parametrize(
    "fields",
    [
        ({"person": "parl-1"}, {"person": "parl-2"}),
        (
            {"house": "commons", "constituency": "Wells"},
            {"house": "commons", "constituency": "Wye"},
        ),
        ({"house": "commons"}, {"house": "lords"}),
        ({"gender": "M"}, {"gender": "F"}),
    ],
)
def test_what_tells_two_namesakes_apart_is_not_asked_about(fields: Any) -> None:
    one = row(1, "Alex Smith", email="smith@example.org", **fields[0])
    other = row(2, "Alex Smith", email="smith@example.org", **fields[1])
    assert len(persons(one, other).contacts) == 2


def test_persons_listed_as_different_both_get_their_letter() -> None:
    rows = (row(1, "Ann Ray"), row(2, "Ann Ray", list_="b"))
    found = persons(*rows, different=frozenset({frozenset({"a1", "b2"})}))
    assert len(found.contacts) == 2


def test_the_list_of_different_persons_is_kept_and_a_slip_in_it_stops(tmp_path: Path) -> None:
    file = tmp_path / "distinct.csv"
    assert distinct.load(file) == frozenset()
    assert distinct.add(file, "parl-0454", "a1", by="E. Marchbank", on=date(2026, 11, 25))
    assert not distinct.add(file, "A1", "parl-454", by="", on=date(2026, 11, 26))
    assert distinct.load(file) == {frozenset({"parl-454", "a1"})}
    with pytest.raises(ConfigurationError, match="one id"):
        distinct.add(file, "a1", "A1", by="", on=date(2026, 11, 26))
    file.write_text("person,other\na1,\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"distinct\.csv:2: two ids"):
        distinct.load(file)


def test_rows_keep_their_order_and_none_is_lost() -> None:
    rows = [member(n, f"Reader {n} {chr(65 + n)}son", f"Seat {n}") for n in range(9)]
    found = persons(*rows)
    assert [contact.id for contact in found.contacts] == [one.id for one in rows]


FIRST = ["Ann", "Hugh", "Siân", "Ruth", "Owen", "Nia", "Paul", "Fiona", "Ben", "Zoë"]
LAST = ["Ashby", "O'Dale", "Glyndŵr", "Weir-Hill", "Duncan Smith", "Ray", "Fenn", "Tarn"]


def house_of_commons(count: int, chance: random.Random) -> list[Contact]:
    return [
        member(
            n,
            f"{chance.choice(FIRST)} {(last := chance.choice(LAST))}",
            f"Sêat & {n}",
            person=f"parl-{n}",
            family=last,
            email=f"m{n}@example.org",
        )
        for n in range(1, count + 1)
    ]


def disguised(contact: Contact, chance: random.Random, list_: str) -> Contact:
    """The same person as another list would have it: other ids, spellings, blanks."""
    name = contact.name
    if chance.random() < 0.5:
        name = name.replace("â", "a").replace("ŵ", "w").replace("ë", "e").upper()
    seat = contact.constituency
    if chance.random() < 0.5:
        seat = seat.replace("ê", "e").replace("&", "and").upper()
    number = contact.person.removeprefix("parl-")
    person = chance.choice([contact.person, f"twfy-{10000 + int(number)}", number])
    return replace(
        contact,
        id=f"{list_}{number}",
        person=person,
        name=name,
        family=contact.family if chance.random() < 0.5 else "",
        constituency=seat,
        email=chance.choice([contact.email, ""]),
        file=f"{list_}.csv",
    )


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 25), st.randoms(use_true_random=False))
def test_however_lists_are_shuffled_split_and_renamed_there_is_one_letter_a_person(
    count: int, chance: random.Random
) -> None:
    people = house_of_commons(count, chance)
    lists = [people]
    for list_ in ("b", "c"):
        chosen = [disguised(one, chance, list_) for one in people if chance.random() < 0.7]
        lists.append(chosen)
    rows = [contact for list_ in lists for contact in list_]
    chance.shuffle(rows)
    found = identify(rows)
    assert not found.refused
    assert not found.doubles
    by_person: dict[str, set[str]] = defaultdict(set)
    for contact in found.contacts:
        by_person[contact.person].add(seat_key(contact.constituency))
    assert len(by_person) == count
    assert all(len(seats) == 1 for seats in by_person.values())


@settings(max_examples=120, deadline=None)
@given(
    st.lists(
        st.builds(
            row,
            st.integers(0, 40),
            st.sampled_from(["Ann Ray", "Anne Ray", "Hugh Fenn", "Lord Green", "A Ray", "X"]),
            list_=st.sampled_from(["a", "b"]),
            house=st.sampled_from(["", "commons", "lords"]),
            constituency=st.sampled_from(["", "Wells", "Wye"]),
            person=st.sampled_from(["parl-1", "1", "twfy-10001", "x", "y"]),
            email=st.sampled_from(["", "a@example.org", "b@example.org"]),
        ),
        max_size=8,
    )
)
def test_every_row_goes_on_or_is_handed_back_once(rows: Sequence[Contact]) -> None:
    found = identify(rows)
    ended = [(one.file, one.row) for one in (*found.contacts, *found.refused, *found.doubles)]
    assert Counter(ended) == Counter((one.file, one.row) for one in rows)


def test_whoever_two_seats_do_not_tell_apart_is_compared_as_among_all_pairs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chance = random.Random(11)
    rows = [
        row(
            number,
            chance.choice(("Ann Smith", "Anne Smith", "Ann SMITH", "Bea Smith", "A Smyth")),
            list_=chance.choice("abc"),
            constituency=chance.choice(("", "Ynys Môn", "Anglesey", "Leeds", "Exeter", "Bath")),
            email=chance.choice(("", "", "one@example.org", "two@example.org")),
        )
        for number in range(120)
    ]
    days = {"a.csv": date(2024, 7, 5), "b.csv": date(2024, 7, 5)}
    found = identify(rows, days=days)
    monkeypatch.setattr(persons_module, "_pairs", lambda block, *_: combinations(block, 2))
    assert found.doubles
    assert found == identify(rows, days=days)
