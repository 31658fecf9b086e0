"""A server that refuses the account, not the letter: the run stops, and no other row is touched.

Every refusal in the words of servers in use, at MAIL, RCPT and dot, counting rows touched.
"""

from collections.abc import Callable, Iterator

import pytest

from flows.errors import ConfigurationError
from flows.post.delivery.outcomes import open_question
from flows.post.delivery.rate import Schedule
from flows.post.delivery.sending import AccountRefusedError, SendEvent
from flows.post.smtp.refusals import REMEDIES, Fault
from flows.post.states import State
from tests.integration.faults.frozen_mailing import FrozenMailing
from tests.servers.fault import FaultServer
from tests.servers.script import Answer, Call, Drop, Moment, Phase, Rule, always, once

Start = Callable[..., FaultServer]
READERS = [f"reader{n}@example.org" for n in range(1, 7)]
PHASES = [Phase.MAIL, Phase.RCPT, Phase.DOT]
ACCOUNT: list[tuple[int, str, Fault]] = [
    (554, "5.7.1 <reader2@example.org>: Relay access denied", Fault.RELAY),
    (550, "relay not permitted", Fault.RELAY),
    (550, "5.7.64 TenantAttribution; Relay Access Denied", Fault.RELAY),
    (550, "5.7.54 SMTP; Unable to relay recipient in non-accepted domain", Fault.RELAY),
    (530, "5.7.1 Authentication required", Fault.LOGIN),
    (530, "5.7.57 SMTP; Client was not authenticated to send anonymous mail", Fault.LOGIN),
    (550, "Please turn on SMTP Authentication in your mail client", Fault.LOGIN),
    (553, "5.7.1 <c@example.org>: Sender address rejected: not owned by user x", Fault.SENDER),
    (550, "5.7.60 SMTP; Client does not have permissions to send as this sender", Fault.SENDER),
    (554, "5.2.252 SendAsDenied; c@example.org not allowed to send as d@example.org", Fault.SENDER),
    (550, "5.4.5 Daily user sending limit exceeded", Fault.QUOTA),
    (554, "5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException", Fault.QUOTA),
    (550, "5.1.90 daily limit for message recipients reached", Fault.QUOTA),
    (550, "Domain example.org has exceeded the max emails per hour (200/200) allowed", Fault.QUOTA),
    (554, "5.7.1 Client host [192.0.2.1] blocked using zen.spamhaus.org", Fault.BLOCKLIST),
    (550, "5.7.606 Access denied, banned sending IP [192.0.2.1]", Fault.BLOCKLIST),
    (550, "5.7.26 This mail is unauthenticated", Fault.POLICY),
    (550, "5.7.1 rejected by the DMARC policy of example.org", Fault.POLICY),
]
READER = [
    (550, "5.1.1 no such reader"),
    (552, "5.2.2 mailbox full"),
    (550, "5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found"),
    (554, "5.7.1 <reader2@example.org>: Recipient address rejected: Access denied"),
]


@pytest.fixture
def frozen(ledger_url: str) -> Iterator[FrozenMailing]:
    made = FrozenMailing(ledger_url, READERS)
    yield made
    made.ledger.close()


def from_the_second_letter(phase: Phase, code: int, text: str) -> Rule:
    """The account's limit is reached after one letter; nobody is let through any more."""
    answer = Answer(code, (text,))
    if phase is not Phase.MAIL:
        return always(phase, answer, to="reader[2-6]@*")
    taken = 0

    def limited(_: Moment) -> Answer | None:
        nonlocal taken
        taken += 1
        return answer if taken > 1 else None

    return always(phase, Call(limited))


@pytest.mark.parametrize("pipelining", [False, True], ids=["one by one", "pipelining"])
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize(("code", "text", "fault"), ACCOUNT)
def test_the_run_stops_the_letter_waits_and_no_other_row_is_touched(
    tmp_path_factory: pytest.TempPathFactory,
    fault_server: Start,
    phase: Phase,
    code: int,
    text: str,
    fault: Fault,
    pipelining: bool,
) -> None:
    frozen = FrozenMailing(f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'ledger.db'}", READERS)
    server = fault_server([from_the_second_letter(phase, code, text)], pipelining=pipelining)
    result = frozen.send(server, patience=60)
    assert result.needs_person
    assert text in result.stopped
    assert REMEDIES[fault] in result.stopped
    assert frozen.states == [State.SENT, *[State.READY] * 5]
    assert [row.attempts for row in frozen.rows] == [1, 0, 0, 0, 0, 0]
    touched = frozen.rows[1]
    assert (touched.code, touched.text) == (code, text)
    assert all(row.code is None for row in frozen.rows[2:])
    assert set(server.recipients) <= set(READERS[:2])
    frozen.check(server)
    healthy = fault_server()
    frozen.send(healthy)
    assert frozen.states == [State.SENT] * 6
    assert [copy.recipient for copy in healthy.copies.all] == READERS[1:]
    frozen.ledger.close()


def test_it_holds_on_both_databases_and_over_several_connections(
    frozen: FrozenMailing, fault_server: Start
) -> None:
    """Letters in hand on the other connections meet the same refusal, and wait too."""
    server = fault_server([from_the_second_letter(Phase.DOT, 550, "5.4.5 Daily limit exceeded")])
    result = frozen.send(server, connections=3)
    assert result.needs_person
    assert set(frozen.states) == {State.SENT, State.READY}
    assert frozen.states.count(State.SENT) <= 1
    frozen.check(server)


def test_where_nothing_has_left_the_account_is_an_error_of_the_configuration(
    frozen: FrozenMailing, fault_server: Start
) -> None:
    server = fault_server([always(Phase.RCPT, Answer(554, ("5.7.1 Relay access denied",)))])
    with pytest.raises(AccountRefusedError, match="SMTP_HOST"):
        frozen.send(server)
    assert frozen.states == [State.READY] * 6
    assert server.recipients == READERS[:1]


@pytest.mark.parametrize(("code", "text"), READER)
@pytest.mark.parametrize("phase", [Phase.RCPT, Phase.DOT])
def test_a_refusal_of_the_reader_however_often_repeated_refuses_that_reader_alone(
    frozen: FrozenMailing, fault_server: Start, phase: Phase, code: int, text: str
) -> None:
    server = fault_server([always(phase, Answer(code, (text,)), to="reader[1-5]@*")])
    result = frozen.send(server)
    assert not result.stopped
    assert frozen.states == [*[State.REFUSED] * 5, State.SENT]
    frozen.check(server)


@pytest.mark.parametrize("phase", [Phase.RCPT, Phase.DOT])
def test_the_same_unknown_words_to_three_readers_in_a_row_stop_the_run_with_a_question(
    frozen: FrozenMailing, fault_server: Start, phase: Phase
) -> None:
    def no(moment: Moment) -> Answer:
        return Answer(554, (f"5.7.1 <{moment.recipient}> no, see 4SXyZv0jXyz{moment.attempt}",))

    server = fault_server([always(phase, Call(no), to="reader[2-6]@*")])
    result = frozen.send(server)
    assert result.needs_person
    assert "the last 3 readers in a row" in result.stopped
    assert f"resolve {frozen.mailing} --refused --as resend" in result.stopped
    assert frozen.states == [State.SENT, *[State.REFUSED] * 3, *[State.READY] * 2]
    assert open_question(frozen.ledger, frozen.mailing)
    frozen.check(server)
    # A person who sends again has read the question: it is about these readers.
    frozen.send(fault_server())
    assert frozen.states == [State.SENT, *[State.REFUSED] * 3, *[State.SENT] * 2]
    assert not open_question(frozen.ledger, frozen.mailing)


def test_many_refusals_in_the_same_words_are_three_lines_and_a_number(
    ledger_url: str, fault_server: Start
) -> None:
    frozen = FrozenMailing(ledger_url, [f"reader{n}@example.org" for n in range(40)])

    def unknown(moment: Moment) -> Answer:
        return Answer(550, (f"5.1.1 <{moment.recipient}>: User unknown {moment.attempt}",))

    server = fault_server([always(Phase.RCPT, Call(unknown), to="reader[1-3]*@*")])
    events: list[SendEvent] = []
    frozen.send(server, report=events.append)
    refused = [event for event in events if event.state is State.REFUSED]
    assert len(refused) == 33
    assert len([event for event in refused if not event.counted]) == 3
    assert events[-1].text == "30 more refused in the same words: 550 5.1.1 *: User unknown 1"
    assert "@" not in events[-1].text
    frozen.ledger.close()


def test_other_words_or_a_yes_between_begin_the_count_anew(
    frozen: FrozenMailing, fault_server: Start
) -> None:
    rules = [
        always(Phase.DOT, Answer(554, (f"5.7.1 {words}",)), to=reader)
        for reader, words in zip(READERS, ["no", "no", "never", "no", "no"], strict=False)
    ]
    result = frozen.send(fault_server(rules))
    assert not result.stopped
    assert frozen.states == [*[State.REFUSED] * 5, State.SENT]


@pytest.mark.parametrize(("setting", "refused"), [(1, 1), (2, 2), (0, 6)])
def test_how_often_the_same_words_may_come_is_a_setting(
    frozen: FrozenMailing, fault_server: Start, setting: int, refused: int
) -> None:
    server = fault_server([always(Phase.DOT, Answer(554, ("5.7.1 no",)))])
    frozen.send(server, same_refusals=setting)
    assert frozen.states == [*[State.REFUSED] * refused, *[State.READY] * (6 - refused)]


@pytest.mark.parametrize("phase", PHASES)
def test_a_temporary_refusal_of_the_account_leaves_the_server_alone_for_every_letter(
    frozen: FrozenMailing, fault_server: Start, phase: Phase
) -> None:
    text = "4.7.1 Sending rate limit exceeded"
    server = fault_server([from_the_second_letter(phase, 451, text)])
    result = frozen.send(server, patience=10, schedule=Schedule((15,), 5), connections=1)
    assert not result.needs_person
    assert "the letters wait" in result.stopped
    assert text in result.stopped
    assert frozen.states == [State.SENT, State.DEFERRED, *[State.READY] * 4]
    frozen.check(server)


def test_a_temporary_refusal_of_the_account_is_waited_for_within_a_runs_patience(
    frozen: FrozenMailing, fault_server: Start
) -> None:
    limited = Answer(451, ("4.7.1 Sending rate limit exceeded",))
    server = fault_server([once(Phase.RCPT, limited, to=READERS[1])])
    heard: list[SendEvent] = []
    frozen.send(server, patience=60, schedule=Schedule((0.02,), 5), report=heard.append)
    assert frozen.states == [State.SENT] * 6
    assert any("next try in" in event.text for event in heard)
    frozen.check(server)


@pytest.mark.parametrize("code", [220, 221, 251])
def test_a_yes_that_is_none_to_the_dot_is_uncertain(
    frozen: FrozenMailing, fault_server: Start, code: int
) -> None:
    server = fault_server([once(Phase.STORED, Answer(code, ("2.0.0 fine",)), to=READERS[0])])
    frozen.send(server)
    assert frozen.states == [State.UNCERTAIN, *[State.SENT] * 5]
    frozen.check(server)


HANGING_UP = {
    "hangs up": Drop(),
    "says 421 and hangs up": Answer(421, ("4.4.2 no more over this connection",)),
}


@pytest.mark.parametrize("pipelining", [False, True], ids=["one by one", "pipelining"])
@pytest.mark.parametrize("way", HANGING_UP)
def test_a_server_that_hangs_up_after_every_letter_defers_none(
    frozen: FrozenMailing, fault_server: Start, way: str, pipelining: bool
) -> None:
    server = fault_server([always(Phase.ANSWERED, HANGING_UP[way])], pipelining=pipelining)
    result = frozen.send(server)
    assert result.counts == {State.SENT: 6}
    assert [row.attempts for row in frozen.rows] == [1] * 6
    assert len([one for one in server.sessions if "." in one.commands]) == 6
    frozen.check(server)


@pytest.mark.parametrize("pipelining", [False, True], ids=["one by one", "pipelining"])
@pytest.mark.parametrize("way", HANGING_UP)
def test_a_server_that_hangs_up_at_mail_of_a_further_letter_defers_none(
    frozen: FrozenMailing, fault_server: Start, way: str, pipelining: bool
) -> None:
    """The loss shows only when MAIL has been said; nothing was answered about that letter."""
    said: dict[int, int] = {}

    def second(moment: Moment) -> Drop | Answer | None:
        said[moment.session] = said.get(moment.session, 0) + 1
        action = HANGING_UP[way]
        return action if said[moment.session] > 1 else None  # type: ignore[return-value]

    server = fault_server([always(Phase.MAIL, Call(second))], pipelining=pipelining)
    result = frozen.send(server)
    assert result.counts == {State.SENT: 6}
    assert [row.attempts for row in frozen.rows] == [1] * 6
    frozen.check(server)


def test_a_certificate_or_login_that_fails_later_is_said_after_what_was_sent(
    frozen: FrozenMailing, fault_server: Start
) -> None:
    """Letters that left are never "nothing done"."""
    users = {"chair": "right"}

    def locked_out(moment: Moment) -> Drop:
        users["chair"] = "changed"
        return Drop()

    server = fault_server([once(Phase.ANSWERED, Call(locked_out), to=READERS[1])], users=users)
    result = frozen.send(server, user="chair", password="right", patience=30)
    assert result.counts == {State.SENT: 2}
    assert result.needs_person
    assert "login refused" in result.stopped
    assert frozen.states == [*[State.SENT] * 2, *[State.READY] * 4]
    with pytest.raises(ConfigurationError):
        frozen.send(server, user="chair", password="right")
