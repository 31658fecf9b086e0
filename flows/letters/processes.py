"""Processes that fill letters beside this one.

Plain pipes and not multiprocessing, whose children import again what their parent was started
with: all of Prefect under a flow, and a user's script that calls ``campaign`` without asking for
its ``__name__`` would begin once more in each.
"""

import os
import pickle
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Any, Self

from flows.errors import DearMinisterError


def answers(
    begin: Callable[[Any], Callable[[Any], Any]],
    prepare: object,
    jobs: Iterable[object],
    processes: int,
) -> Iterator[Any]:
    """Each job's answer, in the order of ``jobs``, of which few are in memory at a time.

    ``begin``, a function of a module, is called with ``prepare`` once in each process and returns
    what each job is called with. Raises what a job raised, DearMinisterError where a process died.
    """
    with ExitStack() as running:
        hired = [running.enter_context(Worker((begin, prepare))) for _ in range(processes)]
        waiting = iter(jobs)
        busy: deque[Worker] = deque()
        for one, job in zip(hired, waiting, strict=False):
            one.give(job)
            busy.append(one)
        while busy:
            one = busy.popleft()
            answer = one.take()
            # The next job before the answer is used: nobody idles while it is stored.
            for job in waiting:
                one.give(job)
                busy.append(one)
                break
            yield answer


class Worker:
    """One process; at most one job is with it at a time, so that neither pipe fills up."""

    def __init__(self, prepare: object) -> None:
        paths = os.pathsep.join(path for path in sys.path if path)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", f"from {__name__} import main; main()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": paths},
            start_new_session=True,  # Ctrl-C is this process's to hear
        )
        self.give(prepare)

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

    def give(self, job: object) -> None:
        assert self._process.stdin is not None
        try:
            pickle.dump(job, self._process.stdin, pickle.HIGHEST_PROTOCOL)
            self._process.stdin.flush()
        except OSError as error:
            raise self._died() from error

    def take(self) -> Any:
        assert self._process.stdout is not None
        try:
            answer = pickle.load(self._process.stdout)
        except (EOFError, pickle.UnpicklingError) as error:
            raise self._died() from error
        if isinstance(answer, DearMinisterError):
            raise answer
        return answer

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


def main() -> None:
    """What a process does: take jobs until there are no more."""
    jobs, told = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no answer
    do: Callable[[Any], object] | None = None
    with suppress(EOFError, BrokenPipeError):
        begin, prepare = pickle.load(jobs)
        while True:
            job = pickle.load(jobs)
            try:
                do = do or begin(prepare)
                answer = do(job)
            except DearMinisterError as error:
                answer = error
            pickle.dump(answer, told, pickle.HIGHEST_PROTOCOL)
            told.flush()
