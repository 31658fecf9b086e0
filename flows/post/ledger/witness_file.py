"""One witness: a file with the head of a ledger's log, written by any number of processes.

A sender writes it at each commit, so the file and its lock stay open from one write to the next.
Each write looks whether the paths still lead to them: one that was moved away, removed or replaced
is opened anew, as it would be by a process that has only begun.
"""

import contextlib
import errno
import json
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fasteners import InterProcessLock

from flows.errors import ConfigurationError
from flows.post.ledger.clock import now, stamp
from flows.post.ledger.errors import WitnessUnwritableError

_BLOCK = 512
"""Octets; a disk writes as many at once."""
_MOST_OPEN = 8
"""Witnesses that a process keeps open."""
_SHORTEST, _LONGEST = 0.0002, 0.01
"""Seconds between two tries for a lock that another process has: it has it for microseconds."""


@dataclass(frozen=True, slots=True)
class Head:
    """How far a ledger has come."""

    identity: str
    """Of the ledger, made with it and copied with it."""
    generation: int
    """How often it was begun: 1, and one more with each recovery."""
    events: int
    """The number of the last event."""
    hash: str
    """The last event's hash."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What stands in a witness."""

    head: Head
    place: str
    """Where its ledger was; empty: a witness of an earlier version, which did not say."""


def read(path: Path) -> Head | None:
    """The head that a witness has; None where there is no such file. Raises ConfigurationError."""
    seen = look(path)
    return seen.head if seen else None


def look(path: Path) -> Seen | None:
    """What a witness says; None where there is no such file. Raises ConfigurationError."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from error
    if found := _understood(content):
        return found
    raise ConfigurationError(f"{path}: is not a ledger's witness; name another file")


def write(path: Path, ours: Head, place: str, *, anew: bool = False, flush: bool = True) -> None:
    """Overwrite one block in place, which is whole at any moment.

    Without ``anew`` nothing is written over a head that came later. Without ``flush`` a power cut
    may leave the witness as it was, which is no worse than none: what it is to tell apart is
    another copy of the ledger, not another state of the disk. Raises WitnessUnwritableError.
    """
    try:
        with _writing:
            _opened(path).write(Seen(ours, place), anew, flush)
    except (OSError, threading.ThreadError) as error:
        raise WitnessUnwritableError(
            f"{path}: the ledger's witness cannot be written ({error}); nothing further is sent: "
            "correct its permissions, or set LEDGER_WITNESS to a folder that can be written"
        ) from error


_open: dict[Path, "_WitnessFile"] = {}
"""Each witness once, whatever ledgers of this process follow it: closing a second descriptor of
its lock's file would end the lock (POSIX). Nothing of it is read or closed but under ``_writing``.
"""
_writing = threading.Lock()


def _begin_anew() -> None:
    """In a forked child: another thread of its parent may have held the lock."""
    global _writing
    _writing = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)


def _opened(path: Path) -> "_WitnessFile":
    if path not in _open:
        while len(_open) >= _MOST_OPEN:
            _open.pop(next(iter(_open))).close()
        _open[path] = _WitnessFile(path)
    return _open[path]


class _WitnessFile:
    """A witness and its lock, open from the first write on. Used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._lock_path = f"{path}.lock"
        self._file: tuple[int, os.stat_result] | None = None
        self._lock: tuple[InterProcessLock, os.stat_result] | None = None
        self._last: tuple[bytes, Seen] | None = None
        """What was last written here, and what it says."""

    def write(self, ours: Seen, anew: bool, flush: bool) -> None:
        """As the module's ``write``. Raises OSError."""
        with self._locked():
            content = _content(ours)
            file = self._current()
            if file is None:
                self._begin(content)
                self._last = content, ours
                return
            there = os.pread(file, _BLOCK, 0)
            known = self._last and self._last[0] == there
            seen = self._last[1] if self._last and known else _understood(there)
            if not anew and seen and _later(seen, ours):
                return  # another sender came later and has written already
            os.pwrite(file, content, 0)
            if flush or not seen:
                os.fsync(file)
            self._last = content, ours

    def _current(self) -> int | None:
        """The descriptor of the file that is at the path now; None where there is none."""
        if self._file and _is_at(self._path, self._file[1]):
            return self._file[0]
        self._close_file()
        try:
            file = os.open(self._path, os.O_RDWR)
        except FileNotFoundError:
            return None
        self._file = file, os.fstat(file)
        return file

    def _begin(self, content: bytes) -> None:
        """A file that is whole from its first moment: another sender may be looking for it."""
        new = f"{self._path}.new"
        file = os.open(new, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = file, os.fstat(file)
        os.pwrite(file, content, 0)
        os.fsync(file)
        os.rename(new, self._path)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock whose file is at its path now."""
        wait = _SHORTEST
        while True:
            lock, opened = self._lock = self._lock or self._open_lock()
            try:
                lock.trylock()
            except OSError as error:
                if error.errno not in (errno.EACCES, errno.EAGAIN):
                    raise
                time.sleep(wait)
                wait = min(2 * wait, _LONGEST)
                continue
            try:
                # Asked once it is locked: another process may have locked a newer file by now.
                if _is_at(self._lock_path, opened):
                    yield
                    return
            finally:
                lock.unlock()
            self._close_lock()

    def _open_lock(self) -> tuple[InterProcessLock, os.stat_result]:
        os.makedirs(os.path.dirname(self._lock_path), exist_ok=True)
        lock = InterProcessLock(self._lock_path)
        lock.lockfile = open(self._lock_path, "ab")  # noqa: SIM115 - for the writes to come
        return lock, os.fstat(lock.lockfile.fileno())

    def close(self) -> None:
        """Close both files."""
        self._close_file()
        self._close_lock()

    def _close_file(self) -> None:
        if self._file:
            (file, _), self._file = self._file, None
            os.close(file)

    def _close_lock(self) -> None:
        if self._lock:
            (lock, _), self._lock = self._lock, None
            lock.lockfile.close()


def _is_at(path: str, opened: os.stat_result) -> bool:
    try:
        there = os.stat(path)
    except FileNotFoundError:
        return False
    return (there.st_ino, there.st_dev) == (opened.st_ino, opened.st_dev)


def _later(seen: Seen, ours: Seen) -> bool:
    """Whether the witness has seen as much; of a ledger that was moved, whether more."""
    if seen.head.identity != ours.head.identity:
        return False
    known = seen.head.generation, seen.head.events
    reached = ours.head.generation, ours.head.events
    return known > reached if seen.place != ours.place else known >= reached


def _content(ours: Seen) -> bytes:
    said = {
        "identity": ours.head.identity,
        "generation": ours.head.generation,
        "events": ours.head.events,
        "hash": ours.head.hash,
        "at": stamp(now()),
        "ledger": ours.place,
    }
    return json.dumps(said).ljust(_BLOCK - 1).encode() + b"\n"


def _understood(content: bytes) -> Seen | None:
    """What stands there; None where it is no witness."""
    try:
        text, place = content.decode(), ""
        if text.lstrip().startswith("{"):
            given = json.loads(text)
            values = [given[name] for name in ("identity", "generation", "events", "hash")]
            place = str(given.get("ledger", ""))
        else:  # the line that ``verify --head`` prints
            values = text.split()
        identity, generation, number, digest = values
        return Seen(Head(str(identity), int(generation), int(number), str(digest)), place)
    except (ValueError, KeyError, TypeError):
        return None
