"""Opening a ledger: made where there is none, upgraded where older, refused where not one."""

import errno
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from fasteners import InterProcessLock
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from flows.errors import ConfigurationError
from flows.post.ledger import witness
from flows.post.ledger.clock import now
from flows.post.ledger.database import Ledger, parse_url
from flows.post.ledger.errors import LedgerUnavailableError

KNOWN = ("0001", "0002", "0003", "0004", "0005")
"""The migrations in ``migrations/versions``, in order; a test holds the two together."""
REVISION = KNOWN[-1]
_migrating = threading.Lock()  # alembic keeps its state in the module, one for all threads
_MIGRATION_LOCK = 0x44_4D_4D


def open_ledger(
    url: str,
    *,
    upgrade: bool = False,
    allow_fsync_off: bool = False,
    witness_folder: Path | None = None,
) -> Ledger:
    """The ledger at LEDGER_URL, ready to use.

    An SQLite file is made, or copied and upgraded, by itself; an older PostgreSQL ledger only with
    ``upgrade``. ``allow_fsync_off`` accepts a PostgreSQL server that does not flush to its disk;
    ``witness_folder`` is where a witness is kept beside the one at the file (``witness``). Raises
    ConfigurationError (not a ledger, newer than this program, not writable) and
    LedgerUnavailableError.
    """
    ledger = Ledger(parse_url(url), allow_fsync_off=allow_fsync_off, witness_folder=witness_folder)
    try:
        if ledger.sqlite:
            _check_file(ledger.path)
        with ledger.read() as connection:
            revision = _revision(ledger, connection)
        if revision != REVISION:
            _migrate(ledger, upgrade=upgrade)
        if revision is None:
            _note_what_stood_here(ledger)
        witness.follow(ledger)
    except BaseException:
        ledger.close()
        raise
    return ledger


def _note_what_stood_here(ledger: Ledger) -> None:
    """Let whoever prepares letters in a ledger that was just made know that it will send none."""
    try:
        witness.check(ledger)
    except ConfigurationError as error:
        ledger.notes.append(str(error))


def _check_file(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600)  # it will hold letters and addresses
        if path.stat().st_nlink > 1:
            raise ConfigurationError(
                f"LEDGER_URL: {path} has a second name (a hard link, perhaps of a backup program): "
                "SQLite would keep its log under one of them alone and lose letters; "
                f"make it one file: cp {path} {path}.one && mv {path}.one {path}"
            )
        if path.stat().st_size:
            # Another program's database is not even set to WAL.
            with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as raw:
                names = raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
                _need_ours(str(path), {name for (name,) in names})
        # Not by opening it: closing a descriptor of the file would end all locks that SQLite holds
        # on it elsewhere in this process (POSIX), and another process could take the log away.
        if not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    except sqlite3.OperationalError as error:
        raise LedgerUnavailableError(f"the ledger ({path}) cannot be read: {error}") from error
    except sqlite3.DatabaseError as error:
        raise ConfigurationError(
            f"LEDGER_URL: {path} is not a ledger ({error}); name another file"
        ) from error
    except OSError as error:
        raise ConfigurationError(
            f"{error.filename or path}: cannot be written ({error.strerror}); "
            "correct its permissions or set DEAR_MINISTER_VAR or LEDGER_URL"
        ) from error


def _revision(ledger: Ledger, connection: Connection) -> str | None:
    """The ledger's revision, None where nothing is there yet."""
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return None
    _need_ours(ledger.name, tables)
    revision = str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar())
    if revision not in KNOWN:
        raise ConfigurationError(
            f"the ledger {ledger.name} was written by a newer version of this program "
            f"(revision {revision}, this one knows {REVISION}); nothing was changed: "
            "install the newer version"
        )
    return revision


def _need_ours(name: str, tables: set[str]) -> None:
    if tables and not {"alembic_version", "dispatch"} <= tables:
        raise ConfigurationError(
            f"LEDGER_URL: {name} is another program's database; name one of its own"
        )


def _migrate(ledger: Ledger, *, upgrade: bool) -> None:
    with _migrating, _alone(ledger), ledger.engine.connect() as connection:
        revision = _revision(ledger, connection)
        connection.rollback()
        if revision == REVISION:
            return  # another process was first
        if revision and ledger.sqlite:
            _back_up(ledger.path, revision)
        elif revision and not upgrade:
            raise ConfigurationError(
                f"the ledger {ledger.name} is older than this program (revision {revision}); "
                "back it up, then run: dear-minister upgrade-ledger"
            )
        try:
            with connection.execution_options(write=True).begin():
                run_migrations(connection, "head")
        except SQLAlchemyError as error:
            raise LedgerUnavailableError(
                f"the ledger ({ledger.name}) could not be made or upgraded: {ledger.words(error)}"
            ) from ledger.cause(error)


def run_migrations(connection: Connection, revision: str) -> None:
    """Bring the database to this revision, within the caller's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _back_up(path: Path, revision: str) -> None:
    """A whole copy beside the ledger, by SQLite's own online backup."""
    copy = path.with_name(f"{path.name}.{revision}.{now():%Y%m%dT%H%M%S}.bak")
    copy.touch(mode=0o600)
    with sqlite3.connect(path) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    source.close()
    target.close()


@contextmanager
def _alone(ledger: Ledger) -> Iterator[None]:
    """One process at a time makes or upgrades a ledger."""
    if ledger.sqlite:
        with InterProcessLock(ledger.path.with_name(ledger.path.name + ".lock")):
            yield
    else:
        with ledger.engine.connect() as connection:
            connection.exec_driver_sql(f"SELECT pg_advisory_lock({_MIGRATION_LOCK})")
            try:
                yield
            finally:
                connection.exec_driver_sql(f"SELECT pg_advisory_unlock({_MIGRATION_LOCK})")
