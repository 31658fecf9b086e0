"""Sign-off: what is signed off is a hash, and only those bytes are sent live."""

import hashlib
import json
from collections.abc import Callable, Mapping

from sqlalchemy import ColumnElement, Connection, exists, func, insert, select

from flows.errors import ConfigurationError
from flows.post.ledger import events, schema
from flows.post.ledger.clock import now, parse, stamp
from flows.post.ledger.database import Ledger
from flows.post.mailing.mailing import Mailing, get, manifest
from flows.post.mailing.paper import POSTED
from flows.post.states import State

SHORTEST = 8
"""Hex digits of the hash that a person has to give at least."""

_D, _L, _E = schema.dispatch.c, schema.letter.c, schema.event.c
_GONE = (
    (_D.state == State.HANDING_OVER)
    | exists().where(_E.dispatch == _D.id, _E.new.in_((State.SENT, State.UNCERTAIN)))
    | POSTED
)
"""SQL: the letter has left the office, or may have, whatever became of it since."""


def approve(
    ledger: Ledger, mailing: str, *, by: str, digest: str, sources: Mapping[str, str]
) -> Mailing:
    """Record that ``by`` signed off the bytes with this hash (its first eight digits do).

    ``sources`` are the files as they are now: a later edit is told apart from one that the chair
    knew of. A later sign-off takes the place of an earlier one while no letter has left; then the
    name stands under which they went. Raises ConfigurationError: no name, another hash, superseded,
    bytes changed, letters gone under an earlier sign-off.
    """
    found = get(ledger, mailing)
    name = " ".join(by.split())
    if not name or not name.isprintable():
        raise ConfigurationError("sign-off needs the name of the person who gives it (--by NAME)")
    given = digest.strip().lower()
    if len(given) < SHORTEST or not found.hash.startswith(given):
        raise ConfigurationError(
            f"{given[:64] or 'blank'} is not the hash of mailing {mailing}: nothing was signed "
            "off; read its letters (review or rehearsal), then give its hash, eight digits at least"
        )
    _need_bytes(ledger, found)
    with ledger.write() as connection:
        # In here, lest it be superseded, or its first letter leave, as it is signed off.
        _need_live(connection, found)
        _need_none_gone(connection, found)
        before = connection.execute(
            select(func.count()).where(schema.approval.c.mailing == mailing)
        ).scalar_one()
        at, written = stamp(now()), json.dumps(dict(sources))
        connection.execute(
            insert(schema.approval).values(
                mailing=mailing,
                ordinal=before + 1,
                at=at,
                by=name,
                hash=found.hash,
                sources=written,
            )
        )
        events.append(
            connection,
            [
                {
                    "at": at,
                    "mailing": mailing,
                    "what": events.SIGNED_OFF,
                    "by": name,
                    "why": found.hash,
                    "detail": {"sources": hashlib.sha256(written.encode()).hexdigest()},
                }
            ],
        )
    return get(ledger, mailing)


def _need_live(connection: Connection, mailing: Mailing) -> None:
    live = connection.execute(
        select(func.count()).where(
            _D.mailing == mailing.id, _D.rehearsal == 0, _D.state != State.WITHDRAWN
        )
    ).scalar_one()
    if not live:
        raise ConfigurationError(
            f"mailing {mailing.id} was withdrawn or superseded by a later one; "
            "see: dear-minister status"
        )


def _need_none_gone(connection: Connection, mailing: Mailing) -> None:
    """No letter left under an earlier sign-off. Without one (a restored ledger may have lost it)
    the first is taken, whatever has left."""
    earlier = connection.execute(
        select(schema.approval)
        .where(schema.approval.c.mailing == mailing.id)
        .order_by(schema.approval.c.ordinal.desc())
    ).first()
    if earlier is None or not _any(connection, mailing, _GONE):
        return
    raise ConfigurationError(
        f"mailing {mailing.id} was signed off by {earlier.by} on "
        f"{parse(earlier.at):%d %B %Y at %H:%M} UTC, and letters have gone since: that sign-off "
        "stands, nothing was changed; what is left goes as it was frozen: "
        f"dear-minister send {mailing.id} --live"
    )


def need_signed_off(
    ledger: Ledger, mailing: Mailing, current: Callable[[], Mapping[str, str]]
) -> list[str]:
    """Refuse to let out, by mail or on paper, what was not signed off, or is not what was.

    ``current`` returns the campaign's and the contact lists' files as they are now, with their
    SHA-256. An edit after the sign-off refuses the first letter; once letters have left, by mail or
    post, the rest go as they were frozen and the edits are returned. Raises ConfigurationError.
    """
    if mailing.approved_sources is None:
        raise ConfigurationError(
            f"mailing {mailing.id} is not signed off; when the chair agrees: {mailing.sign_off}"
        )
    with ledger.read() as connection:
        _need_live(connection, mailing)
    _need_bytes(ledger, mailing)
    edits = changed(mailing.approved_sources, current())
    if edits and not _begun(ledger, mailing):
        raise ConfigurationError(
            f"mailing {mailing.id}: hash differs: {', '.join(edits)} since it was signed off; "
            "prepare a new mailing, or have this one signed off again as it was frozen: "
            f"{mailing.sign_off}"
        )
    return edits


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """What has changed from one set of files to another, in words."""
    lines = []
    for path in sorted({*before, *after}):
        if path not in after:
            lines.append(f"{path} is gone")
        elif path not in before:
            lines.append(f"{path} is new")
        elif before[path] != after[path]:
            lines.append(f"{path} was edited")
    return lines


def _begun(ledger: Ledger, mailing: Mailing) -> bool:
    # All that stands in the way of another sign-off is in here, lest an edit wait for one in vain.
    attempted = _D.first_attempt_at.is_not(None) | (_D.attempts > 0)
    with ledger.read() as connection:
        return _any(connection, mailing, attempted | _GONE)


def _any(connection: Connection, mailing: Mailing, condition: ColumnElement[bool]) -> bool:
    ours = select(_D.id).where(_D.mailing == mailing.id, _D.rehearsal == 0, condition)
    return connection.execute(ours.limit(1)).first() is not None


def _need_bytes(ledger: Ledger, mailing: Mailing) -> None:
    """The letters' bytes still have their hashes, these the mailing's, and that is the chair's."""
    with ledger.read() as connection:
        signed_off = mailing.approved_hash or mailing.hash
        bound = events.bound(connection, mailing.id)
        whole = mailing.hash == signed_off and (
            manifest(connection, mailing.id) == bound.get("manifest")
        )
        begun = _begun(ledger, mailing)
        letters = connection.execution_options(yield_per=50).execute(
            select(_L.ordinal, _L.sha256, _L.content).where(_L.mailing == mailing.id)
        )
        # Once letters have left, each one's bytes are checked as it goes.
        broken = (
            whole
            and not begun
            and [
                row.ordinal
                for row in letters
                if row.ordinal not in bound["forgotten"]
                and hashlib.sha256(row.content).hexdigest() != row.sha256
            ]
        )
    if not whole or broken:
        raise ConfigurationError(
            f"mailing {mailing.id}: hash differs: its letters in the ledger are not the bytes that "
            "were frozen; nothing was sent: find out who changed the ledger, then prepare anew"
        )
