"""Dates as sources write them."""

import datetime

import pytest

from flows.errors import RowError
from flows.people.dates import covers, parse

DAY = datetime.date(2013, 9, 4)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2013-09-04", "2013-09-04", "2013-09-04"),
        ("2013-09-04T00:00:00", "2013-09-04", "2013-09-04"),
        ("2013-09-04 12:30", "2013-09-04", "2013-09-04"),
        ("04/09/2013", "2013-09-04", "2013-09-04"),
        (" 1983 ", "1983-01-01", "1983-12-31"),
        ("2012-02", "2012-02-01", "2012-02-29"),
        ("2012-12", "2012-12-01", "2012-12-31"),
        ("9999-12-31", None, None),
        ("9999-12-31T00:00:00", None, None),
        ("", None, None),
        ("null", None, None),
        (None, None, None),
    ],
)
def test_reads_whole_half_and_open_dates(
    text: str | None, first: str | None, last: str | None
) -> None:
    def day(one: str | None) -> datetime.date | None:
        return datetime.date.fromisoformat(one) if one else None

    assert parse("start", text) == day(first)
    assert parse("end", text, last=True) == day(last)


@pytest.mark.parametrize("text", ["soon", "2013-13-01", "2013-02-30", "32/01/2013", "20130904x"])
def test_refuses_what_is_no_date_with_its_column(text: str) -> None:
    with pytest.raises(RowError, match=r"start_date: .* is no date") as error:
        parse("start_date", text)
    assert error.value.column == "start_date"


def test_the_first_day_belongs_to_a_period_and_the_last_does_not() -> None:
    following = DAY + datetime.timedelta(days=1)
    assert covers(DAY, following, DAY)
    assert not covers(DAY, following, following)
    assert covers(None, None, DAY)
