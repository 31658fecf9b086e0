"""What a person decides about what came back: what it is, whose it is, what came on paper.

Each decision is kept with a name. Sorting an objection puts the reader on the suppression list;
sorting a bounce marks the address; writing again frees the reader for a letter of the same edition.
"""

import hashlib
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import select

from flows import settings
from flows.errors import ConfigurationError, RowError
from flows.people import suppression
from flows.post.delivery.office_hours import ZONE
from flows.post.inbox import chasers, items, responses
from flows.post.inbox.items import Item
from flows.post.inbox.kinds import PAPER, SORTABLE, How, Kind
from flows.post.inbox.mailbox import RawMail
from flows.post.ledger import events, schema
from flows.post.ledger.clock import now, stamp
from flows.post.ledger.database import Ledger
from flows.post.ledger.transitions import DispatchRow, Transition, apply
from flows.post.mailing import mailing as mailings
from flows.post.mailing.paper import DELIVERED
from flows.post.resolution import find, frozen_on, named, need_day
from flows.post.states import State

_D, _L, _E = schema.dispatch.c, schema.letter.c, schema.event.c
_LARGEST_SCAN = 50_000_000


def clear(ledger: Ledger, email: str, *, by: str, why: str) -> None:
    """Record that an address is right after all. Raises ConfigurationError."""
    name, reason = named(by, why)
    items.clear(ledger, email, by=name, why=reason)


def sort(ledger: Ledger, item: int, kind: str, *, by: str, note: str = "") -> tuple[Item, str]:
    """Record what an item is; also what followed from it, in words, or blank.

    Raises ConfigurationError: no such item or kind, no name, an objection of nobody knows whom.
    """
    name, _ = named(by, "sorted")
    found, wanted = items.get(ledger, item), _kind(kind)
    note = _plain(note, "--note")
    if wanted is Kind.OBJECTION:
        if found.dispatch is None:
            raise ConfigurationError(
                f"item {item} belongs to no letter yet, so nobody knows who objects; first: "
                f"dear-minister replies match {item} DISPATCH --by NAME"
            )
        person = find(ledger, found.dispatch).person
        _suppress(person, f"asked not to be written to (item {item}), says {name}")
        return (
            items.sort(ledger, found, wanted, by=name, note=note),
            f"{person} is on the suppression list, {settings.office().suppression}, and is never "
            "written to again",
        )
    dead = _address(ledger, found) if wanted is Kind.BOUNCE else ""
    followed = f"{dead} is not written to until it is corrected" if dead else ""
    return items.sort(ledger, found, wanted, by=name, note=note, dead=dead), followed


def match(ledger: Ledger, item: int, dispatch: str, *, by: str) -> Item:
    """Record which letter an item is about. Raises ConfigurationError: no such item or dispatch,
    a rehearsal's dispatch, no name."""
    name, _ = named(by, "matched")
    found, letter = items.get(ledger, item), find(ledger, dispatch)
    if ":r" in dispatch:
        raise ConfigurationError(f"{dispatch} is of a rehearsal, which nobody answers")
    dead = letter.email if found.kind is Kind.BOUNCE and found.status.startswith("5.1") else ""
    return items.match(ledger, found, letter.id, by=name, dead=dead)


def add(
    ledger: Ledger,
    dispatch: str,
    kind: str,
    *,
    source: str,
    on: date,
    by: str,
    note: str = "",
    file: Path | None = None,
) -> tuple[Item, str]:
    """File an answer on paper or by telephone, with a scan where there is one; also what is odd
    about its day, in words, or blank.

    Raises ConfigurationError: no such dispatch or kind, a day to come or before the letter left, no
    name, a file that cannot be read; and where exactly this was filed before.
    """
    name, _ = named(by, "added")
    wanted, letter, note = _kind(kind), find(ledger, dispatch), _plain(note, "--note")
    if source not in PAPER:
        raise ConfigurationError(f"say how it came: {' or '.join(PAPER)}")
    need_day(on, *_left(ledger, letter))
    content = _scan(file)
    noon = stamp(datetime.combine(on, time(12), ZoneInfo(ZONE)))
    about = "\n".join((letter.id, source, noon, wanted, note, hashlib.sha256(content).hexdigest()))
    raw = RawMail.of(b"")
    for start in range(0, len(content), items.PIECE):
        raw.add(content[start : start + items.PIECE])
    item = Item(
        id=0,
        identity=hashlib.sha256(about.encode()).hexdigest(),
        sha256=raw.sha256,
        size=len(content),
        source=source,
        received_at=noon,
        filed_at="",
        sender="",
        sender_name="",
        subject=f"By {source}",
        message_id="",
        words=note,
        files=(file.name,) if file else (),
        fault="",
        kind=wanted,
        rule="person",
        reason=f"by {source}, says {name}",
        dispatch=letter.id,
        how=How.PERSON,
        candidates=(),
        doubt="",
        sorted_by=name,
        note=note,
    )
    if wanted is Kind.OBJECTION:
        _suppress(letter.person, f"asked by {source} not to be written to, says {name}")
    with ledger.write() as connection:
        filed = items.file(connection, [(item, raw, "")])
    raw.close()
    if not filed:
        raise ConfigurationError(f"{dispatch}: exactly this was filed before; nothing was changed")
    return filed[0], _before_the_post(ledger, letter, on)


def _left(ledger: Ledger, letter: DispatchRow) -> tuple[date, str]:
    """The day before which nobody can have answered a letter, and what happened then.

    A mail left when it was first handed over. Paper may have gone on any day since the freezing:
    when it went is recorded afterwards, and not always on the right day.
    """
    mailing = mailings.get(ledger, letter.mailing)
    frozen = frozen_on(mailing), f"mailing {mailing.id} was frozen"
    gone = State.HANDING_OVER, State.UNCERTAIN, State.SENT
    with ledger.read() as connection:
        paper = connection.execute(
            select(_L.paper).where(_L.mailing == letter.mailing, _L.ordinal == letter.ordinal)
        ).scalar_one()
        first = connection.execute(
            select(_E.at, _E.new)
            .where(_E.dispatch == letter.id, _E.new.in_(gone))
            .order_by(_E.seq)
            .limit(1)
        ).first()
    # Without a handing over the ledger was restored, and has forgotten when the mail went.
    if paper or not letter.email or first is None or first.new != State.HANDING_OVER:
        return frozen
    return responses.day(first.at), f"letter {letter.id} was handed to the mail server"


def _before_the_post(ledger: Ledger, letter: DispatchRow, on: date) -> str:
    posted = responses.posted(ledger, letter.id).get(letter.id)
    if letter.email or posted is None or on >= posted:
        return ""
    return f"it came on {on}, and the letter is recorded as posted on {posted}: is the day right?"


def again(ledger: Ledger, dispatch: str, *, by: str, why: str) -> str:
    """Free the reader of a letter that was returned, so that the next ``prepare`` of the same
    edition writes to the corrected address, or the other way. Returns the reader's person.

    By each way that it went it has to have come back: a server's report beyond doubt, and paper as
    filed by a person (``add``, by post, as a bounce). Raises ConfigurationError.
    """
    name, reason = named(by, why)
    found = find(ledger, dispatch)
    with ledger.read() as connection:
        posted = connection.execute(select(DELIVERED).where(_D.id == found.id)).scalar()
    back = {
        item.source == "post"
        for item in items.read(ledger, schema.incoming.c.dispatch == found.id)
        if item.kind is Kind.BOUNCE and not item.doubt
    }
    copy = "a second letter of the same edition would be a second copy"
    mailed = bool(found.email) and found.state is State.SENT
    gone = posted and found.state in (State.REFUSED, State.WITHDRAWN)
    if not (mailed or gone or (posted and not found.email)) or (mailed and False not in back):
        raise ConfigurationError(
            f"dispatch {dispatch} is {found.state}, and no server said beyond doubt that it was not"
            f" delivered; {copy}"
        )
    if posted and True not in back:
        raise ConfigurationError(
            f"dispatch {dispatch}: its letter was posted{' too' if found.email else ''}, and nobody"
            f" filed that it was brought back; {copy}: dear-minister replies add {dispatch} "
            "--by-post --kind bounce --on DATE --by NAME"
        )
    with ledger.write() as connection:
        if found.state is State.SENT:
            apply(connection, [Transition(found, State.WITHDRAWN, by=name, why=reason)])
        if posted:
            said = {"what": events.BROUGHT_BACK, "by": name, "why": reason}
            about = {"at": stamp(now()), "mailing": found.mailing, "dispatch": found.id}
            events.append(connection, [about | said])
    return found.person


def preparing(ledger: Ledger, dispatch: str) -> str:
    """The command that makes another mailing of this letter's campaign, or of its chasers."""
    mailing = mailings.get(ledger, find(ledger, dispatch).mailing)
    chaser = chasers.of(ledger, mailing.id)
    return f"chase {chaser.campaign}" if chaser else f"prepare {mailing.campaign}"


def _kind(kind: str) -> Kind:
    try:
        found = Kind(kind.strip().lower().replace("_", "-").replace(" ", "-"))
    except ValueError:
        found = Kind.UNSORTED
    if found not in SORTABLE:
        raise ConfigurationError(f"{kind!r} is no kind; say one of {', '.join(SORTABLE)}")
    return found


def _address(ledger: Ledger, item: Item) -> str:
    return find(ledger, item.dispatch).email if item.dispatch else ""


def _suppress(person: str, reason: str) -> None:
    path = settings.office().suppression
    listed = suppression.load(path) if path.is_file() else suppression.Suppression()
    if listed.reason(person=person):
        return
    try:
        suppression.add(path, person=person, reason=reason, on=date.today())
    except RowError as error:
        raise ConfigurationError(f"{path}: {error}") from error


def _plain(note: str, option: str) -> str:
    text = " ".join(note.split())
    if text and not text.isprintable():
        raise ConfigurationError(f"{option}: holds a control character; type it again")
    return text[:2000]


def _scan(file: Path | None) -> bytes:
    if file is None:
        return b""
    try:
        if file.stat().st_size > _LARGEST_SCAN:
            raise ConfigurationError(f"{file}: is larger than {_LARGEST_SCAN // 1_000_000} MB")
        return file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read ({error.strerror})") from error
