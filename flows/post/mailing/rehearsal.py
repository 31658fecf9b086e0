"""Rehearsals: a sending in rows of its own that never counts as the live one."""

import re
from email.policy import SMTP

from sqlalchemy import func, select

from flows.letters import headers
from flows.post.ledger import schema
from flows.post.ledger.database import Ledger
from flows.post.mailing.mailing import Mailing, dispatch
from flows.post.states import UNFINISHED

_D = schema.dispatch.c
_FIELD = re.compile(rb"\r\n(?![ \t])")  # a folded line begins with a blank (RFC 5322, 2.2.3)
_REPLACED = (b"subject", b"to", b"cc", b"message-id", b"dkim-signature")


def begin(ledger: Ledger, mailing: Mailing) -> int:
    """The rehearsal to send now: the last one while it is unfinished, else a new one."""
    with ledger.write() as connection:
        number = int(
            connection.execute(
                select(func.max(_D.rehearsal)).where(_D.mailing == mailing.id)
            ).scalar()
            or 0
        )
        unfinished = (
            number
            and connection.execute(
                select(func.count()).where(
                    _D.mailing == mailing.id, _D.rehearsal == number, _D.state.in_(UNFINISHED)
                )
            ).scalar_one()
        )
        if not unfinished:
            number += 1
            dispatch(connection, mailing.id, mailing.campaign, mailing.edition, rehearsal=number)
    return number


def redirected(content: bytes, to: str, reader: str, number: int) -> bytes:
    """The message for MAIL_REDIRECT_TO: the real reader in the subject, a Message-ID of its own."""
    head, blank, body = content.partition(b"\r\n\r\n")
    fields = {}
    for field in _FIELD.split(head):
        name, _, value = field.partition(b":")
        fields[name.lower()] = field, value.replace(b"\r\n", b"").strip().decode()
    subject = fields[b"subject"][1]
    if "=?" in subject:  # encoded (RFC 2047), which takes a tenth of a millisecond to read
        subject = str(SMTP.header_factory("Subject", subject))
    identity = fields[b"message-id"][1].replace("@", f".rehearsal{number}@", 1)
    kept = [field + b"\r\n" for name, (field, _) in fields.items() if name not in _REPLACED]
    made = (
        headers.mailbox("To", "", to),
        headers.text("Subject", f"[Rehearsal, would go to {reader}] {subject}"),
        f"Message-ID: {identity}".encode(),
    )
    return b"".join((*kept, *made, blank, body))
