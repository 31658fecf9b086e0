"""A sweep that is killed or loses its server: nothing is lost, nothing is filed twice."""

import signal
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from flows.post import audit
from flows.post.failpoints import SETTING
from flows.post.inbox import items
from flows.post.inbox.sweep import sweep
from flows.post.ledger.database import Ledger
from flows.post.mailing.mailing import Mailing
from flows.post.smtp.imap import ImapError
from tests.inbox.cut_proxy import cut_after
from tests.inbox.letters_sent import Inbox
from tests.integration.faults.command import Command

pytestmark = pytest.mark.minutes

MAILS = 250


def answers(count: int = MAILS, size: int = 100) -> list[bytes]:
    return [
        (
            f"From: hague@fco.example.org\r\nSubject: Re: {n}\r\nMessage-ID: <{n}@fco.example.org>"
            f"\r\nIn-Reply-To: <hague.dialogue@campaign.example.org>\r\n\r\n"
            f"I agree with you and will raise it.{' ' * size}\r\n"
        ).encode()
        for n in range(1, count + 1)
    ]


def need_each_once(ledger: Ledger, count: int = MAILS) -> None:
    found = Counter(item.subject for item in items.read(ledger))
    assert found == Counter(f"Re: {n}" for n in range(1, count + 1))
    with ledger.read() as connection:
        verdict = audit.verify(connection)
    assert verdict.ok, verdict


@pytest.mark.parametrize(
    "point", ["before-filing", "before-filing:2", "after-filing", "after-filing:2"]
)
def test_killed_at_a_point_the_next_sweep_files_the_rest(
    ledger_url: str,
    ledger: Ledger,
    mailing: Mailing,
    inbox: Inbox,
    tmp_path: Path,
    point: str,
) -> None:
    inbox.add(*answers())
    command = Command(tmp_path, ledger_url, dict(inbox.settings))
    killed = command.run("inbox", **{SETTING: point})
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    again = command.run("inbox")
    assert again.returncode == 0, again.stderr
    need_each_once(ledger)


@pytest.mark.parametrize("octets", [10, 400, 30_000, 60_000])
def test_the_mailbox_lost_in_the_middle_is_one_line_and_the_next_sweep_files_the_rest(
    ledger: Ledger, mailing: Mailing, inbox: Inbox, octets: int
) -> None:
    inbox.add(*answers())
    with cut_after(octets, inbox.server.imap) as port:
        imap = replace(inbox.imap, port=port)
        with pytest.raises(ImapError) as raised:
            sweep(ledger, imap)
        assert "\n" not in str(raised.value)
        sweep(ledger, imap)
    need_each_once(ledger)


def test_a_large_mail_lost_half_way_is_filed_whole_by_the_next_sweep(
    ledger: Ledger, mailing: Mailing, inbox: Inbox
) -> None:
    (mail,) = answers(1, 3_000_000)
    inbox.add(mail)
    with cut_after(1_500_000, inbox.server.imap) as port:
        imap = replace(inbox.imap, port=port)
        with pytest.raises(ImapError):
            sweep(ledger, imap)
        assert items.read(ledger) == []
        sweep(ledger, imap)
    (item,) = items.read(ledger)
    assert b"".join(items.raw(ledger, item)) == mail
    need_each_once(ledger, 1)
