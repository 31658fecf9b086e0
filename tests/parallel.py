"""The whole suite in two processes or more: much of it waits for a server or for a process.

One file is one process's, and so is all that wants the one Prefect server of the tests, which is
slow to start, and all that serves: browsers and servers of its own are enough at a time for two
cores. A run of a part of the suite (`pytest tests/unit`) is one process, as usual.
"""

import os

import pytest
from xdist.scheduler import LoadFileScheduling

_MOST_PROCESSES = 4
SERVED = ("tests/browser/", "tests/integration/served/")
_WITH_PREFECT = "tests/integration/flows/"


class Scheduling(LoadFileScheduling):
    """Files in the order of the folders: what takes longest comes first."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(SERVED):
            return "served"
        return "prefect" if nodeid.startswith(_WITH_PREFECT) else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Scheduling:
    return Scheduling(config, log)  # type: ignore[arg-type]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    whole = config.args == config.getini("testpaths")
    # One more than cores: a process in four waits at any time.
    return min(_MOST_PROCESSES, (os.cpu_count() or 1) + 1) if whole else 0
