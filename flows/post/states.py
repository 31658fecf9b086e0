"""The states of a dispatch, the transitions between them, and what is known to be true in each.

This module is the crash contract in one place: the ledger writes no transition that is not listed
here, and each is a conditional UPDATE that names the state it leaves (``ledger.transitions``).
"""

from enum import StrEnum


class State(StrEnum):
    """Where one letter to one person stands."""

    READY = "ready"
    """Frozen; claimable once the mailing is signed off; nobody is sending it."""
    CLAIMED = "claimed"
    """One worker holds it; nothing irrevocable has been said to a server."""
    HANDING_OVER = "handing_over"
    """Committed before the final dot is written; from here the server may have it."""
    SENT = "sent"
    """The server answered 2xx to the dot, or a person says that it went (resolve, posted)."""
    DEFERRED = "deferred"
    """A temporary no (4xx, connection lost before the dot); due again at a stated time."""
    REFUSED = "refused"
    """A permanent no (5xx, or five days of temporary ones); kept with the server's words."""
    UNCERTAIN = "uncertain"
    """The answer to the dot never came. Only a person settles it, with a name and a reason."""
    WITHDRAWN = "withdrawn"
    """Cancelled by the operator, superseded by a new mailing, or suppressed by the reader."""


TRANSITIONS: dict[State, frozenset[State]] = {
    State.READY: frozenset(
        {
            State.CLAIMED,  # a worker takes it
            State.SENT,  # a person says that the paper was posted, or recovery found the mail
            State.UNCERTAIN,  # recovery of a ledger that may have forgotten its sending
            State.WITHDRAWN,
        }
    ),
    State.CLAIMED: frozenset(
        {
            State.READY,  # handed back, or its worker died
            State.HANDING_OVER,
            State.DEFERRED,  # a temporary no before the dot
            State.REFUSED,  # a permanent no before the dot
            State.WITHDRAWN,  # suppressed at the moment of sending
        }
    ),
    State.HANDING_OVER: frozenset(
        {
            State.SENT,
            State.DEFERRED,  # 4xx to the dot
            State.REFUSED,  # 5xx to the dot
            State.UNCERTAIN,  # no answer, no sense in the answer, or the worker died
            State.READY,  # 5xx to the dot that is about the account: the server has nothing
        }
    ),
    State.DEFERRED: frozenset(
        {
            State.CLAIMED,
            State.SENT,  # as above
            State.UNCERTAIN,  # as above
            State.WITHDRAWN,
        }
    ),
    State.UNCERTAIN: frozenset(
        {
            State.SENT,  # resolve --as sent
            State.READY,  # resolve --as resend
        }
    ),
    State.REFUSED: frozenset(
        {
            State.READY,  # resolve --refused --as resend
            State.WITHDRAWN,  # by a person, or by a later mailing that has the reader again
        }
    ),
    State.SENT: frozenset(
        {State.WITHDRAWN}  # a server or the post returned it, and a person says to write again
    ),
    State.WITHDRAWN: frozenset(),
}

UNFINISHED = (State.READY, State.CLAIMED, State.HANDING_OVER, State.DEFERRED)
"""States that a sending still has to bring to an end."""

HELD = (State.CLAIMED, State.HANDING_OVER)
"""States that belong to a living worker."""

SETTLED_BY_A_PERSON = (State.UNCERTAIN, State.REFUSED)
"""States that the program itself never leaves for another attempt."""

TO_SEE_TO = (*SETTLED_BY_A_PERSON, State.DEFERRED)
"""States that somebody should know of, the most pressing first."""

RECOVERED = {State.CLAIMED: State.READY, State.HANDING_OVER: State.UNCERTAIN}
"""What becomes of a dead worker's dispatches."""


def check(old: State, new: State) -> None:
    """Raise ValueError where the table above has no such pair: a defect of the caller."""
    if new not in TRANSITIONS[old]:
        raise ValueError(f"a dispatch cannot go from {old} to {new}")
