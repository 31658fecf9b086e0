"""What only a person decides, with name and reason: an uncertain letter's fate, a withdrawal."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from sqlalchemy import exists, select

from flows.errors import ConfigurationError
from flows.post.ledger import events, schema, transitions
from flows.post.ledger.clock import now, stamp
from flows.post.ledger.database import Ledger
from flows.post.ledger.workers import HELD_COLUMNS, held, recover
from flows.post.mailing.mailing import get
from flows.post.states import MOVES, State

_D, _L, _E = schema.dispatch.c, schema.letter.c, schema.event.c
_POSTED = "posted"
ANSWERS = {"sent": State.SENT, "resend": State.READY}
"""What ``resolve`` may be told, and the state it leads to."""


def find(ledger: Ledger, dispatch: str) -> transitions.DispatchRow:
    """The dispatch with this id. Raises ConfigurationError where there is none."""
    with ledger.read() as connection:
        row = connection.execute(select(*HELD_COLUMNS).where(_D.id == dispatch)).first()
    if row is None:
        raise ConfigurationError(
            f"there is no dispatch {dispatch}; see a mailing's with: dear-minister status MAILING"
        )
    return held(row)


def resolve(
    ledger: Ledger, dispatch: str, *, answer: str, by: str, why: str
) -> transitions.DispatchRow:
    """Settle an uncertain dispatch: it was ``sent``, or it was not and is to be sent again.

    Raises ConfigurationError where it is not uncertain, or name or reason are missing.
    """
    if answer not in ANSWERS:
        raise ConfigurationError(f"--as {answer}: say {' or '.join(ANSWERS)}")
    name, reason = named(by, why)
    recover(ledger)
    found = find(ledger, dispatch)
    if found.state is not State.UNCERTAIN:
        raise ConfigurationError(
            f"dispatch {dispatch} is {found.state}, not uncertain; nothing was changed"
        )
    with ledger.write() as connection:
        move = transitions.Transition(found, ANSWERS[answer], by=name, why=reason)
        return transitions.apply(connection, [move])[0]


def withdraw(ledger: Ledger, target: str, *, by: str, why: str) -> list[transitions.DispatchRow]:
    """Cancel one dispatch, or all of a mailing that are not sent, uncertain or under way.

    Raises ConfigurationError where there is nothing to cancel.
    """
    name, reason = named(by, why)
    recover(ledger)
    with ledger.read() as connection:
        rows = connection.execute(
            select(*HELD_COLUMNS).where((_D.id == target) | (_D.mailing == target))
        ).all()
    found = [held(row) for row in rows]
    if not found:
        raise ConfigurationError(
            f"there is no mailing or dispatch {target}; see: dear-minister status"
        )
    chosen = [one for one in found if _may_be_withdrawn(one.state, alone=one.id == target)]
    if not chosen:
        raise ConfigurationError(
            f"{target}: nothing to withdraw, it is {_states(found)}; nothing was changed"
        )
    with ledger.write() as connection:
        return transitions.apply(
            connection,
            [transitions.Transition(one, State.WITHDRAWN, by=name, why=reason) for one in chosen],
        )


def posted(
    ledger: Ledger,
    mailing: str,
    *,
    on: date,
    by: str,
    excepted: Sequence[str] = (),
    suppressed: Callable[[str, str], str | None] = lambda person, email: None,
) -> list[transitions.DispatchRow]:
    """Record that the letters on paper went to the post on that day, but for ``excepted``, which
    are ids of contacts or dispatches. Raises ConfigurationError: not signed off, nobody of that
    id, nothing left to post.
    """
    found = get(ledger, mailing)
    if found.approved_at is None:
        raise ConfigurationError(
            f"mailing {mailing} is not signed off, so nothing of it may have been posted; "
            f"dear-minister approve {mailing} --by NAME --hash {found.hash[:12]}"
        )
    if on > now().date() + timedelta(days=1):
        raise ConfigurationError(f"--on {on}: that day is still to come; nothing was changed")
    name, _ = named(by, "posted")
    with ledger.read() as connection:
        rows = connection.execute(
            select(*HELD_COLUMNS, _L.contact)
            .join(schema.letter, (_L.mailing == _D.mailing) & (_L.ordinal == _D.ordinal))
            .where(
                _D.mailing == mailing,
                _D.rehearsal == 0,
                (_L.paper == 1) | (_D.email == ""),
                _D.state != State.WITHDRAWN,
                (_D.email != "") | (_D.state == State.READY),
                ~exists().where(_E.dispatch == _D.id, _E.what == _POSTED),
            )
        ).all()
    waiting = {row.id: (row.contact, held(row[:-1])) for row in rows}
    ids = {one for dispatch, (contact, _) in waiting.items() for one in (dispatch, contact)}
    if unknown := sorted(set(excepted) - ids):
        raise ConfigurationError(
            f"--except {unknown[0]}: no letter of {mailing} that waits for the post has that id; "
            "nothing was changed"
        )
    chosen = [
        one
        for dispatch, (contact, one) in waiting.items()
        if not {dispatch, contact} & set(excepted)
        and not (suppressed(one.person, one.email) or suppressed(contact, ""))
    ]
    if not chosen:
        raise ConfigurationError(f"mailing {mailing} has no letter that waits for the post")
    why = f"posted on {on.isoformat()}"
    with ledger.write() as connection:
        # Where the letter goes by e-mail too, its state is about the e-mail.
        moved = [
            transitions.Transition(one, State.SENT, by=name, why=why)
            for one in chosen
            if not one.email
        ]
        transitions.apply(connection, moved)
        events.append(connection, [_posting(one, name, why) for one in chosen])
    return chosen


def _posting(dispatch: transitions.DispatchRow, by: str, why: str) -> dict[str, str]:
    return {
        "at": stamp(now()),
        "mailing": dispatch.mailing,
        "dispatch": dispatch.id,
        "what": _POSTED,
        "by": by,
        "why": why,
    }


def _may_be_withdrawn(state: State, *, alone: bool) -> bool:
    """A refused letter keeps its place in the record unless it is named by itself. One that a
    worker has claimed may go: the worker finds out before the dot."""
    if state is State.REFUSED and not alone:
        return False
    return State.WITHDRAWN in MOVES[state]


def _states(found: Sequence[transitions.DispatchRow]) -> str:
    return ", ".join(sorted({one.state.value for one in found}))


def named(by: str, why: str) -> tuple[str, str]:
    """Name and reason as the ledger keeps them. Raises ConfigurationError where one is missing."""
    name, reason = " ".join(by.split()), " ".join(why.split())
    for text, option in ((name, "--by NAME"), (reason, "--why TEXT")):
        if not text or not text.isprintable():
            raise ConfigurationError(f"{option} is needed: it is kept in the ledger for good")
    return name, reason
