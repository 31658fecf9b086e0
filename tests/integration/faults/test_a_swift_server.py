"""Where the server is swift, an outcome is kept with the next letter's handing over."""

import time
from collections.abc import Callable, Iterator

import pytest

from flows.post.delivery import connection
from flows.post.states import State
from tests.integration.faults.frozen_mailing import FrozenMailing
from tests.servers.fault import FaultServer
from tests.servers.script import Answer, Phase, always

Start = Callable[..., FaultServer]
SECOND = "reader2@example.org"


@pytest.fixture
def frozen(ledger_url: str) -> Iterator[FrozenMailing]:
    made = FrozenMailing(ledger_url, [f"reader{n}@example.org" for n in (1, 2, 3)])
    yield made
    made.ledger.close()


@pytest.fixture(autouse=True)
def _every_server_is_swift(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_FAST", 60.0)


@pytest.mark.parametrize("phase", [Phase.RCPT, Phase.DATA, Phase.DOT])
def test_an_outcome_is_not_lost_when_the_next_letter_ends_before_its_dot(
    frozen: FrozenMailing, fault_server: Start, phase: Phase
) -> None:
    server = fault_server([always(phase, Answer(550, ("5.1.1 no",)), to=SECOND)])
    frozen.send(server)
    assert frozen.states == [State.SENT, State.REFUSED, State.SENT]
    frozen.check(server)


def test_an_outcome_is_not_lost_when_the_connection_is_lost_at_the_next_letter(
    frozen: FrozenMailing, fault_server: Start
) -> None:
    server = fault_server([always(Phase.RCPT, Answer(421, ("4.3.2 closing",)), to=SECOND)])
    frozen.send(server, limit=2)
    assert frozen.states[0] is State.SENT
    assert frozen.states[1] is State.DEFERRED
    frozen.check(server)


def test_on_a_slow_disk_a_swift_server_still_costs_one_commit_a_letter(
    frozen: FrozenMailing, fault_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk's time is not the server's: a second commit for each letter would double it."""
    monkeypatch.setattr(connection, "_FAST", 0.5)
    server = fault_server()
    commits: list[int] = []
    with frozen.sender(server) as sender:
        follow = frozen.ledger.on_events

        def slowly(number: int, digest: str) -> None:
            time.sleep(0.6)
            follow(number, digest)
            commits.append(number)

        frozen.ledger.on_events = slowly
        sender.run()
        assert len(commits) == 1 + len(frozen.rows) + 1  # the claim before, the last outcome after
    frozen.check(server)
