"""A ledger with letters sent, and a mailbox that answers come to."""

from collections.abc import Iterator

import pytest

from flows.post.ledger.database import Ledger
from flows.post.ledger.opening import open_ledger
from flows.post.mailing.mailing import Mailing
from tests.inbox.letters_sent import Inbox, sent
from tests.servers.imap import Dovecot


@pytest.fixture
def inbox(dovecot_server: Dovecot) -> Inbox:
    return Inbox(dovecot_server)


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    opened = open_ledger(ledger_url)
    yield opened
    opened.close()


@pytest.fixture
def mailing(ledger: Ledger) -> Mailing:
    return sent(ledger)
