"""What several workers carry: one mailing, a ledger on PostgreSQL, a server that takes its time.

``python -m tests.bench --only workers`` prints the ratios. A worker is a process with one
connection of its own. ``python -m tests.bench.workers READERS`` sends so many letters over a work
pool: see ``pool``.
"""

import itertools
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from flows.post import status
from flows.post.ledger.opening import open_ledger
from tests.bench.measured import Measured
from tests.bench.post import slow_server
from tests.conftest import ROOT
from tests.integration.faults.frozen_mailing import freeze
from tests.servers.postgres import postgres

LATENCY = 0.05
"""Seconds before each final answer."""
_numbers = itertools.count(1)

_WORKER = """
import sys
from flows.post.delivery.rate import RateLimiter, Schedule
from flows.post.delivery.sender import Sender
from flows.post.delivery.sending import Sending
from flows.post.ledger.opening import open_ledger
from flows.post.smtp.server import Server
url, mailing, sender, port = sys.argv[1:]
ledger = open_ledger(url)
server = Server("127.0.0.1", int(port), "none")
limiter = RateLimiter(ledger, server.name, 0)
with Sender(ledger, Sending(mailing, sender), server, limiter=limiter, schedule=Schedule()) as one:
    print("ready", flush=True)
    sys.stdin.readline()
    one.run()
"""


def against_one(letters: int, pairs: int) -> Iterator[Measured]:
    """Letters a second of two workers and of four, against one; ``letters`` for each worker."""
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="dm-bench-")))
        (folder / "runtime").mkdir()
        url = opened.enter_context(postgres(folder / "runtime")).fresh()
        port = opened.enter_context(slow_server(folder, LATENCY))
        rates: dict[int, list[float]] = {1: [], 2: [], 4: []}
        for _ in range(pairs):
            for count, measured in rates.items():
                measured.append(_rate(url, port, count, letters))
    for count, goal in ((2, 1.7), (4, 3.2)):
        yield Measured(
            f"{count} workers at {LATENCY * 1000:.0f} ms, PostgreSQL",
            "one worker",
            statistics.median(many / one for many, one in zip(rates[count], rates[1], strict=True)),
            "x",
            goal,
            at_most=False,
            detail=f"{statistics.median(rates[count]):.0f}/s against "
            f"{statistics.median(rates[1]):.0f}/s",
        )


def rows(quick: bool = False) -> Iterator[Measured]:
    """Both ratios; ``quick`` takes some 20 seconds."""
    yield from against_one(letters=100 if quick else 200, pairs=1 if quick else 3)


def _rate(url: str, port: int, count: int, letters: int) -> float:
    """Letters a second, from a moment at which every worker is ready to the end of the last."""
    ledger = open_ledger(url)
    readers = [f"reader{n}@example.org" for n in range(letters * count)]
    mailing = freeze(ledger, readers, campaign=f"workers{next(_numbers)}")
    command = [sys.executable, "-c", _WORKER, url, mailing, "chair@example.org", str(port)]
    workers = [
        subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(count)
    ]
    for worker in workers:
        assert worker.stdout is not None
        worker.stdout.readline()
    began = time.perf_counter()
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in workers:
        worker.communicate()
    took = time.perf_counter() - began
    counts = status.by_mail(ledger, mailing)
    ledger.close()
    if counts != {"sent": len(readers)}:
        raise RuntimeError(f"not everything was sent: {counts}")
    return len(readers) / took
