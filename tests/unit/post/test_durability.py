"""A transaction that has ended is on the disk; a database that does not wait for it is refused."""

import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, make_url

from flows.errors import ConfigurationError
from flows.post.ledger.database import Ledger, parse_url
from flows.post.ledger.errors import LedgerUnavailableError
from flows.post.ledger.opening import open_ledger
from tests.servers.postgres import Postgres


@pytest.fixture
def postgres_url(postgres_server: Postgres) -> str:
    return postgres_server.fresh()


def test_every_connection_that_writes_waits_for_the_disk(ledger: Ledger) -> None:
    with ledger.write() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    with ledger.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


@pytest.mark.parametrize("pragma", ["synchronous=OFF", "synchronous=NORMAL", "journal_mode=MEMORY"])
def test_an_sqlite_that_would_not_wait_is_refused_before_it_is_written(
    ledger: Ledger, pragma: str
) -> None:
    """The program reads back what it has set: here its setting has had no effect."""
    path = ledger.path
    ledger.close()
    careless = Ledger(parse_url(f"sqlite:///{path}"))

    class Connection(sqlite3.Connection):
        def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
            name = pragma.partition("=")[0]
            overruled = statement.startswith(f"PRAGMA {name}=")
            return super().execute(f"PRAGMA {pragma}" if overruled else statement, *values)

    event.listen(
        careless.engine,
        "do_connect",
        lambda dialect, record, arguments, given: sqlite3.connect(path, factory=Connection),
    )
    with pytest.raises(ConfigurationError, match="keeps no commit safe"), careless.write():
        pass


def test_a_postgresql_session_commits_to_the_disk_whatever_its_role_is_set_to(
    postgres_server: Postgres, postgres_url: str
) -> None:
    name = make_url(postgres_url).database
    with psycopg.connect(postgres_server.dsn("postgres"), autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    with closing(open_ledger(postgres_url)) as ledger, ledger.write() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"


@contextmanager
def fsync_off(server: Postgres) -> Iterator[None]:
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET fsync = off")
        admin.execute("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            admin.execute("ALTER SYSTEM RESET fsync")
            admin.execute("SELECT pg_reload_conf()")


def test_a_server_with_fsync_off_is_refused_or_said_in_every_run(
    postgres_server: Postgres, postgres_url: str
) -> None:
    with fsync_off(postgres_server):
        with pytest.raises(ConfigurationError, match="LEDGER_ALLOW_FSYNC_OFF=true"):
            open_ledger(postgres_url)
        with closing(open_ledger(postgres_url, allow_fsync_off=True)) as ledger:
            (note,) = ledger.notes
    assert "after a power cut a letter could be sent twice" in note


@contextmanager
def pooler(folder: str) -> Iterator[int]:
    """A relay to the server that, as PgBouncer does, has a cancel key of its own for clients."""
    listener = socket.create_server(("127.0.0.1", 0))

    def relay() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(f"{folder}/.s.PGSQL.5432")
            for there, back, changes in ((client, server, False), (server, client, True)):
                threading.Thread(target=copy, args=(there, back, changes), daemon=True).start()

    def copy(there: socket.socket, back: socket.socket, changes: bool) -> None:
        with suppress(OSError):  # the other way was closed
            while octets := there.recv(65536):
                if changes and (at := octets.find(b"K\x00\x00\x00\x0c")) >= 0:
                    octets = octets[: at + 5] + b"\x7f\x00\x00\x01" + octets[at + 9 :]
                    changes = False
                back.sendall(octets)
        back.close()

    threading.Thread(target=relay, daemon=True).start()
    with listener:
        yield listener.getsockname()[1]


def test_a_connection_pooler_is_refused_since_its_sessions_are_not_the_servers(
    postgres_server: Postgres, postgres_url: str
) -> None:
    name = make_url(postgres_url).database
    with pooler(postgres_server.socket_folder) as port:
        url = f"postgresql+psycopg://postgres@127.0.0.1:{port}/{name}?sslmode=disable"
        with pytest.raises(ConfigurationError, match=r"connection pooler .*name the server itself"):
            open_ledger(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://chair:pa%24s%20word@127.0.0.1:1/ledger",
        "postgresql+psycopg://chair@127.0.0.1:1/ledger?password=pa%24s%20word",
        "postgresql+psycopg://chair@127.0.0.1:1/ledger?sslpassword=pa%24s%20word&connect_timeout=1",
    ],
)
def test_no_password_of_the_ledgers_address_stands_in_a_name_or_an_error(url: str) -> None:
    ledger = Ledger(parse_url(url))
    with pytest.raises(LedgerUnavailableError) as told, ledger.read():
        pass
    chain = [str(told.value), repr(told.value.__cause__), ledger.name]
    for text in chain:
        assert "pa$s word" not in text
        assert "pa%24s" not in text
        assert "pa%24s+word" not in text
    assert "127.0.0.1:1/ledger" in str(told.value)


def test_a_password_in_the_drivers_own_words_is_taken_out() -> None:
    ledger = Ledger(parse_url("postgresql+psycopg://chair:hidden@127.0.0.1/ledger"))
    error = psycopg.OperationalError("could not use password=hidden with hidden")
    assert "hidden" not in ledger.words(error)
    assert ledger.cause(error) is None


def test_links_to_a_ledger_lead_to_one_ledger(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    open_ledger(f"sqlite:///{path}").close()
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "another.db"
    link.symlink_to(path)
    with closing(open_ledger(f"sqlite:///{link}")) as ledger:
        assert ledger.path == path
        assert ledger.name == str(link)


def test_a_ledger_with_two_names_is_refused_with_the_commands_that_mend_it(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    open_ledger(f"sqlite:///{path}").close()
    (tmp_path / "backup.db").hardlink_to(path)
    for name in ("ledger.db", "backup.db"):
        with pytest.raises(ConfigurationError, match=r"has a second name .*mv "):
            open_ledger(f"sqlite:///{tmp_path / name}")


@pytest.mark.parametrize("pragma", ["fullfsync", "foreign_keys", "secure_delete"])
def test_every_connection_keeps_what_sqlite_does_not_do_by_itself(
    tmp_path: Path, pragma: str
) -> None:
    with (
        closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")) as ledger,
        ledger.read() as connection,
    ):
        assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == 1
