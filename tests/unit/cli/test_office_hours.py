"""When letters may leave: London's office hours, summer and winter, working days alone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.errors import ConfigurationError
from flows.post.delivery.office_hours import OfficeHours, when

USUAL = OfficeHours.parse("Mon-Fri 08:00-18:00")
LONDON = ZoneInfo("Europe/London")
MOMENTS = st.datetimes(datetime(2013, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC))


def london(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


@pytest.mark.parametrize(
    ("moment", "opening"),
    [
        ("2013-09-04 07:59:59", "2013-09-04 08:00"),
        ("2013-09-04 08:00", "2013-09-04 08:00"),
        ("2013-09-04 17:59:59", "2013-09-04 17:59:59"),
        ("2013-09-04 18:00", "2013-09-05 08:00"),
        ("2013-09-06 18:00", "2013-09-09 08:00"),  # a weekend
        ("2013-08-23 20:00", "2013-08-27 08:00"),  # and the summer bank holiday
        ("2026-12-24 18:00", "2026-12-29 08:00"),  # Boxing Day on a Saturday, its substitute
        ("2027-03-25 19:00", "2027-03-30 08:00"),  # Easter, when clocks go forward
        ("2013-10-27 01:30", "2013-10-28 08:00"),  # the hour that comes twice
    ],
)
def test_the_next_opening_is_the_next_working_hour(moment: str, opening: str) -> None:
    assert USUAL.next_opening(london(moment)) == london(opening)


def test_a_bank_holiday_of_scotland_alone_is_a_working_day() -> None:
    assert USUAL.open_at(london("2013-11-29 12:00"))  # St Andrew's is the 30th, kept on 2 December
    assert USUAL.open_at(london("2013-12-02 12:00"))


def test_hours_are_londons_in_summer_too() -> None:
    assert USUAL.open_at(datetime(2013, 7, 1, 7, 0, tzinfo=UTC))
    assert not USUAL.open_at(datetime(2013, 1, 7, 7, 0, tzinfo=UTC))


@given(MOMENTS)
def test_the_next_opening_is_open_and_nothing_before_it_is(moment: datetime) -> None:
    opening = USUAL.next_opening(moment)
    assert USUAL.open_at(opening)
    if opening != moment:
        assert not USUAL.open_at(opening - timedelta(seconds=1))
        assert not USUAL.open_at(moment)


@given(MOMENTS)
def test_always_is_always_open(moment: datetime) -> None:
    assert OfficeHours.parse(" Always ").open_at(moment)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Mon-Fri 08:00-18:00", {0, 1, 2, 3, 4}),
        ("saturday-monday 9:00-12:30", {5, 6, 0}),
        ("Wed 00:00-24:00", {2}),
    ],
)
def test_days_and_hours_are_read_as_people_write_them(text: str, days: set[int]) -> None:
    assert OfficeHours.parse(text).days == days


def test_a_day_may_be_open_until_midnight() -> None:
    whole = OfficeHours.parse("Wed 00:00-24:00")
    assert whole.open_at(london("2013-09-04 23:59:59"))
    assert not whole.open_at(london("2013-09-05 00:00"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Mon-Fri",
        "08:00-18:00",
        "Mon-Fri 18:00-08:00",
        "Mon-Fri 08:00-08:00",
        "Mon-Fri 8-18",
        "Xyz 08:00-18:00",
    ],
)
def test_what_cannot_be_understood_names_the_setting_and_shows_how(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r'OFFICE_HOURS: .* write "Mon-Fri 08:00-18:00"'):
        OfficeHours.parse(text)


def test_a_moment_is_told_as_people_in_london_say_it() -> None:
    assert when(datetime(2013, 9, 9, 7, 0, tzinfo=UTC)) == "Monday 9 September 2013, 08:00"
