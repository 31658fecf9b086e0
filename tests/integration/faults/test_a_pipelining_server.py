"""Where the server pipelines, MAIL, RCPT and DATA go in one write; answers mean the same."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows.post.delivery.sending import AccountRefusedError
from flows.post.states import State
from tests.integration.faults.frozen_mailing import FrozenMailing
from tests.servers.fault import FaultServer
from tests.servers.script import Action, Answer, Drop, Phase, always, once

Start = Callable[..., FaultServer]
FIRST, SECOND, THIRD = (f"reader{n}@example.org" for n in (1, 2, 3))


@pytest.fixture
def frozen(tmp_path: Path) -> Iterator[FrozenMailing]:
    made = FrozenMailing(f"sqlite:///{tmp_path / 'ledger.db'}", [FIRST, SECOND, THIRD])
    yield made
    made.ledger.close()


def test_each_letter_arrives_once(frozen: FrozenMailing, fault_server: Start) -> None:
    server = fault_server(pipelining=True)
    assert frozen.send(server).counts == {State.SENT: 3}
    frozen.check(server)


@pytest.mark.parametrize("phase", [Phase.RCPT, Phase.DATA])
def test_a_permanent_no_refuses_that_letter_alone(
    frozen: FrozenMailing, fault_server: Start, phase: Phase
) -> None:
    server = fault_server([always(phase, Answer(550, ("5.1.1 no",)), to=SECOND)], pipelining=True)
    frozen.send(server)
    assert frozen.states == [State.SENT, State.REFUSED, State.SENT]
    assert frozen.rows[1].code == 550
    frozen.check(server)


@pytest.mark.parametrize("phase", [Phase.MAIL, Phase.RCPT, Phase.DATA])
@pytest.mark.parametrize("action", [Answer(451, ("4.3.0 later",)), Answer(421, ("bye",)), Drop()])
def test_a_temporary_no_or_a_loss_defers_and_the_next_run_delivers(
    frozen: FrozenMailing, fault_server: Start, phase: Phase, action: Action
) -> None:
    to = "*" if phase is Phase.MAIL else FIRST
    server = fault_server([once(phase, action, to=to)], pipelining=True)
    frozen.send(server, limit=1)
    assert frozen.states[0] is State.DEFERRED
    frozen.send(server)
    assert frozen.states == [State.SENT] * 3
    frozen.check(server)


def test_a_sender_that_is_refused_stops_the_run_and_touches_no_letter(
    frozen: FrozenMailing, fault_server: Start
) -> None:
    server = fault_server([always(Phase.MAIL, Answer(550, ("5.7.1 not you",)))], pipelining=True)
    with pytest.raises(AccountRefusedError):
        frozen.send(server)
    assert frozen.states == [State.READY] * 3
    assert server.copies.all == []
