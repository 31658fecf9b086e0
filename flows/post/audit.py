"""Whether the ledger is as the program left it: the chain of events, and every letter's bytes."""

import hashlib

from sqlalchemy import Connection, select

from flows.post.inbox import items
from flows.post.ledger import events, schema
from flows.post.ledger.events import Verdict
from flows.post.mailing.mailing import manifest

_M, _L = schema.mailing.c, schema.letter.c


def verify(connection: Connection) -> Verdict:
    """Replay the chain, then hold each letter against its hash, each mailing against its own, and
    each mail that came back against what the chain says of it.

    Where letters were changed, ``broken_at`` is the event that froze them.
    """
    found = events.verify(connection)
    if not found.ok:
        return found
    for mailing, digest in connection.execute(
        select(_M.id, _M.hash).where(_M.hash.is_not(None)).order_by(_M.frozen_at)
    ).all():
        why = None if manifest(connection, mailing) == digest else "whom its letters go to"
        if changed := _changed(connection, mailing):
            why = f"letter {changed}"
        if why:
            event = schema.event.c
            frozen = select(event.seq).where(event.mailing == mailing, event.what == events.FROZEN)
            at = connection.execute(frozen).scalar()
            return Verdict(
                False, found.events, at, f"mailing {mailing}: {why} is not what was frozen then"
            )
    if fault := items.check(connection):
        at, why = fault
        return Verdict(False, found.events, at or found.events + 1, why)
    return found


def _changed(connection: Connection, mailing: str) -> int | None:
    """The number of the first letter whose bytes do not have their hash."""
    letters = connection.execution_options(yield_per=50).execute(
        select(_L.ordinal, _L.sha256, _L.content).where(_L.mailing == mailing).order_by(_L.ordinal)
    )
    with letters:
        for row in letters:
            if hashlib.sha256(row.content).hexdigest() != row.sha256:
                return int(row.ordinal)
    return None
