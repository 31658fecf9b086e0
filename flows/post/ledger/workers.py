"""A worker's hold on its claims: a lock that ends with the worker's process, not with a timer.

SQLite: a lock on a file of the worker's own, which a forked child does not inherit (POSIX
``lockf``; ``msvcrt.locking`` on Windows). PostgreSQL: a session's advisory lock. No letter is
doubled where a lock fails: every transition names the worker, so that a worker which was taken for
dead can hand nothing over.
"""

import hashlib
import os
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psutil
from fasteners import InterProcessLock
from sqlalchemy import Connection, bindparam, delete, insert, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from flows.post.ledger import schema
from flows.post.ledger.clock import now, parse, stamp
from flows.post.ledger.database import Ledger
from flows.post.ledger.errors import LedgerUnavailableError
from flows.post.ledger.transitions import COLUMNS, DispatchRow, Transition, apply
from flows.post.states import HELD, RECOVERED

_D = schema.dispatch.c
_living: dict[str, int] = {}
"""Workers of this process, and the process that holds their locks: a forked child has none."""
_living_lock = threading.Lock()


@contextmanager
def hold(ledger: Ledger, worker: str = "") -> Iterator[str]:
    """A worker's id, a new one where none is given. The worker lives as long as the block, or the
    process if that is shorter.

    Raises LedgerUnavailableError where the lock's file cannot be written, or this worker is alive
    in another process.
    """
    worker = worker or f"{os.getpid()}-{uuid.uuid4().hex[:12]}"
    with _locked(ledger, worker):
        with ledger.write() as connection:
            # A flow run's worker comes back with the run, in another process.
            connection.execute(delete(schema.worker).where(schema.worker.c.id == worker))
            connection.execute(insert(schema.worker).values(id=worker, **_this_process()))
        with _living_lock:
            _living[worker] = os.getpid()
        try:
            yield worker
        finally:
            with suppress(LedgerUnavailableError), ledger.write() as connection:
                connection.execute(
                    update(schema.worker)
                    .where(schema.worker.c.id == worker)
                    .values(ended_at=stamp(now()))
                )
            with _living_lock:
                _living.pop(worker, None)


@contextmanager
def _locked(ledger: Ledger, worker: str) -> Iterator[None]:
    if ledger.sqlite:
        path = _file(ledger, worker)
        lock = InterProcessLock(path)
        try:
            path.parent.mkdir(exist_ok=True)
            if not lock.acquire(blocking=False):
                raise _taken(worker)
        except (OSError, threading.ThreadError) as error:
            raise LedgerUnavailableError(
                f"{path}: cannot be written or locked ({error}); nothing was sent"
            ) from error
        try:
            yield
        finally:
            _remove(lock, path)
    else:
        with ledger.engine.connect() as connection:
            acquired = connection.execute(
                text("SELECT pg_try_advisory_lock(:key)"), {"key": _key(worker)}
            ).scalar_one()
            connection.commit()  # a session's lock outlives the transaction
            if not acquired:
                raise _taken(worker)
            try:
                yield
            finally:
                # The server lets go of the lock with the session, whatever state that is in, but
                # takes a moment to notice that a session has ended.
                with suppress(SQLAlchemyError):
                    connection.execute(
                        text("SELECT pg_advisory_unlock(:key)"), {"key": _key(worker)}
                    )
                connection.invalidate()


def _taken(worker: str) -> LedgerUnavailableError:
    return LedgerUnavailableError(f"worker {worker} is alive in another process")


def _file(ledger: Ledger, worker: str) -> Path:
    return ledger.path.with_name(ledger.path.name + ".workers") / f"{worker}.lock"


def _key(worker: str) -> int:
    return int.from_bytes(hashlib.sha256(worker.encode()).digest()[:8], signed=True)


def alive(ledger: Ledger, connection: Connection, worker: str) -> bool:
    """Whether that worker's process still holds its lock."""
    with _living_lock:
        if _living.get(worker) == os.getpid():
            return True
    if not ledger.sqlite:
        free = connection.execute(
            text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _key(worker)}
        ).scalar_one()
        return not free
    path = _file(ledger, worker)
    if not path.exists():
        return False
    lock = InterProcessLock(path)
    try:
        if not lock.acquire(blocking=False):
            return True
    except (OSError, threading.ThreadError):
        return True
    _remove(lock, path)
    return False


def let_go_at(connection: Connection, worker: str) -> datetime | None:
    """When that worker let go by itself; None where it has not, or never was."""
    ended: str | None = connection.execute(
        select(schema.worker.c.ended_at).where(schema.worker.c.id == worker)
    ).scalar()
    return parse(ended) if ended else None


def _remove(lock: InterProcessLock, path: Path) -> None:
    lock.release()
    with suppress(OSError):  # another process may be looking at it; it lies there then
        path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Holder:
    """The process of a worker, as far as it can be seen from here."""

    process: str
    """``running``, ``stopped`` (SIGSTOP, a debugger), ``gone``, or ``elsewhere``."""
    pid: int
    host: str

    def __str__(self) -> str:
        seen = {
            "running": "at work",
            "stopped": "stopped, not ended",
            "gone": "ended",
            "elsewhere": "on another machine, unreachable from here",
        }
        return f"{seen[self.process]}: pid {self.pid} on {self.host}"


def holder(connection: Connection, worker: str | None) -> Holder | None:
    """Who that worker is; None where the ledger does not know."""
    row = connection.execute(select(schema.worker).where(schema.worker.c.id == worker)).first()
    if row is None:
        return None
    seen = "gone" if row.ended_at else _seen(row.host, row.pid, row.process_began)
    return Holder(seen, row.pid, row.host)


def _this_process() -> dict[str, object]:
    process = psutil.Process()
    return {
        "host": socket.gethostname(),
        "pid": process.pid,
        "process_began": process.create_time(),
        "began_at": stamp(now()),
    }


def _seen(host: str, pid: int, began: float) -> str:
    if host != socket.gethostname():
        return "elsewhere"
    try:
        process = psutil.Process(pid)
        # The kernel reports it to a hundredth of a second; a pid is not given again that fast.
        if abs(process.create_time() - began) > 1:
            return "gone"
        status = process.status()
    except psutil.NoSuchProcess:
        return "gone"
    except psutil.AccessDenied:
        return "running"
    if status in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
        return "gone"
    return "stopped" if status in _STOPPED else "running"


_STOPPED = (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)
_WORKERS = select(_D.worker).where(_D.worker.is_not(None)).distinct()
_THEIRS = select(*COLUMNS).where(_D.worker == bindparam("worker"), _D.state.in_(HELD))


def recover(ledger: Ledger) -> list[DispatchRow]:
    """Take back what dead workers held, and return it: claimed to ready, handing_over to
    uncertain."""
    with ledger.read() as connection:
        if not connection.execute(_WORKERS.limit(1)).first():
            return []
    recovered: list[DispatchRow] = []
    with ledger.write() as connection:
        for (worker,) in connection.execute(_WORKERS).all():
            if not alive(ledger, connection, worker):
                recovered += release(connection, worker, "its worker died")
    return recovered


def release(connection: Connection, worker: str, why: str) -> list[DispatchRow]:
    """Give up everything a worker holds; what was being handed over is uncertain from here."""
    theirs = [DispatchRow.read(row) for row in connection.execute(_THEIRS, {"worker": worker})]
    return apply(
        connection,
        [Transition(dispatch, RECOVERED[dispatch.state], why=why) for dispatch in theirs],
    )
