"""Numbers, dates and times as a spreadsheet shows them."""

import datetime
import os
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.people.lists import number_format
from flows.people.lists.format_code import BUILT_IN
from flows.people.lists.number_format import Shown

EXAMPLES = int(os.environ.get("DEAR_MINISTER_EXAMPLES", "300"))
DAY = 41521  # 4 September 2013


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        # what an office's sheet holds
        (1234.5, '"£"#,##0.00', "£1,234.50"),
        (1234.5, "[$£-809]#,##0.00", "£1,234.50"),
        (1234.5, '_-"£"* #,##0.00_-;-"£"* #,##0.00_-', " £1,234.50 "),
        (0.25, "0%", "25%"),
        (0.255, "0.0%", "25.5%"),
        (2079460114, "00000000000", "02079460114"),
        (2079460114, "000 0000 0000", "020 7946 0114"),
        (12345, "#,##0", "12,345"),
        (12, '"No. "0', "No. 12"),
        (3, '0" people"', "3 people"),
        # rounding is half away from nought, on the digits that the sheet keeps
        (2.675, "0.00", "2.68"),
        (-2.5, "0", "-3"),
        (99.995, "0.00", "100.00"),
        (-0.001, "0.00", "0.00"),
        (0.1 + 0.2, "General", "0.3"),
        # sections for negatives, nought, conditions
        (-1234.5, "#,##0.00;(#,##0.00)", "(1,234.50)"),
        (-1234.5, "#,##0.00;[Red]-#,##0.00", "-1,234.50"),
        (0, '0;-0;"nil"', "nil"),
        (1500, '[<1000]0;[>=1000]0.0,"k"', "1.5k"),
        (75, '[<100]"few";"many"', "few"),
        # optional digits, thousands, powers, fractions
        (0.5, "#.##", ".5"),
        (1234567, '0.0,,"m"', "1.2m"),
        (1234567, "0,", "1235"),
        (99.995, "0.00E+00", "1.00E+02"),
        (12345.678, "0.00E+00", "1.23E+04"),
        (1.5, "# ?/?", "1 1/2"),
        (0.3125, "# ??/??", "5/16"),
        (0.75, "0/4", "3/4"),
        # without a format
        (379, "General", "379"),
        (447700900123, "General", "447700900123"),
        (1 / 3, "General", "0.333333333"),
        (1234567.891, "General", "1234567.891"),
        (1e20, "General", "1E+20"),
        (1.5e-7, "General", "1.5E-07"),
        (-0.0, "General", "0"),
        # dates and times
        (DAY, "d mmmm yyyy", "4 September 2013"),
        (DAY, "dddd, d mmm yy", "Wednesday, 4 Sep 13"),
        (DAY, "[$-809]dd mmmm yyyy;@", "04 September 2013"),
        (DAY, r"[$-F800]dddd\,\ mmmm\ dd\,\ yyyy", "04 September 2013"),
        (DAY, BUILT_IN[14], "04/09/2013"),
        (DAY, "yyyy-mm-dd", "2013-09-04"),
        (DAY, "mmm-yy", "Sep-13"),
        (DAY + 0.604166666666667, "dd/mm/yyyy hh:mm", "04/09/2013 14:30"),
        (0.6041666666666666, "h:mm", "14:30"),
        (0.6041666666666666, "h:mm AM/PM", "2:30 PM"),
        (0.5, "h AM/PM", "12 PM"),
        (0.0, "h AM/PM", "12 AM"),
        (1.5, "[h]:mm", "36:00"),
        (0.001, "mm:ss", "01:26"),
        (0.999999, "h:mm:ss", "0:00:00"),
        (60, "d mmm yyyy", "28 Feb 1900"),
        (61, "d mmm yyyy", "1 Mar 1900"),
        (1, "d mmm yyyy", "1 Jan 1900"),
        (-5, "d mmm yyyy", "-5"),
        (1e9, "d mmm yyyy", "1000000000"),
    ],
)  # fmt: skip
def test_a_number_is_shown_as_the_sheet_shows_it(value: float, code: str, shown: str) -> None:
    assert number_format.number(value, code) == shown


def test_a_date_knows_its_day_whatever_the_order_it_is_shown_in() -> None:
    shown = number_format.number(DAY, "m/d/yyyy")
    assert shown == "9/4/2013"
    assert isinstance(shown, Shown)
    assert shown.date == datetime.date(2013, 9, 4)
    since_1904 = number_format.number(DAY - 1462, "d mmm yyyy", since_1904=True)
    assert since_1904 == "4 Sep 2013"


def test_a_date_that_a_file_holds_in_words_is_shown_by_its_format() -> None:
    shown = number_format.iso("2013-09-04T14:30:00", "d mmmm yyyy h:mm")
    assert shown == "4 September 2013 14:30"
    assert number_format.iso("2013-09-04", "dd/mm/yyyy", since_1904=True) == "04/09/2013"
    assert number_format.iso("soon", "dd/mm/yyyy") == "soon"


def test_a_text_is_shown_through_its_section() -> None:
    assert number_format.text("Ann", '"Ms "@') == "Ms Ann"
    assert number_format.text("Ann", '0;-0;0;"<"@">"') == "<Ann>"
    assert number_format.text("Ann", "0.00") == "Ann"


@settings(max_examples=EXAMPLES)
@given(
    st.floats(allow_nan=True, allow_infinity=True) | st.integers(-(10**15), 10**15).map(float),
    st.text(st.sampled_from('0#?.,%E+-/ymdhsAMP[]<>="\\_*@;$£ GeneralRd12'), max_size=24)
    | st.sampled_from(list(BUILT_IN.values())),
)
def test_any_number_in_any_format_is_shown_at_once(value: float, code: str) -> None:
    shown = number_format.number(value, code)
    assert len(shown) < 1_000
    assert isinstance(number_format.text("x", code), str)


@given(st.integers(-(10**15) + 1, 10**15 - 1))
def test_a_whole_number_without_a_format_is_written_out(value: int) -> None:
    assert number_format.general(float(value)) == str(value)


@given(st.integers(0, 10**12))
def test_thousands_are_parted_by_commas(value: int) -> None:
    assert number_format.number(float(value), "#,##0") == f"{value:,}"
    assert re.fullmatch(r"\d{1,3}(,\d{3})*\.\d\d", number_format.number(value / 100, "#,##0.00"))
