"""What became of each reader's letter, in the words of a report rather than of the ledger."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import select

from flows.post.ledger import schema
from flows.post.ledger.clock import parse
from flows.post.ledger.database import Ledger
from flows.post.states import State
from flows.post.status import STANDS

_D, _L, _E = schema.dispatch.c, schema.letter.c, schema.event.c
_POSTED_ON = re.compile(r"posted on (\d{4}-\d{2}-\d{2})")


class Outcome(StrEnum):
    """What became of a letter. The order is the order of a report: first what needs a person."""

    UNCERTAIN = "uncertain"
    """The mail server's answer never came; a person has to find out."""
    REFUSED = "refused"
    """The mail server said no for good."""
    WAITING = "waiting"
    """Not sent yet, or put off by the mail server."""
    TO_POST = "to be posted"
    """By post, and nobody has recorded that it went."""
    WITHDRAWN = "withdrawn"
    """Cancelled, by a person or by the reader's objection."""
    POSTED = "posted"
    """By post, and a person recorded the day."""
    SENT = "sent"
    """Stored by the mail server."""


ATTENTION = (Outcome.UNCERTAIN, Outcome.REFUSED)


@dataclass(frozen=True, slots=True)
class ReaderOutcome:
    """One reader's letter and what became of it."""

    dispatch: str
    contact: str
    name: str
    office: str
    role: str
    party: str
    department: str
    constituency: str
    email: str
    outcome: Outcome
    at: datetime
    """When this outcome was recorded, in UTC."""
    posted_on: date | None
    """The day on which the letter on paper went to the post, with or without an e-mail."""
    posted_by: str
    by: str
    """The person who gave the last reason; empty where the mail server alone decided."""
    why: str
    """The last reason that stands: for this outcome, or a person's for sending the letter again."""
    reply: str
    """The mail server's last words, with their code."""
    attempts: int
    message_id: str
    sha256: str


def outcomes(ledger: Ledger, mailing: str, rehearsal: int = 0) -> tuple[ReaderOutcome, ...]:
    """Return one row for each letter of a sending, in the order of the mailing.

    ``rehearsal`` is 0 for the live sending. Raises LedgerUnavailableError.
    """
    with ledger.read() as connection:
        decided: dict[str, tuple[str, str]] = {}
        posted: dict[str, tuple[str, str]] = {}
        for event in connection.execute(
            select(_E.dispatch, _E.new, _E.what, _E.by, _E.why)
            .join(schema.dispatch, _D.id == _E.dispatch)
            .where(_E.mailing == mailing, _E.why.is_not(None), STANDS)
            .order_by(_E.seq)
        ):
            if event.new is not None:
                decided[event.dispatch] = (event.by or "", event.why)
            elif event.what == "posted":
                posted[event.dispatch] = (event.by or "", event.why)
        rows = connection.execute(
            select(
                _D.id,
                _L.contact,
                _L.name,
                _L.role,
                _L.reader,
                _D.email,
                _D.state,
                _D.changed_at,
                _D.code,
                _D.text,
                _D.attempts,
                _L.message_id,
                _L.sha256,
            )
            .join(schema.letter, (_L.mailing == _D.mailing) & (_L.ordinal == _D.ordinal))
            .where(_D.mailing == mailing, _D.rehearsal == rehearsal)
            .order_by(_D.ordinal)
        ).all()
    found = []
    for row in rows:
        reader = json.loads(row.reader)
        by, why = decided.get(row.id, ("", ""))
        posted_by, posting = posted.get(row.id, ("", ""))
        day = _POSTED_ON.search(posting)
        found.append(
            ReaderOutcome(
                dispatch=row.id,
                contact=row.contact,
                name=row.name,
                office=", ".join(reader.get("lines", [])[1:]),
                role=row.role,
                party=reader.get("party", ""),
                department=reader.get("department", ""),
                constituency=reader.get("constituency", ""),
                email=row.email,
                outcome=_outcome(State(row.state), row.email, bool(posting)),
                at=parse(row.changed_at),
                posted_on=date.fromisoformat(day.group(1)) if day else None,
                posted_by=posted_by,
                by=by,
                why=why,
                reply=f"{row.code or ''} {row.text or ''}".strip(),
                attempts=row.attempts,
                message_id=row.message_id,
                sha256=row.sha256,
            )
        )
    return tuple(found)


def counted(rows: Sequence[ReaderOutcome]) -> dict[Outcome, int]:
    """Return how many letters have each outcome, in the order of ``Outcome``, none left out."""
    return {outcome: sum(row.outcome is outcome for row in rows) for outcome in Outcome}


def _outcome(state: State, email: str, posted: bool) -> Outcome:
    if state is State.SENT:
        return Outcome.SENT if email else Outcome.POSTED
    if state in (State.UNCERTAIN, State.HANDING_OVER):
        return Outcome.UNCERTAIN
    if state is State.REFUSED:
        return Outcome.REFUSED
    if state is State.WITHDRAWN:
        return Outcome.WITHDRAWN
    return Outcome.WAITING if email else Outcome.TO_POST
