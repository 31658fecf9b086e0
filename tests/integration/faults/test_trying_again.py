"""When a letter, or a server, is tried again: the schedule, giving up, back-off, the rate."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from flows.errors import ConfigurationError
from flows.post.delivery import claims, rate, sender
from flows.post.delivery import connection as line
from flows.post.delivery.rate import RateLimiter, Schedule
from flows.post.ledger import transitions
from flows.post.ledger.clock import now, parse
from flows.post.states import State
from tests.conftest import ROOT
from tests.integration.faults.frozen_mailing import FrozenMailing
from tests.servers.fault import FaultServer
from tests.servers.script import Answer, Call, Drop, Moment, Phase, always, once

Start = Callable[..., FaultServer]
READERS = [f"reader{n}@example.org" for n in range(1, 7)]
BUSY = Answer(450, ("4.2.0 busy",))


@pytest.fixture
def frozen(ledger_url: str) -> Iterator[FrozenMailing]:
    made = FrozenMailing(ledger_url, READERS[:2])
    yield made
    made.ledger.close()


def test_a_deferred_letter_is_due_by_the_schedule_and_not_before(
    frozen: FrozenMailing, fault_server: Start
) -> None:
    server = fault_server([always(Phase.RCPT, BUSY, to=READERS[0])])
    hours = Schedule((60, 120), 5)
    before = now()
    tally = frozen.send(server, schedule=hours)
    assert tally.waiting == 1
    first = frozen.rows[0]
    assert first.due_at
    assert abs(parse(first.due_at) - before - timedelta(minutes=60)) < timedelta(seconds=30)
    assert tally.next_due == parse(first.due_at)
    frozen.send(server, schedule=hours, patience=2)
    assert server.recipients.count(READERS[0]) == 1
    assert frozen.rows[0].state is State.DEFERRED


def test_each_further_no_waits_the_schedules_next_step_and_the_last_one_repeats(
    frozen: FrozenMailing, fault_server: Start
) -> None:
    server = fault_server([always(Phase.RCPT, BUSY)])
    # In seconds 0, 0, 3600, 3600: the first two steps are due at once.
    steps = Schedule((0, 0, 60), 5)
    for _ in range(3):
        frozen.send(server, schedule=steps, limit=2)
    due = [parse(row.due_at) - now() for row in frozen.rows if row.due_at]
    assert len(due) == 2
    assert all(timedelta(minutes=59) < wait <= timedelta(minutes=60) for wait in due)
    assert [row.attempts for row in frozen.rows] == [3, 3]


def test_a_run_waits_within_its_patience_for_what_falls_due(
    frozen: FrozenMailing, fault_server: Start
) -> None:
    server = fault_server([once(Phase.RCPT, BUSY, to=READERS[0])])
    tally = frozen.send(server, schedule=Schedule((0.01,), 5), patience=30)
    assert tally.counts == {State.SENT: 2, State.DEFERRED: 1}
    assert tally.waiting == 0
    assert frozen.states == [State.SENT] * 2
    frozen.check(server)


def test_after_the_last_day_a_temporary_no_refuses_with_the_last_words(
    frozen: FrozenMailing, fault_server: Start
) -> None:
    server = fault_server([always(Phase.RCPT, BUSY, to=READERS[0])])
    for days in (5, 1e-9):
        frozen.send(server, schedule=Schedule((0,), days), limit=2)
    first = frozen.rows[0]
    assert (first.state, first.code, first.text) == (State.REFUSED, 450, "4.2.0 busy")
    assert first.attempts == 2
    frozen.check(server)


def test_a_clock_set_back_or_forward_neither_sends_early_nor_twice(
    frozen: FrozenMailing, fault_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock is the machine's own affair, so it is the one thing put in place of the real."""
    server = fault_server([once(Phase.RCPT, BUSY, to=READERS[0])])
    hour = Schedule((60,), 5)
    frozen.send(server, schedule=hour)
    for days in (-1, -400, 1 / 48):
        shifted = _shifted(days)
        _set_clock(monkeypatch, shifted)
        frozen.send(server, schedule=hour)
        assert frozen.states == [State.DEFERRED, State.SENT]
    _set_clock(monkeypatch, _shifted(400))
    frozen.send(server, schedule=hour)
    assert frozen.states == [State.SENT, State.SENT]
    frozen.check(server)


def _set_clock(monkeypatch: pytest.MonkeyPatch, clock: Callable[[], object]) -> None:
    for module in (claims, line, transitions, sender):
        monkeypatch.setattr(module, "now", clock)


def _shifted(days: float) -> Callable[[], object]:
    return lambda: now() + timedelta(days=days)


def test_a_server_that_says_421_is_left_alone_for_longer_each_time(
    frozen: FrozenMailing, fault_server: Start
) -> None:
    at: list[float] = []

    def closing(moment: Moment) -> Answer | None:
        at.append(time.monotonic())
        return Answer(421, ("4.3.2 come back later",)) if moment.attempt < 3 else None

    server = fault_server([always(Phase.GREETING, Call(closing))])
    frozen.send(server, patience=60)
    assert frozen.states == [State.SENT] * 2
    first, second, third = at
    assert second - first >= 0.95
    assert third - second >= 1.9
    frozen.check(server)


def test_a_lost_connection_is_rebuilt_within_the_run(
    frozen: FrozenMailing, fault_server: Start
) -> None:
    server = fault_server([once(Phase.MAIL, Drop())])
    frozen.send(server, schedule=Schedule((0.001,), 5), patience=30)
    assert frozen.states == [State.SENT] * 2
    assert len(server.sessions) == 2
    frozen.check(server)


def test_a_stop_ends_the_waiting_and_leaves_the_rest_to_a_later_run(
    frozen: FrozenMailing, fault_server: Start
) -> None:
    stop = threading.Event()

    def busy(_: object) -> Answer:
        stop.set()
        return BUSY

    server = fault_server([always(Phase.RCPT, Call(busy))])
    tally = frozen.send(server, stop=stop, patience=86_400, schedule=Schedule((60 * 24,), 5))
    assert tally.stopped == "interrupted"
    assert sorted(frozen.states) == [State.DEFERRED, State.READY]
    frozen.check(server)


def test_nothing_listening_is_told_as_a_setting_to_correct(
    frozen: FrozenMailing, fault_server: Start
) -> None:
    server = fault_server()
    server.close()
    with pytest.raises(ConfigurationError, match="SMTP_HOST"):
        frozen.send(server)
    assert frozen.states == [State.READY] * 2


def test_the_rate_holds_over_all_connections(ledger_url: str, fault_server: Start) -> None:
    frozen = FrozenMailing(ledger_url, READERS)
    at: list[float] = []
    server = fault_server(
        [always(Phase.MAIL, Call(lambda _: at.append(time.monotonic())))], latency=0.2
    )
    frozen.send(server, connections=4, interval=0.1)
    assert frozen.states == [State.SENT] * len(READERS)
    # The first letter's slot was taken before its connection was open.
    assert max(at) - min(at) >= 0.1 * (len(READERS) - 2)


SLOTS = """
import sys, threading, time
from flows.post.ledger.opening import open_ledger
from flows.post.delivery.rate import RateLimiter
from flows.post.delivery.sending import Stop
stop = Stop(threading.Event())
limiter = RateLimiter(open_ledger(sys.argv[1]), "mail.example.org:587", 0.05)
print("ready", flush=True)
sys.stdin.readline()
for _ in range(8):
    limiter.wait(stop)
    print(time.time(), flush=True)
"""


def test_the_rate_holds_over_processes(frozen: FrozenMailing) -> None:
    command = [sys.executable, "-c", SLOTS, frozen.url]
    processes = [
        subprocess.Popen(
            command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    times: list[float] = []
    began = time.time()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        times += [float(line) for line in process.communicate(timeout=60)[0].split()]
    times.sort()
    assert len(times) == 24
    for n, moment in enumerate(times):
        # The n-th letter may not be earlier than n slots after the first.
        assert moment - began >= 0.05 * n - 0.02, n


def test_a_slot_far_in_the_future_left_by_a_wrong_clock_does_not_hold_the_post_for_days(
    frozen: FrozenMailing, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as wrong:
        wrong.setattr(rate.time, "time", lambda: time.monotonic() + 4e9)
        RateLimiter(frozen.ledger, "mail.example.org:587", 1)._slot()
    assert RateLimiter(frozen.ledger, "mail.example.org:587", 1)._slot() <= time.time() + 3601
