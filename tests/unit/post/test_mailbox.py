"""The built-in mailbox: a real server on the loopback whose yes means that the mail is on disk."""

import smtplib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flows.errors import ConfigurationError
from flows.post.smtp.mailbox import mailbox
from flows.post.smtp.server import Server, loopback


def mail(text: str) -> bytes:
    return f"Subject: {text}\r\n\r\n.\r\n..\r\nSi\u00e2n\r\n".encode()


def post(server: Server, *texts: str) -> None:
    with smtplib.SMTP(server.host, server.port, timeout=10) as smtp:
        for text in texts:
            smtp.sendmail("chair@example.org", ["hague@example.org"], mail(text))


def kept(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.iterdir())]


def test_what_was_taken_lies_there_byte_for_byte_in_the_order_it_came(tmp_path: Path) -> None:
    with mailbox(tmp_path / "mailbox") as server:
        assert loopback(server.host)
        post(server, "one", "two")
        assert kept(tmp_path / "mailbox") == [mail("one"), mail("two")]


def test_its_answer_names_the_file(tmp_path: Path) -> None:
    with mailbox(tmp_path) as server, smtplib.SMTP(server.host, server.port) as smtp:
        smtp.ehlo()
        smtp.mail("chair@example.org")
        smtp.rcpt("hague@example.org")
        code, text = smtp.data(mail("one"))
        (path,) = tmp_path.iterdir()
        assert code == 250
        assert text.decode().endswith(f"queued as {path.stem}")


def test_a_mailbox_opened_again_writes_over_nothing(tmp_path: Path) -> None:
    for text in ("one", "two"):
        with mailbox(tmp_path) as server:
            post(server, text)
    assert kept(tmp_path) == [mail("one"), mail("two")]


def test_mails_that_come_at_once_are_all_kept(tmp_path: Path) -> None:
    with mailbox(tmp_path) as server, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: post(server, *(f"{n}.{m}" for m in range(5))), range(4)))
    texts = {f"{n}.{m}" for n in range(4) for m in range(5)}
    assert set(kept(tmp_path)) == {mail(text) for text in texts}


def test_two_mailboxes_on_one_folder_write_over_nothing(tmp_path: Path) -> None:
    with mailbox(tmp_path) as first, mailbox(tmp_path) as second:
        for text in ("one", "two", "three"):
            post(first, text)
            post(second, text)
    assert sorted(kept(tmp_path)) == sorted([mail(text) for text in ("one", "two", "three")] * 2)


def test_an_address_outside_ascii_is_taken(tmp_path: Path) -> None:
    with mailbox(tmp_path) as server, smtplib.SMTP(server.host, server.port) as smtp:
        smtp.ehlo()
        smtp.mail("chair@example.org", ["SMTPUTF8"])
        assert smtp.rcpt("glyndŵr@example.org")[0] == 250


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(ConfigurationError, match=r"cannot be written.*DEAR_MINISTER_VAR"),
        mailbox(tmp_path / "file" / "mailbox"),
    ):
        pass
