"""A worker's hold on its claims: a lock that ends with the worker's process, not with a timer.

SQLite: a POSIX lock on a file of the worker's own, which a forked child does not inherit.
PostgreSQL: a session's advisory lock. Safety does not hang on it: every move names the worker, so
a worker that was taken for dead can hand nothing over.
"""

import fcntl
import hashlib
import os
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, bindparam, select, text

from flows.post.ledger import schema, transitions
from flows.post.ledger.database import Ledger
from flows.post.ledger.errors import LedgerUnavailableError
from flows.post.states import HELD, RECOVERED, State

_living: set[str] = set()
_living_lock = threading.Lock()


@contextmanager
def hold(ledger: Ledger) -> Iterator[str]:
    """A new worker's id, alive for as long as the block, or the process, lives."""
    worker = f"{os.getpid()}-{uuid.uuid4().hex[:12]}"
    with _locked(ledger, worker):
        with _living_lock:
            _living.add(worker)
        try:
            yield worker
        finally:
            with _living_lock:
                _living.discard(worker)


@contextmanager
def _locked(ledger: Ledger, worker: str) -> Iterator[None]:
    if ledger.sqlite:
        path = _file(ledger, worker)
        with _opened(path) as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
    else:
        with ledger.engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _key(worker)})
            connection.commit()  # a session's lock outlives the transaction
            try:
                yield
            finally:
                # The server lets go of the lock with the session, whatever state that is in.
                connection.invalidate()


def _opened(path: Path) -> IO[str]:
    try:
        path.parent.mkdir(exist_ok=True)
        return path.open("w")
    except OSError as error:
        raise LedgerUnavailableError(
            f"{error.filename or path}: cannot be written ({error.strerror}); nothing was sent"
        ) from error


def _file(ledger: Ledger, worker: str) -> Path:
    return ledger.path.with_name(ledger.path.name + ".workers") / f"{worker}.lock"


def _key(worker: str) -> int:
    return int.from_bytes(hashlib.sha256(worker.encode()).digest()[:8], signed=True)


def alive(ledger: Ledger, connection: Connection, worker: str) -> bool:
    """Whether that worker's process still holds its lock."""
    with _living_lock:
        if worker in _living:
            return True
    if not ledger.sqlite:
        free = connection.execute(
            text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _key(worker)}
        ).scalar_one()
        return not free
    try:
        with _file(ledger, worker).open("r+") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _file(ledger, worker).unlink(missing_ok=True)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


_D = schema.dispatch.c
HELD_COLUMNS = (
    _D.id,
    _D.mailing,
    _D.ordinal,
    _D.person,
    _D.email,
    _D.state,
    _D.worker,
    _D.attempts,
    _D.first_attempt_at,
)
_WORKERS = select(_D.worker).where(_D.worker.is_not(None)).distinct()
_THEIRS = select(*HELD_COLUMNS).where(_D.worker == bindparam("worker"), _D.state.in_(HELD))


def recover(ledger: Ledger) -> list[transitions.DispatchRow]:
    """Take back what dead workers held: claimed to ready, handing_over to uncertain."""
    with ledger.read() as connection:
        if not connection.execute(_WORKERS.limit(1)).first():
            return []
    recovered: list[transitions.DispatchRow] = []
    with ledger.write() as connection:
        for (worker,) in connection.execute(_WORKERS).all():
            if not alive(ledger, connection, worker):
                recovered += release(connection, worker, "its worker died")
    return recovered


def release(connection: Connection, worker: str, why: str) -> list[transitions.DispatchRow]:
    """Give up everything a worker holds; what was being handed over is uncertain from here."""
    theirs = [held(row) for row in connection.execute(_THEIRS, {"worker": worker}).all()]
    return transitions.apply(
        connection, [transitions.Transition(one, RECOVERED[one.state], why=why) for one in theirs]
    )


def held(row: object) -> transitions.DispatchRow:
    """A row of ``HELD_COLUMNS`` as a value."""
    values = list(row)  # type: ignore[call-overload]
    values[5] = State(values[5])
    return transitions.DispatchRow(*values)
