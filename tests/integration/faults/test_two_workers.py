"""The fault matrix with two workers on one mailing: whatever befalls one of them, each letter is
sent once and accounted for, and limits hold over both."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from flows.post.ledger.opening import open_ledger
from flows.post.states import State
from tests.integration.faults.frozen_mailing import FrozenMailing
from tests.servers.fault import FaultServer
from tests.servers.script import Action, Answer, Call, Drop, Moment, Phase, Raw, Reset, always, once

pytestmark = pytest.mark.minutes

Start = Callable[..., FaultServer]
READERS = [f"reader{n}@example.org" for n in range(1, 13)]
BEFORE_THE_DOT = (Phase.MAIL, Phase.RCPT, Phase.DATA)
FAULTS: list[tuple[Phase, Action, State]] = [
    *((phase, Drop(), State.SENT) for phase in BEFORE_THE_DOT),
    *((phase, Reset(), State.SENT) for phase in BEFORE_THE_DOT),
    *((phase, Answer(451, ("4.3.0 later",)), State.SENT) for phase in (*BEFORE_THE_DOT, Phase.DOT)),
    *((phase, Answer(421, ("4.3.2 later",)), State.SENT) for phase in (*BEFORE_THE_DOT, Phase.DOT)),
    (Phase.RCPT, Answer(550, ("5.1.1 no such reader",)), State.REFUSED),
    (Phase.DOT, Answer(552, ("5.2.2 mailbox full",)), State.REFUSED),
    (Phase.DOT, Drop(), State.UNCERTAIN),
    (Phase.STORED, Reset(), State.UNCERTAIN),
    (Phase.STORED, Raw(b"\xff\x00 fine, thanks\r\n"), State.UNCERTAIN),
]


@pytest.fixture
def frozen(ledger_url: str) -> Iterator[FrozenMailing]:
    made = FrozenMailing(ledger_url, READERS)
    yield made
    made.ledger.close()


def meeting() -> Callable[[Moment], None]:
    """What keeps everybody from the first letter until two workers have come."""
    gate = threading.Barrier(2)

    def meet(moment: Moment) -> None:
        if moment.session <= 2:
            gate.wait(30)

    return meet


def two_workers(frozen: FrozenMailing, server: FaultServer, interval: float) -> None:
    """Send with two, each with a ledger and a lock of its own, who claim letter by letter."""

    def work(_: int) -> None:
        ledger = open_ledger(frozen.url)
        frozen.send(server, ledger=ledger, interval=interval)
        ledger.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(2)))


@pytest.mark.parametrize(("phase", "action", "expected"), FAULTS, ids=str)
def test_what_befalls_one_of_two_workers_doubles_no_letter_and_loses_none(
    frozen: FrozenMailing, fault_server: Start, phase: Phase, action: Action, expected: State
) -> None:
    to = READERS[2] if phase is not Phase.MAIL else "*"
    server = fault_server([once(phase, action, to), always(Phase.GREETING, Call(meeting()))])
    two_workers(frozen, server, interval=0.001)
    frozen.check(server)
    frozen.send(server)  # what was put off
    frozen.check(server)
    fate = {State.SENT: len(READERS)} if expected is State.SENT else {expected: 1}
    fate.setdefault(State.SENT, len(READERS) - 1)
    assert Counter(frozen.states) == fate


def test_a_rate_holds_over_both_workers_together(
    frozen: FrozenMailing, fault_server: Start
) -> None:
    server = fault_server([always(Phase.GREETING, Call(meeting()))])
    began = time.time()
    two_workers(frozen, server, interval=0.05)
    assert frozen.states == [State.SENT] * len(READERS)
    # However slow the machine is, the last letter had its turn no sooner than this.
    assert time.time() - began >= 0.05 * (len(READERS) - 1)
    frozen.check(server)
