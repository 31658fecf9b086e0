"""A mailbox of years: the first sweep, the next one, and a mail of 30 MB."""

from pathlib import Path

from flows.post.inbox import items
from flows.post.inbox.sweep import sweep
from flows.post.ledger.opening import open_ledger
from tests.bench.inbox import many, swept_apart
from tests.inbox.letters_sent import Inbox, sent
from tests.servers.imap import Dovecot

MAILS = 2000
"""A tenth of a mailbox of years; the whole of it: ``python -m tests.bench --only inbox``."""


def test_two_thousand_mails_are_filed_once_and_nothing_the_second_time(
    dovecot_server: Dovecot, tmp_path: Path
) -> None:
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    sent(ledger)
    inbox = Inbox(dovecot_server)
    inbox.add_many(many(MAILS))
    found = sweep(ledger, inbox.imap)
    assert sum(found.kinds.values()) + found.known + found.ours == MAILS + 1
    again = sweep(ledger, inbox.imap)
    ledger.close()
    assert sum(again.kinds.values()) + again.known + again.ours == 0


def test_a_mail_of_thirty_megabytes_does_not_grow_the_memory(
    dovecot_server: Dovecot, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    ledger = open_ledger(url)
    sent(ledger)
    line = b"A" * 76 + b"\r\n"
    mail = (
        b"From: hague@fco.example.org\r\nSubject: Re: scans\r\nMessage-ID: <1@fco.example.org>\r\n"
        b"In-Reply-To: <hague.dialogue@campaign.example.org>\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\n'
        b"Please see the attached reply from the Minister.\r\n--b\r\n"
        b'Content-Type: application/pdf; name="reply.pdf"\r\nContent-Transfer-Encoding: base64\r\n'
        b"\r\n" + line * (30_000_000 // len(line)) + b"--b--\r\n"
    )
    inbox = Inbox(dovecot_server)
    inbox.add_many([mail])
    kilobytes = swept_apart(inbox, url)
    assert kilobytes < 200_000, f"{kilobytes // 1000} MB"
    item = items.read(ledger)[-1]
    assert (item.kind, item.fault) == ("reply", "only its first 1000 kB were read")
    assert sum(map(len, items.raw(ledger, item))) == len(mail)
    ledger.close()
