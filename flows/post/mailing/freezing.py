"""Freezing a mailing: every byte is stored, then bound by one hash, before anyone signs it off."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from itertools import islice

from sqlalchemy import Connection, Select, delete, exists, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from flows.errors import ConfigurationError
from flows.people.contact import RejectedRow
from flows.post.failpoints import passing
from flows.post.ledger import events, schema, transitions
from flows.post.ledger.clock import now, stamp
from flows.post.ledger.database import Ledger
from flows.post.ledger.errors import AlreadyLiveError, LedgerUnavailableError
from flows.post.ledger.statements import insert_rows
from flows.post.ledger.workers import alive, hold
from flows.post.mailing import served
from flows.post.mailing.frozen_letter import FrozenLetter
from flows.post.mailing.mailing import Mailing, dispatch, get, manifest, record
from flows.post.mailing.paper import DELIVERED
from flows.post.mailing.persons import Persons
from flows.post.states import State

_CHUNK = 200
_M, _L, _D = schema.mailing.c, schema.letter.c, schema.dispatch.c
_FROZEN = tuple(field.name for field in fields(FrozenLetter))
_APPROVED = exists().where(schema.approval.c.mailing == _M.id)

WRITTEN_AGAIN = "refused; written to again in mailing "
"""Why a refused letter is withdrawn; the mailing's id follows."""


@dataclass(frozen=True, slots=True)
class MailingIdentity:
    """What a mailing is a mailing of; two with the same fingerprint are the same mailing."""

    campaign: str
    edition: int
    as_of: date
    sender: str
    """RFC 5321 reverse-path."""
    sources: Mapping[str, str]
    """Every file that went in, with its SHA-256."""
    settings: str = ""
    """Whatever else decides about the bytes: From, Reply-To."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of all that decides what is frozen."""
        parts = [self.campaign, self.edition, self.as_of.isoformat(), self.sender, self.settings]
        return _sha256(json.dumps([*parts, sorted(self.sources.items())]).encode())


def taken(ledger: Ledger, campaign: str, edition: int) -> Persons:
    """Persons whose letter of this edition is sent, under way, uncertain, or signed off to go.

    One whose letter was refused or withdrawn is not among them, unless it went by post as well and
    was not brought back: the next mailing has them again.
    """
    statement = (
        select(_D.person)
        .join(schema.mailing, _M.id == _D.mailing)
        .where(
            _D.campaign == campaign,
            _D.edition == edition,
            _D.rehearsal == 0,
            DELIVERED
            | _D.state.not_in((State.WITHDRAWN, State.REFUSED))
            & (_APPROVED | (_D.state != State.READY)),
        )
    )
    return _persons(ledger, statement)


def live_persons(ledger: Ledger, mailing: str) -> Persons:
    """Persons whose letter of this mailing was neither withdrawn nor refused."""
    statement = select(_D.person).where(
        _D.mailing == mailing,
        _D.rehearsal == 0,
        _D.state.not_in((State.WITHDRAWN, State.REFUSED)),
    )
    return _persons(ledger, statement)


def _persons(ledger: Ledger, statement: Select[tuple[str]]) -> Persons:
    with ledger.read() as connection:
        salt = connection.execute(select(schema.ledger.c.salt)).scalar_one()
        return Persons(salt, connection.execute(statement).scalars())


def same(ledger: Ledger, identity: MailingIdentity) -> Mailing | None:
    """The mailing already frozen from exactly this, unless it has been withdrawn."""
    live = exists().where(_D.mailing == _M.id, _D.rehearsal == 0, _D.state != State.WITHDRAWN)
    with ledger.read() as connection:
        found = connection.execute(
            select(_M.id).where(
                _M.campaign == identity.campaign,
                _M.fingerprint == identity.fingerprint,
                _M.hash.is_not(None),
                live,
            )
        ).scalar()
        return get(ledger, found) if found else None


def new_id(ledger: Ledger, identity: MailingIdentity) -> str:
    """The id that the next mailing of this identity gets: campaign, edition, eight hex digits."""
    base = f"{identity.campaign}-{identity.edition}-{identity.fingerprint[:8]}"
    with ledger.read() as connection:
        before = connection.execute(
            select(func.count()).where(_M.fingerprint == identity.fingerprint, _M.hash.is_not(None))
        ).scalar_one()
    return f"{base}-{before + 1}" if before else base


@dataclass(frozen=True, slots=True)
class Superseded:
    """A mailing that nobody had signed off, withdrawn because a later one was frozen."""

    mailing: str
    letters: int
    no_longer_in: tuple[str, ...]
    """Names of its readers who have no letter in the later one."""


def superseded(ledger: Ledger, mailing: Mailing) -> tuple[Superseded, ...]:
    """The mailings that this one superseded, oldest first."""
    event, kept = schema.event.c, schema.letter.alias("kept")
    in_it = exists().where(kept.c.mailing == mailing.id, kept.c.person == _D.person)
    statement = (
        select(_D.mailing, _L.name, in_it.label("kept"))
        .join(schema.event, event.dispatch == _D.id)
        .join(schema.letter, (_L.mailing == _D.mailing) & (_L.ordinal == _D.ordinal))
        .where(
            _D.campaign == mailing.campaign,
            _D.edition == mailing.edition,
            _D.state == State.WITHDRAWN,
            event.new == State.WITHDRAWN,
            event.why == _superseded_by(mailing.id),
        )
        .order_by(event.seq)
    )
    found: dict[str, list[tuple[str, bool]]] = {}
    with ledger.read() as connection:
        for row in connection.execute(statement):
            found.setdefault(row.mailing, []).append((row.name, bool(row.kept)))
    return tuple(
        Superseded(before, len(readers), tuple(name for name, kept in readers if not kept))
        for before, readers in found.items()
    )


def _superseded_by(mailing: str) -> str:
    return f"superseded by mailing {mailing}"


def freeze(
    ledger: Ledger,
    identity: MailingIdentity,
    mailing: str,
    frozen_at: datetime,
    letters: Iterable[FrozenLetter | RejectedRow],
    refused: Sequence[RejectedRow] = (),
    passed_over: Sequence[str] = (),
) -> Mailing | None:
    """Store the letters and bind them by one hash; None where there is not one letter.

    Letters stream: no more than 200 are held at a time. Mailings of the same campaign and edition
    that nobody has signed off are withdrawn, being superseded, and so are refused letters of
    persons who have a letter in this one. Raises AlreadyLiveError,
    ConfigurationError (being frozen by somebody else), LedgerUnavailableError.
    """
    with hold(ledger) as worker:
        _begin(ledger, identity, mailing, frozen_at, worker)
        handed_back = list(refused)
        try:
            count = _store(ledger, mailing, letters, handed_back)
            if count:
                _seal(ledger, identity, mailing, handed_back, passed_over)
        except BaseException:
            with suppress(LedgerUnavailableError):
                _discard(ledger, mailing)
            raise
        if not count:
            _discard(ledger, mailing)
            return None
    passing("after-freeze")
    return get(ledger, mailing)


def _store(
    ledger: Ledger,
    mailing: str,
    letters: Iterable[FrozenLetter | RejectedRow],
    refused: list[RejectedRow],
) -> int:
    """Store letters as they come; returns their number. ``refused`` gets the rows handed back."""
    count = 0
    for chunk in _chunks(letters):
        good = [item for item in chunk if isinstance(item, FrozenLetter)]
        refused += [item for item in chunk if isinstance(item, RejectedRow)]
        rows = [_row(mailing, count + n, letter) for n, letter in enumerate(good, 1)]
        count += len(rows)
        if rows:
            with ledger.write() as connection:
                insert_rows(connection, schema.letter, rows)
    return count


def _begin(
    ledger: Ledger, identity: MailingIdentity, mailing: str, frozen_at: datetime, worker: str
) -> None:
    with ledger.write() as connection:
        unfinished = connection.execute(
            select(_M.frozen_by, _M.hash).where(_M.id == mailing)
        ).first()
        if unfinished and (unfinished.hash or alive(ledger, connection, unfinished.frozen_by)):
            raise ConfigurationError(
                f"mailing {mailing} is being frozen by another run at this moment; "
                "wait for it, then see: dear-minister status"
            )
        _clear(connection, mailing)
        connection.execute(
            insert(schema.mailing).values(
                id=mailing,
                campaign=identity.campaign,
                edition=identity.edition,
                as_of=identity.as_of.isoformat(),
                fingerprint=identity.fingerprint,
                sources=json.dumps(dict(identity.sources)),
                sender=identity.sender,
                frozen_at=stamp(frozen_at),
                frozen_by=worker,
            )
        )


def _discard(ledger: Ledger, mailing: str) -> None:
    """Take away a mailing that was not sealed."""
    with ledger.write() as connection:
        _clear(connection, mailing)


def _clear(connection: Connection, mailing: str) -> None:
    unsealed = select(_M.id).where(_M.id == mailing, _M.hash.is_(None))
    connection.execute(delete(schema.letter).where(_L.mailing.in_(unsealed)))
    connection.execute(delete(schema.mailing).where(_M.id == mailing, _M.hash.is_(None)))


def _seal(
    ledger: Ledger,
    identity: MailingIdentity,
    mailing: str,
    refused: Sequence[RejectedRow],
    passed_over: Sequence[str],
) -> None:
    """In one transaction: withdraw what this supersedes, make the dispatches, write the hash."""
    try:
        with ledger.write() as connection:
            _supersede(connection, identity, mailing)
            _need_new_persons(connection, identity, mailing)
            _need_not_forgotten(connection, identity, mailing)
            dispatch(connection, mailing, identity.campaign, identity.edition, rehearsal=0)
            digest = manifest(connection, mailing)
            connection.execute(
                update(schema.mailing)
                .where(_M.id == mailing)
                .values(
                    hash=digest,
                    refused=json.dumps([asdict(row) for row in refused], ensure_ascii=False),
                    passed_over=json.dumps(list(passed_over), ensure_ascii=False),
                )
            )
            entry = {
                "at": stamp(now()),
                "mailing": mailing,
                "what": events.FROZEN,
                "why": digest,
                "detail": {"record": record(connection, mailing)},
            }
            events.append(connection, [entry])
    except IntegrityError as error:
        raise AlreadyLiveError(
            f"another mailing of {identity.campaign}, edition {identity.edition}, was signed "
            "off or frozen at the same moment; nothing of this one was kept: prepare again"
        ) from error


def _need_new_persons(connection: Connection, identity: MailingIdentity, mailing: str) -> None:
    """Raise AlreadyLiveError where somebody of this mailing has the edition under another id.

    The database keeps a person's id from having two live letters; this keeps two ids of one
    person from it, in the same transaction.
    """
    others = served.read(connection, identity.campaign, identity.edition, but=mailing)
    if not others.persons():
        return
    for row in connection.execute(select(_L.person, _L.reader).where(_L.mailing == mailing)):
        for key in json.loads(row.reader).get("known_as", {}).get("certain", ()):
            known = others.by_certain.get(key)
            if known and known.served and known.person != row.person:
                raise AlreadyLiveError(
                    f"{row.person} has edition {identity.edition} of {identity.campaign} already, "
                    f"as {known.person} in mailing {known.mailing}; nothing of this one was kept: "
                    "prepare again"
                )


def _supersede(connection: Connection, identity: MailingIdentity, mailing: str) -> None:
    live = (
        select(*transitions.COLUMNS)
        .join(schema.mailing, _M.id == _D.mailing)
        .where(
            _D.campaign == identity.campaign,
            _D.edition == identity.edition,
            _D.rehearsal == 0,
        )
    )
    here = exists().where(_L.mailing == mailing, _L.person == _D.person)
    unsigned = connection.execute(live.where(_D.state == State.READY, ~_APPROVED)).all()
    refused = connection.execute(live.where(_D.state == State.REFUSED, here)).all()
    reasons = (
        *((row, _superseded_by(mailing)) for row in unsigned),
        *((row, f"{WRITTEN_AGAIN}{mailing}") for row in refused),
    )
    transitions.apply(
        connection,
        [
            transitions.Transition(transitions.DispatchRow.read(row), State.WITHDRAWN, why=why)
            for row, why in reasons
        ],
    )


def _need_not_forgotten(connection: Connection, identity: MailingIdentity, mailing: str) -> None:
    """What the index cannot see: a person who had this edition and was forgotten since."""
    had = (
        connection.execute(
            select(_D.person)
            .join(schema.letter, (_L.mailing == _D.mailing) & (_L.ordinal == _D.ordinal))
            .where(
                _D.campaign == identity.campaign,
                _D.edition == identity.edition,
                _D.rehearsal == 0,
                _D.state.not_in((State.WITHDRAWN, State.REFUSED)),
                _L.forgotten.is_not(None),
            )
        )
        .scalars()
        .all()
    )
    if not had:
        return
    known = Persons(connection.execute(select(schema.ledger.c.salt)).scalar_one(), had)
    for person in connection.execute(select(_L.person).where(_L.mailing == mailing)).scalars():
        if person in known:
            raise AlreadyLiveError(
                f"{person} had {identity.campaign}, edition {identity.edition}, before their data "
                "was forgotten; nothing of this mailing was kept: prepare again"
            )


def _row(mailing: str, ordinal: int, letter: FrozenLetter) -> dict[str, object]:
    return {
        "mailing": mailing,
        "ordinal": ordinal,
        **{name: getattr(letter, name) for name in _FROZEN},
        "copies": json.dumps(letter.copies),
        "paper": int(letter.paper),
        "sha256": _sha256(letter.content),
    }


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _chunks(
    letters: Iterable[FrozenLetter | RejectedRow],
) -> Iterator[list[FrozenLetter | RejectedRow]]:
    source = iter(letters)
    while chunk := list(islice(source, _CHUNK)):
        yield chunk
