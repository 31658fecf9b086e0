"""A mailing that is stopped while it is being sent: the letter in hand is the last one."""

import threading
from collections.abc import Callable, Iterator

import pytest

from flows.operations import hold as holding
from flows.post.ledger.opening import open_ledger
from flows.post.states import State
from tests.integration.faults.frozen_mailing import FrozenMailing
from tests.servers.fault import FaultServer
from tests.servers.script import Call, Moment, Phase, Stall, once

READERS = [f"reader{n}@example.org" for n in range(1, 41)]
WHO = {"by": "Eleanor Marchbank", "why": "the date is wrong"}


@pytest.fixture
def mailing(ledger_url: str) -> Iterator[FrozenMailing]:
    made = FrozenMailing(ledger_url, READERS)
    yield made
    made.ledger.close()


@pytest.mark.parametrize("connections", [1, 4])
@pytest.mark.parametrize("phase", [Phase.RCPT, Phase.DOT])
def test_a_hold_from_elsewhere_stops_a_sender_that_has_claimed_the_others(
    mailing: FrozenMailing, fault_server: Callable[..., FaultServer], connections: int, phase: Phase
) -> None:
    before: list[int] = []
    """Letters that the server had when the hold was durable: the other connections went on."""

    def hold(moment: Moment) -> None:
        ledger = open_ledger(mailing.url)  # as another process has it
        holding.hold(ledger, mailing.mailing, **WHO)
        before.append(server.reached(Phase.DOT))
        ledger.close()
        held.set()

    # The server answers no later letter before the hold is durable: four connections send forty
    # letters in the time that a busy machine needs to open the ledger once more.
    held = threading.Event()
    later = [once(Phase.DOT, Stall(until=held), reader) for reader in READERS[6:]]
    server = fault_server([once(phase, Call(hold), READERS[5]), *later])
    result = mailing.send(server, connections=connections, patience=60)

    assert "held by Eleanor Marchbank" in result.stopped
    assert "the date is wrong" in result.stopped
    # What a server had been handed already is answered for, and nothing follows it.
    # Of each connection a letter may be on its way to the dot and one behind it in the commit.
    sent = mailing.states.count(State.SENT)
    assert 1 <= sent <= before[0] + 2 * connections
    assert sent < len(READERS)
    assert mailing.states.count(State.READY) == len(READERS) - sent
    assert mailing.send(server).counts == {}
    mailing.check(server)

    holding.release(mailing.ledger, mailing.mailing, by="Chair", why="it is right")
    mailing.send(server, connections=connections)
    assert mailing.states == [State.SENT] * len(READERS)
    mailing.check(server)
