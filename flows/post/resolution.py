"""What only a person decides, with name and reason: what became of an uncertain letter, whether a
refused one is tried again, a withdrawal, that paper was posted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from flows.counted import counted
from flows.errors import ConfigurationError
from flows.post.delivery.office_hours import ZONE
from flows.post.ledger import events, schema, witness
from flows.post.ledger.clock import now, stamp
from flows.post.ledger.database import Ledger
from flows.post.ledger.transitions import COLUMNS, DispatchRow, Transition, apply
from flows.post.ledger.workers import holder, recover
from flows.post.mailing.mailing import Mailing, get
from flows.post.mailing.paper import POSTED
from flows.post.states import SETTLED_BY_A_PERSON, TRANSITIONS, State

_D, _L, _E = schema.dispatch.c, schema.letter.c, schema.event.c
ANSWERS = {"sent": State.SENT, "resend": State.READY}
"""What ``resolve`` accepts, and the state it leads to."""


def find(ledger: Ledger, dispatch: str) -> DispatchRow:
    """The dispatch with this id. Raises ConfigurationError where there is none."""
    with ledger.read() as connection:
        row = connection.execute(select(*COLUMNS).where(_D.id == dispatch)).first()
    if row is None:
        raise ConfigurationError(
            f"there is no dispatch {dispatch}; its id is MAILING:NUMBER, with the number that"
            " stands in: dear-minister status MAILING"
        )
    return DispatchRow.read(row)


def resolve(
    ledger: Ledger, dispatch: str, *, answer: str, by: str, why: str, insist: bool = False
) -> DispatchRow:
    """Settle an uncertain dispatch (it was ``sent``, or is to ``resend``) or send a refused one
    again (``resend``); returns it as it is now.

    ``insist`` settles it though the process that handed it over was not seen to end: if that one
    goes on, the letter may be sent twice. Raises ConfigurationError where the dispatch is neither
    uncertain nor refused, where its process may go on, where name or reason are missing.
    """
    new = _answer(answer)
    name, reason = named(by, why)
    recover(ledger)
    found = find(ledger, dispatch)
    if found.state is State.HANDING_OVER and insist:
        with ledger.write() as connection:
            given_up = Transition(found, State.UNCERTAIN, by=name, why=reason)
            found = apply(connection, [given_up])[0]
    if found.state not in SETTLED_BY_A_PERSON:
        raise ConfigurationError(
            f"dispatch {dispatch} is {found.state}, not uncertain or refused; nothing was changed"
            + _held_by(ledger, found)
        )
    _need_possible(found.state, answer)
    if new is State.READY and not insist:
        _need_ended(ledger, [found])
    with ledger.write() as connection:
        return apply(connection, [Transition(found, new, by=name, why=reason)])[0]


def _held_by(ledger: Ledger, found: DispatchRow) -> str:
    """Who holds a dispatch, since when, and what can be done about it."""
    with ledger.read() as connection:
        process = holder(connection, found.worker)
        since = connection.execute(select(_D.changed_at).where(_D.id == found.id)).scalar()
    if process is None:
        return ""
    insist = " or say --insist" if found.state is State.HANDING_OVER else ""
    return (
        f": its sender is {process}, holding it since {since}; end that process first "
        f"(kill -9 {process.pid} on {process.host}){insist}"
    )


def _need_ended(ledger: Ledger, found: Sequence[DispatchRow]) -> None:
    """No process that handed one of these over may still go on. Raises ConfigurationError."""
    with ledger.read() as connection:
        for dispatch in found:
            if dispatch.state is not State.UNCERTAIN:
                continue
            worker = connection.execute(
                select(_E.worker)
                .where(_E.dispatch == dispatch.id, _E.new == State.HANDING_OVER)
                .order_by(_E.seq.desc())
                .limit(1)
            ).scalar()
            process = holder(connection, worker)
            if process and process.process != "gone":
                raise ConfigurationError(
                    f"dispatch {dispatch.id}: the sender that handed it over is {process}. If it "
                    "goes on, the reader may get the letter twice: see that it has ended, then say "
                    "--insist; nothing was changed"
                )


def resolve_all(
    ledger: Ledger,
    mailing: str,
    *,
    state: State,
    answer: str,
    by: str,
    why: str,
    reply: str = "",
    insist: bool = False,
) -> list[DispatchRow]:
    """Settle every live dispatch of a mailing that is ``state`` (uncertain or refused), or those
    of them whose reply contains ``reply``; returns them as they are now. ``insist`` as for
    ``resolve``.

    Raises ConfigurationError where there is none, where ``state`` is another, or name or reason
    are missing.
    """
    new = _answer(answer)
    name, reason = named(by, why)
    if state not in SETTLED_BY_A_PERSON:
        raise ConfigurationError(
            f"letters that are {state} are not settled by a person, those that are uncertain or "
            "refused are; nothing was changed"
        )
    _need_possible(state, answer)
    get(ledger, mailing)
    recover(ledger)
    with ledger.read() as connection:
        rows = connection.execute(
            select(*COLUMNS, _D.code, _D.text)
            .where(_D.mailing == mailing, _D.rehearsal == 0, _D.state == state)
            .order_by(_D.ordinal)
        ).all()
    wanted = " ".join(reply.split()).casefold()
    chosen = [
        DispatchRow.read(row)
        for row in rows
        if wanted in f"{row.code or ''} {row.text or ''}".casefold()
    ]
    if not chosen:
        alike = f" with {reply!r} in its reply" if reply else ""
        raise ConfigurationError(
            f"mailing {mailing} has no letter that is {state}{alike}; nothing was changed"
        )
    if new is State.READY and not insist:
        _need_ended(ledger, chosen)
    with ledger.write() as connection:
        return apply(connection, [Transition(row, new, by=name, why=reason) for row in chosen])


def resolve_alike(
    ledger: Ledger, dispatch: str, *, answer: str, by: str, why: str
) -> list[DispatchRow]:
    """Settle every letter of the same mailing that is in the same state as this one, as
    ``resolve_all`` does.

    Raises ConfigurationError where it is a rehearsal's: a word on that says nothing of the letters
    to readers.
    """
    found = find(ledger, dispatch)
    with ledger.read() as connection:
        rehearsal = connection.execute(select(_D.rehearsal).where(_D.id == found.id)).scalar()
    if rehearsal:
        raise ConfigurationError(
            f"dispatch {found.id} is rehearsal {rehearsal}'s: settle it by itself; nothing was "
            "changed"
        )
    return resolve_all(ledger, found.mailing, state=found.state, answer=answer, by=by, why=why)


def _answer(answer: str) -> State:
    if answer not in ANSWERS:
        raise ConfigurationError(f"--as {answer}: say {' or '.join(ANSWERS)}")
    return ANSWERS[answer]


def _need_possible(state: State, answer: str) -> None:
    if ANSWERS[answer] not in TRANSITIONS[state]:
        raise ConfigurationError(
            f"--as {answer}: a {state} letter can only be sent again (--as resend) or withdrawn; "
            "nothing was changed"
        )


@dataclass(frozen=True, slots=True)
class Withdrawable:
    """What a withdrawal of a mailing or a dispatch would take."""

    mailing: bool
    """Whether a whole mailing was named, and not one dispatch."""
    mail: tuple[DispatchRow, ...]
    """Letters by e-mail, rehearsals included."""
    post: tuple[DispatchRow, ...]
    """Letters that go by post alone and are not recorded as posted."""
    paper: int
    """How many of ``mail`` go by post as well: their paper is withdrawn with them."""


def withdrawable(ledger: Ledger, target: str) -> Withdrawable:
    """What may be withdrawn of a mailing or a dispatch: not what was sent, or may have been.

    Raises ConfigurationError where there is nothing.
    """
    recover(ledger)
    with ledger.read() as connection:
        rows = connection.execute(
            select(*COLUMNS, _D.rehearsal, _L.paper)
            .join(schema.letter, (_L.mailing == _D.mailing) & (_L.ordinal == _D.ordinal))
            .where((_D.id == target) | (_D.mailing == target))
            .order_by(_D.rehearsal, _D.ordinal)
        ).all()
    if not rows:
        raise ConfigurationError(
            f"there is no mailing or dispatch {target}; see: dear-minister status"
        )
    chosen = [row for row in rows if _may_be_withdrawn(State(row.state), alone=row.id == target)]
    if not chosen:
        states = ", ".join(sorted({row.state for row in rows}))
        raise ConfigurationError(
            f"{target}: nothing to withdraw, it is {states}; nothing was changed"
        )
    return Withdrawable(
        mailing=rows[0].mailing == target,
        mail=tuple(DispatchRow.read(row) for row in chosen if row.email),
        post=tuple(DispatchRow.read(row) for row in chosen if not row.email),
        paper=sum(1 for row in chosen if row.email and row.paper and not row.rehearsal),
    )


def withdraw(
    ledger: Ledger, target: str, *, by: str, why: str, only_mail: bool = False
) -> list[DispatchRow]:
    """Cancel one dispatch, or all of a mailing that are not sent, uncertain or under way; returns
    them. ``only_mail`` leaves letters that go by post alone as they are.

    Raises ConfigurationError where there is nothing to cancel.
    """
    name, reason = named(by, why)
    found = withdrawable(ledger, target)
    chosen = found.mail if only_mail else (*found.mail, *found.post)
    if not chosen:
        raise ConfigurationError(
            f"{target}: only letters by post are left ({len(found.post)}); nothing was changed: "
            "withdraw them without --only-mail"
        )
    with witness.stands(f"{target}: {len(chosen)} withdrawn"):
        with ledger.write() as connection:
            withdrawn = apply(
                connection,
                [Transition(row, State.WITHDRAWN, by=name, why=reason) for row in chosen],
            )
        witness.need_one(ledger)
    return withdrawn


def today() -> date:
    """The day in the office's time zone."""
    return _day(now())


def need_day(on: date, first: date, what: str) -> None:
    """Refuse a day to come, or one before ``first``, on which that could happen at the earliest.

    ``what`` is the day's event in words: "the letter was frozen". Raises ConfigurationError.
    """
    if on > (this := today()):
        raise ConfigurationError(
            f"--on {on}: that day is still to come, today is {this}; nothing was changed"
        )
    if on < first:
        raise ConfigurationError(
            f"--on {on}: is before {first}, when {what}; nothing was changed: give the right day"
        )


def frozen_on(mailing: Mailing) -> date:
    """The day before which no letter of the mailing can have gone or been answered."""
    return _day(mailing.frozen_at)


def too_early(mailing: Mailing, posted_on: date) -> str:
    """What is odd about that day, in words; blank where nothing is.

    It is no reason to refuse. A ledger restored from a backup may have lost the sign-off, and an
    edit of the lists may have asked for another one: what went before it went on that day all the
    same, and who is not recorded would be written to again.
    """
    if mailing.approved_at is None or posted_on >= (signed_off := _day(mailing.approved_at)):
        return ""
    return f"posted on {posted_on}, before the sign-off on {signed_off}: is the day right?"


def _day(moment: datetime) -> date:
    return moment.astimezone(ZoneInfo(ZONE)).date()


def posted(
    ledger: Ledger,
    mailing: str,
    *,
    on: date,
    by: str,
    excepted: Sequence[str] = (),
    suppressed: Callable[[str, str], str | None] = lambda person, email: None,
) -> list[DispatchRow]:
    """Record that the letters on paper went to the post on that day; returns their dispatches.

    ``excepted`` are ids of contacts or dispatches that did not go. Raises ConfigurationError: not
    signed off, a day to come or before the freezing, nobody of that id, nothing left to post.
    """
    found = get(ledger, mailing)
    if found.approved_at is None:
        raise ConfigurationError(
            f"mailing {mailing} is not signed off, so nothing of it may have been posted; "
            f"{found.sign_off}"
        )
    need_day(on, frozen_on(found), f"mailing {mailing} was frozen")
    name, _ = named(by, "posted")
    with ledger.read() as connection:
        rows = connection.execute(
            select(*COLUMNS, _L.contact)
            .join(schema.letter, (_L.mailing == _D.mailing) & (_L.ordinal == _D.ordinal))
            .where(
                _D.mailing == mailing,
                _D.rehearsal == 0,
                (_L.paper == 1) | (_D.email == ""),
                _D.state != State.WITHDRAWN,
                (_D.email != "") | (_D.state == State.READY),
                ~POSTED,
            )
        ).all()
    ids = {identity for row in rows for identity in (row.id, row.contact)}
    if unknown := sorted(set(excepted) - ids):
        raise ConfigurationError(
            f"--except {unknown[0]}: no letter of {mailing} that waits for the post has that id; "
            "nothing was changed"
        )
    chosen = [
        DispatchRow.read(row)
        for row in rows
        if not {row.id, row.contact} & set(excepted)
        and not (suppressed(row.person, row.email) or suppressed(row.contact, ""))
    ]
    if not chosen:
        raise ConfigurationError(f"mailing {mailing} has no letter that waits for the post")
    why = f"posted on {on.isoformat()}"
    with witness.stands(f"mailing {mailing}: {counted(len(chosen), 'letter')} {why}"):
        with ledger.write() as connection:
            # Where the letter goes by e-mail too, its state is about the e-mail.
            apply(
                connection,
                [Transition(row, State.SENT, by=name, why=why) for row in chosen if not row.email],
            )
            events.append(connection, [_posting(row, name, why) for row in chosen])
        witness.need_one(ledger)
    return chosen


def _posting(dispatch: DispatchRow, by: str, why: str) -> dict[str, str]:
    return {
        "at": stamp(now()),
        "mailing": dispatch.mailing,
        "dispatch": dispatch.id,
        "what": events.POSTED,
        "by": by,
        "why": why,
    }


def _may_be_withdrawn(state: State, *, alone: bool) -> bool:
    """A refused letter keeps its place in the record unless it is named by itself. One that a
    worker has claimed may go: the worker finds out before the dot. One that was sent is gone."""
    if state is State.SENT or (state is State.REFUSED and not alone):
        return False
    return State.WITHDRAWN in TRANSITIONS[state]


def named(by: str, why: str) -> tuple[str, str]:
    """Name and reason as the ledger keeps them. Raises ConfigurationError where one is missing."""
    name, reason = " ".join(by.split()), " ".join(why.split())
    for text, option in ((name, "--by NAME"), (reason, "--why TEXT")):
        if not text or not text.isprintable():
            raise ConfigurationError(f"{option} is needed: it is kept in the ledger for good")
    return name, reason
