"""How long somebody at a terminal waits: a command's start to its answer, and a long status."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from flows.post.ledger.opening import open_ledger
from tests.bench.measured import Measured
from tests.conftest import ROOT
from tests.integration.faults.frozen_mailing import freeze

LETTERS = 20_000
_LIST = str(ROOT / "contacts" / "mps.csv")
COMMANDS = (("--version",), ("status",), ("contacts", "check", _LIST), ("replies",))


def rows(quick: bool) -> Iterator[Measured]:
    """The slowest of some commands, and ``status`` of a long mailing."""
    with tempfile.TemporaryDirectory(prefix="dm-bench-") as name:
        office = Path(name)
        for folder in ("templates", "contacts"):
            (office / folder).mkdir()
        _answered(office, ("status",), 1)  # makes the ledger
        found = {command[0]: _answered(office, command, 3 if quick else 9) for command in COMMANDS}
        slowest = max(found, key=lambda command: found[command])
        detail = ", ".join(f"{command} {seconds:.2f}" for command, seconds in found.items())
        yield Measured(
            "a command without a flow",
            "start to answer, the slowest",
            found[slowest],
            "s",
            0.6,
            at_most=True,
            detail=detail,
            alone=True,
        )
        count = LETTERS // 4 if quick else LETTERS
        ledger = open_ledger(f"sqlite:///{office / 'var' / 'ledger.db'}")
        readers = [f"reader{number}@example.org" for number in range(count)]
        mailing = freeze(ledger, readers, campaign="bench", size=0)
        ledger.close()
        yield Measured(
            f"status in words, {count:,} letters",
            "start to answer",
            _answered(office, ("status", mailing)),
            "s",
            2 if not quick else 0.6 + 1.4 * count / LETTERS,
            at_most=True,
            alone=True,
        )


def _answered(office: Path, command: tuple[str, ...], times: int = 3) -> float:
    """Seconds from start to end of a process, the median of so many."""
    seconds = []
    environment = {**os.environ, "DEAR_MINISTER_OFFICE": str(office), "PYTHONPATH": str(ROOT)}
    for _ in range(times):
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "flows.cli.main", *command],
            cwd=office,
            env=environment,
            check=True,
            capture_output=True,
        )
        seconds.append(time.perf_counter() - began)
    return median(seconds)
