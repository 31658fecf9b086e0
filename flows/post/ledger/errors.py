"""What can go wrong with the ledger; the text is the line the user reads."""

from flows.errors import DearMinisterError


class LedgerUnavailableError(DearMinisterError):
    """The ledger cannot be read or written now: locked, full, gone. Nothing further is sent."""


class WitnessUnwritableError(LedgerUnavailableError):
    """A witness cannot be written. What was being written to the ledger is committed."""


class LostHoldError(DearMinisterError):
    """A dispatch no longer has the state, or the worker, that a transition names."""


class AlreadyLiveError(DearMinisterError):
    """Another mailing of the campaign and edition holds one of these persons."""
