"""A ledger in which the letters of the corpus were sent, and a folder of Dovecot's to sweep."""

import os
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path

from imap_tools import BaseMailBox, MailBoxUnencrypted

from flows.post.ledger.database import Ledger
from flows.post.mailing.frozen_letter import FrozenLetter
from flows.post.mailing.mailing import Mailing
from flows.post.smtp.imap import ImapFolder
from flows.post.states import State
from tests.inbox.corpus import READERS, letter
from tests.servers.imap import Dovecot
from tests.unit.post import ledger_fixtures as ledgers


def sent(ledger: Ledger) -> Mailing:
    """The mailing of the corpus: frozen, signed off, sent to everybody but ``wallace``."""
    made = ledgers.freeze(ledger, [_frozen(person) for person in READERS])
    ledgers.approve(ledger, made)
    for number, person in enumerate(READERS, 1):
        if person != "wallace":
            ledgers.bring(ledger, f"{made.id}:{number}", State.SENT)
    return made


def _frozen(person: str) -> FrozenLetter:
    of = letter(person)
    return ledgers.letter(
        person,
        contact=of.contact,
        name=of.name,
        email=of.email,
        reference=of.reference,
        message_id=of.message_id,
        content=f"Message-ID: {of.message_id}\r\nSubject: R2P\r\n\r\nDear {person}\r\n".encode(),
    )


class Inbox:
    """A mailbox of its own on the tests' Dovecot."""

    def __init__(self, server: Dovecot) -> None:
        self.server = server
        self.user = f"chair-{uuid.uuid4().hex[:8]}"
        self.imap = ImapFolder(
            "127.0.0.1", server.imap, "none", self.user, server.password, "INBOX"
        )

    @property
    def settings(self) -> Mapping[str, str]:
        """What .env has of it."""
        return {
            "IMAP_HOST": "127.0.0.1",
            "IMAP_PORT": str(self.server.imap),
            "IMAP_SECURITY": "none",
            "IMAP_USER": self.user,
            "IMAP_PASSWORD": self.server.password,
        }

    def open(self) -> BaseMailBox:
        """Another program's connection to it."""
        box = MailBoxUnencrypted("127.0.0.1", self.server.imap)
        return box.login(self.user, self.server.password, "INBOX")

    def add(self, *mails: bytes) -> None:
        """Deliver these mails."""
        with self.open() as box:
            for mail in mails:
                box.append(mail, "INBOX")

    def add_many(self, mails: Iterable[bytes]) -> None:
        """Deliver by writing the Maildir, as Dovecot's own delivery does."""
        self.add(b"From: first@example.org\r\n\r\nfirst\r\n")  # makes the Maildir
        folder = self.maildir / "cur"
        owner = folder.stat()
        for number, mail in enumerate(mails):
            path = folder / f"{1_400_000_000 + number}.M{number}P1.test:2,"
            path.write_bytes(mail)
            os.chown(path, owner.st_uid, owner.st_gid)

    @property
    def maildir(self) -> Path:
        return self.server.folder / "mail" / self.user
