"""So many at once, over all processes that share a ledger: connections to a mail server, say.

A slot is a lock like a worker's hold: it ends with the process that has it, whatever became of it.
"""

import hashlib
import os
import threading
from contextlib import suppress
from pathlib import Path

from fasteners import InterProcessLock
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from flows.post.ledger.database import Ledger
from flows.post.ledger.errors import LedgerUnavailableError

_here: set[tuple[int, Path]] = set()
"""Files locked by this process, with its number: a file's lock does not keep out its own process,
and a forked child has the set but not the locks."""
_here_lock = threading.Lock()


class Slots:
    """Places of one name, of which no more than ``most`` are taken at once. Used by threads."""

    def __init__(self, ledger: Ledger, name: str, most: int) -> None:
        self._ledger = ledger
        self._name = hashlib.sha256(name.encode()).hexdigest()[:16]
        self.most = most
        self._lock = threading.Lock()
        self._files: dict[int, tuple[InterProcessLock, Path]] = {}
        self._session: Connection | None = None
        self._taken: set[int] = set()

    @property
    def held(self) -> int:
        """How many this object has taken."""
        return len(self._taken)

    def take(self) -> int | None:
        """The number of a slot that is free, taken from now on; None where all are taken.

        Raises LedgerUnavailableError.
        """
        with self._lock:
            for number in range(1, self.most + 1):
                if number not in self._taken and self._locked(number):
                    self._taken.add(number)
                    return number
        return None

    def give_back(self, number: int) -> None:
        """Let somebody else have the slot."""
        with self._lock:
            self._taken.discard(number)
            if number in self._files:
                file, path = self._files.pop(number)
                with _here_lock:
                    file.release()
                    _here.discard((os.getpid(), path))
            if self._session is not None and self._taken:
                with suppress(LedgerUnavailableError):  # the lock has gone with the session then
                    self._ask("SELECT pg_advisory_unlock(:key)", number)
            elif self._session is not None:
                # The server lets go of its locks with the session, whatever state that is in.
                self._session.invalidate()
                self._session.close()
                self._session = None

    def _locked(self, number: int) -> bool:
        if not self._ledger.sqlite:
            return bool(self._ask("SELECT pg_try_advisory_lock(:key)", number))
        folder = self._ledger.path.with_name(self._ledger.path.name + ".workers")
        path = folder / f"slot-{self._name}-{number}"
        mine = (os.getpid(), path)
        with _here_lock:
            if mine in _here:
                return False
            file = InterProcessLock(path)
            try:
                folder.mkdir(exist_ok=True)
                if not file.acquire(blocking=False):
                    return False
            except (OSError, threading.ThreadError) as error:
                raise LedgerUnavailableError(
                    f"{path}: cannot be written or locked ({error})"
                ) from error
            _here.add(mine)
        self._files[number] = file, path
        return True

    def _ask(self, statement: str, number: int) -> object:
        key = int(self._name[:14], 16) * 64 + number  # 62 bits
        try:
            if self._session is None:
                self._session = self._ledger.engine.connect()
            found = self._session.execute(text(statement), {"key": key}).scalar()
            self._session.commit()
        except SQLAlchemyError as error:
            raise LedgerUnavailableError(
                f"the ledger ({self._ledger.name}) cannot be used: {self._ledger.words(error)}"
            ) from self._ledger.cause(error)
        return found
