"""A source that is silent about titles makes nobody Mr who may be Sir; who is sworn is counted."""

from typing import Any

import pytest

from flows.people import unstated
from flows.people.contact import Contact
from flows.people.forms import country
from flows.people.readers import Readers, readers
from flows.people.style import Style
from tests.unit.people.list_fixtures import DAY, contact

C: dict[str, Any] = {"house": "commons", "gender": "M"}


def addressed(rows: list[Contact], **style: bool) -> Readers:
    without = unstated.untitled(rows, ["source.csv"])
    return readers(rows, country("uk"), Style(**style), DAY, without)


def member(**columns: Any) -> Contact:
    return contact("John Lee", **{"file": "source.csv", "row": 2, **C, **columns})


def test_by_a_source_without_titles_nobody_is_mr() -> None:
    (refused,) = addressed([member()]).refused
    assert refused.column == "title"
    assert "states no titles, and John Lee may be Sir or Dame" in refused.reason
    (reader,) = addressed([member()], full_name=True).readers
    assert reader.address.salutation == "Dear John Lee"
    assert reader.contact.gender == "M"


def test_a_list_beside_it_brings_sir_or_says_that_there_is_none() -> None:
    person = {"person": "p"}
    for title, opening in (("Sir", "Dear Sir John"), ("", "Dear Mr Lee")):
        beside = member(id="b", title=title, file="own.csv", **person)
        (reader,) = addressed([member(id="a", **person), beside]).readers
        assert reader.address.salutation == opening


def test_a_blank_title_in_a_list_that_has_titles_means_that_there_is_none() -> None:
    titled = member(id="b", person="q", title="Sir", row=3)
    openings = [one.address.salutation for one in addressed([member(id="a"), titled]).readers]
    assert openings == ["Dear Mr Lee", "Dear Sir John"]


@pytest.mark.parametrize(
    ("columns", "opening"),
    [
        ({"rank": "speaker"}, "Dear Mr Speaker"),
        ({"rank": "mos", "office": "Minister for X"}, "Dear Minister"),
        ({"name": "Lord Lee", "house": "lords"}, "Dear Lord Lee"),
    ],
)
def test_who_is_addressed_by_office_or_peerage_needs_no_title(
    columns: dict[str, Any], opening: str
) -> None:
    whole = {"file": "source.csv", **C, **columns}
    (reader,) = addressed([contact(whole.pop("name", "John Lee"), **whole)]).readers
    assert reader.address.salutation == opening


def test_titles_and_privy_counsellors_that_a_source_leaves_out_are_counted() -> None:
    rows = [
        member(id="a", person="a"),
        member(id="b", person="b", rank="mos", office="Minister for X", tags=("attends-cabinet",)),
        member(id="c", person="c", rank="sos", office="Secretary of State for X"),
    ]
    titles, sworn, attending = unstated.remarks(rows, ["source.csv"], ["source.csv"])
    assert titles.startswith("source.csv: states no titles; 3 persons without one")
    assert "marks no row as a Privy Counsellor" in sworn
    assert attending.startswith("1 who attend Cabinet are not marked as Privy Counsellors")
    assert unstated.remarks([member(file="own.csv")], [], []) == ()
