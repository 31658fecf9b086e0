"""Opening a ledger: made where there is none, upgraded with a copy kept, refused where not one."""

import shutil
import sqlite3
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from flows.errors import ConfigurationError, DearMinisterError
from flows.post.ledger import opening, schema
from flows.post.ledger.database import Ledger, parse_url
from flows.post.ledger.errors import LedgerUnavailableError
from flows.post.ledger.opening import open_ledger
from tests.unit.post.ledger_fixtures import freeze, live, verdict

MIGRATIONS = Path(opening.__file__).parent / "migrations"
NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{now}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("mailing", sa.Column("motto", sa.Text(), nullable=True))
"""


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def private(path: Path) -> bool:
    return not stat.S_IMODE(path.stat().st_mode) & 0o077


def test_a_ledger_is_made_where_there_is_none_folder_and_all(tmp_path: Path) -> None:
    path = tmp_path / "var" / "deep" / "ledger.db"
    with_it = open_ledger(url(path))
    assert verdict(with_it).ok
    with_it.close()
    assert path.is_file()


def test_nobody_else_on_the_machine_can_read_a_ledger(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    opened = open_ledger(url(path))
    freeze(opened, ["hague"])
    assert {"ledger.db", "ledger.db-wal"} <= {one.name for one in tmp_path.iterdir()}
    assert all(
        private(one) for one in tmp_path.glob("ledger.db*") if one.is_file() and one.stat().st_size
    )
    opened.close()


def test_an_empty_file_becomes_a_ledger(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").touch()
    opened = open_ledger(url(tmp_path / "ledger.db"))
    assert verdict(opened).ok
    opened.close()


def test_a_ledger_opened_again_has_everything_and_is_not_copied(tmp_path: Path) -> None:
    first = open_ledger(url(tmp_path / "ledger.db"))
    made = freeze(first, ["hague", "warsi"])
    first.close()
    second = open_ledger(url(tmp_path / "ledger.db"))
    assert len(live(second, made.id)) == 2
    second.close()
    assert list(tmp_path.glob("*.bak")) == []


def test_the_tables_are_those_that_the_migrations_make(ledger: Ledger) -> None:
    with ledger.read() as connection:
        looked = inspect(connection)
        for table in schema.metadata.tables.values():
            columns = {one["name"]: one for one in looked.get_columns(table.name)}
            assert list(columns) == [one.name for one in table.columns]
            for one in table.columns:
                assert columns[one.name]["nullable"] == one.nullable, one
                assert str(columns[one.name]["type"]) == str(one.type), one
            keys = looked.get_pk_constraint(table.name)["constrained_columns"]
            assert keys == [one.name for one in table.primary_key.columns]


def test_the_newest_revision_is_the_one_the_program_knows() -> None:
    scripts = ScriptDirectory(str(MIGRATIONS))
    assert scripts.get_heads() == [opening.REVISION]
    assert {one.revision for one in scripts.walk_revisions()} == set(opening.KNOWN)


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Make this program one revision newer, with a migration of its own."""

    def come() -> None:
        folder = tmp_path / "newer"
        shutil.copytree(MIGRATIONS, folder / "migrations")
        text = NEXT.format(now=opening.REVISION)
        (folder / "migrations" / "versions" / "9999_next.py").write_text(text)
        monkeypatch.setattr(opening, "__file__", str(folder / "opening.py"))
        monkeypatch.setattr(opening, "KNOWN", (*opening.KNOWN, "9999"))
        monkeypatch.setattr(opening, "REVISION", "9999")

    return come


def columns(path: Path) -> list[str]:
    with sqlite3.connect(path) as raw:
        return [row[1] for row in raw.execute("PRAGMA table_info(mailing)")]


def test_an_older_ledger_is_upgraded_where_it_stands_after_a_copy_was_kept(
    tmp_path: Path, next_version: Callable[[], None]
) -> None:
    path = tmp_path / "ledger.db"
    before = open_ledger(url(path))
    made = freeze(before, ["hague", "warsi"])
    before.close()
    old = opening.REVISION
    next_version()
    after = open_ledger(url(path))
    assert "motto" in columns(path)
    assert len(live(after, made.id)) == 2
    assert verdict(after).ok
    after.close()
    (copy,) = tmp_path.glob("ledger.db*.bak")
    assert "motto" not in columns(copy)
    assert old in copy.name
    with sqlite3.connect(copy) as raw:
        assert raw.execute("SELECT count(*) FROM letter").fetchone() == (2,)
    assert private(copy)
    open_ledger(url(path)).close()
    assert list(tmp_path.glob("ledger.db*.bak")) == [copy]


def test_two_who_open_an_older_ledger_at_once_upgrade_it_once(
    tmp_path: Path, next_version: Callable[[], None]
) -> None:
    path = tmp_path / "ledger.db"
    open_ledger(url(path)).close()
    next_version()
    with ThreadPoolExecutor(4) as pool:
        for opened in list(pool.map(lambda _: open_ledger(url(path)), range(4))):
            opened.close()
    assert columns(path).count("motto") == 1
    assert len(list(tmp_path.glob("ledger.db*.bak"))) == 1


def test_a_ledger_of_a_newer_program_is_refused_and_left_as_it_is(
    tmp_path: Path, next_version: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger.db"
    with monkeypatch.context() as _:
        next_version()
        open_ledger(url(path)).close()
    monkeypatch.undo()
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match=r"newer version .*9999.*nothing was changed"):
        open_ledger(url(path))
    assert path.read_bytes() == before


@pytest.mark.parametrize("table", ["cookies", "alembic_version"])
def test_another_programs_database_is_refused_and_left_as_it_is(tmp_path: Path, table: str) -> None:
    path = tmp_path / "theirs.db"
    with sqlite3.connect(path) as raw:
        raw.execute(f"CREATE TABLE {table} (version_num TEXT)")
        raw.execute(f"INSERT INTO {table} VALUES ('0001')")
    raw.close()
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match=r"LEDGER_URL: .*theirs\.db is another program's"):
        open_ledger(url(path))
    assert path.read_bytes() == before
    with sqlite3.connect(path) as raw:
        assert [row[0] for row in raw.execute("SELECT name FROM sqlite_master")] == [table]


@pytest.mark.parametrize(
    "content", [b"id,name\nhague,William Hague\n" * 100, b"SQLite format 3\x00" + b"\xff" * 5000]
)
def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "contacts.csv"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"LEDGER_URL: .*is not a ledger"):
        open_ledger(url(path))
    assert path.read_bytes() == content


def test_a_folder_is_no_ledger(tmp_path: Path) -> None:
    with pytest.raises(DearMinisterError, match=str(tmp_path)):
        open_ledger(url(tmp_path))


def test_where_a_folder_cannot_be_made_the_path_and_the_setting_are_told(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file in place of the folder")
    with pytest.raises(ConfigurationError, match=r"/var: cannot be written .*DEAR_MINISTER_VAR"):
        open_ledger(url(tmp_path / "var" / "ledger.db"))


def test_a_ledger_cut_in_two_is_told_and_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    opened = open_ledger(url(path))
    freeze(opened, [f"reader{number}" for number in range(50)])
    opened.close()
    half = path.read_bytes()[: path.stat().st_size // 2]
    path.write_bytes(half)
    with pytest.raises((ConfigurationError, LedgerUnavailableError), match=r"ledger\.db"):
        verdict(open_ledger(url(path)))
    assert path.read_bytes()[:4096] == half[:4096]


@pytest.mark.parametrize(
    "address",
    [
        "var/ledger.db",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite+aiosqlite:///ledger.db",
        "sqlite+pysqlcipher:///ledger.db",
        "postgresql://user@host/name",
        "postgresql+asyncpg://user@host/name",
        "postgresql+psycopg://user:hidden@host:port/name",
        "mysql://user:hidden@host/name",
        "nothing+such:///x",
        "   ",
    ],
)
def test_an_address_that_is_no_ledgers_is_told_with_two_that_are(address: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        parse_url(address)
    assert str(told.value).startswith("LEDGER_URL: ")
    assert "sqlite:///var/ledger.db or postgresql+psycopg://" in str(told.value)
    assert "hidden" not in str(told.value)


def test_a_password_in_the_address_is_never_shown() -> None:
    named = Ledger(parse_url("postgresql+psycopg://user:hidden@db.example.org/name")).name
    assert "hidden" not in named
    assert "db.example.org" in named


def test_a_disk_that_is_full_when_a_ledger_is_made_is_told_in_one_line() -> None:
    with pytest.raises(LedgerUnavailableError) as told:
        open_ledger("sqlite:////dev/full")
    assert "full" in str(told.value)
    assert "make room" in str(told.value)
    assert len(str(told.value).splitlines()) == 1
