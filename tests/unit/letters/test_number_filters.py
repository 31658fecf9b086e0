"""Numbers and days that a list holds bare are printed as a letter prints them."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.errors import RowError
from flows.letters.number_filters import filters
from tests.unit.letters.small_campaign import TEXT, TOML, filler, reader

BRITISH = filters("en_GB")


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("money", "1234.5", "£1,234.50"),
        ("money", "1234", "£1,234"),
        ("money", "£1,234.50", "£1,234.50"),
        ("money", "-20", "-£20"),
        ("money", " ", ""),
        ("number", "1234567", "1,234,567"),
        ("number", 0.5, "0.5"),
        ("percent", "0.25", "25%"),
        ("percent", "25 %", "25%"),
        ("day", "2013-09-04", "4 September 2013"),
        ("day", "", ""),
    ],
)
def test_a_value_is_shown_as_in_britain(name: str, value: object, shown: str) -> None:
    assert BRITISH[name](value) == shown


def test_places_currencies_and_languages_are_chosen() -> None:
    assert BRITISH["number"]("2", 2) == "2.00"
    assert BRITISH["percent"]("0.125", 1) == "12.5%"
    assert BRITISH["money"]("9.5", "EUR") == "€9.50"
    assert BRITISH["day"]("2013-09-04", "full") == "Wednesday, 4 September 2013"
    assert filters("de_DE")["number"]("1234.5") == "1.234,5"


@given(st.text(max_size=30), st.sampled_from(["money", "number", "percent", "day"]))
def test_any_text_is_shown_or_handed_back(value: str, name: str) -> None:
    with suppress(RowError):
        assert len(BRITISH[name](value)) < 60


def test_templates_call_them_and_a_value_that_is_none_hands_the_row_back(tmp_path: Path) -> None:
    made = filler(tmp_path, toml=TOML, text=TEXT + "{{ reader.columns.grant | money }}")
    assert made.fill(reader(columns={"grant": "1234.5"})).text.endswith("£1,234.50")
    with pytest.raises(RowError, match="'about ten' is not a number, as the filter money needs"):
        made.fill(reader(columns={"grant": "about ten"}))
