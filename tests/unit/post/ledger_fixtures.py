"""Letters, mailings and dispatches for tests of the ledger; no server, no clock to wait for."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import RowMapping, select

from flows.letters.message import MailHeaders
from flows.people.contact import RejectedRow
from flows.post.ledger import events, schema, transitions
from flows.post.ledger.database import Ledger
from flows.post.ledger.events import Verdict
from flows.post.mailing import approval, freezing
from flows.post.mailing.freezing import MailingIdentity
from flows.post.mailing.frozen_letter import FrozenLetter
from flows.post.mailing.mailing import Mailing
from flows.post.resolution import find
from flows.post.smtp.reply import Reply
from flows.post.states import State

ON = date(2013, 9, 4)
MARK = MailHeaders(
    "dialogue-1-abcd",
    '"UNA Exampleshire" <chair@example.org>',
    "",
    "example.org",
    datetime(2013, 9, 4, 9, tzinfo=UTC),
)
SENDER = "chair@example.org"
AT = datetime(2013, 9, 4, 9, tzinfo=UTC)
SOURCES = {"templates/dialogue/campaign.toml": "a" * 64, "contacts/mps.csv": "b" * 64}

WAYS = {
    State.READY: (),
    State.CLAIMED: (State.CLAIMED,),
    State.HANDING_OVER: (State.CLAIMED, State.HANDING_OVER),
    State.SENT: (State.CLAIMED, State.HANDING_OVER, State.SENT),
    State.DEFERRED: (State.CLAIMED, State.DEFERRED),
    State.REFUSED: (State.CLAIMED, State.REFUSED),
    State.UNCERTAIN: (State.CLAIMED, State.HANDING_OVER, State.UNCERTAIN),
    State.WITHDRAWN: (State.WITHDRAWN,),
}
"""How a dispatch comes to each state from ``ready``."""


def letter(person: str, **fields: Any) -> FrozenLetter:
    given = {
        "contact": f"{person}-mp",
        "person": person,
        "name": f"{person.title()} MP",
        "role": "mp",
        "email": f"{person}@example.org",
        "reference": f"dialogue/1/{person}-mp",
        "message_id": f"<{person}@example.org>",
        "content": f"Message-ID: <{person}@example.org>\r\n\r\nDear {person}\r\n".encode(),
    }
    return FrozenLetter(**{**given, **fields})


def subject(campaign: str = "dialogue", edition: int = 1, **fields: Any) -> MailingIdentity:
    given = {"as_of": date(2013, 9, 4), "sender": SENDER, "sources": SOURCES}
    return MailingIdentity(campaign, edition, **{**given, **fields})


def freeze(
    ledger: Ledger,
    letters: Iterable[FrozenLetter | RejectedRow | str],
    about: MailingIdentity | None = None,
    passed_over: Sequence[str] = (),
) -> Mailing:
    """A mailing of these letters; a person's name stands for that person's letter."""
    about = about or subject()
    made = freezing.freeze(
        ledger,
        about,
        freezing.new_id(ledger, about),
        AT,
        (letter(one) if isinstance(one, str) else one for one in letters),
        passed_over=passed_over,
    )
    assert made is not None
    return made


def approve(
    ledger: Ledger, made: Mailing, sources: Mapping[str, str] = SOURCES, by: str = "The Chair"
) -> Mailing:
    return approval.approve(ledger, made.id, by=by, digest=made.hash, sources=sources)


def walk(
    ledger: Ledger,
    dispatch: str,
    *states: State,
    reply: Reply | None = None,
    worker: str = "w",
) -> transitions.DispatchRow:
    """Move a dispatch through these states, as one worker would."""
    at = find(ledger, dispatch)
    for new in states:
        holds = worker if new in (State.CLAIMED, State.HANDING_OVER) else None
        ends = new in (State.SENT, State.DEFERRED, State.REFUSED, State.UNCERTAIN)
        move = transitions.Transition(
            at, new, worker=holds, attempt=ends, reply=reply if ends else None
        )
        with ledger.write() as connection:
            at = transitions.apply(connection, [move])[0]
    return at


def bring(
    ledger: Ledger, dispatch: str, state: State, reply: Reply | None = None
) -> transitions.DispatchRow:
    """Move a ready dispatch to that state by legal moves."""
    return walk(ledger, dispatch, *WAYS[state], reply=reply)


def live(ledger: Ledger, mailing_id: str | None = None) -> dict[str, str]:
    """State by dispatch of the live sendings, of one mailing or of all."""
    d = schema.dispatch.c
    statement = select(d.id, d.state).where(d.rehearsal == 0).order_by(d.mailing, d.ordinal)
    if mailing_id:
        statement = statement.where(d.mailing == mailing_id)
    with ledger.read() as connection:
        return {row.id: row.state for row in connection.execute(statement)}


def row(ledger: Ledger, dispatch: str) -> RowMapping:
    with ledger.read() as connection:
        statement = select(schema.dispatch).where(schema.dispatch.c.id == dispatch)
        return connection.execute(statement).one()._mapping


def history(ledger: Ledger, dispatch: str | None = None) -> list[RowMapping]:
    """The events, in order: of one dispatch, or all."""
    statement = select(schema.event).order_by(schema.event.c.seq)
    if dispatch:
        statement = statement.where(schema.event.c.dispatch == dispatch)
    with ledger.read() as connection:
        return [found._mapping for found in connection.execute(statement)]


def verdict(ledger: Ledger) -> Verdict:
    with ledger.read() as connection:
        return events.verify(connection)


def alter(ledger: Ledger, statement: Any) -> None:
    """Change the ledger behind the program's back."""
    with ledger.write() as connection:
        assert connection.execute(statement).rowcount
