"""A frozen, signed-off mailing in a ledger, a server to send it to, and the invariants of both."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from sqlalchemy import select

from flows.post.delivery.rate import RateLimiter, Schedule
from flows.post.delivery.sender import Sender
from flows.post.delivery.sending import Sending, SendResult
from flows.post.ledger import events, schema
from flows.post.ledger.database import Ledger
from flows.post.ledger.opening import open_ledger
from flows.post.mailing import approval, freezing
from flows.post.mailing.freezing import MailingIdentity
from flows.post.mailing.frozen_letter import FrozenLetter
from flows.post.smtp.server import Server
from flows.post.states import State
from tests.servers.copies import Copy
from tests.servers.fault import FaultServer
from tests.servers.script import PATIENCE

SENDER = "chair@example.org"
AT_ONCE = Schedule((0.0,), 5)
"""A deferred letter is due again in the next run, so that no test has to wait."""


@dataclass(frozen=True, slots=True)
class Row:
    """A dispatch as the ledger has it, with its letter's Message-ID and hash."""

    id: str
    state: State
    email: str
    message_id: str
    sha256: str
    attempts: int
    code: int | None
    enhanced: str | None
    text: str | None
    queue_id: str | None
    due_at: str | None


def message(number: int, email: str, size: int = 0, mark: str = "mailing") -> bytes:
    made = EmailMessage(policy=SMTP)
    made["From"] = SENDER
    made["To"] = email
    made["MailingIdentity"] = f"A letter to reader {number}"
    made["Message-ID"] = f"<{number}.{mark}@example.org>"
    made.set_content(f"Dear reader {number},\n\n.\nYours sincerely\n")
    if size:
        made.add_attachment(b"x" * size, maintype="application", subtype="octet-stream")
    return made.as_bytes()


def freeze(
    ledger: Ledger,
    emails: Sequence[str],
    *,
    persons: Sequence[str] = (),
    campaign: str = "faults",
    mark: str = "mailing",
    signed_off: bool = True,
    size: int = 0,
) -> str:
    """A mailing of one letter to each address; gives its id. ``mark`` goes into Message-IDs."""
    sources: Mapping[str, str] = {}
    subject = MailingIdentity(campaign, 1, date(2013, 9, 4), SENDER, sources, mark)
    letters = [
        FrozenLetter(
            contact=f"c{number}",
            person=persons[number - 1] if persons else f"p{number}",
            name=f"Reader {number}",
            role="mp",
            email=email,
            reference=f"{campaign}/1/c{number}",
            message_id=f"<{number}.{mark}@example.org>",
            content=message(number, email, size, mark),
        )
        for number, email in enumerate(emails, 1)
    ]
    at = datetime(2013, 9, 4, 9, tzinfo=UTC)
    made = freezing.freeze(ledger, subject, freezing.new_id(ledger, subject), at, letters)
    assert made is not None
    if signed_off:
        approval.approve(ledger, made.id, by="The Chair", digest=made.hash, sources=sources)
    return made.id


class FrozenMailing:
    """One ledger with one mailing; ``send`` runs a new sender over it, as a new process would."""

    def __init__(self, url: str, emails: Sequence[str], size: int = 0) -> None:
        self.url = url
        self.ledger = open_ledger(url)
        self.mailing = freeze(self.ledger, emails, size=size)

    def sender(
        self,
        server: FaultServer,
        *,
        connections: int = 1,
        timeout: float = PATIENCE,
        schedule: Schedule = AT_ONCE,
        interval: float = 0,
        ledger: Ledger | None = None,
        user: str = "",
        password: str = "",
        **options: Any,
    ) -> Sender:
        where = Server(
            "127.0.0.1", server.port, "none", user=user, password=password, timeout=timeout
        )
        ledger = ledger or self.ledger
        return Sender(
            ledger,
            Sending(self.mailing, SENDER),
            where,
            limiter=RateLimiter(ledger, where.name, interval),
            schedule=schedule,
            connections=connections,
            **options,
        )

    def send(
        self,
        server: FaultServer,
        *,
        limit: int | None = None,
        patience: float = 0,
        **options: Any,
    ) -> SendResult:
        with self.sender(server, **options) as sender:
            return sender.run(limit=limit, patience=patience)

    @property
    def rows(self) -> list[Row]:
        return rows(self.ledger, self.mailing)

    @property
    def states(self) -> list[State]:
        return [row.state for row in self.rows]

    def check(self, server: FaultServer) -> None:
        check(self.ledger, self.mailing, server.copies.all, server.recipients)


def rows(ledger: Ledger, mailing_id: str) -> list[Row]:
    d, letter = schema.dispatch.c, schema.letter.c
    statement = (
        select(
            d.id,
            d.state,
            d.email,
            letter.message_id,
            letter.sha256,
            d.attempts,
            d.code,
            d.enhanced,
            d.text,
            d.queue_id,
            d.due_at,
        )
        .join(schema.letter, (letter.mailing == d.mailing) & (letter.ordinal == d.ordinal))
        .where(d.mailing == mailing_id, d.rehearsal == 0)
        .order_by(d.ordinal)
    )
    with ledger.read() as connection:
        return [Row(row[0], State(row[1]), *row[2:]) for row in connection.execute(statement)]


def check(
    ledger: Ledger,
    mailing_id: str,
    copies: Sequence[Copy],
    named: Iterable[str] = (),
    *,
    resent: Mapping[str, int] | None = None,
    believed: Collection[str] = (),
) -> None:
    """The invariants of the design's fault matrix, whoever was killed when.

    ``resent`` says by dispatch how often a person had it sent again, ``believed`` names those that
    a person, not a server, says were sent. ``named`` are the addresses that came to RCPT.
    """
    again = resent or {}
    held = Counter(copy.message_id for copy in copies)
    dispatches = rows(ledger, mailing_id)
    known = {row.message_id: row for row in dispatches}
    assert set(held) <= set(known), "the server holds a letter that the ledger does not know"
    for row in dispatches:
        n, more = held[row.message_id], again.get(row.id, 0)
        assert n <= 1 + more, f"{row.id}: {n} copies, {row.state}"
        if row.state is State.SENT:
            assert n or row.id in believed, f"{row.id} is sent, but the server holds no copy"
        elif row.state not in (State.HANDING_OVER, State.UNCERTAIN):
            assert n <= more, f"{row.id} is {row.state}, but the server holds a copy"
    for copy in copies:
        row = known[copy.message_id]
        assert copy.recipient == row.email, f"{row.id} went to somebody else"
        assert copy.sha256 == row.sha256, f"{row.id} did not leave as it was frozen"
        if row.state is State.SENT and row.queue_id and not again:
            assert row.queue_id == copy.queue_id
    assert set(named) <= {row.email for row in dispatches}, "RCPT to an address not allowed"
    with ledger.read() as connection:
        verdict = events.verify(connection)
    assert verdict.ok, verdict
