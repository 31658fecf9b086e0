"""One person gets one letter, addressed by the highest office."""

from flows.people.forms import country
from flows.people.readers import readers
from flows.people.style import Style
from tests.unit.people.list_fixtures import DAY, contact

UK = country("uk")
SOS = {"rank": "sos", "house": "commons"}


def test_three_posts_of_one_person_make_one_reader_addressed_by_the_highest() -> None:
    whip = contact(id="w", person="p", rank="whip", office="Lord Commissioner", house="commons")
    mp = contact(id="m", person="p", house="commons", email="p@example.org", gender="M")
    puss = contact(id="u", person="p", rank="puss", office="Minister for X", house="commons")
    found = readers([whip, mp, puss], UK, Style(), DAY)
    (reader,) = found.readers
    assert reader.contact.id == "u"
    assert [other.id for other in reader.others] == ["w", "m"]
    assert reader.contact.email == "p@example.org"
    assert reader.contact.gender == "M"


def test_of_two_equal_ranks_the_department_addresses_before_an_office_held_beside_it() -> None:
    first = contact(id="1", person="p", office="First Secretary of State", **SOS)
    foreign = contact(id="2", person="p", office="Secretary of State for Foreign Affairs", **SOS)
    (reader,) = readers([first, foreign], UK, Style(), DAY).readers
    assert reader.contact.id == "2"


def test_of_two_departments_the_first_of_the_list_addresses() -> None:
    one = contact(id="1", person="p", office="Secretary of State for A", **SOS)
    two = contact(id="2", person="p", office="Secretary of State for B", **SOS)
    (reader,) = readers([one, two], UK, Style(), DAY).readers
    assert reader.contact.id == "1"


def test_a_campaign_can_let_the_first_row_address_the_letter() -> None:
    mp = contact(id="1", person="p", house="commons", gender="M")
    sos = contact(id="2", person="p", office="Secretary of State for B", **SOS)
    (reader,) = readers([mp, sos], UK, Style(addressed_by="list"), DAY).readers
    assert reader.contact.id == "1"


def test_readers_come_in_the_order_in_which_they_first_appear() -> None:
    people = [contact(id=key, house="commons", gender="M") for key in "cab"]
    again = contact(id="z", person="b", office="Secretary of State for B", **SOS)
    found = readers([*people, again], UK, Style(), DAY)
    assert [reader.contact.person for reader in found.readers] == ["c", "a", "b"]


def test_a_reader_without_e_mail_gets_a_letter_by_post() -> None:
    (reader,) = readers([contact(house="lords", name="Lord Hill")], UK, Style(), DAY).readers
    assert reader.contact.email == ""
    assert reader.postal == ("House of Lords", "London SW1A 0PW")


def test_a_reader_who_cannot_be_reached_at_all_is_handed_back() -> None:
    lone = contact(envelope="A", salutation="Dear A", file="list.csv", row=7)
    (refused,) = readers([lone], UK, Style(), DAY).refused
    assert str(refused).startswith("list.csv:7: email: neither")


def test_a_refused_reader_comes_back_with_all_its_cells() -> None:
    odd = contact(
        "Alex Smith", house="commons", tags=("a", "b"), address=("1", "2"), columns={"pet": "cat"}
    )
    (refused,) = readers([odd], UK, Style(), DAY).refused
    assert refused.column == "title"
    assert refused.cells["name"] == "Alex Smith"
    assert refused.cells["tags"] == "a b"
    assert refused.cells["address"] == "1 | 2"
    assert refused.cells["pet"] == "cat"


def test_two_people_under_one_person_id_are_found_by_their_gender() -> None:
    one = contact(id="1", person="p", house="commons", gender="M")
    two = contact("Ann Lee", id="2", person="p", house="commons", gender="F")
    (refused,) = readers([one, two], UK, Style(), DAY).refused
    assert refused.column == "person"


def test_being_a_privy_counsellor_is_a_fact_about_the_person_not_the_row() -> None:
    mp = contact(id="1", person="p", house="commons", privy_counsellor=True)
    mos = contact(id="2", person="p", house="commons", rank="mos", office="Minister for X")
    (reader,) = readers([mp, mos], UK, Style(), DAY).readers
    assert reader.address.lines[0] == "Rt Hon William Hague MP"
