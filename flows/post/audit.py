"""Whether the ledger is as the program left it: events, tables, and every letter's bytes."""

import hashlib

from sqlalchemy import Connection, select

from flows.post.inbox import items
from flows.post.ledger import events, schema
from flows.post.ledger.events import Verdict
from flows.post.mailing.mailing import manifest, record

_M, _L, _E = schema.mailing.c, schema.letter.c, schema.event.c


def verify(connection: Connection) -> Verdict:
    """Replay the chain, then hold each letter against its hash, each mailing against its own, and
    each mail that came back against what the chain says of it.

    Where letters were changed, ``broken_at`` is the event that froze them.
    """
    found = events.verify(connection)
    if not found.ok:
        return found
    for mailing in connection.execute(
        select(_M.id).where(_M.hash.is_not(None)).order_by(_M.frozen_at)
    ).scalars():
        if why := _change(connection, mailing):
            frozen = select(_E.seq).where(_E.mailing == mailing, _E.what == events.FROZEN)
            at = connection.execute(frozen).scalar()
            return Verdict(
                False, found.events, at, f"mailing {mailing}: {why} is not what was frozen then"
            )
    if fault := items.check(connection):
        seq, why = fault
        return Verdict(False, found.events, seq or found.events + 1, why)
    return found


def _change(connection: Connection, mailing: str) -> str | None:
    """What of a mailing is not as the log binds it, in words."""
    bound = events.bound(connection, mailing)
    if manifest(connection, mailing) != bound.get("manifest"):
        return "whom its letters go to"
    if record(connection, mailing) != bound.get("record"):
        return "what is shown of its letters, or of the rows left out,"
    letters = connection.execution_options(yield_per=50).execute(
        select(_L.ordinal, _L.sha256, _L.content, _L.forgotten)
        .where(_L.mailing == mailing)
        .order_by(_L.ordinal)
    )
    with letters:
        for row in letters:
            if row.forgotten != bound["forgotten"].get(row.ordinal):
                return f"letter {row.ordinal}"
            whole = hashlib.sha256(row.content).hexdigest() == row.sha256
            if bool(row.content) if row.forgotten else not whole:
                return f"letter {row.ordinal}"
    return None
