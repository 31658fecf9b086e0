"""The ledger that the settings name."""

from flows import private_files
from flows.errors import ConfigurationError
from flows.post.ledger import opening
from flows.post.ledger.database import Ledger
from flows.settings import Settings


def open_ledger(settings: Settings, *, upgrade: bool = False) -> Ledger:
    """The ledger of these settings, ready to use; an older PostgreSQL one only with ``upgrade``.

    From here on what this process writes is its owner's alone, and so is the runtime folder. Raises
    ConfigurationError, LedgerUnavailableError.
    """
    private_files.begin()
    try:
        private_files.keep(settings.var)
    except OSError as error:
        raise ConfigurationError(
            f"{error.filename or settings.var}: cannot be written ({error.strerror}); "
            "correct its permissions or set DEAR_MINISTER_VAR or LEDGER_URL"
        ) from error
    return opening.open_ledger(
        settings.ledger,
        upgrade=upgrade,
        allow_fsync_off=settings.ledger_allow_fsync_off,
        witness_folder=settings.witness_folder,
    )
