"""The database that knows what became of every dispatch: reading it, writing it.

SQLite (WAL, synchronous=FULL, BEGIN IMMEDIATE) or PostgreSQL (synchronous_commit=on, fsync on); a
transaction that has ended is on the disk, and each connection is asked whether that is so. Every
writer goes through ``write``, one at a time, so that events form one chain.
"""

import functools
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, NoSuchModuleError, SQLAlchemyError

from flows.errors import ConfigurationError
from flows.post.ledger.errors import LedgerUnavailableError

BUSY_SECONDS = 10
"""How long a writer waits for another process's transaction before it gives up."""
NEW_HEAD = "new head"
"""Where a transaction's connection carries number and hash of the last event it added."""
_POSTGRES_PORT = 5432
_FULL = 2  # PRAGMA synchronous as SQLite numbers it
_CHAIN_LOCK = 0x44_4D_4C  # the key of PostgreSQL's advisory lock on the chain of events


class Ledger:
    """An open ledger, shared by threads. Made by ``open_ledger``."""

    def __init__(
        self, url: URL, *, allow_fsync_off: bool = False, witness_folder: Path | None = None
    ) -> None:
        self.sqlite = url.get_backend_name() == "sqlite"
        self._shown = _without_secrets(url)
        self._secrets = _secrets(url)
        # One file is one ledger, whatever links lead to it: locks and witnesses lie beside it.
        self.url = url.set(database=str(Path(url.database or "").resolve())) if self.sqlite else url
        self.witness_folder = witness_folder
        self.notes: list[str] = []
        """What every run has to say of this database."""
        self.engine = _engine(self.url, functools.partial(self._need_durable, allow_fsync_off))
        # Without, each statement of a PostgreSQL transaction sees what was committed until then.
        self._reading = (
            self.engine
            if self.sqlite
            else self.engine.execution_options(isolation_level="REPEATABLE READ")
        )
        self.on_events: Callable[[int, str], None] = lambda number, digest: None
        """Called after each commit that added events, with number and hash of the last one."""
        self._writing = threading.Lock()
        self._writer: Connection | None = None

    @property
    def path(self) -> Path:
        """The SQLite file. Raises ValueError for a server's ledger."""
        if not self.sqlite or not self.url.database:
            raise ValueError("only an SQLite ledger has a path")
        return Path(self.url.database)

    @property
    def name(self) -> str:
        """The ledger as messages name it, without a password."""
        return self._shown

    @property
    def place(self) -> str:
        """Where the ledger is, the same for every user and spelling of the address."""
        if self.sqlite:
            return str(self.path)
        host = str(self.url.host or self.url.query.get("host") or "")
        here = host.startswith("/") or host in ("", "localhost", "127.0.0.1", "::1")
        port = self.url.port or self.url.query.get("port") or _POSTGRES_PORT
        return f"postgresql://{'localhost' if here else host.lower()}:{port}/{self.url.database}"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one moment of the ledger. Raises LedgerUnavailableError."""
        with self._translated(), self._reading.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is durable when the block ends, and that the witnesses know of.

        Raises LedgerUnavailableError.
        """
        with self._writing, self._translated():
            writer = self._writer = self._writer or self.engine.connect()
            try:
                self._begin(writer)
                writer.info.pop(NEW_HEAD, None)
                yield writer
                new_head = writer.info.pop(NEW_HEAD, None)
                if writer.in_transaction():
                    writer.commit()
                else:  # SQLAlchemy was not asked for anything
                    _raw(writer).commit()
            except BaseException:
                self._drop_writer()  # whatever went wrong may have been the connection
                raise
            if new_head:
                self.on_events(*new_head)

    def _begin(self, writer: Connection) -> None:
        if self.sqlite:
            # As ``statements``: a transaction of SQLAlchemy's takes three times as long.
            _raw(writer).execute("BEGIN IMMEDIATE")
        else:
            writer.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_CHAIN_LOCK})")

    def compact(self) -> None:
        """Give up the space of what was deleted, so that it cannot be read from the file.

        PostgreSQL does so by itself in time (autovacuum). Raises LedgerUnavailableError.
        """
        if not self.sqlite:
            return
        with self._writing, self._translated():
            self._drop_writer()
            with self.engine.connect() as connection:
                cursor = _raw(connection).cursor()
                cursor.execute("VACUUM")
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def check_writable(self) -> None:
        """Raise LedgerUnavailableError where no transaction can be begun."""
        with self.write():
            pass

    def _drop_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            with suppress(SQLAlchemyError, self.engine.dialect.loaded_dbapi.Error):
                writer.close()

    def close(self) -> None:
        """Close every connection."""
        with self._writing:
            self._drop_writer()
        self.engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        # ``statements`` calls the driver itself, so its errors arrive as they are.
        driver = self.engine.dialect.loaded_dbapi
        try:
            yield
        except driver.IntegrityError as error:
            raise IntegrityError(None, None, error) from error
        except (SQLAlchemyError, driver.Error) as error:
            if _about_the_data(error):
                raise
            raise LedgerUnavailableError(
                f"the ledger ({self.name}) cannot be used: {self.words(error)}"
            ) from self.cause(error)

    def words(self, error: Exception) -> str:
        """What the database's error means for whoever reads it: one line, no password."""
        text = _words(error)
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def cause(self, error: Exception) -> Exception | None:
        """The error as a cause to raise from; None where a password stands in it."""
        return None if any(secret in str(error) for secret in self._secrets) else error

    def _need_durable(self, allow_fsync_off: bool, raw: Any) -> None:
        """Ask a new connection whether what it commits is on the disk. Raises
        ConfigurationError."""
        if self.sqlite:
            _need_flushes(raw)
            return
        pid, commit, fsync, standby = _postgres_facts(raw)
        if pid != raw.info.backend_pid:
            raise ConfigurationError(
                f"LEDGER_URL: {self.name} is a connection pooler (PgBouncer or the like), which "
                "cannot keep the locks that say who sends what; name the server itself"
            )
        if standby:
            raise ConfigurationError(
                f"LEDGER_URL: {self.name} is a standby, which cannot be written; name the primary"
            )
        if commit not in ("on", "remote_apply"):
            raise ConfigurationError(
                f"LEDGER_URL: {self.name} commits with synchronous_commit={commit}: a letter that "
                "is sent could be forgotten; let this role set synchronous_commit=on"
            )
        if fsync != "on":
            if not allow_fsync_off:
                raise ConfigurationError(
                    f"LEDGER_URL: {self.name} runs with fsync={fsync}: after a power cut a letter "
                    "could be sent twice; set fsync=on there, or accept it with "
                    "LEDGER_ALLOW_FSYNC_OFF=true"
                )
            note = (
                f"the ledger's server runs with fsync={fsync}, accepted by "
                "LEDGER_ALLOW_FSYNC_OFF: after a power cut a letter could be sent twice"
            )
            if note not in self.notes:
                self.notes.append(note)


def parse_url(url: str) -> URL:
    """The ledger's address (LEDGER_URL). Raises ConfigurationError."""
    hint = "use sqlite:///var/ledger.db or postgresql+psycopg://user@host/name"
    try:
        made = make_url(url)
        made.get_dialect()
    except (ArgumentError, NoSuchModuleError, ValueError) as error:  # ValueError: its port
        raise ConfigurationError(f"LEDGER_URL: not a database address; {hint}") from error
    if made.drivername in ("sqlite", "sqlite+pysqlite"):
        if not made.database or made.database == ":memory:":
            raise ConfigurationError(f"LEDGER_URL: the ledger has to be a file; {hint}")
    elif made.drivername != "postgresql+psycopg":
        raise ConfigurationError(f"LEDGER_URL: {made.drivername} is not supported; {hint}")
    return made


def _engine(url: URL, need_durable: Callable[[Any], None]) -> Engine:
    sqlite = url.get_backend_name() == "sqlite"
    options = f"-c lock_timeout={BUSY_SECONDS}s -c synchronous_commit=on"
    engine = create_engine(
        url,
        pool_size=5,
        max_overflow=60,
        hide_parameters=True,  # letters and addresses are no part of an error
        connect_args={"timeout": BUSY_SECONDS}
        if sqlite
        else {"connect_timeout": BUSY_SECONDS, "options": options},
    )

    @event.listens_for(engine, "connect")
    def _on_connect(raw, _record):  # type: ignore[no-untyped-def]
        if sqlite:
            raw.isolation_level = None  # sqlite3 begins no transactions of its own
            _write_ahead(raw)
            raw.execute("PRAGMA synchronous=FULL")
            raw.execute("PRAGMA fullfsync=ON")  # macOS: past the drive's own cache
            raw.execute("PRAGMA foreign_keys=ON")
            raw.execute("PRAGMA secure_delete=ON")  # what is forgotten is overwritten
        need_durable(raw)

    if not sqlite:
        return engine

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        raw = _raw(connection)
        if not raw.in_transaction:  # ``Ledger.write`` has begun one
            write = connection.get_execution_options().get("write")
            raw.execute("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _write_ahead(raw: sqlite3.Connection) -> None:
    """Wait for others who make the same change of a new file: SQLite itself does not."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            raw.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(0.01)


def _raw(connection: Connection) -> Any:
    """The driver's own connection."""
    return connection.connection.dbapi_connection


def _about_the_data(error: Exception) -> bool:
    """Whether a statement was wrong (a unique index, say), not the database out of reach."""
    return type(error).__name__ in ("IntegrityError", "ProgrammingError", "DataError")


def _need_flushes(raw: Any) -> None:
    """Read the pragmas back. Raises ConfigurationError where a commit is not on the disk."""
    (synchronous,) = raw.execute("PRAGMA synchronous").fetchone()
    (journal,) = raw.execute("PRAGMA journal_mode").fetchone()
    if synchronous < _FULL or journal in ("memory", "off"):
        raise ConfigurationError(
            f"this SQLite keeps no commit safe (synchronous={synchronous}, journal_mode={journal}):"
            " a letter could be sent twice after a power cut; put the ledger on another disk"
        )


def _postgres_facts(raw: Any) -> tuple[int, str, str, bool]:
    """The server's process, synchronous_commit, fsync, and whether it is a standby."""
    with raw.cursor() as cursor:
        cursor.execute(
            "SELECT pg_backend_pid(), current_setting('synchronous_commit'), "
            "current_setting('fsync'), pg_is_in_recovery()"
        )
        facts: tuple[int, str, str, bool] = cursor.fetchone()
    raw.rollback()
    return facts


def _without_secrets(url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    host = url.host or url.query.get("host", "")
    port = f":{url.port}" if url.port else ""
    user = f"{url.username}@" if url.username else ""
    return f"postgresql+psycopg://{user}{host}{port}/{url.database or ''}"


def _secrets(url: URL) -> tuple[str, ...]:
    """The passwords of an address, as typed and as a URL writes them."""
    given = [url.password, *(url.query.get(name) for name in ("password", "sslpassword"))]
    plain = [str(secret) for secret in given if secret]
    return tuple({*plain, *map(quote, plain), *map(quote_plus, plain)})


def _words(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    words = " ".join(str(cause).split())
    if "locked" in words or "lock timeout" in words:
        return f"another program holds it locked ({words}); close that program and start again"
    if "full" in words:
        return f"the disk is full ({words}); make room and start again"
    if "readonly" in words or "unable to open" in words:
        return f"{words}; check the folder's and the file's permissions"
    if "unsupported startup parameter" in words:
        return f"{words}; this is a connection pooler: name the database server itself"
    return words[:300]
