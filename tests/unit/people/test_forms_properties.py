"""Whatever stands in the columns, no address is empty, torn or another person's."""

import datetime
import re
from dataclasses import fields
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from flows.errors import RowError
from flows.people.contact import HOUSES, RANKS, Contact
from flows.people.forms import country
from flows.people.lists import rows
from flows.people.lists.cells import tidy
from flows.people.style import Style

WORD = st.text(
    st.characters(blacklist_categories=("Cc", "Cs", "Co", "Cn"), blacklist_characters="{}"),
    max_size=12,
)
NAME = st.one_of(
    st.lists(WORD, min_size=1, max_size=4).map(" ".join),
    st.sampled_from(
        ["Ann Lee", "Lord Green of Hurstpierpoint", "Earl of Sandwich", "Bishop of Oxford",
         "Baroness O'Neill", "Iain Duncan Smith", "Zöe Ŵyn", "Duke of X", "Lady  Y ", "Lord "]
    ),
)  # fmt: skip
TITLE = st.one_of(st.sampled_from(["", "Mr", "Dr", "Sir", "Dame", "Rev", "Prof", "Lord"]), WORD)
CELLS = st.fixed_dictionaries(
    {
        "id": st.just("a"),
        "name": NAME,
        "family": st.one_of(st.just(""), WORD),
        "title": TITLE,
        "honours": st.one_of(st.sampled_from(["", "QC MP", "CBE, PC", "Bt"]), WORD),
        "privy_counsellor": st.sampled_from(["", "yes"]),
        "gender": st.sampled_from(["", "M", "F"]),
        "house": st.sampled_from(["", *HOUSES]),
        "rank": st.sampled_from(["", *RANKS]),
        "office": st.one_of(
            st.sampled_from(["", "Secretary of State for X", "Leader of the House", "Chief Whip"]),
            WORD,
        ),
        "department": WORD,
        "address": WORD,
        "postcode": WORD,
        "salutation": st.one_of(st.just(""), WORD),
        "envelope": st.one_of(st.just(""), WORD),
    }
)
STYLE = st.builds(
    Style,
    the=st.booleans(),
    short_titles=st.booleans(),
    baroness=st.sampled_from(["Lady", "Baroness"]),
    peers_rt_hon=st.booleans(),
    full_name=st.booleans(),
)
DAYS = st.sampled_from([datetime.date(2013, 9, 4), datetime.date(2024, 6, 1)])


def load(cells: dict[str, str]) -> Contact:
    try:
        return rows.contact(cells)
    except RowError:
        assume(False)
        raise


@settings(max_examples=1500, deadline=None)
@given(cells=CELLS, style=STYLE, on=DAYS, key=st.sampled_from(["uk", "ie"]))
def test_every_address_is_whole_or_a_reason(
    cells: dict[str, str], style: Style, on: datetime.date, key: str
) -> None:
    contact = load(cells)
    given_text = " ".join(cells.values())
    assume("None" not in given_text)
    reason = None
    try:
        address = country(key).address(contact, style, on)
        postal = country(key).postal(contact, style, on)
    except RowError as error:
        reason = error
    if reason:
        assert reason.column in {field.name for field in fields(Contact)}
        assert reason.reason.strip()
        return
    for text in (*address.lines, address.salutation, address.close, *postal):
        assert text
        assert text == tidy(text)
        assert "None" not in text
        assert not re.search(r"[{}]", text)
    assert address.lines


@settings(max_examples=300, deadline=None)
@given(first=CELLS, second=CELLS, style=STYLE)
def test_an_address_depends_on_its_own_row_alone(
    first: dict[str, str], second: dict[str, str], style: Style
) -> None:
    def address(cells: dict[str, str]) -> Any:
        try:
            return country("uk").address(load(cells), style, datetime.date(2013, 9, 4))
        except RowError as error:
            return str(error)

    alone = address(first)
    address(second)
    assert address(first) == alone
