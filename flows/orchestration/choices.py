"""What the forms offer, read from the folders and from the ledger when deployments are made."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, select

from flows.counted import counted
from flows.errors import ConfigurationError
from flows.letters import campaign as campaigns
from flows.post.inbox.items import waits_in_ledger
from flows.post.ledger import holds, schema
from flows.post.ledger.database import Ledger
from flows.post.mailing import mailing as mailings
from flows.post.mailing.mailing import Mailing
from flows.post.states import SETTLED_BY_A_PERSON, State
from flows.settings import office

_LISTS = (".csv", ".xlsx", ".ods")
_NOT_LISTS = ("suppression.csv", "offices.csv", "recess.csv")
MOST = 200
"""Choices of one field, the newest or the first by name."""
MOST_LETTERS = 1000
"""Letters in one list; where there are more, the form has a field to type an id into."""
_LINE = 90
"""Characters of a sender's name and subject in a list."""
_D, _L, _I = schema.dispatch.c, schema.letter.c, schema.incoming.c


def campaign_folders() -> tuple[list[str], list[str]]:
    """Return the keys of the folders under templates/ that can be read as campaigns, and what is
    wrong with each of the others, a line each."""
    found, faults = [], []
    for toml in sorted(office().templates.glob(f"*/{campaigns.SETTINGS}")):
        try:
            found.append(campaigns.load(toml.parent).key)
        except ConfigurationError as error:
            faults.append(" ".join(str(error).split()))
    return found, faults


def contact_lists() -> list[str]:
    """Return the lists under contacts/."""
    return sorted(
        office().name(path)
        for path in office().contacts.glob("*")
        if path.suffix.lower() in _LISTS
        and path.name not in _NOT_LISTS
        and not path.name.startswith(("~", "."))  # what an office program leaves beside a list
    )


def mailing_choices(ledger: Ledger) -> Mapping[str, Sequence[str]]:
    """Return the mailings as forms offer them: all, those to sign off, to send, held and so on."""
    every = mailings.every(ledger)[:MOST]
    held = holds.every(ledger)
    with ledger.read() as connection:
        rows = connection.execute(
            select(_D.mailing, _D.state, _D.email == "").where(_D.rehearsal == 0).distinct()
        ).all()
    states: dict[str, set[str]] = {}
    for mailing, state, paper in rows:
        states.setdefault(mailing, set()).add(f"paper {state}" if paper else state)
    ready = {State.READY.value, f"paper {State.READY}"}
    waiting = ready | {State.DEFERRED.value}

    def offered(*, where: Callable[[Mailing, set[str]], object]) -> list[str]:
        return [label(found) for found in every if where(found, states.get(found.id, set()))]

    return {
        "all": offered(where=lambda found, there: True),
        "unsigned": offered(where=lambda found, there: not found.approved_at and there & ready),
        "waiting": offered(where=lambda found, there: there & waiting),
        "held": offered(where=lambda found, there: found.id in held),
        "refused": offered(where=lambda found, there: State.REFUSED in there),
        "paper": offered(where=lambda found, there: any("paper" in state for state in there)),
    }


def open_letters(ledger: Ledger) -> list[str]:
    """Return the live letters that are uncertain or refused, by reader; none where there are more
    than a list can show."""
    rows = _letters(ledger, _D.state.in_(SETTLED_BY_A_PERSON))
    return [f"{row.id}, {row.name}, {row.state}" for row in rows]


def answered_letters(ledger: Ledger) -> list[str]:
    """Return the letters that an answer may be about, by reader: of every mailing that has begun
    to go, so that the list stays the same while it goes. None where there are more than a list can
    show."""
    begun = select(_D.mailing).where(_D.rehearsal == 0, _D.state == State.SENT)
    found = and_(_D.mailing.in_(begun), _D.state != State.WITHDRAWN)
    return [f"{row.id}, {row.name}" for row in _letters(ledger, found)]


def _letters(ledger: Ledger, condition: ColumnElement[bool]) -> Sequence[Row[Any]]:
    with ledger.read() as connection:
        rows = connection.execute(
            select(_D.id, _L.name, _D.state)
            .join(schema.letter, (_L.mailing == _D.mailing) & (_L.ordinal == _D.ordinal))
            .where(_D.rehearsal == 0, condition)
            .order_by(_L.name, _D.id)
            .limit(MOST_LETTERS + 1)
        ).all()
    return rows if len(rows) <= MOST_LETTERS else ()


def item_choices(ledger: Ledger) -> list[str]:
    """Return what came back: what waits for a person, the oldest first, then the newest others."""
    shown = (_I.id, _I.kind, _I.sender_name, _I.sender, _I.source, _I.subject)
    waiting = waits_in_ledger()
    with ledger.read() as connection:
        rows = connection.execute(select(*shown).where(waiting).order_by(_I.id).limit(MOST)).all()
        others = connection.execute(
            select(*shown).where(~waiting).order_by(_I.id.desc()).limit(MOST - len(rows))
        ).all()
    return [*(_item(row, "waits") for row in rows), *(_item(row, row.kind) for row in others)]


def _item(row: Row[Any], what: str) -> str:
    """A choice's line; what a stranger wrote is cut short, and is plain text."""
    sender = row.sender_name or row.sender or row.source
    told = "".join(filter(str.isprintable, " ".join(f"{sender}: {row.subject}".split())))
    return f"{row.id}, {what}: {told[:_LINE]}"


def dispatch_chosen(choice: str) -> tuple[str, str]:
    """Return the id of a letter chosen so, and the state it was shown in: blank for an id alone."""
    identity, _, about = choice.strip().partition(", ")
    state = about.rpartition(", ")[2]
    return identity, state if state in set(State) else ""


def label(mailing: Mailing) -> str:
    """Return a mailing as a form offers it, its id first."""
    day = f"{mailing.frozen_at.astimezone():%d %B %Y, %H:%M}"
    return f"{mailing.id}, frozen {day}, {counted(mailing.letters, 'letter')}"
