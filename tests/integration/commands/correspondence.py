"""An office whose letters were sent, and what comes back to it."""

from typing import Any

from tests.inbox.letters_sent import Inbox
from tests.integration.commands.office import Office

BOUNCE = """\
Return-Path: <>
From: MAILER-DAEMON@mx.example.org
To: {sender}
Delivered-To: {sender}
Subject: Undelivered Mail Returned to Sender
Message-ID: <bounce@mx.example.org>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

{to}: user unknown
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; {to}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--b--
"""
MAIL = """\
From: {name} <{sender}>
Subject: {subject}
Message-ID: <{number}@example.org>
In-Reply-To: {thread}

{text}
"""


class Correspondence:
    """An office whose three letters were sent, and the mailbox that answers come to."""

    def __init__(self, office: Office, mailing: str, inbox: Inbox, senders: list[str]) -> None:
        self.office, self.mailing, self.inbox, self.senders = office, mailing, inbox, senders
        self.letters = {
            letter["contact"]: letter for letter in office.json("status", mailing)["dispatches"]
        }
        self._number = 0

    def mail(self, contact: str, text: str, **fields: str) -> bytes:
        self._number += 1
        letter = self.letters[contact]
        given = {
            "name": letter["name"],
            "sender": letter["email"],
            "subject": "Re: your letter",
            "thread": letter["message_id"],
            "number": str(self._number),
            "text": text,
        }
        return MAIL.format(**{**given, **fields}).replace("\n", "\r\n").encode()

    def bounce(self, contact: str) -> bytes:
        number = [letter["contact"] for letter in self.letters.values()].index(contact)
        text = BOUNCE.format(sender=self.senders[number], to=self.letters[contact]["email"])
        return text.replace("\n", "\r\n").encode()

    def arrive(self, *mails: bytes) -> dict[str, Any]:
        """Deliver these and sweep."""
        self.inbox.add(*mails)
        found: dict[str, Any] = self.office.json("inbox")
        return found

    def reader(self, contact: str) -> dict[str, Any]:
        (found,) = (
            one for one in self.office.json("replies")["readers"] if one["contact"] == contact
        )
        return found  # type: ignore[no-any-return]
