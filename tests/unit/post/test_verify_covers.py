"""No column that an export, a sending or the uniqueness rests on can be changed unseen."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Column, Connection, Integer, Table, select, text, update

from flows.people.contact import RejectedRow
from flows.post import audit
from flows.post.ledger import holds, schema, witness
from flows.post.ledger.database import Ledger
from flows.post.ledger.events import Verdict
from flows.post.ledger.opening import open_ledger
from flows.post.ledger.transitions import Transition, apply
from flows.post.mailing import rehearsal
from flows.post.resolution import find
from flows.post.smtp.reply import Reply
from flows.post.states import State
from tests.unit.post.ledger_fixtures import approve, bring, freeze, letter, live

TABLES = (
    schema.mailing,
    schema.approval,
    schema.letter,
    schema.dispatch,
    schema.event,
    schema.hold,
)
CHANGES = [(table, column) for table in TABLES for column in table.columns]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def whole(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ledger]:
    """A ledger with a row in every table and a value in every column."""
    url = f"sqlite:///{tmp_path_factory.mktemp('whole') / 'ledger.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_server").fresh()
    ledger = open_ledger(url)
    rejected = RejectedRow("contacts/mps.csv", 7, "email", "is no address", {"id": "bad"})
    people = [letter("hague", copies=("clerk@example.org",)), "warsi", "green", "lucas", rejected]
    made = approve(ledger, freeze(ledger, people))
    witness.begin(ledger)
    rehearsal.begin(ledger, made)
    holds.hold(ledger, made.id, by="E. Marchbank", why="wait")
    holds.release(ledger, made.id, by="E. Marchbank", why="go on")
    hague, warsi, green, lucas = live(ledger, made.id)
    bring(ledger, hague, State.SENT, Reply(250, "2.0.0 Ok: queued as 4SXyZv0jXy"))
    bring(ledger, lucas, State.CLAIMED)
    bring(ledger, warsi, State.REFUSED, Reply(550, "5.1.1 unknown"))
    claimed = bring(ledger, green, State.CLAIMED)
    with ledger.write() as connection:
        later = Reply(451, "4.7.1 later")
        due = "2013-09-04T09:05:00.000000Z"
        apply(
            connection, [Transition(claimed, State.DEFERRED, attempt=True, due_at=due, reply=later)]
        )
    holds.hold(ledger, made.id, by="E. Marchbank", why="wait again")
    with ledger.read() as connection:
        assert audit.verify(connection).ok
    yield ledger
    with ledger.read() as connection:
        assert audit.verify(connection).ok
    ledger.close()


class _Undo(Exception):  # noqa: N818 - no error
    pass


def after(ledger: Ledger, *changes: Any) -> Verdict:
    """The verdict on the ledger with these changes, which are taken back."""
    verdict: Verdict | None = None
    try:
        with ledger.write() as connection:
            for change in changes:
                change(connection)
            verdict = audit.verify(connection)
            raise _Undo
    except _Undo:
        assert verdict is not None
        return verdict


@pytest.mark.parametrize(("table", "column"), CHANGES, ids=lambda value: value.name)
def test_a_changed_value_is_found_in_every_row_and_column(
    whole: Ledger, table: Table, column: Column[Any]
) -> None:
    key = list(table.primary_key.columns)
    with whole.read() as connection:
        rows = connection.execute(select(*key, column.label("was"))).all()
    assert rows
    for row in rows:
        where = [one == row._mapping[one.name] for one in key]
        numeric = isinstance(column.type, Integer)
        longest = getattr(column.type, "length", None) or 100
        new: Any = (row.was or 0) + 1000 if numeric else f"{row.was or ''}x"[-longest:]
        if column.name == "content":
            new = row.was + b"x"
        change = update(table).where(*where).values({column.name: new})
        verdict = after(whole, deferred_keys, lambda connection, c=change: connection.execute(c))
        assert not verdict.ok, (table.name, column.name, row)


def deferred_keys(connection: Connection) -> None:
    """Let a change break a foreign key, as somebody with a database's own tools can."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
    else:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")


@pytest.mark.parametrize(
    "statements",
    [
        ["DROP INDEX one_letter_per_person"],
        [
            "DROP INDEX one_letter_per_person",
            "CREATE INDEX one_letter_per_person ON dispatch (campaign, edition, person)",
        ],
        [
            "DROP INDEX one_letter_per_person",
            "CREATE UNIQUE INDEX one_letter_per_person ON dispatch (campaign, edition, person)"
            " WHERE rehearsal = 0 AND state = 'sent'",
        ],
        [
            "DROP INDEX one_letter_per_person",
            "CREATE UNIQUE INDEX one_letter_per_person ON dispatch (campaign, edition, id)"
            " WHERE rehearsal = 0 AND state <> 'withdrawn'",
        ],
    ],
    ids=["gone", "not unique", "another condition", "other columns"],
)
def test_the_index_that_allows_each_person_one_letter_cannot_be_weakened(
    whole: Ledger, statements: list[str]
) -> None:
    verdict = after(
        whole, *(lambda connection, s=one: connection.execute(text(s)) for one in statements)
    )
    assert "index that allows each person one letter" in verdict.why


def test_a_row_of_one_dispatch_cannot_be_given_to_another_letter(whole: Ledger) -> None:
    (first, second, *_) = live(whole)
    numbers = [find(whole, name).ordinal for name in (first, second)]
    change = update(schema.dispatch).where(schema.dispatch.c.id == first)
    verdict = after(whole, lambda c: c.execute(change.values(ordinal=numbers[1])))
    assert not verdict.ok
