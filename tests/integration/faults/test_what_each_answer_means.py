"""The table "What each answer means" of the design, row by row, over a real connection.

One attempt is made against the fault server; what is checked is where it leads, whether the ledger
was asked before the dot was written, and how many copies the server holds.
"""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from flows.errors import ConfigurationError
from flows.post.smtp.client import ForbiddenRecipientError
from flows.post.smtp.refusals import Fault
from flows.post.smtp.session import (
    LoginRefusedError,
    Outcome,
    Server,
    Session,
    UnavailableError,
)
from flows.post.states import State
from tests.integration.faults.test_the_fault_server import READER, SENDER, letter
from tests.servers.certificates import Certificates
from tests.servers.fault import FaultServer
from tests.servers.script import (
    PATIENCE,
    Action,
    Answer,
    Drop,
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
LOST: dict[str, Action] = {"drop": Drop(), "reset": Reset(), "stall": Stall()}
GARBAGE: dict[str, Action] = {
    "garbage": Raw(b"\x00\xff\xfe 250 ok? \r\n"),
    "half a line": Raw(b"25", close=True),
    "code of no class": Raw(b"999 what\r\n"),
    "endless line": Raw(b"250-" + b"x" * 100_000, close=True),
    "yes, then later": Raw(b"250-2.0.0 Ok: queued\r\n451 4.3.0 wait\r\n"),
    "yes, then no": Raw(b"250-2.0.0 Ok: queued\r\n550 5.7.1 no\r\n"),
    "no, then yes": Raw(b"451-4.3.0 wait\r\n250 2.0.0 Ok: queued\r\n"),
}


@dataclass
class Attempt:
    """One attempt and what was seen of it."""

    outcome: Outcome
    dots_before_the_ledger: list[int] = field(default_factory=list)
    """How many dots the server had read each time the ledger was asked."""


@contextmanager
def session(
    server: FaultServer,
    certificates: Certificates | None = None,
    timeout: float = PATIENCE,
    **options: str,
) -> Iterator[Session]:
    context = ssl.create_default_context(
        cafile=str(certificates.authority) if certificates else None
    )
    where = Server(
        "localhost", server.port, server.security, timeout=timeout, context=context, **options
    )
    opened = Session(where, allowed=lambda address: address.endswith("@example.org"))
    try:
        yield opened
    finally:
        opened.close()


def attempt(
    server: FaultServer,
    certificates: Certificates | None = None,
    content: bytes | None = None,
    timeout: float = PATIENCE,
) -> Attempt:
    seen: list[int] = []
    with session(server, certificates, timeout) as opened:
        outcome = opened.deliver(
            SENDER, (READER,), content or letter(), lambda: seen.append(server.reached(Phase.DOT))
        )
    return Attempt(outcome, seen)


@pytest.fixture(params=["none", "starttls", "tls"])
def serve(
    request: pytest.FixtureRequest, fault_server: Start, certificates: Certificates
) -> Callable[..., FaultServer]:
    """Start a fault server: the test runs plain, over STARTTLS and over TLS."""

    def start(*rules: Rule, **options: object) -> FaultServer:
        context = certificates.good() if request.param != "none" else None
        return fault_server(rules, security=request.param, context=context, **options)

    return start


def test_a_letter_is_sent_after_the_ledger_was_asked_and_before_anything_else_is_said(
    serve: Start, certificates: Certificates
) -> None:
    server = serve()
    made = attempt(server, certificates)
    assert made.outcome.state is State.SENT
    assert made.outcome.reply.queue_id == "FAULT000001"
    assert made.dots_before_the_ledger == [0]
    assert [copy.content for copy in server.copies.all] == [letter()]


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize("phase", [Phase.MAIL, Phase.RCPT, Phase.DATA])
def test_a_connection_lost_or_stalled_before_the_body_defers(
    serve: Start, certificates: Certificates, phase: Phase, fault: str
) -> None:
    server = serve(always(phase, LOST[fault]))
    made = attempt(server, certificates, timeout=patience(LOST[fault]))
    assert made.outcome.state is State.DEFERRED
    assert made.outcome.back_off
    assert made.dots_before_the_ledger == []
    assert server.copies.all == []


@pytest.mark.parametrize("fault", LOST)
def test_a_connection_lost_or_stalled_in_mid_body_defers(
    serve: Start, certificates: Certificates, fault: str
) -> None:
    server = serve(always(Phase.BODY, LOST[fault]), window=4096)
    made = attempt(server, certificates, letter() + BULK, timeout=patience(LOST[fault]))
    assert made.outcome.state is State.DEFERRED
    assert made.dots_before_the_ledger == []
    assert server.copies.all == []


BULK = (b"x" * 70 + b"\r\n") * 150_000


@pytest.mark.parametrize("fault", ["drop", "reset"])
def test_a_short_letter_whose_connection_died_in_the_body_is_never_called_sent(
    serve: Start, certificates: Certificates, fault: str
) -> None:
    """The kernel takes a short body whole; the loss shows before the ledger is asked, while it
    writes, or after the dot."""
    server = serve(always(Phase.BODY, LOST[fault]))
    made = attempt(server, certificates)
    assert made.outcome.state in (State.DEFERRED, State.UNCERTAIN)
    if not made.dots_before_the_ledger:
        assert made.outcome.state is State.DEFERRED
    if made.outcome.state is State.DEFERRED:
        assert server.reached(Phase.DOT) == 0
    assert server.copies.all == []


@pytest.mark.parametrize("phase", [Phase.DOT, Phase.STORED])
@pytest.mark.parametrize("fault", [*LOST, *GARBAGE])
def test_without_a_sensible_answer_to_the_dot_it_is_uncertain(
    serve: Start, certificates: Certificates, phase: Phase, fault: str
) -> None:
    action = (LOST | GARBAGE)[fault]
    server = serve(always(phase, action))
    made = attempt(server, certificates, timeout=patience(action))
    assert made.outcome.state is State.UNCERTAIN
    assert made.dots_before_the_ledger == [0]
    assert len(server.copies.all) == (1 if phase is Phase.STORED else 0)


@pytest.mark.parametrize("fault", GARBAGE)
@pytest.mark.parametrize("phase", [Phase.MAIL, Phase.RCPT, Phase.DATA])
def test_garbage_before_the_dot_defers(
    serve: Start, certificates: Certificates, phase: Phase, fault: str
) -> None:
    server = serve(always(phase, GARBAGE[fault]))
    made = attempt(server, certificates)
    assert made.outcome.state is State.DEFERRED
    assert made.dots_before_the_ledger == []
    assert server.copies.all == []


SAID = [
    (Phase.MAIL, 421, "4.3.2 closing", State.DEFERRED),
    (Phase.MAIL, 450, "4.2.0 busy", State.DEFERRED),
    (Phase.MAIL, 451, "4.3.0 error", State.DEFERRED),
    (Phase.MAIL, 452, "4.3.1 full", State.DEFERRED),
    (Phase.RCPT, 421, "4.3.2 closing", State.DEFERRED),
    (Phase.RCPT, 450, "4.7.1 greylisted, come back", State.DEFERRED),
    (Phase.RCPT, 451, "error", State.DEFERRED),
    (Phase.RCPT, 452, "4.5.3 too many", State.DEFERRED),
    (Phase.RCPT, 550, "5.1.1 no such reader", State.REFUSED),
    (Phase.RCPT, 550, "no such reader", State.REFUSED),
    (Phase.RCPT, 551, "not here", State.REFUSED),
    (Phase.RCPT, 553, "5.1.3 bad address", State.REFUSED),
    (Phase.RCPT, 554, "5.7.1 no", State.REFUSED),
    (Phase.RCPT, 552, "5.2.2 mailbox full", State.REFUSED),
    (Phase.RCPT, 550, "4.2.1 the enhanced code decides", State.DEFERRED),
    (Phase.RCPT, 450, "5.1.1 the enhanced code decides", State.REFUSED),
    (Phase.DATA, 421, "4.3.2 closing", State.DEFERRED),
    (Phase.DATA, 451, "4.3.0 error", State.DEFERRED),
    (Phase.DATA, 554, "5.7.1 no", State.REFUSED),
    (Phase.DOT, 421, "4.3.2 closing", State.DEFERRED),
    (Phase.DOT, 450, "4.2.0 busy", State.DEFERRED),
    (Phase.DOT, 451, "error", State.DEFERRED),
    (Phase.DOT, 452, "4.3.1 full", State.DEFERRED),
    (Phase.DOT, 550, "5.7.1 spam", State.REFUSED),
    (Phase.DOT, 552, "5.2.2 mailbox full", State.REFUSED),
    (Phase.DOT, 554, "no", State.REFUSED),
]


@pytest.mark.parametrize(("phase", "code", "text", "state"), SAID)
def test_a_no_means_what_the_design_says(
    fault_server: Start, phase: Phase, code: int, text: str, state: State
) -> None:
    server = fault_server([once(phase, Answer(code, (text, "and a second line")))])
    made = attempt(server)
    assert made.outcome.state is state
    assert made.outcome.reply.code == code
    assert text in made.outcome.reply.text
    assert made.outcome.back_off is (code == 421)
    assert made.dots_before_the_ledger == ([0] if phase is Phase.DOT else [])
    assert server.copies.all == []


@pytest.mark.parametrize("code", [450, 550])
@pytest.mark.parametrize("phase", [Phase.RCPT, Phase.DATA, Phase.DOT])
def test_after_a_no_the_connection_serves_the_next_letter(
    fault_server: Start, phase: Phase, code: int
) -> None:
    server = fault_server([once(phase, Answer(code))])
    with session(server) as opened:
        first = opened.deliver(SENDER, (READER,), letter(1), lambda: None)
        second = opened.deliver(SENDER, (READER,), letter(2), lambda: None)
    assert first.state is not State.SENT
    assert second.state is State.SENT
    assert len(server.sessions) == 1
    assert server.copies.count() == {("<2@example.org>", READER): 1}


def test_a_sender_refused_for_good_leaves_the_letter_where_it_was_and_is_no_letters_fault(
    fault_server: Start,
) -> None:
    server = fault_server([always(Phase.MAIL, Answer(550, ("5.7.1 not from you",)))])
    made = attempt(server)
    assert made.outcome.state is State.READY
    assert made.outcome.fault is Fault.SENDER
    assert made.dots_before_the_ledger == []


@pytest.mark.parametrize("fault", [*LOST, "garbage", "451"])
def test_whatever_quit_is_answered_changes_nothing(fault_server: Start, fault: str) -> None:
    action = (LOST | GARBAGE | {"451": Answer(451)})[fault]
    server = fault_server([always(Phase.QUIT, action)])
    with session(server, timeout=patience(action)) as opened:
        outcome = opened.deliver(SENDER, (READER,), letter(), lambda: None)
        opened.quit()
    assert outcome.state is State.SENT


@pytest.mark.parametrize("fault", [*LOST, "421", "451"])
@pytest.mark.parametrize("phase", [Phase.GREETING, Phase.EHLO])
def test_before_mail_the_run_is_told_to_wait(
    serve: Start, certificates: Certificates, phase: Phase, fault: str
) -> None:
    action = (LOST | {"421": Answer(421), "451": Answer(451)})[fault]
    server = serve(always(phase, action))
    timeout = patience(action)
    with pytest.raises(UnavailableError), session(server, certificates, timeout=timeout):
        pass


@pytest.mark.parametrize("fault", ["drop", "reset", "stall"])
@pytest.mark.parametrize("phase", [Phase.STARTTLS, Phase.HANDSHAKE])
def test_a_connection_lost_around_starttls_is_one_to_wait_for(
    fault_server: Start, certificates: Certificates, phase: Phase, fault: str
) -> None:
    server = fault_server(
        [always(phase, LOST[fault])], security="starttls", context=certificates.good()
    )
    timeout = patience(LOST[fault])
    with pytest.raises(UnavailableError), session(server, certificates, timeout=timeout):
        pass


def test_nothing_listening_is_a_server_to_wait_for(fault_server: Start) -> None:
    server = fault_server()
    server.close()
    with pytest.raises(UnavailableError) as error, session(server):
        pass
    assert not error.value.answered


def test_a_temporary_no_to_starttls_is_one_to_wait_for(
    fault_server: Start, certificates: Certificates
) -> None:
    server = fault_server(
        [always(Phase.STARTTLS, Answer(454, ("4.7.0 TLS not available",)))],
        security="starttls",
        context=certificates.good(),
        users={"chair": "secret"},
    )
    with (
        pytest.raises(UnavailableError),
        session(server, certificates, user="chair", password="secret"),
    ):
        pass
    assert "AUTH" not in server.sessions[0].commands


def test_a_server_without_starttls_stops_the_run_before_the_password(
    fault_server: Start, certificates: Certificates
) -> None:
    server = fault_server(users={"chair": "secret"})
    server.security, offered = (
        "none",
        Server("localhost", server.port, "starttls", "chair", "secret"),
    )
    with pytest.raises(ConfigurationError, match="SMTP_SECURITY"):
        Session(offered, allowed=lambda _: True)
    assert server.wait_idle()
    assert "AUTH" not in server.sessions[0].commands


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("which", ["expired", "unknown", "other_name"])
def test_a_bad_certificate_stops_the_run_before_the_password(
    fault_server: Start, certificates: Certificates, security: str, which: str
) -> None:
    server = fault_server(
        security=security, context=getattr(certificates, which)(), users={"chair": "secret"}
    )
    with (
        pytest.raises(ConfigurationError, match="certificate"),
        session(server, certificates, user="chair", password="secret"),
    ):
        pass
    assert server.wait_idle()
    assert "AUTH" not in server.sessions[0].commands
    assert server.recipients == []


def test_a_refused_login_stops_the_run_and_a_postponed_one_waits(fault_server: Start) -> None:
    server = fault_server(users={"chair": "secret"})
    with pytest.raises(LoginRefusedError) as refused, session(server, user="chair", password="no"):
        pass
    assert "no" not in str(refused.value).split()
    later = fault_server([always(Phase.AUTH, Answer(454, ("4.7.0 later",)))], users={"chair": "s"})
    with pytest.raises(UnavailableError), session(later, user="chair", password="s"):
        pass


def test_the_last_gate_keeps_a_forbidden_address_from_being_named(fault_server: Start) -> None:
    server = fault_server()
    with session(server) as opened, pytest.raises(ForbiddenRecipientError):
        opened.deliver(SENDER, ("minister@example.net",), letter(), lambda: None)
    assert server.recipients == []
    assert server.copies.all == []


def test_a_ledger_that_fails_before_the_dot_keeps_the_dot_from_being_written(
    serve: Start, certificates: Certificates
) -> None:
    def full() -> None:
        raise OSError("disk full")

    server = serve()
    with session(server, certificates) as opened, pytest.raises(OSError, match="disk full"):
        opened.deliver(SENDER, (READER,), letter(), full)
    assert server.wait_idle()
    assert "." not in server.sessions[0].commands
    assert server.copies.all == []


@pytest.mark.parametrize("early", [b"250 2.0.0 Ok: queued as EARLY\r\n", b"451 wait\r\n"])
def test_an_answer_that_comes_before_the_dot_is_not_taken_for_the_answer_to_it(
    fault_server: Start, early: bytes
) -> None:
    """A reply sent ahead of the dot would else settle a letter that was never stored."""
    server = fault_server([once(Phase.DATA, Raw(b"354 go on\r\n" + early))])
    made = attempt(server)
    assert made.outcome.state is State.DEFERRED
    assert made.dots_before_the_ledger == []


def test_dots_at_the_start_of_lines_arrive_as_they_were(fault_server: Start) -> None:
    content = letter(body=".\n..\n...\nlast\n.") + b".\r\n"
    server = fault_server()
    made = attempt(server, content=content)
    assert made.outcome.state is State.SENT
    assert [copy.content for copy in server.copies.all] == [content]
