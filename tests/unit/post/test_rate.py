"""The rate of letters, kept in the ledger for all who send; and when a letter is due again."""

import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.errors import ConfigurationError
from flows.post.delivery import rate
from flows.post.delivery.rate import RateLimiter, Schedule, interval
from flows.post.delivery.sending import Stop
from flows.post.ledger.database import Ledger
from flows.post.ledger.opening import open_ledger
from flows.post.states import State
from tests.servers.postgres import Postgres
from tests.unit.post.ledger_fixtures import freeze, live

NOW = datetime(2013, 9, 4, 9, tzinfo=UTC)
SERVER = "mail.example.org:587"


class Waits(Stop):
    """Keeps how long it was asked to wait, and lets the time pass at once."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def wait(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        return self.over


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time of day that the rate limiter sees, to be set."""
    times = [1_378_285_200.0]
    monkeypatch.setattr(rate.time, "time", lambda: times[0])
    return times


@pytest.mark.parametrize(
    ("rate", "seconds"),
    [
        ("30/minute", 2.0),
        ("500/hour", 7.2),
        ("10/second", 0.1),
        ("100 per day", 864.0),
        (" 30 / Minutes ", 2.0),
        ("1/day", 86400.0),
        ("", 0.0),
        ("   ", 0.0),
    ],
)
def test_a_rate_is_seconds_between_two_letters(rate: str, seconds: float) -> None:
    assert interval(rate) == seconds


@pytest.mark.parametrize(
    "rate", ["fast", "30", "0/minute", "-1/minute", "1.5/minute", "30/fortnight", "30/minute!"]
)
def test_what_is_no_rate_is_told_with_an_example(rate: str) -> None:
    with pytest.raises(ConfigurationError, match=r'MAIL_RATE.*"30/minute"'):
        interval(rate)


@given(st.integers(1, 10**6), st.sampled_from(["second", "minute", "hour", "day"]))
def test_as_many_letters_as_the_rate_says_fill_its_unit(number: int, unit: str) -> None:
    seconds = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}[unit]
    assert interval(f"{number}/{unit}") * number == pytest.approx(seconds)


def test_slots_are_spaced_over_everyone_who_sends_to_that_server(
    ledger: Ledger, clock: list[float]
) -> None:
    another = open_ledger(str(ledger.url))
    waits = Waits()
    mine, theirs = RateLimiter(ledger, SERVER, 10), RateLimiter(another, SERVER, 10)
    assert all(one.wait(waits) for one in (mine, theirs, theirs, mine))
    assert waits.seconds == [0, 10, 20, 30]
    another.close()


def test_a_worker_on_a_machine_whose_clock_is_late_does_not_begin_the_rate_anew(
    postgres_server: Postgres, clock: list[float]
) -> None:
    url = postgres_server.fresh()
    waits = Waits()
    with closing(open_ledger(url)) as ours, closing(open_ledger(url)) as theirs:
        mine, late = RateLimiter(ours, SERVER, 1000), RateLimiter(theirs, SERVER, 1000)
        for _ in range(4):
            mine.wait(waits)
        clock[0] -= 30 * 86400
        late.wait(waits)
        clock[0] += 60 * 86400
        mine.wait(waits)
    assert waits.seconds == pytest.approx([0, 1000, 2000, 3000, 4000, 5000], abs=200)


def test_each_server_has_a_pace_of_its_own(ledger: Ledger, clock: list[float]) -> None:
    waits = Waits()
    assert RateLimiter(ledger, SERVER, 10).wait(waits)
    assert RateLimiter(ledger, "other.example.org:587", 10).wait(waits)
    assert waits.seconds == [0, 0]


def test_a_slot_that_nobody_used_is_not_saved_up_for_a_burst(
    ledger: Ledger, clock: list[float]
) -> None:
    waits, mine = Waits(), RateLimiter(ledger, SERVER, 10)
    mine.wait(waits)
    clock[0] += 1000
    for _ in range(3):
        mine.wait(waits)
    assert waits.seconds == [0, 0, 10, 20]


def test_a_clock_set_back_a_little_waits_and_one_set_back_for_years_does_not(
    ledger: Ledger, clock: list[float]
) -> None:
    waits, mine = Waits(), RateLimiter(ledger, SERVER, 10)
    mine.wait(waits)
    clock[0] -= 600
    mine.wait(waits)
    assert waits.seconds == [0, 610]
    clock[0] -= 10 * 365 * 86400
    mine.wait(waits)
    assert waits.seconds[2] == 0


def test_a_rate_of_one_a_day_is_not_taken_for_a_wrong_clock(
    ledger: Ledger, clock: list[float]
) -> None:
    waits, mine = Waits(), RateLimiter(ledger, SERVER, interval("1/day"))
    for _ in range(3):
        mine.wait(waits)
    assert waits.seconds == [0, 86400, 2 * 86400]


def test_a_stop_ends_the_wait_for_a_slot(ledger: Ledger) -> None:
    stop = threading.Event()
    stop.set()
    for seconds in (0.0, 3600.0):
        assert not RateLimiter(ledger, SERVER, seconds).wait(Stop(stop))


def test_without_a_rate_nobody_waits_and_the_ledger_is_not_asked(ledger: Ledger) -> None:
    freeze(ledger, ["hague"])
    waits = Waits()
    with ledger.write():  # nobody else could write now
        assert RateLimiter(ledger, SERVER, 0.0).wait(waits)
    assert waits.seconds == []
    assert list(live(ledger).values()) == [State.READY]


def test_letters_are_due_again_after_5_15_30_60_120_240_minutes_then_every_4_hours() -> None:
    waits = [(Schedule().next(tries, NOW) - NOW) // timedelta(minutes=1) for tries in range(1, 10)]
    assert waits == [5, 15, 30, 60, 120, 240, 240, 240, 240]


def test_the_clocks_change_in_october_moves_no_letter() -> None:
    """Kept in UTC: an hour is an hour on the night when London has it twice."""
    night = datetime(2013, 10, 27, 0, 30, tzinfo=UTC)
    assert Schedule().next(4, night) == datetime(2013, 10, 27, 1, 30, tzinfo=UTC)


def test_after_five_days_of_trying_it_is_enough() -> None:
    assert not Schedule().exhausted(NOW, NOW + timedelta(days=5, microseconds=-1))
    assert Schedule().exhausted(NOW, NOW + timedelta(days=5))
    assert not Schedule().exhausted(NOW, NOW - timedelta(days=400))


@pytest.mark.parametrize("text", ["5 15 30", "5,15,30", " 5, 15  30 "])
def test_minutes_are_written_with_blanks_or_commas(text: str) -> None:
    assert Schedule.parse(text, 2) == Schedule((5.0, 15.0, 30.0), 2)


@pytest.mark.parametrize("text", ["", "soon", "5 -1", "5;15", "nan", "5 inf", "1e300"])
def test_what_is_no_list_of_minutes_is_told_before_anything_is_sent(text: str) -> None:
    with pytest.raises(ConfigurationError, match="MAIL_RETRY_MINUTES"):
        Schedule.parse(text, 5)


@pytest.mark.parametrize("days", [float("inf"), 1e12])
def test_a_number_of_days_beyond_the_calendar_is_told_before_anything_is_sent(days: float) -> None:
    with pytest.raises(ConfigurationError, match="MAIL_GIVE_UP_DAYS"):
        Schedule.parse("5", days)
