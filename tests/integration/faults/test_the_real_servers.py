"""Postfix, Dovecot, smtp-sink and PostgreSQL, as the tests start them, do what tests lean on."""

import imaplib
import smtplib
import socket
import ssl

import psycopg
import pytest
from sqlalchemy import create_engine, text

from tests.conftest import need
from tests.integration.faults.test_the_fault_server import READER, SENDER, letter
from tests.servers.certificates import Certificates
from tests.servers.imap import Dovecot
from tests.servers.postfix import Postfix
from tests.servers.postgres import Postgres


def test_postfix_takes_mail_after_starttls_and_login_and_delivers_it_once(
    postfix_server: Postfix, dovecot_server: Dovecot, certificates: Certificates
) -> None:
    with smtplib.SMTP("localhost", postfix_server.port, timeout=10) as smtp:
        smtp.ehlo()
        assert "auth" not in smtp.esmtp_features
        smtp.starttls(context=ssl.create_default_context(cafile=str(certificates.authority)))
        smtp.login("chair", dovecot_server.password)
        smtp.sendmail(SENDER, [READER], letter(4711))
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            smtp.sendmail(SENDER, [postfix_server.refused], letter(4712))
        assert refused.value.recipients[postfix_server.refused][0] == 550
        with pytest.raises(smtplib.SMTPRecipientsRefused) as busy:
            smtp.sendmail(SENDER, [postfix_server.busy], letter(4713))
        assert busy.value.recipients[postfix_server.busy][0] == 450
    copies = postfix_server.wait_delivered("<4711@example.org>")
    assert copies["<4711@example.org>", READER] == 1


def test_postfix_refuses_a_wrong_password(
    postfix_server: Postfix, certificates: Certificates
) -> None:
    with smtplib.SMTP("localhost", postfix_server.port, timeout=10) as smtp:
        smtp.starttls(context=ssl.create_default_context(cafile=str(certificates.authority)))
        with pytest.raises(smtplib.SMTPAuthenticationError) as wrong:
            smtp.login("chair", "wrong")
    assert wrong.value.smtp_code == 535


@pytest.mark.parametrize("tls", [False, True], ids=["starttls", "tls"])
def test_dovecot_keeps_what_is_appended_to_sent(
    dovecot_server: Dovecot, certificates: Certificates, tls: bool
) -> None:
    trusting = ssl.create_default_context(cafile=str(certificates.authority))
    if tls:
        imap: imaplib.IMAP4 = imaplib.IMAP4_SSL(
            "localhost", dovecot_server.imaps, ssl_context=trusting, timeout=10
        )
    else:
        imap = imaplib.IMAP4("localhost", dovecot_server.imap, timeout=10)
        imap.starttls(trusting)
    with imap:
        imap.login(f"chair-{tls}", dovecot_server.password)
        assert imap.append("Sent", "", None, letter(4714))[0] == "OK"
        imap.select("Sent")
        assert imap.search(None, "HEADER", "Message-ID", "<4714@example.org>") == ("OK", [b"1"])


def test_smtp_sink_takes_mail(smtp_sink: int) -> None:
    with smtplib.SMTP("127.0.0.1", smtp_sink, timeout=10) as smtp:
        assert smtp.sendmail(SENDER, [READER], letter()) == {}


def test_each_postgresql_url_is_an_empty_database_of_its_own(postgres_server: Postgres) -> None:
    for _ in range(2):
        engine = create_engine(postgres_server.fresh())
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE dispatch (id integer)"))
        engine.dispose()


def test_postgresql_can_throw_its_clients_out(postgres_server: Postgres) -> None:
    url = postgres_server.fresh()
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        assert postgres_server.disconnect_all(url) == 1
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


def test_nothing_in_the_test_process_can_leave_the_loopback() -> None:
    from tests.servers import guard

    with socket.socket() as outside, pytest.raises(pytest.fail.Exception, match=r"192\.0\.2\.1"):
        outside.connect(("192.0.2.1", 25))
    assert guard.attempts == ["192.0.2.1:25"]
    guard.attempts.clear()


def test_a_missing_program_skips_with_the_line_that_installs_it_and_fails_in_ci(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CI_REQUIRE_ALL", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"apt-get install .* no-such-package"):
        need("no-such-program", "no-such-package")
    monkeypatch.setenv("CI_REQUIRE_ALL", "1")
    with pytest.raises(pytest.fail.Exception, match="no-such-program is missing"):
        need("no-such-program", "no-such-package")
