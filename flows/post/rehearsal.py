"""Rehearsals: a sending in rows of its own that never counts as the live one."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

from sqlalchemy import func, select

from flows.post import schema
from flows.post.ledger import Ledger
from flows.post.mailing import Mailing, dispatch
from flows.post.states import State

_D = schema.dispatch.c
UNFINISHED = (State.READY, State.CLAIMED, State.HANDING_OVER, State.DEFERRED)


def last(ledger: Ledger, mailing: str) -> int:
    """The number of the mailing's last rehearsal; 0 where there was none."""
    with ledger.read() as connection:
        return int(
            connection.execute(select(func.max(_D.rehearsal)).where(_D.mailing == mailing)).scalar()
            or 0
        )


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
    message = message_from_bytes(content, policy=SMTP)
    assert isinstance(message, EmailMessage)
    subject, identity = str(message["Subject"]), str(message["Message-ID"])
    del message["Cc"]
    for name, value in (
        ("Subject", f"[Rehearsal, would go to {reader}] {subject}"),
        ("To", to),
        ("Message-ID", identity.replace("@", f".rehearsal{number}@", 1)),
    ):
        del message[name]
        message[name] = value
    return message.as_bytes()
