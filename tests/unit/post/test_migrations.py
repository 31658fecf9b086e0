"""A ledger of the first version, with every state in it, is upgraded with every row kept.

``data/ledger_0001.sql`` was dumped from a ledger that the first version made: three mailings, a
rehearsal, a dispatch in each state, two that a person settled, one that was posted, runs that
ended and that were killed.
"""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import MetaData, create_engine, insert, select, text

from flows.post import audit
from flows.post.ledger import campaign_runs, opening
from flows.post.ledger.database import Ledger
from flows.post.ledger.opening import open_ledger
from flows.post.mailing import mailing as mailings
from flows.post.states import State
from tests.servers.postgres import Postgres

DUMP = Path(__file__).parent / "data" / "ledger_0001.sql"
FIRST = "dialogue-1-564e7a11"
THIRD = "dialogue-2-"
TABLES = ("mailing", "approval", "letter", "dispatch", "event", "throttle")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A ledger file of the first version."""
    path = tmp_path / "ledger.db"
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA journal_mode=WAL")
        raw.executescript(DUMP.read_text())
    raw.close()
    return path


@pytest.fixture
def old_postgres(old: Path, postgres_server: Postgres) -> str:
    """The same rows in a PostgreSQL ledger of the first version."""
    url = postgres_server.fresh()
    engine = create_engine(url)
    with engine.begin() as connection:
        opening.run_migrations(connection, "0001")
    tables = MetaData()
    tables.reflect(engine)
    with sqlite3.connect(old) as raw, engine.begin() as connection:
        raw.row_factory = sqlite3.Row
        for name in TABLES:
            rows = [dict(row) for row in raw.execute(f"SELECT * FROM {name}")]
            connection.execute(insert(tables.tables[name]), rows)
    raw.close()
    engine.dispose()
    return url


def rows(read: Callable[[str], list[tuple[object, ...]]]) -> dict[str, list[tuple[object, ...]]]:
    """Every row of the first version's tables, by their columns then."""
    with sqlite3.connect(":memory:") as raw:
        raw.executescript(DUMP.read_text())
        columns = {
            table: [f'"{row[1]}"' for row in raw.execute(f"PRAGMA table_info({table})")]
            for table in TABLES
        }
    raw.close()
    return {
        table: sorted(read(f"SELECT {', '.join(columns[table])} FROM {table}"), key=repr)
        for table in TABLES
    }


def stored(ledger: Ledger) -> dict[str, list[tuple[object, ...]]]:
    with ledger.read() as connection:
        return rows(lambda query: [tuple(row) for row in connection.execute(text(query))])


@pytest.fixture(params=["sqlite", "postgresql"])
def upgraded(request: pytest.FixtureRequest) -> Iterator[Ledger]:
    if request.param == "sqlite":
        url = f"sqlite:///{request.getfixturevalue('old')}"
    else:
        url = request.getfixturevalue("old_postgres")
    ledger = open_ledger(url, upgrade=True)
    yield ledger
    ledger.close()


def test_every_state_is_in_the_older_ledger(old: Path) -> None:
    with sqlite3.connect(old) as raw:
        states = {row[0] for row in raw.execute("SELECT state FROM dispatch")}
        moved = {row[0] for row in raw.execute("SELECT new FROM event")}
    raw.close()
    assert states | moved >= {state.value for state in State}


def test_every_row_is_kept_as_it_was(upgraded: Ledger) -> None:
    with sqlite3.connect(":memory:") as raw:
        raw.executescript(DUMP.read_text())
        before = rows(lambda query: raw.execute(query).fetchall())
    raw.close()
    after = stored(upgraded)
    for table in TABLES:
        if table == "event":  # an upgrade may add events of its own at the end
            assert after[table][: len(before[table])] or before[table] == []
            assert set(map(repr, before[table])) <= set(map(repr, after[table]))
        else:
            assert after[table] == before[table], table


def test_the_chain_still_verifies(upgraded: Ledger) -> None:
    with upgraded.read() as connection:
        verdict = audit.verify(connection)
    assert verdict.ok, verdict


def test_runs_are_read_into_their_table(upgraded: Ledger) -> None:
    ended = campaign_runs.last(upgraded, "dialogue", 1)
    assert ended is not None
    assert (ended.run, bool(ended.ended_at)) == ("run-ended", True)
    killed = campaign_runs.last(upgraded, "dialogue", 2)
    assert killed is not None
    assert (killed.run, killed.ended_at) == ("run-killed", None)
    assert not campaign_runs.running(upgraded, killed)
    assert campaign_runs.mailing_of(upgraded, "run-ended") == FIRST
    third = campaign_runs.mailing_of(upgraded, "run-killed")
    assert third is not None
    assert third.startswith(THIRD)
    assert campaign_runs.limited(upgraded, FIRST)
    assert not campaign_runs.limited(upgraded, third)
    with campaign_runs.run_lock(upgraded, "dialogue", 2, "run-next", lambda run: False):
        pass
    assert campaign_runs.last(upgraded, "dialogue", 2) != killed


def test_an_sqlite_ledger_is_copied_before_it_is_upgraded(old: Path) -> None:
    with sqlite3.connect(old) as raw:
        before = list(raw.iterdump())
    raw.close()
    open_ledger(f"sqlite:///{old}").close()
    (copy,) = old.parent.glob("ledger.db.0001.*.bak")
    with sqlite3.connect(copy) as raw:
        assert list(raw.iterdump()) == before
    raw.close()


def test_what_was_left_to_do_is_still_done(upgraded: Ledger) -> None:
    from flows.post.ledger.workers import recover

    assert {row.state for row in recover(upgraded)} == {State.READY, State.UNCERTAIN}
    assert mailings.get(upgraded, FIRST).approved_by == "The Chair"
    with upgraded.read() as connection:
        assert audit.verify(connection).ok
        assert (
            connection.execute(select(text("count(*)")).select_from(text("letter"))).scalar() == 13
        )
