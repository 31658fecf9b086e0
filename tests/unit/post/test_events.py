"""The chain of events: whatever is changed behind the program's back is found by ``verify``."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, insert, select, update

from flows.post.ledger import events, schema
from flows.post.ledger.database import Ledger
from flows.post.ledger.events import Verdict
from flows.post.ledger.opening import open_ledger
from flows.post.smtp.reply import Reply
from flows.post.states import State
from tests.unit.post.ledger_fixtures import approve, bring, freeze, live, subject, verdict

E, D, A, M = schema.event, schema.dispatch, schema.approval, schema.mailing
TEXTS = [one.name for one in E.columns if one.name not in ("seq", "attempt", "code", "forgotten")]


@pytest.fixture(scope="module")
def whole(blank: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """A ledger with a little history: three fates, and another mailing's sign-off as its last word.

    One for all tests here: each takes back what it did.
    """
    path = tmp_path_factory.mktemp("whole") / "ledger.db"
    shutil.copy(blank, path)
    ledger = open_ledger(f"sqlite:///{path}")
    first = freeze(ledger, ["hague", "warsi", "green"])
    approve(ledger, first)
    approve(ledger, first, by="The Chair, once more")
    hague, warsi, green = live(ledger, first.id)
    bring(ledger, hague, State.SENT, Reply(250, "2.0.0 Ok: queued as 4SXyZv0jXy"))
    bring(ledger, warsi, State.REFUSED, Reply(550, "5.1.1 unknown"))
    bring(ledger, green, State.DEFERRED, Reply(451, "4.7.1 later"))
    approve(ledger, freeze(ledger, ["hague"], subject(edition=2)))
    assert (verdict(ledger).ok, verdict(ledger).events) == (True, len(_numbers(ledger)))
    yield ledger
    assert verdict(ledger).ok
    ledger.close()


def _numbers(ledger: Ledger) -> list[int]:
    with ledger.read() as connection:
        return list(connection.execute(select(E.c.seq).order_by(E.c.seq)).scalars())


class _Undo(Exception):  # noqa: N818 - no error
    pass


@contextmanager
def meddling(ledger: Ledger) -> Iterator[Connection]:
    """Change the ledger for as long as the block; it is as before afterwards."""
    try:
        with ledger.write() as connection:
            yield connection
            raise _Undo
    except _Undo:
        pass


def found(ledger: Ledger, *statements: object) -> Verdict:
    """The verdict on a ledger in which these statements were executed."""
    with meddling(ledger) as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount, statement  # type: ignore[call-overload]
        return events.verify(connection)


def test_an_empty_ledger_is_whole(ledger: Ledger) -> None:
    assert verdict(ledger) == Verdict(True, 0, head=events.BEGINNING)


def test_the_last_hash_is_told_so_that_a_chain_cut_short_is_noticed(whole: Ledger) -> None:
    with whole.read() as connection:
        last = connection.execute(select(E.c.hash).order_by(E.c.seq.desc()).limit(1)).scalar()
    assert verdict(whole).head == last


def test_each_event_holds_the_hash_of_the_one_before(whole: Ledger) -> None:
    with whole.read() as connection:
        rows = connection.execute(select(E).order_by(E.c.seq)).all()
    assert rows[0].previous == events.BEGINNING
    assert [row.previous for row in rows[1:]] == [row.hash for row in rows[:-1]]
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))


@pytest.mark.parametrize("column", TEXTS)
def test_a_changed_word_of_any_event_is_found_at_that_event(whole: Ledger, column: str) -> None:
    for seq in _numbers(whole):
        broken = found(whole, update(E).where(E.c.seq == seq).values({column: "f" * 12}))
        assert not broken.ok
        assert broken.broken_at == seq


@pytest.mark.parametrize("column", ["attempt", "code"])
def test_a_changed_number_of_any_event_is_found_at_that_event(whole: Ledger, column: str) -> None:
    for seq in _numbers(whole):
        broken = found(whole, update(E).where(E.c.seq == seq).values({column: 999}))
        assert broken.broken_at == seq


def test_an_event_taken_out_is_found_wherever_it_stood(whole: Ledger) -> None:
    for seq in _numbers(whole):
        assert not found(whole, delete(E).where(E.c.seq == seq)).ok, seq


def test_an_end_cut_off_is_found_however_much_of_it(whole: Ledger) -> None:
    for seq in _numbers(whole):
        assert not found(whole, delete(E).where(E.c.seq >= seq)).ok, seq


def test_two_events_that_changed_places_are_found(whole: Ledger) -> None:
    last = _numbers(whole)[-1]
    for seq in range(1, last):
        broken = found(
            whole,
            update(E).where(E.c.seq == seq).values(seq=last + 1),
            update(E).where(E.c.seq == seq + 1).values(seq=seq),
            update(E).where(E.c.seq == last + 1).values(seq=seq + 1),
        )
        assert broken.broken_at == seq


def test_a_chain_written_anew_still_has_to_lead_where_the_dispatches_are(whole: Ledger) -> None:
    """Who knows the recipe of the hash and leaves a refusal out is found by the dispatch."""
    with meddling(whole) as connection:
        rows = [dict(row._mapping) for row in connection.execute(select(E).order_by(E.c.seq))]
        connection.execute(delete(E))
        kept = [row for row in rows if row["new"] != "refused"]
        for row in kept:
            del row["seq"], row["previous"], row["hash"]
        events.append(connection, kept)
        broken = events.verify(connection)
    assert not broken.ok
    assert "which no event says" in broken.why


@pytest.mark.parametrize("state", ["ready", "sent", "withdrawn", "uncertain"])
def test_a_dispatch_moved_without_an_event_is_found(whole: Ledger, state: str) -> None:
    broken = found(whole, update(D).where(D.c.state == "refused").values(state=state))
    assert not broken.ok
    assert state in broken.why


def test_a_dispatch_taken_away_or_slipped_in_is_found(whole: Ledger) -> None:
    sent = D.c.state == "sent"
    assert "missing" in found(whole, delete(D).where(sent)).why
    with whole.read() as connection:
        copied = dict(connection.execute(select(D).where(sent)).one()._mapping)
    slipped = found(whole, insert(D).values({**copied, "id": "x:1", "rehearsal": 1}))
    assert "x:1 is sent, which no event says" in slipped.why


@pytest.mark.parametrize(
    "values",
    [
        {"queue_id": "ANOTHER12"},
        {"text": "2.0.0 Ok: queued as ANOTHER12"},
        {"code": 251},
        {"enhanced": "2.1.5"},
        {"attempts": 2},
        {"changed_at": "2013-09-05T09:00:00.000000Z"},
    ],
    ids=lambda values: next(iter(values)),
)
def test_what_the_server_said_cannot_be_reworded_in_the_dispatch(
    whole: Ledger, values: dict[str, object]
) -> None:
    """Status and exports show the dispatch's own columns, so they have to be the events'."""
    broken = found(whole, update(D).where(D.c.state == "sent").values(values))
    assert not broken.ok


@pytest.mark.parametrize("values", [{"by": "Somebody Else"}, {"hash": "f" * 64}, {"at": "x"}])
def test_a_sign_off_cannot_be_reworded(whole: Ledger, values: dict[str, str]) -> None:
    assert not found(whole, update(A).where(A.c.ordinal == 2).values(values)).ok


def test_a_sign_off_taken_away_or_slipped_in_is_found(whole: Ledger) -> None:
    assert not found(whole, delete(A).where(A.c.ordinal == 2)).ok
    with whole.read() as connection:
        copied = dict(connection.execute(select(A).where(A.c.ordinal == 2)).one()._mapping)
    assert not found(whole, insert(A).values({**copied, "ordinal": 3})).ok


def test_a_mailings_hash_cannot_be_replaced(whole: Ledger) -> None:
    assert not found(whole, update(M).values(hash="f" * 64)).ok


@settings(max_examples=100)
@given(data=st.data())
def test_any_value_put_in_any_place_of_the_chain_is_found(
    whole: Ledger, data: st.DataObject
) -> None:
    with whole.read() as connection:
        rows = [row._mapping for row in connection.execute(select(E).order_by(E.c.seq))]
    row = data.draw(st.sampled_from(rows))
    column = data.draw(st.sampled_from([one.name for one in E.columns]))
    values = st.one_of(st.none(), st.integers(-1, 2**31), st.text(max_size=8)).filter(
        lambda value: value != row[column] and str(value) != str(row[column])
    )
    if column in ("seq", "previous", "hash", "at"):
        values = values.filter(lambda value: value is not None)
    if column == "seq":
        values = st.integers(len(rows) + 1, 2**31)
    value = data.draw(values)
    with meddling(whole) as connection:
        # Past the types of the tables: SQLite keeps what it is given.
        connection.exec_driver_sql(
            f'UPDATE event SET "{column}" = ? WHERE seq = ?', (value, row["seq"])
        )
        kept = connection.execute(select(E).where(E.c.seq == row["seq"])).first()
        assume(kept is None or kept._mapping[column] != row[column])  # "01" is kept as 1
        assert not events.verify(connection).ok
