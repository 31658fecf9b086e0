"""A ledger that has forgotten what its witnesses saw sends nothing until a person recovers it."""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from flows.errors import ConfigurationError
from flows.post import audit
from flows.post.ledger import events, holds, schema, witness, witness_file
from flows.post.ledger.database import Ledger, parse_url
from flows.post.ledger.errors import LedgerUnavailableError
from flows.post.ledger.opening import open_ledger
from flows.post.ledger.witness import BehindWitnessError
from flows.post.mailing.mailing import every
from flows.post.resolution import withdraw
from flows.post.states import State
from tests.unit.post.ledger_fixtures import approve, bring, freeze, live, subject

WHO = {"by": "E. Marchbank", "why": "the disk was replaced"}


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """A ledger with a signed-off mailing and a witness in a folder outside."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_server").fresh()
    opened = open_ledger(url, witness_folder=tmp_path / "outside")
    approve(opened, freeze(opened, ["hague", "warsi"]))
    yield opened
    opened.close()


@pytest.fixture
def file_ledger(blank: Path, tmp_path: Path) -> Iterator[Ledger]:
    """An SQLite ledger of its own folder, with the witness beside it alone."""
    (tmp_path / "var").mkdir()
    shutil.copy(blank, tmp_path / "var" / "ledger.db")
    opened = open_ledger(f"sqlite:///{tmp_path / 'var' / 'ledger.db'}")
    approve(opened, freeze(opened, ["hague", "warsi"]))
    yield opened
    opened.close()


def send_one(ledger: Ledger) -> None:
    """What a live sending does to the ledger and its witnesses."""
    witness.begin(ledger)
    ready = next(name for name, state in live(ledger).items() if state == State.READY)
    bring(ledger, ready, State.SENT)
    witness.leave(ledger)


def reopened(path: Path) -> Ledger:
    return open_ledger(f"sqlite:///{path}")


def test_a_ledger_that_goes_on_agrees_with_its_witnesses(ledger: Ledger) -> None:
    assert witness.differences(ledger) == ()
    send_one(ledger)
    send_one(ledger)
    assert witness.differences(ledger) == ()
    for path in witness.files(ledger):
        seen = witness_file.read(path)
        with ledger.read() as connection:
            assert seen == witness.head(connection)
            assert audit.verify(connection).ok


def test_events_cut_off_and_hashed_anew_are_noticed(ledger: Ledger) -> None:
    send_one(ledger)
    send_one(ledger)
    cut(ledger, 4)
    with pytest.raises(BehindWitnessError, match=r"was restored from a backup, or cut short"):
        witness.check(ledger)


def test_a_chain_of_the_same_length_written_anew_is_noticed(ledger: Ledger) -> None:
    send_one(ledger)
    with ledger.write() as connection:
        last = dict(
            connection.execute(select(schema.event).order_by(schema.event.c.seq.desc()))
            .first()
            ._mapping  # type: ignore[union-attr]
        )
        connection.execute(delete(schema.event).where(schema.event.c.seq == last["seq"]))
        events.append(connection, [{"at": last["at"], "what": "something else"}])
    with pytest.raises(BehindWitnessError, match="is not the one that was written"):
        witness.check(ledger)


def cut(ledger: Ledger, number: int) -> None:
    """Cut the last events off, and make the tables agree with what is left."""
    with ledger.write() as connection:
        last = connection.execute(select(schema.event.c.seq)).scalars().all()[-1]
        connection.execute(delete(schema.event).where(schema.event.c.seq > last - number))
        connection.execute(update(schema.dispatch).values(state=State.READY))


def test_a_restored_backup_is_noticed(file_ledger: Ledger, tmp_path: Path) -> None:
    send_one(file_ledger)
    path = file_ledger.path
    file_ledger.close()
    shutil.copy(path, tmp_path / "backup.db")
    again = reopened(path)
    send_one(again)
    again.close()
    shutil.copy(tmp_path / "backup.db", path)
    with closing(reopened(path)) as restored, pytest.raises(BehindWitnessError, match="restored"):
        witness.begin(restored)


def test_a_ledger_begun_anew_where_another_stood_is_noticed(file_ledger: Ledger) -> None:
    send_one(file_ledger)
    path = file_ledger.path
    file_ledger.close()
    path.unlink()
    with closing(reopened(path)) as new, pytest.raises(BehindWitnessError, match="another ledger"):
        witness.begin(new)


def anew(ledger: Ledger) -> Ledger:
    """A ledger that was just made where this one was: its folder is lost, all but the witnesses
    kept outside, or the server's database was dropped."""
    url, folder = ledger.url.render_as_string(hide_password=False), ledger.witness_folder
    if not ledger.sqlite:
        with ledger.write() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
    ledger.close()
    if ledger.sqlite:
        ledger.path.unlink()
        for name in ("ledger.db-wal", "ledger.db-shm", "ledger.db.witness"):
            ledger.path.with_name(name).unlink(missing_ok=True)
    return open_ledger(url, witness_folder=folder)


def test_a_new_ledger_in_the_place_of_a_lost_one_sends_nothing(ledger: Ledger) -> None:
    send_one(ledger)
    with closing(anew(ledger)) as new:
        assert any("another ledger stood here" in note for note in new.notes)
        approve(new, freeze(new, ["hague", "warsi"]))
        with pytest.raises(
            BehindWitnessError, match=r"outside.*another ledger stood here.*recover"
        ):
            witness.begin(new)


def lose(ledger: Ledger, aside: Path, shared: Path) -> Ledger:
    """Put the folder of a ledger that has sent a letter aside; the new ledger in its place."""
    ledger.witness_folder = shared
    send_one(ledger)
    ledger.close()
    ledger.path.parent.rename(aside)
    return open_ledger(f"sqlite:///{ledger.path}", witness_folder=shared)


def restore(new: Ledger, aside: Path) -> Ledger:
    """The ledger that was put aside, in its place again."""
    new.close()
    shutil.rmtree(new.path.parent)
    aside.rename(new.path.parent)
    return open_ledger(f"sqlite:///{new.path}", witness_folder=new.witness_folder)


def test_a_hold_in_a_new_ledger_is_not_in_the_way_of_the_lost_one_that_is_restored(
    file_ledger: Ledger, tmp_path: Path
) -> None:
    new = lose(file_ledger, tmp_path / "aside", tmp_path / "shared")
    mailing = approve(new, freeze(new, ["hague", "warsi"]))
    holds.hold(new, mailing.id, **WHO)
    with closing(restore(new, tmp_path / "aside")) as restored:
        witness.begin(restored)


def test_of_a_lost_ledger_and_the_one_recovered_in_its_place_the_lost_one_stops(
    file_ledger: Ledger, tmp_path: Path
) -> None:
    new = lose(file_ledger, tmp_path / "aside", tmp_path / "shared")
    witness.recovered(new, **WHO)
    witness.begin(new)
    restored = restore(new, tmp_path / "aside")
    with closing(restored), pytest.raises(BehindWitnessError, match="another ledger stood here"):
        witness.begin(restored)


def test_ledgers_of_several_places_share_a_folder_of_witnesses(
    ledger: Ledger, blank: Path, tmp_path: Path
) -> None:
    send_one(ledger)
    (tmp_path / "elsewhere").mkdir()
    other = open_ledger(
        f"sqlite:///{tmp_path / 'elsewhere' / 'ledger.db'}", witness_folder=ledger.witness_folder
    )
    with closing(other):
        assert other.notes == []
        witness.begin(other)
    witness.begin(ledger)


def test_a_place_is_the_same_however_its_address_is_written() -> None:
    urls = [
        "postgresql+psycopg:///office?host=/var/run/postgresql",
        "postgresql+psycopg://writer:secret@localhost/office",
        "postgresql+psycopg://127.0.0.1:5432/office",
    ]
    assert {Ledger(parse_url(url)).place for url in urls} == {"postgresql://localhost:5432/office"}


def test_a_witness_that_does_not_say_of_which_ledger_counts_against_a_new_one_alone(
    ledger: Ledger, tmp_path: Path
) -> None:
    """Earlier versions left it so."""
    send_one(ledger)
    kept = witness.files(ledger)[-1]
    old = {key: value for key, value in json.loads(kept.read_text()).items() if key != "ledger"}
    stranger = kept.with_name(f"{'f' * 32}.witness")
    stranger.write_text(json.dumps(old | {"identity": "f" * 32}))
    witness.begin(ledger)
    (tmp_path / "elsewhere").mkdir()
    other = open_ledger(
        f"sqlite:///{tmp_path / 'elsewhere' / 'ledger.db'}", witness_folder=kept.parent
    )
    with closing(other):
        with pytest.raises(BehindWitnessError, match="LEDGER_WITNESS here to a folder of its own"):
            witness.begin(other)
        witness.recovered(other, **WHO)
        witness.begin(other)
    assert witness_file.read(stranger) == witness_file.Head("f" * 32, *_rest(old))


def _rest(given: dict[str, object]) -> tuple[int, int, str]:
    return int(str(given["generation"])), int(str(given["events"])), str(given["hash"])


def test_a_ledger_that_was_moved_leaves_its_old_place_to_another(
    file_ledger: Ledger, tmp_path: Path
) -> None:
    shared, path = tmp_path / "shared", file_ledger.path
    file_ledger.witness_folder = shared
    send_one(file_ledger)
    file_ledger.close()
    path.parent.rename(tmp_path / "moved")
    moved = open_ledger(f"sqlite:///{tmp_path / 'moved' / 'ledger.db'}", witness_folder=shared)
    with closing(moved):
        witness.begin(moved)
    path.parent.mkdir()
    with closing(open_ledger(f"sqlite:///{path}", witness_folder=shared)) as new:
        witness.begin(new)


def test_a_copy_that_left_its_witness_behind_is_noticed(
    file_ledger: Ledger, tmp_path: Path
) -> None:
    send_one(file_ledger)
    path = file_ledger.path
    file_ledger.close()
    (tmp_path / "elsewhere").mkdir()
    shutil.copy(path, tmp_path / "elsewhere" / "ledger.db")
    with (
        closing(reopened(tmp_path / "elsewhere" / "ledger.db")) as copy,
        pytest.raises(BehindWitnessError, match="there is no witness, though"),
    ):
        witness.begin(copy)


def test_of_two_copies_the_one_that_was_not_recovered_stops(
    file_ledger: Ledger, tmp_path: Path
) -> None:
    """Both keep a witness in one folder, as two machines of an office do."""
    send_one(file_ledger)
    path = file_ledger.path
    file_ledger.close()
    shutil.copytree(path.parent, tmp_path / "copy")
    shared = tmp_path / "shared"
    ours = open_ledger(f"sqlite:///{path}", witness_folder=shared)
    theirs = open_ledger(f"sqlite:///{tmp_path / 'copy' / 'ledger.db'}", witness_folder=shared)
    send_one(ours)
    with pytest.raises(BehindWitnessError, match="restored"):
        witness.begin(theirs)
    witness.recovered(theirs, **WHO)
    witness.begin(theirs)
    with pytest.raises(BehindWitnessError, match=r"generation 1 .* generation 2 is in use"):
        witness.begin(ours)
    ours.close()
    theirs.close()


def test_a_recovery_begins_a_generation_that_verifies(ledger: Ledger) -> None:
    send_one(ledger)
    send_one(ledger)
    cut(ledger, 4)
    after = witness.recovered(ledger, **WHO)
    assert after.generation == 2
    assert witness.differences(ledger) == ()
    with ledger.write() as connection:
        connection.execute(update(schema.ledger).values(generation=3))
    with ledger.read() as connection:
        assert "identity" in events.verify(connection).why or not events.verify(connection).ok


def test_a_later_head_is_not_overwritten_by_an_earlier_one(ledger: Ledger) -> None:
    witness.begin(ledger)
    with ledger.read() as connection:
        before = witness.head(connection)
    send_one(ledger)
    path = witness.files(ledger)[-1]
    after = witness_file.read(path)
    witness_file.write(path, before, ledger.place)
    assert witness_file.read(path) == after != before


def test_a_witness_that_cannot_be_written_stops_the_sending(blank: Path, tmp_path: Path) -> None:
    shutil.copy(blank, tmp_path / "ledger.db")
    (tmp_path / "outside").write_text("a file in place of the folder")
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}", witness_folder=tmp_path / "outside")
    with (
        closing(ledger),
        pytest.raises((LedgerUnavailableError, ConfigurationError), match=r"outside.*"),
    ):
        witness.begin(ledger)


@pytest.mark.parametrize(
    "text", ["", "{", "{}", "one two", "a b c d", "\x00" * 100, '{"events": []}']
)
def test_a_file_that_is_no_witness_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "kept"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="kept: is not a ledger's witness"):
        witness_file.read(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.execute(update(schema.ledger).values(identity="f" * 32)),
        lambda c: c.execute(update(schema.ledger).values(generation=7)),
        lambda c: c.execute(delete(schema.ledger)),
    ],
    ids=["identity", "generation", "gone"],
)
def test_an_identity_that_was_changed_is_found_by_verify(
    ledger: Ledger, change: Callable[[object], object]
) -> None:
    send_one(ledger)
    with ledger.write() as connection:
        change(connection)
    with ledger.read() as connection:
        assert "identity is not the one" in events.verify(connection).why


def test_the_witness_follows_every_commit_from_the_first_live_sending_on(ledger: Ledger) -> None:
    """So that a backup of any moment is behind it, also one from the middle of a sending."""
    freeze(ledger, ["clegg"], subject("before"))
    assert not any(path.exists() for path in witness.files(ledger))
    witness.begin(ledger)
    freeze(ledger, ["clegg"], subject("after"))
    ready = next(name for name, state in live(ledger).items() if state == State.READY)
    bring(ledger, ready, State.HANDING_OVER)
    with ledger.read() as connection:
        ours = witness.head(connection)
    assert [witness_file.read(path) for path in witness.files(ledger)] == [ours] * len(
        witness.files(ledger)
    )


def test_a_restored_ledger_that_goes_on_with_other_things_does_not_make_its_witness_forget(
    ledger: Ledger,
) -> None:
    send_one(ledger)
    send_one(ledger)
    seen = [witness_file.read(path) for path in witness.files(ledger)]
    cut(ledger, 4)
    again = open_ledger(
        ledger.url.render_as_string(hide_password=False), witness_folder=ledger.witness_folder
    )
    with closing(again):
        for number in range(8):  # more events than were lost
            freeze(again, ["clegg"], subject(f"later{number}"))
        assert [witness_file.read(path) for path in witness.files(again)] == seen
        with pytest.raises(BehindWitnessError):
            witness.check(again)


@pytest.mark.parametrize("stop", ["hold", "withdraw"])
def test_a_backup_from_before_a_stop_does_not_undo_it(
    file_ledger: Ledger, tmp_path: Path, stop: str
) -> None:
    """Though nothing was ever sent."""
    path = file_ledger.path
    (mailing,) = [found.id for found in every(file_ledger)]
    with closing(sqlite3.connect(path)) as source:
        source.execute("VACUUM INTO ?", (str(tmp_path / "backup.db"),))
    if stop == "hold":
        holds.hold(file_ledger, mailing, **WHO)
    else:
        withdraw(file_ledger, mailing, **WHO)
    file_ledger.close()
    for name in ("ledger.db-wal", "ledger.db-shm"):
        path.with_name(name).unlink(missing_ok=True)
    shutil.copy(tmp_path / "backup.db", path)
    with closing(reopened(path)) as restored, pytest.raises(BehindWitnessError, match="restored"):
        witness.begin(restored)
