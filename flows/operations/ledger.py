"""The ledger that the settings name."""

from flows.post.ledger import opening
from flows.post.ledger.database import Ledger
from flows.settings import Settings


def open_ledger(settings: Settings, *, upgrade: bool = False) -> Ledger:
    """The ledger of these settings, ready to use; an older PostgreSQL one only with ``upgrade``.

    Raises ConfigurationError, LedgerUnavailableError.
    """
    return opening.open_ledger(
        settings.ledger,
        upgrade=upgrade,
        allow_fsync_off=settings.ledger_allow_fsync_off,
        witness_folder=settings.witness_folder,
    )
