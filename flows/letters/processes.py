"""Processes that fill letters beside this one.

A process with one thread is forked: its copy has loaded and compiled everything already, and
shares its memory. Where more threads run, as in a flow, a fork could copy a lock that one of them
holds and that nobody would open in the copy, so a new Python is started.

Plain pipes and not multiprocessing, whose children import again what their parent was started
with: all of Prefect under a flow, and a user's script that calls ``campaign`` without asking for
its ``__name__`` would begin once more in each.
"""

import fcntl
import gc
import os
import pickle
import select
import signal
import subprocess
import sys
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import IO, Any, NoReturn, Self

from flows.errors import DearMinisterError

_AHEAD = 2
"""Jobs that a process has at a time: it begins one while the answer to another is used."""
_PIPE = 1 << 20
"""Bytes; what anybody may ask for (/proc/sys/fs/pipe-max-size)."""


def answers(
    begin: Callable[[Any], Callable[[Any], Any]],
    prepare: object,
    jobs: Iterable[object],
    processes: int,
    *,
    here: Callable[[Any], Any] | None = None,
) -> Iterator[Any]:
    """Each job's answer, in the order of ``jobs``, of which few are in memory at a time.

    ``begin``, a function of a module, is called with ``prepare`` once in each new process and
    returns what each job is called with. ``here`` instead is called with them in copies of this
    process (``can_fork``). Raises what a job raised, DearMinisterError where a process died.
    """
    with ExitStack() as running:
        hired = [
            running.enter_context(Worker((begin, prepare), copying=here)) for _ in range(processes)
        ]
        waiting = map(_pickled, jobs)
        job = next(waiting, None)
        busy: deque[Worker] = deque()
        free = deque(hired * _AHEAD)
        while busy or job is not None:
            # The next jobs before the answer is used: nobody idles while it is stored.
            while job is not None and free and free[0].has_room_for(job):
                one = free.popleft()
                one.give(job)
                busy.append(one)
                job = next(waiting, None)
            one = busy.popleft()
            answer = one.take()
            free.append(one)
            yield answer


def can_fork() -> bool:
    """Whether this process may be copied: on Linux, without another thread of Python or of a
    library."""
    return sys.platform == "linux" and len(os.listdir("/proc/self/task")) == 1


def _pickled(job: object) -> bytes:
    return pickle.dumps(job, pickle.HIGHEST_PROTOCOL)


class Worker:
    """One process. Jobs that wait for it are no more than its pipe holds: nobody who writes there
    waits for it while it waits to be read."""

    def __init__(self, prepare: object, *, copying: Callable[[Any], object] | None = None) -> None:
        """A new process, which begins with ``prepare``; or a copy of this one that calls
        ``copying`` with each job."""
        self._process: subprocess.Popen[bytes] | _Copy
        self._given: deque[int] = deque()
        if copying:
            self._process = _Copy(copying)
            self._room = self._widened()
            return
        paths = os.pathsep.join(path for path in sys.path if path)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", f"from {__name__} import main; main()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": paths},
            start_new_session=True,  # Ctrl-C is this process's to hear
        )
        self._room = self._widened()
        self._write(_pickled(prepare))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        with suppress(OSError, ValueError):  # what was still in the pipe has nowhere to go
            self._process.communicate()

    def ask(self, job: object) -> Any:
        """The answer to one job, where none waits."""
        self.give(_pickled(job))
        return self.take()

    def has_room_for(self, job: bytes) -> bool:
        """Whether a pickled job can be given now."""
        return not self._given or sum(self._given) + len(job) <= self._room

    def give(self, job: bytes) -> None:
        """Give a pickled job, for which there is room."""
        self._given.append(len(job))
        self._write(job)

    def take(self) -> Any:
        """The answer to the job that was given first of those that wait."""
        assert self._process.stdout is not None
        try:
            answer = pickle.load(self._process.stdout)
        except (EOFError, pickle.UnpicklingError) as error:
            raise self._died() from error
        self._given.popleft()
        if isinstance(answer, DearMinisterError):
            raise answer
        return answer

    def _write(self, data: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(data)
            self._process.stdin.flush()
        except OSError as error:
            raise self._died() from error

    def _widened(self) -> int:
        """Let the pipes hold an answer while another is used; returns how many bytes jobs may be.

        Linux alone (pipe(7)); elsewhere, and where an administrator allows less, a pipe holds what
        it holds, and at least PIPE_BUF.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            fcntl.fcntl(self._process.stdout, fcntl.F_SETPIPE_SZ, _PIPE)
            return fcntl.fcntl(self._process.stdin, fcntl.F_SETPIPE_SZ, _PIPE)
        except (AttributeError, OSError):
            return select.PIPE_BUF

    def _died(self) -> "ProcessEndedError":
        return ProcessEndedError(self._process.wait())


class ProcessEndedError(DearMinisterError):
    """A process ended that was to fill letters."""

    def __init__(self, code: int) -> None:
        """``code``: its exit code, or the signal that ended it as a negative number."""
        super().__init__(
            f"a process that fills letters ended by itself (exit code {code}); "
            "nothing was frozen: make memory free, or set LETTER_PROCESSES=1, and prepare again"
        )
        self.code = code


class _Copy:
    """A forked process that does jobs, with as much of a Popen as Worker uses."""

    def __init__(self, do: Callable[[Any], object]) -> None:
        jobs, give = os.pipe()
        take, told = os.pipe()
        self._pid = os.fork()
        if not self._pid:
            _serve(do, jobs, told)
        os.close(jobs)
        os.close(told)
        self.stdin: IO[bytes] = os.fdopen(give, "wb")
        self.stdout: IO[bytes] = os.fdopen(take, "rb")
        self._code: int | None = None

    def kill(self) -> None:
        if self._code is None:
            os.kill(self._pid, signal.SIGKILL)

    def wait(self) -> int:
        """Its exit code, or the signal that ended it as a negative number."""
        if self._code is None:
            self._code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        return self._code

    def communicate(self) -> None:
        """Wait for its end and close the pipes."""
        self.wait()
        self.stdout.close()
        self.stdin.close()


def _serve(do: Callable[[Any], object], jobs: int, told: int) -> NoReturn:
    """What a forked process does. It ends here, and lets go of nothing that it was copied with:
    SQLite would tidy up a ledger that its parent has open."""
    code = 1
    try:
        os.setsid()  # Ctrl-C is the parent's to hear
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        gc.freeze()
        os.dup2(jobs, 0)
        os.dup2(told, 1)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        _work(lambda: do, *_pipes())
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def main() -> None:
    """What a new process does."""
    jobs, told = _pipes()
    with suppress(EOFError):
        begin, prepare = pickle.load(jobs)
        _work(lambda: begin(prepare), jobs, told)


def _pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Where jobs come from and answers go. What a library prints is no answer."""
    jobs, told = os.fdopen(0, "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return jobs, told


def _work(begin: Callable[[], Callable[[Any], object]], jobs: IO[bytes], told: IO[bytes]) -> None:
    """Do jobs until there are no more."""
    do: Callable[[Any], object] | None = None
    with suppress(EOFError, BrokenPipeError):
        while True:
            job = pickle.load(jobs)
            try:
                do = do or begin()
                answer = do(job)
            except DearMinisterError as error:
                answer = error
            pickle.dump(answer, told, pickle.HIGHEST_PROTOCOL)
            told.flush()
