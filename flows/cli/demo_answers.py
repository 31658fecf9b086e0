"""Four mails that the demo's readers send back, as a real campaign's would, and their filing."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from flows.operations.came_back import Desk
from flows.post import status
from flows.post.inbox import sweep
from flows.post.inbox.items import Item
from flows.post.inbox.mailbox import Cursor, Fetched, RawMail
from flows.post.ledger.clock import now
from flows.post.ledger.database import Ledger
from flows.post.mailing import return_path
from flows.post.mailing.mailing import Mailing
from flows.post.status import DispatchStatus

BOUNCES = "bounce@example.org"
"""The demo's MAIL_BOUNCES_TO."""
_HEAD = (
    "From: {name} <{email}>\r\nTo: chair@example.org\r\nSubject: {subject}\r\n"
    "Message-ID: <{kind}.{id}@example.org>\r\nIn-Reply-To: {thread}\r\n{more}"
    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n"
)
_WORDS = {
    "reply": (
        "Thank you for your letter. I agree with you that prevention has been neglected, and have "
        "tabled a written question to the Foreign Secretary."
    ),
    "acknowledgement": (
        "I have been asked to thank you for your letter. It is receiving attention, and a reply "
        "will be sent to you within 20 working days."
    ),
    "automatic": (
        "This is an automatic reply. If you are a constituent, please make sure that you have "
        "given your full name, address and postcode."
    ),
}
_REPORT = (
    "Return-Path: <>\r\nDelivered-To: {to}\r\nFrom: MAILER-DAEMON@example.org\r\n"
    "Subject: Undelivered Mail Returned to Sender\r\nMessage-ID: <bounce.{id}@example.org>\r\n"
    'MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"'
    "\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nno such user\r\n--b\r\n"
    "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; example.org\r\n\r\n"
    "Final-Recipient: rfc822; {email}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n--b--\r\n"
)


def answer(ledger: Ledger, mailing: Mailing, folder: Path) -> None:
    """Let four readers answer, file it as the inbox does, nothing of it twice."""
    sent = [one for one in status.status(ledger, mailing.id).dispatches if one.email]
    mails = _mails(sent, mailing)
    folder.mkdir(parents=True, exist_ok=True)
    for number, mail in enumerate(mails, 1):
        (folder / f"answer-{number}.eml").write_bytes(mail)
    _file(ledger, folder, mails)


def lines(found: Desk) -> list[str]:
    """What came back, for a reader."""
    everybody = found.numbers.everybody
    back = f", {everybody.returned} returned undelivered" if everybody.returned else ""
    return [
        "5. Four readers answer, as they do in a campaign; the inbox files what came:",
        *(
            f"   {item.kind:<16}{reader.name}{_meaning(item)}"
            for reader in found.readers
            for item in reader.items
        ),
        f"   {everybody.answered} of {everybody.letters} answered so far{back}.",
    ]


def documents(found: Desk) -> list[dict[str, str]]:
    """What came back, for --json."""
    return [
        {"reader": reader.person, "kind": item.kind}
        for reader in found.readers
        for item in reader.items
    ]


def _mails(sent: Sequence[DispatchStatus], mailing: Mailing) -> list[bytes]:
    """A reply, an acknowledgement, an automatic answer and a bounce, from four readers."""
    members = [dispatch for dispatch in sent if dispatch.role == "mp"][5:]  # Speakers stand first
    ministers = [dispatch for dispatch in sent if dispatch.role == "minister"][2:]
    wanted = (*members[:1], *ministers[:1], *members[1:3], *sent)
    chosen = list({dispatch.id: dispatch for dispatch in wanted}.values())[:4]
    made = []
    for kind, one in zip(_WORDS, chosen, strict=False):
        automatic = kind == "automatic"
        made.append(
            _HEAD.format(
                name=one.contact,
                email=one.email,
                subject="Automatic reply: your letter" if automatic else "Re: your letter",
                kind=kind,
                id=one.id.replace(":", "."),
                thread=one.message_id,
                more="Auto-Submitted: auto-replied\r\n" if automatic else "",
                words=_WORDS[kind],
            ).encode()
        )
    for dispatch in chosen[3:]:
        to = return_path.address(BOUNCES, mailing.hash, dispatch.id)
        made.append(
            _REPORT.format(to=to, id=dispatch.id.replace(":", "."), email=dispatch.email).encode()
        )
    return made


def _file(ledger: Ledger, folder: Path, mails: Sequence[bytes]) -> None:
    """What the sweep of a mailbox does with one batch; a second time nothing is new."""
    moment = now() + timedelta(seconds=1)
    name = str(folder)
    before = sweep.cursor(ledger, name)
    first = before.uid + 1 if before else 1
    fetched = [
        Fetched(first + number, moment, RawMail.of(mail)) for number, mail in enumerate(mails)
    ]
    sweep.file_batch(
        ledger, name, tuple(fetched), Cursor(1, first + len(mails) - 1), before, bounces=BOUNCES
    )


def _meaning(item: Item) -> str:
    return f": {item.status}, to be corrected" if item.status else ""
