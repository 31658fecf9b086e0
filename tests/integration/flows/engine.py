"""Prefect's engine in a process of its own for each run, without the seconds that its imports
take: forked from a process that has them done."""

import importlib
import json
import os
import runpy
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

from tests.conftest import ROOT


@contextmanager
def no_heartbeat() -> Iterator[None]:
    """No run waits at its end for the second that its heartbeat sleeps."""
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        yield


class Engine:
    """Executes runs one at a time, each as ``python -m prefect.engine RUN`` would."""

    def __init__(self) -> None:
        self._mother = subprocess.Popen(
            [sys.executable, "-m", __name__],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._mother.communicate()

    def execute(self, run: UUID, folder: Path, environment: Mapping[str, str]) -> str:
        """Execute a run in this folder; gives what it said on its terminal."""
        said = folder / "engine.log"
        order = {"run": str(run), "folder": str(folder), "said": str(said), "is": {**environment}}
        assert self._mother.stdin
        assert self._mother.stdout
        self._mother.stdin.write(json.dumps(order) + "\n")
        self._mother.stdin.flush()
        assert self._mother.stdout.readline(), "the engine has gone"
        return said.read_text(encoding="utf-8")


def _mother() -> None:
    # Not the flows themselves: they read the environment when they are imported.
    for name in ("artifacts", "engine", "flow_engine", "flow_runs", "input"):
        importlib.import_module(f"prefect.{name}")
    for name in ("docxtpl", "sqlalchemy.dialects.sqlite", "pydantic_settings", "email_validator"):
        importlib.import_module(name)
    import prefect.context

    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if not child:
            said = os.open(order["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(said, 1)
            os.dup2(said, 2)
            os.chdir(order["folder"])
            os.environ.clear()
            os.environ.update(order["is"])
            prefect.context.refresh_global_settings_context()
            sys.argv = ["prefect.engine", order["run"]]
            del sys.modules["prefect.engine"]
            with no_heartbeat():
                runpy.run_module("prefect.engine", run_name="__main__")
            return
        os.waitpid(child, 0)
        print("ended", flush=True)


if __name__ == "__main__":
    _mother()
