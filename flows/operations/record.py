"""Who did what that leaves no other trace in the ledger: looked, checked, wrote a file."""

from flows.post.ledger import events
from flows.post.ledger.clock import now, stamp
from flows.post.ledger.database import Ledger
from flows.post.resolution import named

_LONGEST = 300


def record(ledger: Ledger, what: str, *, by: str, why: str, mailing: str = "") -> None:
    """Append an event to the chain: ``by`` did ``what``. Raises ConfigurationError: no name."""
    name, told = named(by, " ".join(why.split())[:_LONGEST])
    entry = {"at": stamp(now()), "mailing": mailing or None, "what": what, "by": name, "why": told}
    with ledger.write() as connection:
        events.append(connection, [entry])
