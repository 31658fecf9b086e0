"""Real lists of one day from two sources at a time: nobody twice, nobody lost."""

from collections import Counter
from collections.abc import Callable
from datetime import date

import pytest

from flows.people import sources
from flows.people.contact import Contact
from flows.people.identity.persons import identify
from flows.people.identity.spelling import seat_key
from flows.people.sources.provenance import NO_OPTIONS, Options
from tests.conftest import shared_data

Make = Callable[[], tuple[Contact, ...]]


def imported(kind: str, *files: str, on: str, house: str = "") -> Make:
    def make() -> tuple[Contact, ...]:
        paths = sorted(path for name in files for path in shared_data().glob(name))
        options = Options(house=house) if house else NO_OPTIONS
        day = date.fromisoformat(on)
        found = sources.read(kind, paths, day, date(2026, 11, 25), options)
        return found.contacts

    return make


IFG_2013 = imported("ifg", "ifg/raw/*.csv", on="2013-09-04")
MPS_2013 = imported("csv", "mps/mps_2013-09-04.csv", on="2013-09-04", house="commons")
PARLPARSE_2013 = imported(
    "csv", "parlparse/memberships_2010-2015.csv", on="2013-09-04", house="commons"
)
LORDS_2013 = imported("csv", "parlparse/lords_2013-09-04.csv", on="2013-09-04", house="lords")
IFG_2023 = imported("ifg", "ifg/raw/*.csv", on="2023-08-15")
TWFY_2023 = imported("twfy", "twfy/mps_2023-08-15.csv", on="2023-08-15")
IFG_2024 = imported("ifg", "ifg/raw/*.csv", on="2024-10-29")
MPS_2024 = imported("csv", "mps/mps_2024-10-29.csv", on="2024-10-29", house="commons")
IFG_2017 = imported("ifg", "ifg/raw/*.csv", on="2017-01-10")
POPOLO_2017 = imported("popolo", "everypolitician/commons-term56.popolo.json", on="2017-01-10")

PAIRS = [
    pytest.param(IFG_2013, MPS_2013, {}, id="2013 ministers and MPs, one scheme of ids"),
    pytest.param(IFG_2013, PARLPARSE_2013, {"seat": 95}, id="2013 ministers and parlparse"),
    pytest.param(IFG_2013, LORDS_2013, {"peerage": 25}, id="2013 ministers and peers"),
    pytest.param(MPS_2013, PARLPARSE_2013, {"seat": 649}, id="2013 MPs of two sources"),
    pytest.param(IFG_2017, POPOLO_2017, {}, id="2017 ministers and EveryPolitician"),
    pytest.param(IFG_2023, TWFY_2023, {"seat": 95}, id="2023 ministers and TheyWorkForYou"),
    pytest.param(IFG_2024, MPS_2024, {}, id="2024 ministers and MPs"),
]


@pytest.mark.parametrize(("one", "other", "merged"), PAIRS)
def test_two_sources_of_one_day_write_to_each_person_once(
    one: Make, other: Make, merged: dict[str, int]
) -> None:
    first, second = one(), other()
    found = identify([*first, *second])
    assert (found.refused, found.doubles) == ((), ())
    assert len(found.contacts) == len(first) + len(second)
    by_seat: dict[str, set[str]] = {}
    by_name: dict[tuple[str, str], set[str]] = {}
    for contact in found.contacts:
        if contact.house == "commons" and contact.constituency:
            by_seat.setdefault(seat_key(contact.constituency), set()).add(contact.person)
        by_name.setdefault((contact.house, contact.name), set()).add(contact.person)
    assert {seat: held for seat, held in by_seat.items() if len(held) > 1} == {}
    reasons = Counter(merge.why.removeprefix("the ").partition(" ")[0] for merge in found.merges)
    assert reasons == merged


def test_four_sources_together_are_as_many_persons_as_there_were() -> None:
    rows = [*IFG_2013(), *MPS_2013(), *PARLPARSE_2013(), *LORDS_2013()]
    found = identify(rows)
    assert (found.refused, found.doubles) == ((), ())
    persons = {contact.person for contact in found.contacts}
    # 650 MPs and 806 peers, every minister among them but those who sat in neither list.
    assert len(persons) == 650 + 806


def test_the_lists_may_come_in_any_order() -> None:
    rows = [*IFG_2013(), *PARLPARSE_2013()]
    forwards, backwards = identify(rows), identify(rows[::-1])
    assert len({contact.person for contact in forwards.contacts}) == len(
        {contact.person for contact in backwards.contacts}
    )
