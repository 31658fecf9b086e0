"""The database that knows what became of every dispatch: opening it, reading it, writing it.

SQLite (WAL, synchronous=FULL, BEGIN IMMEDIATE) or PostgreSQL; a transaction that has ended is on
the disk. Every writer goes through ``write``, one at a time, so that events form one chain.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from flows.errors import ConfigurationError
from flows.post.ledger.errors import LedgerUnavailableError

BUSY_SECONDS = 10
"""How long a writer waits for another process's transaction before it gives up."""
_CHAIN_LOCK = 0x44_4D_4C  # the key of PostgreSQL's advisory lock on the chain of events


class Ledger:
    """An open ledger, shared by threads. Made by ``open_ledger``."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.sqlite = url.get_backend_name() == "sqlite"
        self.engine = _engine(url)
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
        return str(self.path) if self.sqlite else self.url.render_as_string(hide_password=True)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one moment of the ledger. Raises LedgerUnavailableError."""
        with self._translated(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is durable when the block ends. Raises LedgerUnavailableError."""
        with self._writing, self._translated():
            if self._writer is None:
                self._writer = self.engine.connect().execution_options(write=True)
            try:
                with self._writer.begin():
                    if not self.sqlite:
                        statement = f"SELECT pg_advisory_xact_lock({_CHAIN_LOCK})"
                        self._writer.exec_driver_sql(statement)
                    yield self._writer
            except BaseException:
                self._drop_writer()  # whatever went wrong may have been the connection
                raise

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
        try:
            yield
        except (SQLAlchemyError, self.engine.dialect.loaded_dbapi.Error) as error:
            if _about_the_data(error):
                raise
            raise LedgerUnavailableError(
                f"the ledger ({self.name}) cannot be used: {words(error)}"
            ) from error


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


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        waits = f"-c lock_timeout={BUSY_SECONDS}s"
        return create_engine(
            url,
            pool_size=5,
            max_overflow=60,
            connect_args={"connect_timeout": BUSY_SECONDS, "options": waits},
        )
    engine = create_engine(
        url, pool_size=5, max_overflow=60, connect_args={"timeout": BUSY_SECONDS}
    )

    @event.listens_for(engine, "connect")
    def _on_connect(raw, _record):  # type: ignore[no-untyped-def]
        raw.isolation_level = None  # sqlite3 begins no transactions of its own
        raw.execute("PRAGMA journal_mode=WAL")
        raw.execute("PRAGMA synchronous=FULL")
        raw.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("write")
        raw = connection.connection.dbapi_connection
        assert raw is not None
        raw.cursor().execute("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _about_the_data(error: Exception) -> bool:
    """Whether a statement was wrong (a unique index, say), not the database out of reach."""
    return type(error).__name__ in ("IntegrityError", "ProgrammingError", "DataError")


def words(error: Exception) -> str:
    """What the database's error means for whoever reads it, on one line."""
    cause = getattr(error, "orig", None) or error
    words = " ".join(str(cause).split())
    if "locked" in words or "lock timeout" in words:
        return f"another program holds it locked ({words}); close that program and start again"
    if "full" in words:
        return f"the disk is full ({words}); make room and start again"
    if "readonly" in words or "unable to open" in words:
        return f"{words}; check the folder's and the file's permissions"
    return words[:300]
