"""Times in the ledger: their order as text is their order in time, whatever zone they came from."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from flows.post.ledger.clock import now, parse, stamp

MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 2),
    max_value=datetime(9000, 1, 1),
    timezones=st.sampled_from([UTC, ZoneInfo("Europe/London"), ZoneInfo("Asia/Kolkata")]),
)


@given(MOMENTS)
def test_a_moment_is_read_back_as_it_was_written(moment: datetime) -> None:
    assert parse(stamp(moment)) == moment.astimezone(UTC)


@given(MOMENTS, MOMENTS)
def test_text_sorts_as_time_does(one: datetime, other: datetime) -> None:
    earlier = one.astimezone(UTC) < other.astimezone(UTC)
    assert (stamp(one) < stamp(other)) == earlier
    assert len(stamp(one)) == 27


def test_now_is_in_utc() -> None:
    assert now().utcoffset() == timedelta()
