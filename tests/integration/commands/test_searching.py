"""``resolve --search`` looks for an uncertain letter in a real IMAP mailbox and decides nothing."""

import imaplib
from collections.abc import Callable

import pytest

from tests.integration.commands.office import READERS, Office
from tests.servers.certificates import Certificates
from tests.servers.fault import FaultServer
from tests.servers.imap import Dovecot
from tests.servers.programs import free_port
from tests.servers.script import Drop, Phase, once

Start = Callable[..., FaultServer]
Approved = tuple[Office, str]


def keep(dovecot: Dovecot, user: str, *contents: bytes, folder: str = "Sent") -> None:
    """Put messages into a folder, as a mail server does with what was sent."""
    with imaplib.IMAP4("127.0.0.1", dovecot.imap, timeout=10) as imap:
        imap.login(user, dovecot.password)
        for content in contents:
            assert imap.append(folder, None, None, content)[0] == "OK"


@pytest.fixture
def uncertain(
    approved: Approved, fault_server: Start, dovecot_server: Dovecot, certificates: Certificates
) -> tuple[Office, str, FaultServer]:
    """An office whose second letter is uncertain, with settings for the mailbox."""
    office, mailing = approved
    server = fault_server([once(Phase.STORED, Drop(), to=READERS[1])])
    office.to(server)
    assert office.run("send", mailing, "--live", "--limit", 2).code == 1
    office.set(
        IMAP_HOST="localhost",
        IMAP_PORT=dovecot_server.imaps,
        IMAP_PASSWORD=dovecot_server.password,
        SSL_CERT_FILE=certificates.authority,
    )
    return office, f"{mailing}:2", server


def test_a_letter_that_lies_in_sent_is_proposed_as_sent(
    uncertain: tuple[Office, str, FaultServer], dovecot_server: Dovecot
) -> None:
    office, dispatch, server = uncertain
    office.set(IMAP_USER="found@example.org")
    keep(dovecot_server, "found@example.org", *[copy.content or b"" for copy in server.copies.all])
    ended = office.run("resolve", dispatch, "--search")
    assert ended.code == 0
    assert server.copies.all[1].message_id in ended.out
    assert (
        f'dear-minister resolve {dispatch} --as sent --by NAME --why "found in Sent"' in ended.out
    )
    assert office.json("status", dispatch.rpartition(":")[0])["counts"]["uncertain"] == 1


def test_a_letter_that_does_not_is_proposed_for_sending_again_with_a_caution(
    uncertain: tuple[Office, str, FaultServer], dovecot_server: Dovecot
) -> None:
    office, dispatch, server = uncertain
    office.set(IMAP_USER="missing@example.org")
    first = server.copies.all[0].content or b""
    # Its id is quoted in another's text, and begins another's header: neither is the letter.
    lost = server.copies.all[1].message_id
    longer = first.replace(server.copies.all[0].message_id.encode(), lost[:-1].encode() + b".x>")
    keep(dovecot_server, "missing@example.org", first, longer)
    ended = office.run("resolve", dispatch, "--search")
    assert ended.code == 0
    assert f"{lost} is not in Sent. That alone does not prove" in ended.out
    assert f"dear-minister resolve {dispatch} --as resend" in ended.out
    assert len(server.copies.all) == 2


def test_it_looks_in_the_folder_that_the_setting_names_over_starttls_too(
    uncertain: tuple[Office, str, FaultServer], dovecot_server: Dovecot
) -> None:
    office, dispatch, server = uncertain
    office.set(
        IMAP_USER="archive@example.org",
        IMAP_FOLDER="Archive",
        IMAP_SECURITY="starttls",
        IMAP_PORT=dovecot_server.imap,
    )
    lost = server.copies.all[1].content or b""
    keep(dovecot_server, "archive@example.org", lost, folder="Archive")
    assert '--why "found in Archive"' in office.run("resolve", dispatch, "--search").out


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"IMAP_HOST": ""}, ("IMAP_HOST is not set",)),
        ({"IMAP_PORT": "closed"}, ("IMAP_PORT",)),
        ({"IMAP_PASSWORD": "wrong-and-secret"}, ("IMAP_PASSWORD",)),
        ({"IMAP_PASSWORD": "secret-ß"}, ("IMAP_PASSWORD",)),
        ({"IMAP_FOLDER": "Nowhere"}, ("Nowhere", "IMAP_FOLDER")),
        ({"IMAP_SECURITY": "none", "IMAP_HOST": "mail.example.org"}, ("IMAP_SECURITY",)),
        ({"IMAP_HOST": "mail..example.org"}, ("IMAP_HOST",)),
        ({"SSL_CERT_FILE": "/dev/null"}, ("IMAP_HOST",)),
    ],
    ids=lambda value: (
        " ".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else ""
    ),
)
def test_a_mailbox_out_of_reach_is_told_with_the_settings_and_changes_nothing(
    uncertain: tuple[Office, str, FaultServer], settings: dict[str, str], words: tuple[str, ...]
) -> None:
    office, dispatch, _ = uncertain
    office.set(IMAP_USER="chair@example.org")
    office.set(**{**settings, **({"IMAP_PORT": free_port()} if "IMAP_PORT" in settings else {})})
    ended = office.run("resolve", dispatch, "--search")
    assert ended.code == 2
    assert all(word in ended.line for word in words)
    assert "secret" not in ended.err
    assert office.json("status", dispatch.rpartition(":")[0])["counts"]["uncertain"] == 1


def test_there_is_nothing_to_look_for_where_nothing_is_uncertain(approved: Approved) -> None:
    office, mailing = approved
    ended = office.run("resolve", f"{mailing}:1", "--search")
    assert ended.code == 2
    assert "is ready, not uncertain" in ended.line
