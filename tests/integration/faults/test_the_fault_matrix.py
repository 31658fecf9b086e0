"""The fault matrix of the design, each row on SQLite and PostgreSQL, with the letters in a ledger.

``send`` ends with a run's patience, so the next ``send`` is the next run, as an operator starts it.
"""

from collections.abc import Callable, Iterator

import pytest

from flows.post.delivery.sending import AccountRefusedError, SendEvent
from flows.post.ledger import database as ledger_module
from flows.post.ledger.errors import LedgerUnavailableError
from flows.post.ledger.opening import open_ledger
from flows.post.smtp.session import LoginRefusedError
from flows.post.states import State
from tests.integration.faults.frozen_mailing import FrozenMailing
from tests.servers.fault import FaultServer
from tests.servers.script import (
    Action,
    Answer,
    Call,
    Drop,
    Moment,
    Phase,
    Raw,
    Reset,
    Rule,
    Stall,
    always,
    once,
    patience,
)

Start = Callable[..., FaultServer]
FIRST, SECOND, THIRD = (f"reader{n}@example.org" for n in (1, 2, 3))
READERS = [FIRST, SECOND, THIRD]
LOST: dict[str, Action] = {"drop": Drop(), "reset": Reset(), "stall": Stall()}
BULKY = 12_000_000
"""Octets: more than the kernel takes off a sender's hands."""


def first_letter(phase: Phase, action: Action) -> Rule:
    """The fault befalls the first attempt at the first letter, and nothing else."""
    return once(phase, action, to=FIRST if phase is not Phase.MAIL else "*")


@pytest.fixture
def frozen(ledger_url: str) -> Iterator[FrozenMailing]:
    made = FrozenMailing(ledger_url, READERS)
    yield made
    made.ledger.close()


def test_a_mailing_arrives_once_for_each_reader_and_a_second_run_finds_nothing_to_do(
    frozen: FrozenMailing, fault_server: Start
) -> None:
    server = fault_server()
    assert frozen.send(server).counts == {State.SENT: 3}
    assert frozen.send(server).counts == {}
    assert [copy.recipient for copy in server.copies.all] == READERS
    assert [row.queue_id for row in frozen.rows] == ["FAULT000001", "FAULT000002", "FAULT000003"]
    frozen.check(server)


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize("phase", [Phase.GREETING, Phase.EHLO])
def test_a_connection_lost_before_mail_touches_no_row_and_is_tried_again(
    frozen: FrozenMailing, fault_server: Start, phase: Phase, fault: str
) -> None:
    server = fault_server([once(phase, LOST[fault])])
    frozen.send(server, timeout=patience(LOST[fault]))
    assert len(server.sessions) == 2
    assert frozen.states == [State.SENT] * 3
    assert [row.attempts for row in frozen.rows] == [1, 1, 1]
    frozen.check(server)


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize("phase", [Phase.MAIL, Phase.RCPT, Phase.DATA])
def test_a_connection_lost_or_stalled_before_the_dot_defers_and_then_one_copy_arrives(
    frozen: FrozenMailing, fault_server: Start, phase: Phase, fault: str
) -> None:
    server = fault_server([first_letter(phase, LOST[fault])])
    frozen.send(server, timeout=patience(LOST[fault]), limit=1)
    assert frozen.states == [State.DEFERRED, State.READY, State.READY]
    frozen.check(server)
    frozen.send(server)
    assert frozen.states == [State.SENT] * 3
    assert [row.attempts for row in frozen.rows] == [2, 1, 1]
    frozen.check(server)


@pytest.mark.parametrize("fault", LOST)
def test_a_connection_lost_or_stalled_in_mid_body_defers_and_then_one_copy_arrives(
    ledger_url: str, fault_server: Start, fault: str
) -> None:
    frozen = FrozenMailing(ledger_url, [FIRST], size=BULKY)
    server = fault_server([once(Phase.BODY, LOST[fault])], window=4096)
    frozen.send(server, timeout=patience(LOST[fault]), limit=1)
    assert frozen.states == [State.DEFERRED]
    frozen.check(server)
    healthy = fault_server()
    frozen.send(healthy)
    assert frozen.states == [State.SENT]
    frozen.check(healthy)


@pytest.mark.parametrize("fault", [*LOST, "garbage", "half a line"])
@pytest.mark.parametrize("phase", [Phase.DOT, Phase.STORED])
def test_no_answer_to_the_dot_is_uncertain_and_never_sent_again(
    frozen: FrozenMailing, fault_server: Start, phase: Phase, fault: str
) -> None:
    garbage = {
        "garbage": Raw(b"\xff\x00 fine, thanks\r\n"),
        "half a line": Raw(b"250 2.0", close=True),
    }
    action = (LOST | garbage)[fault]
    server = fault_server([once(phase, action, to=FIRST)])
    frozen.send(server, timeout=patience(action), limit=1)
    assert frozen.states == [State.UNCERTAIN, State.READY, State.READY]
    frozen.send(server)
    frozen.send(server)
    assert frozen.states == [State.UNCERTAIN, State.SENT, State.SENT]
    assert server.recipients.count(FIRST) == 1
    frozen.check(server)


@pytest.mark.parametrize("code", [421, 451])
@pytest.mark.parametrize("phase", [Phase.GREETING, Phase.EHLO])
def test_a_temporary_no_before_mail_touches_no_row_and_is_tried_again(
    frozen: FrozenMailing, fault_server: Start, phase: Phase, code: int
) -> None:
    server = fault_server([once(phase, Answer(code, ("4.3.2 later",)))])
    heard: list[SendEvent] = []
    frozen.send(server, report=heard.append)
    assert str(code) in heard[0].text
    assert "next try" in heard[0].text
    assert len(server.sessions) == 2
    assert frozen.states == [State.SENT] * 3
    assert [row.attempts for row in frozen.rows] == [1, 1, 1]
    frozen.check(server)


@pytest.mark.parametrize("code", [421, 451])
@pytest.mark.parametrize("phase", [Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.DOT])
def test_a_temporary_no_to_a_letter_defers_it_with_the_servers_words(
    frozen: FrozenMailing, fault_server: Start, phase: Phase, code: int
) -> None:
    server = fault_server([first_letter(phase, Answer(code, ("4.3.0 mañana",)))])
    frozen.send(server, limit=1)
    first = frozen.rows[0]
    assert (first.state, first.code, first.enhanced) == (State.DEFERRED, code, "4.3.0")
    assert first.text
    assert "mañana" in first.text
    frozen.check(server)
    frozen.send(server)
    assert frozen.states == [State.SENT] * 3
    frozen.check(server)


@pytest.mark.parametrize(
    ("phase", "code", "text"),
    [
        (Phase.RCPT, 550, "5.1.1 no such reader"),
        (Phase.RCPT, 552, "5.2.2 mailbox full"),
        (Phase.DOT, 550, "5.7.1 spam"),
        (Phase.DOT, 552, "5.2.2 mailbox full"),
    ],
)
def test_a_permanent_no_refuses_that_letter_alone_and_it_is_not_tried_again(
    frozen: FrozenMailing, fault_server: Start, phase: Phase, code: int, text: str
) -> None:
    server = fault_server([always(phase, Answer(code, (text,)), to=SECOND)])
    frozen.send(server)
    frozen.send(server)
    assert frozen.states == [State.SENT, State.REFUSED, State.SENT]
    refused = frozen.rows[1]
    assert (refused.code, refused.text, refused.attempts) == (code, text, 1)
    assert server.recipients.count(SECOND) == 1
    frozen.check(server)


def test_a_login_refused_twice_stops_the_run_and_leaves_the_rows_alone(
    frozen: FrozenMailing, fault_server: Start
) -> None:
    server = fault_server(users={"chair": "right"})
    with pytest.raises(LoginRefusedError):
        frozen.send(server, user="chair", password="wrong", patience=30, connections=3)
    assert server.reached(Phase.AUTH) == 2
    assert frozen.states == [State.READY] * 3
    assert server.recipients == []
    frozen.send(server, user="chair", password="right")
    assert frozen.states == [State.SENT] * 3
    frozen.check(server)


def test_a_login_put_off_is_waited_for(frozen: FrozenMailing, fault_server: Start) -> None:
    server = fault_server(
        [once(Phase.AUTH, Answer(454, ("4.7.0 later",)))], users={"chair": "right"}
    )
    frozen.send(server, user="chair", password="right", patience=30)
    assert frozen.states == [State.SENT] * 3
    frozen.check(server)


def test_a_refused_sender_stops_the_run_and_leaves_the_rows_alone(
    frozen: FrozenMailing, fault_server: Start
) -> None:
    server = fault_server([always(Phase.MAIL, Answer(550, ("5.7.1 not you",)))])
    with pytest.raises(AccountRefusedError):
        frozen.send(server)
    assert frozen.states == [State.READY] * 3
    frozen.check(server)


@pytest.mark.parametrize("fault", [*LOST, "451"])
def test_whatever_quit_is_answered_sent_stays(
    frozen: FrozenMailing, fault_server: Start, fault: str
) -> None:
    action = (LOST | {"451": Answer(451)})[fault]
    server = fault_server([always(Phase.QUIT, action)])
    frozen.send(server, timeout=patience(action))
    assert frozen.states == [State.SENT] * 3
    frozen.check(server)


def test_a_connection_dropped_after_an_answer_is_rebuilt_for_the_next_letter(
    frozen: FrozenMailing, fault_server: Start
) -> None:
    """The loss shows only when the next letter begins: nothing of that one has been said yet."""
    server = fault_server([once(Phase.ANSWERED, Drop(), to=FIRST)])
    frozen.send(server, patience=30)
    assert frozen.states == [State.SENT] * 3
    frozen.check(server)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "BUSY_SECONDS", 0.2)


def _take_away(frozen: FrozenMailing, request: pytest.FixtureRequest) -> Callable[[], None]:
    """Make the ledger unwritable from now on; the function returned gives it back."""
    if frozen.ledger.sqlite:
        import sqlite3

        other = sqlite3.connect(frozen.ledger.path, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")

        def give_back() -> None:
            other.execute("ROLLBACK")
            other.close()

        return give_back
    server = request.getfixturevalue("postgres_server")
    server.close_to_clients(frozen.url)
    return lambda: server.open_to_clients(frozen.url)


@pytest.mark.parametrize("phase", [Phase.MAIL, Phase.DATA])
def test_a_ledger_out_of_reach_before_the_dot_keeps_the_dot_unsaid(
    impatient: None,
    frozen: FrozenMailing,
    fault_server: Start,
    request: pytest.FixtureRequest,
    phase: Phase,
) -> None:
    given: list[Callable[[], None]] = []

    def take(_: Moment) -> None:
        given.append(_take_away(frozen, request))

    server = fault_server([first_letter(phase, Call(take))])
    with pytest.raises(LedgerUnavailableError) as error:
        frozen.send(server)
    assert "\n" not in str(error.value)
    assert server.wait_idle()
    assert server.reached(Phase.DOT) == 0
    given[0]()
    after = open_ledger(frozen.url)
    frozen.ledger = after
    frozen.check(server)
    frozen.send(server)
    assert frozen.states == [State.SENT] * 3
    frozen.check(server)


def test_a_ledger_gone_after_the_answer_stops_the_run_and_the_letter_is_uncertain(
    impatient: None, frozen: FrozenMailing, fault_server: Start, request: pytest.FixtureRequest
) -> None:
    given: list[Callable[[], None]] = []

    def take(_: Moment) -> None:
        given.append(_take_away(frozen, request))

    server = fault_server([first_letter(Phase.STORED, Call(take))])
    with pytest.raises(LedgerUnavailableError) as error:
        frozen.send(server)
    assert "\n" not in str(error.value)
    assert len(server.copies.all) == 1
    given[0]()
    frozen.ledger = open_ledger(frozen.url)
    frozen.send(server)
    assert frozen.states == [State.UNCERTAIN, State.SENT, State.SENT]
    frozen.check(server)
