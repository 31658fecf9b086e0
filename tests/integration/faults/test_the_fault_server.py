"""The fault server is the oracle of the crash contract, so it is held to its own promises first."""

import base64
import contextlib
import json
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.servers import copies
from tests.servers.certificates import Certificates
from tests.servers.fault import FaultServer
from tests.servers.script import (
    PATIENCE,
    Action,
    Answer,
    Call,
    Drop,
    Moment,
    Phase,
    Raw,
    Reset,
    Stall,
    always,
    once,
)

Start = Callable[..., FaultServer]
READER = "reader@example.org"
SENDER = "chair@example.org"
LOST = smtplib.SMTPServerDisconnected


def letter(number: int = 1, body: str = "Dear Minister,\n.\n..two dots\n") -> bytes:
    message = EmailMessage(policy=SMTP)
    message["Message-ID"] = f"<{number}@example.org>"
    message["Subject"] = "A letter"
    message.set_content(body)
    return message.as_bytes()


@contextlib.contextmanager
def client(server: FaultServer, **options: float) -> Iterator[smtplib.SMTP]:
    """Connected to the server; unlike smtplib's own ``with``, leaving it never raises."""
    smtp = smtplib.SMTP("127.0.0.1", server.port, **{"timeout": PATIENCE, **options})
    try:
        yield smtp
    finally:
        smtp.close()


def send(smtp: smtplib.SMTP, number: int = 1, to: str = READER) -> None:
    smtp.sendmail(SENDER, [to], letter(number))


def test_it_stores_what_it_was_given_once_for_each_recipient(fault_server: Start) -> None:
    server = fault_server()
    with client(server) as smtp:
        smtp.sendmail(SENDER, [READER, "other@example.org"], letter())
        smtp.quit()
    assert server.copies.count() == {
        ("<1@example.org>", READER): 1,
        ("<1@example.org>", "other@example.org"): 1,
    }
    assert {copy.content for copy in server.copies.all} == {letter()}


def test_it_counts_a_letter_sent_twice_as_two_copies(fault_server: Start) -> None:
    server = fault_server()
    with client(server) as smtp:
        send(smtp)
        send(smtp)
    assert server.copies.count() == {("<1@example.org>", READER): 2}


def test_the_transcript_shows_the_order_of_commands_and_no_credentials(
    fault_server: Start,
) -> None:
    server = fault_server(users={"chair": "secret"})
    with client(server) as smtp:
        smtp.login("chair", "secret")
        send(smtp)
        smtp.quit()
    assert server.wait_idle()
    verbs = [command.split()[0] for command in server.sessions[0].commands]
    assert [verb.upper() for verb in verbs] == ["EHLO", "AUTH", "MAIL", "RCPT", "DATA", ".", "QUIT"]
    assert server.recipients == [READER]


def test_a_message_of_nothing_is_stored_as_nothing(fault_server: Start) -> None:
    server = fault_server()
    with client(server) as smtp:
        smtp.ehlo()
        smtp.mail(SENDER)
        smtp.rcpt(READER)
        smtp.docmd("DATA")
        smtp.send(b".\r\n")
        assert smtp.getreply()[0] == 250
    assert [copy.content for copy in server.copies.all] == [b""]


ENDS_BEFORE_THE_COPY = [
    Phase.EHLO,
    Phase.MAIL,
    Phase.RCPT,
    Phase.DATA,
    Phase.BODY,
    Phase.DOT,
]


@pytest.mark.parametrize("action", [Drop(), Reset()], ids=["drop", "reset"])
@pytest.mark.parametrize("phase", ENDS_BEFORE_THE_COPY)
def test_a_connection_ended_before_storing_leaves_no_copy_and_the_next_attempt_is_served(
    fault_server: Start, phase: Phase, action: Action
) -> None:
    server = fault_server([once(phase, action)])
    with pytest.raises((smtplib.SMTPException, OSError)), client(server) as smtp:
        send(smtp)
    assert server.copies.all == []
    with client(server) as smtp:
        send(smtp)
    assert server.copies.count() == {("<1@example.org>", READER): 1}


@pytest.mark.parametrize("action", [Drop(), Reset(), Raw(b"garbage\r\n", close=True)])
def test_a_connection_ended_after_storing_leaves_one_copy_the_client_knows_nothing_of(
    fault_server: Start, action: Action
) -> None:
    server = fault_server([once(Phase.STORED, action)])
    with pytest.raises((smtplib.SMTPException, OSError)), client(server) as smtp:
        send(smtp)
    assert server.copies.count() == {("<1@example.org>", READER): 1}


@pytest.mark.parametrize("action", [Drop(), Reset()], ids=["drop", "reset"])
def test_a_connection_can_end_at_the_greeting(fault_server: Start, action: Action) -> None:
    server = fault_server([once(Phase.GREETING, action)])
    with pytest.raises((smtplib.SMTPException, OSError)), client(server):
        pass
    with client(server) as smtp:
        send(smtp)
    assert len(server.copies.all) == 1


def test_a_connection_can_end_after_the_answer(fault_server: Start) -> None:
    server = fault_server([once(Phase.ANSWERED, Drop())])
    with client(server) as smtp:
        send(smtp)
        with pytest.raises(LOST):
            smtp.quit()
    assert len(server.copies.all) == 1


@pytest.mark.parametrize("phase", [Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.DOT])
@pytest.mark.parametrize("code", [421, 451, 550])
def test_any_phase_can_answer_any_code_and_421_ends_the_connection(
    fault_server: Start, phase: Phase, code: int
) -> None:
    server = fault_server([always(phase, Answer(code, ("4.3.0 first", "second")))])
    with client(server) as smtp:
        with pytest.raises(smtplib.SMTPException) as caught:
            send(smtp)
        assert f"{code}, b'4.3.0 first\\nsecond'" in str(caught.value)
        if code == 421:
            with pytest.raises(LOST):
                smtp.docmd("NOOP")
    assert server.copies.all == []


def test_quit_can_be_refused(fault_server: Start) -> None:
    server = fault_server([always(Phase.QUIT, Answer(451))])
    with client(server) as smtp:
        assert smtp.quit()[0] == 451


def test_a_stalled_session_goes_on_when_it_is_released(fault_server: Start) -> None:
    reached, released = threading.Event(), threading.Event()
    server = fault_server([once(Phase.STORED, Stall(released, reached))])
    with client(server) as smtp:
        sending = threading.Thread(target=send, args=(smtp,))
        sending.start()
        assert reached.wait(PATIENCE)
        assert len(server.copies.all) == 1
        assert sending.is_alive()
        released.set()
        sending.join(PATIENCE)
        assert not sending.is_alive()
        assert server.sessions[0].replies[-1].startswith("250 2.0.0 Ok: queued as FAULT000001")


def test_a_stalled_session_ends_when_the_client_loses_patience(fault_server: Start) -> None:
    server = fault_server([always(Phase.DOT, Stall())])
    with pytest.raises(LOST, match="timed out"), client(server, timeout=1) as smtp:
        send(smtp)
    assert server.wait_idle(PATIENCE)
    assert server.copies.all == []


def test_a_small_window_makes_the_client_feel_a_reset_in_mid_body(fault_server: Start) -> None:
    server = fault_server([always(Phase.BODY, Reset())], window=4096)
    with client(server) as smtp:
        smtp.ehlo()
        smtp.mail(SENDER)
        smtp.rcpt(READER)
        smtp.docmd("DATA")
        with pytest.raises((ConnectionError, LOST)):
            smtp.send(b"x" * 13_000_000)
    assert server.wait_idle()
    assert "." not in server.sessions[0].commands


def test_rules_are_kept_apart_by_recipient_and_attempt(fault_server: Start) -> None:
    server = fault_server(
        [
            once(Phase.RCPT, Answer(450, ("4.7.1 greylisted",)), to="grey*@example.org"),
            always(Phase.RCPT, Answer(550, ("5.1.1 nobody",)), to="gone@example.org"),
        ]
    )
    with client(server) as smtp:
        smtp.ehlo()
        codes = []
        for to in ("grey1@example.org", "grey1@example.org", "grey2@example.org", READER):
            smtp.mail(SENDER)
            codes.append(smtp.rcpt(to)[0])
        codes += [smtp.rcpt("gone@example.org")[0] for _ in range(3)]
    assert codes == [450, 250, 450, 250, 550, 550, 550]


def test_a_call_runs_at_its_moment_and_may_choose_what_happens(fault_server: Start) -> None:
    moments: list[Moment] = []

    def note(moment: Moment) -> Action | None:
        moments.append(moment)
        return Answer(452, ("4.3.1 full",)) if moment.attempt == 1 else None

    server = fault_server([always(Phase.DOT, Call(note))])
    with client(server) as smtp:
        with pytest.raises(smtplib.SMTPDataError):
            send(smtp)
        send(smtp)
    assert [(m.attempt, m.recipient, m.sender, m.message_id) for m in moments] == [
        (1, READER, SENDER, "<1@example.org>"),
        (2, READER, SENDER, "<1@example.org>"),
    ]


@pytest.mark.parametrize("mechanism", ["auth_plain", "auth_login"])
def test_a_right_password_is_accepted_and_a_wrong_one_is_not(
    fault_server: Start, mechanism: str
) -> None:
    server = fault_server(users={"chair": "pässword"})
    for password, code in (("wrong", 535), ("pässword", 235)):
        with client(server) as smtp:
            smtp.ehlo()
            # smtplib's own login() cannot send a password outside ASCII.
            octets = f"\0chair\0{password}".encode()
            if mechanism == "auth_plain":
                assert smtp.docmd("AUTH", "PLAIN " + base64.b64encode(octets).decode())[0] == code
            else:
                assert smtp.docmd("AUTH", "LOGIN " + base64.b64encode(b"chair").decode())[0] == 334
                assert smtp.docmd(base64.b64encode(password.encode()).decode())[0] == code
            assert (smtp.mail(SENDER)[0] == 250) is (code == 235)


def test_a_right_password_can_be_put_off_by_script(fault_server: Start) -> None:
    server = fault_server([once(Phase.AUTH, Answer(454, ("4.7.0 later",)))], users={"c": "p"})
    for code in (454, 235):
        with client(server) as smtp:
            smtp.ehlo()
            assert smtp.docmd("AUTH", "PLAIN AGMAcA==")[0] == code


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_it_speaks_tls_and_its_certificate_can_be_checked(
    fault_server: Start, certificates: Certificates, security: str
) -> None:
    server = fault_server(security=security, context=certificates.good(), users={"c": "p"})
    trusting = ssl.create_default_context(cafile=str(certificates.authority))
    if security == "tls":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            "localhost", server.port, context=trusting, timeout=PATIENCE
        )
    else:
        smtp = smtplib.SMTP("localhost", server.port, timeout=PATIENCE)
        assert smtp.docmd("EHLO", "x")[0] == 250
        assert smtp.mail(SENDER)[0] == 530
        smtp.starttls(context=trusting)
    smtp.login("c", "p")
    send(smtp)
    smtp.quit()
    assert len(server.copies.all) == 1


@pytest.mark.parametrize("which", ["expired", "unknown", "other_name"])
def test_a_bad_certificate_is_one_that_a_checking_client_refuses(
    fault_server: Start, certificates: Certificates, which: str
) -> None:
    server = fault_server(security="tls", context=getattr(certificates, which)())
    trusting = ssl.create_default_context(cafile=str(certificates.authority))
    with pytest.raises(ssl.SSLCertVerificationError):
        smtplib.SMTP_SSL("localhost", server.port, context=trusting, timeout=PATIENCE)
    assert server.wait_idle()
    assert server.sessions[0].commands == ["(TLS handshake failed)"]


@pytest.mark.parametrize("phase", [Phase.STARTTLS, Phase.HANDSHAKE])
def test_a_connection_can_end_around_starttls(
    fault_server: Start, certificates: Certificates, phase: Phase
) -> None:
    server = fault_server([always(phase, Drop())], security="starttls", context=certificates.good())
    with client(server) as smtp, pytest.raises((LOST, OSError)):
        smtp.starttls()


def test_latency_passes_before_the_final_answer_alone(fault_server: Start) -> None:
    server = fault_server(latency=30)
    with pytest.raises(LOST, match="timed out"), client(server, timeout=1) as smtp:
        send(smtp)
    assert len(server.copies.all) == 1


def test_many_connections_are_served_at_once(fault_server: Start) -> None:
    gate = threading.Barrier(8)
    server = fault_server([always(Phase.MAIL, Call(lambda _: (gate.wait(PATIENCE), None)[1]))])

    def one(number: int) -> None:
        with client(server) as smtp:
            send(smtp, number)

    senders = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(PATIENCE)
    assert len(server.copies.count()) == 8


def test_closing_the_server_frees_its_port_though_a_client_hangs_on(fault_server: Start) -> None:
    server = fault_server([always(Phase.MAIL, Stall())])
    with client(server) as smtp:
        smtp.ehlo()
        smtp.putcmd("MAIL", "FROM:<chair@example.org>")
        assert server.wait_for(Phase.MAIL)
        server.close()
        assert not any(session.alive for session in server.sessions)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", server.port))


def test_a_server_process_killed_outright_keeps_every_copy_it_answered_for(
    tmp_path: Path,
) -> None:
    rules = [{"phase": "rcpt", "do": "answer", "code": 550, "to": "gone@*"}]
    (tmp_path / "script.json").write_text(json.dumps(rules))
    command = [sys.executable, "-m", "tests.servers.fault", "--store", str(tmp_path)]
    command += ["--script", str(tmp_path / "script.json")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        smtp = smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE)
        for number in range(20):
            send(smtp, number)
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            send(smtp, 99, "gone@example.org")
        process.send_signal(signal.SIGKILL)
    assert [copy.message_id for copy in copies.read(tmp_path)] == [
        f"<{number}@example.org>" for number in range(20)
    ]


def test_a_server_that_is_started_again_goes_on_counting_after_half_a_line(
    tmp_path: Path, fault_server: Start
) -> None:
    with client(fault_server(store=tmp_path)) as smtp:
        send(smtp)
    with (tmp_path / "copies.jsonl").open("a") as file:
        file.write('{"message_id": "<cut')
    server = fault_server(store=tmp_path)
    with client(server) as smtp:
        send(smtp)
    assert server.copies.count() == {("<1@example.org>", READER): 2}
    assert [copy.sha256 for copy in copies.read(tmp_path)] == [
        copy.sha256 for copy in server.copies.all
    ]
