"""A witness that stays open between two writes is still the file that others see at its path."""

import multiprocessing
import os
import threading
from collections.abc import Iterator
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from fasteners import InterProcessLock

from flows.post.ledger import witness_file
from flows.post.ledger.errors import WitnessUnwritableError
from flows.post.ledger.witness_file import Head, Seen, look, read, write

HERE = "/office/ledger.db"
SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """A witness that this process has open."""
    made = tmp_path / "folder" / "ledger.db.witness"
    write(made, head(1), HERE)
    yield made
    with witness_file._writing:
        for kept in [kept for kept in witness_file._open if kept.is_relative_to(tmp_path)]:
            witness_file._open.pop(kept).close()


def head(events: int, generation: int = 1, identity: str = "a" * 32) -> Head:
    return Head(identity, generation, events, f"{events:064}")


def test_a_witness_that_was_removed_is_made_again(path: Path) -> None:
    path.unlink()
    write(path, head(2), HERE, flush=False)
    assert read(path) == head(2)


def test_whoever_looks_while_a_witness_is_begun_sees_none_or_a_whole_one(tmp_path: Path) -> None:
    """A sender that began at the moment in which another made the file found an empty one."""
    places = [tmp_path / f"{number}.witness" for number in range(300)]
    made = threading.Event()

    def begin() -> None:
        for place in places:
            write(place, head(1), HERE)
        made.set()

    writer = threading.Thread(target=begin)
    writer.start()
    seen = set()
    while not made.is_set():
        seen |= {read(place) for place in places}
    writer.join()
    assert seen <= {None, head(1)}
    assert {read(place) for place in places} == {head(1)}
    assert not [*tmp_path.glob("*.new")]


def test_a_witness_whose_folder_went_is_made_again(path: Path) -> None:
    path.parent.rename(path.parent.with_name("away"))
    write(path, head(2), HERE, flush=False)
    assert read(path) == head(2)


def test_a_witness_that_another_file_has_replaced_is_the_one_that_is_written(path: Path) -> None:
    write(path, head(2), HERE, flush=False)
    path.rename(path.with_name("moved"))
    path.with_name("older").write_text(f"{'a' * 32} 1 1 {1:064}\n")
    path.with_name("older").rename(path)
    write(path, head(3), HERE, flush=False)
    assert read(path) == head(3)
    assert read(path.with_name("moved")) == head(2)


def test_a_later_head_that_replaced_the_open_witness_stays(path: Path) -> None:
    path.with_name("later").write_text(f"{'a' * 32} 1 9 {9:064}\n")
    path.with_name("later").rename(path)
    write(path, head(3), HERE, flush=False)
    assert read(path) == head(9)


def test_a_later_head_that_was_written_into_the_open_witness_stays(path: Path) -> None:
    path.write_text(f"{'a' * 32} 1 9 {9:064}\n")
    write(path, head(3), HERE, flush=False)
    assert read(path) == head(9)
    write(path, head(10), HERE, flush=False)
    assert read(path) == head(10)


def test_what_is_no_witness_is_written_over_as_is_another_ledgers(path: Path) -> None:
    path.write_text("a page of something else")
    write(path, head(2), HERE, flush=False)
    assert read(path) == head(2)
    write(path, head(1, identity="b" * 32), HERE, flush=False)
    assert read(path) == head(1, identity="b" * 32)


def test_a_witness_of_a_ledger_that_was_moved_says_its_new_place(path: Path) -> None:
    write(path, head(1), "/elsewhere/ledger.db", flush=False)
    assert look(path) == Seen(head(1), "/elsewhere/ledger.db")
    path.write_text(f"{'a' * 32} 1 9 {9:064}\n")
    write(path, head(3), HERE, flush=False)
    assert read(path) == head(9)


def test_a_person_may_set_it_back(path: Path) -> None:
    write(path, head(9), HERE, flush=False)
    write(path, head(4, generation=2), HERE, anew=True)
    assert read(path) == head(4, generation=2)
    write(path, head(10), HERE, flush=False)
    assert read(path) == head(4, generation=2)


def test_a_witness_that_cannot_be_made_again_stops_the_sending(path: Path) -> None:
    path.unlink()
    path.mkdir()
    with pytest.raises(WitnessUnwritableError, match=r"ledger\.db\.witness.*nothing further"):
        write(path, head(2), HERE, flush=False)


def test_a_lock_that_was_replaced_is_waited_for(path: Path) -> None:
    """Another process holds the new lock, while this one has the old one open."""
    lock = path.with_name(f"{path.name}.lock")
    lock.unlink()
    here, there = SPAWN.Pipe()
    holder = SPAWN.Process(target=_hold, args=(lock, there))
    holder.start()
    assert here.recv() == "held"
    writing = threading.Thread(target=write, args=(path, head(2), HERE), kwargs={"flush": False})
    writing.start()
    writing.join(0.3)
    assert read(path) == head(1)
    here.send("let go")
    writing.join()
    holder.join()
    assert read(path) == head(2)


def _hold(path: Path, told: "multiprocessing.connection.Connection") -> None:
    with InterProcessLock(path):
        told.send("held")
        told.recv()


def test_of_several_senders_at_once_the_furthest_head_stays(path: Path) -> None:
    """Each begins far behind the other's last head; whoever looks never sees one go back."""
    begin, last = SPAWN.Barrier(4), 400
    senders = [
        SPAWN.Process(target=_send, args=(path, begin, range(first, last, 3)))
        for first in (2, 3, 4)
    ]
    for sender in senders:
        sender.start()
    seen = [1]
    begin.wait()
    while any(sender.is_alive() for sender in senders):
        found = read(path)
        assert found is not None
        seen.append(found.events)
    for sender in senders:
        sender.join()
        assert sender.exitcode == 0
    assert seen == sorted(seen)
    assert read(path) == head(last - 1)


def _send(path: Path, begin: Barrier, numbers: range) -> None:
    begin.wait()
    for number in numbers:
        write(path, head(number), HERE, flush=False)


def test_a_forked_child_and_its_parent_both_keep_it_at_the_furthest_head(path: Path) -> None:
    def in_child(events: int) -> None:
        child = os.fork()
        if child == 0:
            try:
                write(path, head(events), HERE, flush=False)
            finally:
                os._exit(0)
        os.waitpid(child, 0)

    in_child(5)
    write(path, head(3), HERE, flush=False)
    assert read(path) == head(5)
    write(path, head(6), HERE, flush=False)
    in_child(4)
    assert read(path) == head(6)
    in_child(7)
    assert read(path) == head(7)


def test_a_child_that_is_forked_during_a_write_can_write(path: Path) -> None:
    with witness_file._writing:  # by a thread of the parent, which the child does not have
        child = os.fork()
        if child == 0:
            write(path, head(2), HERE, flush=False)
            os._exit(0 if read(path) == head(2) else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def test_a_process_keeps_few_of_them_open(tmp_path: Path, path: Path) -> None:
    for number in range(20):
        write(tmp_path / f"{number}.witness", head(number), HERE)
    ours = Path("/proc/self/fd")
    if ours.exists():
        names = [os.readlink(ours / name) for name in os.listdir(ours) if (ours / name).exists()]
        assert sum(name.startswith(str(tmp_path)) for name in names) <= 2 * 8
    for number in range(20):
        write(tmp_path / f"{number}.witness", head(number + 1), HERE, flush=False)
        assert read(tmp_path / f"{number}.witness") == head(number + 1)
