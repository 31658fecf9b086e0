"""Ireland: another parliament in one module, in two languages."""

import datetime
from typing import Any

import pytest

from flows.errors import RowError
from flows.people.forms import country
from flows.people.style import Style
from tests.unit.people.list_fixtures import DAY, contact

IE = country("ie")
D: dict[str, Any] = {"house": "dail"}
S: dict[str, Any] = {"house": "seanad"}


@pytest.mark.parametrize(
    ("name", "columns", "envelope", "english", "irish"),
    [
        ("Enda Kenny", {"rank": "pm", **D}, "Enda Kenny TD, Taoiseach", "Dear Taoiseach",
         "A Thaoisigh"),
        ("Eamon Gilmore", {"rank": "dpm", **D}, "Eamon Gilmore TD, Tánaiste", "Dear Tánaiste",
         "A Thánaiste"),
        ("James Reilly", {"rank": "sos", "office": "Minister for Health", "title": "Dr", **D},
         "Dr James Reilly TD, Minister for Health", "Dear Minister", "A Aire"),
        ("Joe Costello", {"rank": "mos", "office": "Minister of State", **D},
         "Joe Costello TD, Minister of State", "Dear Minister", "A Aire"),
        ("Seán Barrett", {"rank": "speaker", **D}, "Seán Barrett TD, Ceann Comhairle",
         "Dear Ceann Comhairle", "A Cheann Comhairle"),
        ("Catherine Connolly", {"rank": "speaker", "office": "Leas-Cheann Comhairle", **D},
         "Catherine Connolly TD, Leas-Cheann Comhairle", "Dear Leas-Cheann Comhairle",
         "A Leas-Cheann Comhairle"),
        ("Micheál Martin", D, "Micheál Martin TD", "Dear Deputy Martin", "A Theachta"),
        ("Caoimhghín Ó Caoláin", {"family": "Ó Caoláin", **D}, "Caoimhghín Ó Caoláin TD",
         "Dear Deputy Ó Caoláin", "A Theachta"),
    ],
)  # fmt: skip
def test_each_reader_is_addressed_in_english_and_in_irish(
    name: str, columns: dict[str, Any], envelope: str, english: str, irish: str
) -> None:
    one = contact(name, **columns)
    for style, opening, close in (
        (Style(), english, "Yours sincerely"),
        (Style(language="ga"), irish, "Is mise le meas"),
    ):
        address = IE.address(one, style, DAY)
        assert (address.envelope, address.salutation) == (envelope, opening)
        assert address.close == close


def test_a_senator_s_title_follows_the_language() -> None:
    one = contact("Ivana Bacik", **S)
    english = IE.address(one, Style(), DAY)
    irish = IE.address(one, Style(language="ga"), DAY)
    assert (english.envelope, english.salutation) == ("Senator Ivana Bacik", "Dear Senator Bacik")
    assert (irish.envelope, irish.salutation) == ("An Seanadóir Ivana Bacik", "A Sheanadóir")


@pytest.mark.parametrize(
    ("name", "columns", "column"),
    [
        ("Ann Lee", {}, "house"),
        ("Ann Lee", {"house": "lords"}, "house"),
        ("Éamon Ó Cuív", D, "family"),
        ("Ann Lee", {"title": "Sir", **D}, "title"),
        ("Deputy Ann Lee", D, "name"),
        ("Minister Ann Lee", D, "name"),
        ("Ann Lee TD", D, "name"),
        ("Ann Lee", {"rank": "mos", **D}, "office"),
    ],
)
def test_nothing_is_guessed(name: str, columns: dict[str, Any], column: str) -> None:
    with pytest.raises(RowError) as error:
        IE.address(contact(name, **columns), Style(), DAY)
    assert error.value.column == column


def test_after_the_dissolution_of_the_dail_nobody_is_a_td_and_senators_sit_on() -> None:
    on = datetime.date(2024, 11, 10)
    with pytest.raises(RowError) as error:
        IE.address(contact("Ann Lee", **D), Style(), on)
    assert (error.value.column, error.value.reason) == (
        "house", "the Dáil was dissolved on 2024-11-08: nobody is a TD until the poll of "
        "2024-11-29; write after it",
    )  # fmt: skip
    added = Style(dissolutions=((datetime.date(2031, 1, 1), datetime.date(2031, 2, 1)),))
    with pytest.raises(RowError, match="the Dáil was dissolved on 2031-01-01"):
        IE.address(contact("Ann Lee", **D), added, datetime.date(2031, 1, 15))
    assert IE.postal(contact("Ann Lee", **D), added, datetime.date(2031, 1, 15)) == ()
    taoiseach = IE.address(contact("Simon Harris", rank="pm", **D), Style(), on)
    assert taoiseach.envelope == "Simon Harris, Taoiseach"
    assert IE.address(contact("Ann Lee", **S), Style(), on).envelope == "Senator Ann Lee"


def test_the_roles_and_postal_lines_are_those_every_country_has() -> None:
    one = contact("Ann Lee", **D)
    assert [IE.role(contact(**columns)) for columns in (D, S, {"rank": "sos"}, {})] == [
        "mp", "peer", "minister", "other",
    ]  # fmt: skip
    assert IE.postal(one, Style(), DAY)[0] == "Dáil Éireann"
    office = contact(rank="sos", department="Dept", address=("1 St", "Dublin"), postcode="D02")
    assert IE.postal(office, Style(), DAY) == ("Dept", "1 St", "Dublin", "D02")


def test_what_the_row_says_itself_wins_and_honours_stand_behind_the_name() -> None:
    own = contact("Ann Lee", envelope=" An tUasal | Ann Lee |", salutation="Dear Ann , ", **D)
    address = IE.address(own, Style(), DAY)
    assert (address.lines, address.salutation) == (("An tUasal", "Ann Lee"), "Dear Ann")
    doctor = contact("Ann Lee", title="Dr.", honours="SC", **D)
    assert IE.address(doctor, Style(), DAY).envelope == "Dr Ann Lee SC TD"


@pytest.mark.parametrize("title", ["Tánaiste", "Taoiseach", "Dr.", "Mr"])
def test_a_title_in_the_name_is_handed_back_in_words(title: str) -> None:
    with pytest.raises(RowError, match=f"'{title} Ann Lee' begins with a title; write it in title"):
        IE.address(contact(f"{title} Ann Lee", **D), Style(), DAY)


@pytest.mark.parametrize(
    ("columns", "column", "reason"),
    [
        ({"house": "lords"}, "house", "'lords' is no House here; use dail or seanad"),
        ({"rank": "speaker"}, "house", "the chair of which House? write dail or seanad"),
        ({"title": "Sir", **D}, "title", "'Sir' has no rule; write salutation and envelope"),
        ({"name": "Ann Lee TD.", **D}, "name", "'Ann Lee TD.' ends in TD; write dail in house, the "
         "name here"),
        ({"title": " Comrade.", **D}, "title", "' Comrade.' has no rule; write salutation and "
         "envelope"),
        ({"rank": "mos", **D}, "office", "blank, but rank is mos; write the office"),
        ({}, "house", "neither House nor rank is known; write dail, seanad or a rank, or "
         "salutation and envelope"),
    ],
)  # fmt: skip
def test_the_reason_says_what_to_write(columns: dict[str, Any], column: str, reason: str) -> None:
    office = "The Chair" if columns == {"rank": "speaker"} else ""
    one = contact(**{"name": "Ann Lee", "office": office, **columns})
    with pytest.raises(RowError) as error:
        IE.address(one, Style(), DAY)
    assert (error.value.column, error.value.reason) == (column, reason)


def test_the_letters_go_to_the_house_only_while_it_sits() -> None:
    on = datetime.date(2024, 11, 10)
    assert IE.postal(contact("Ann Lee", **D), Style(), on) == ()
    assert IE.postal(contact("Ann Lee", **S), Style(), on)[0] == "Seanad Éireann"
    assert IE.postal(contact("Ann Lee"), Style(), DAY) == ()
    member = contact("Ann Lee", department="Dept", address=("1 St",), **D)
    assert IE.postal(member, Style(), DAY) == ("1 St",)
    with pytest.raises(RowError) as error:
        IE.postal(contact("Ann Lee", postcode="D02", **D), Style(), DAY)
    assert (error.value.column, error.value.reason) == (
        "address",
        "a postcode without an address; complete it or blank both",
    )
