"""What several workers carry: one mailing, a ledger on PostgreSQL, a server that takes its time.

``python -m tests.bench --only workers`` prints the ratios. A worker is a process with one
connection of its own. ``python -m tests.bench.workers READERS ...`` prepares so many letters and
sends them over a work pool to a sink, and prints what that took: see ``over_the_pool``.
"""

import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from flows.post import status
from flows.post.ledger.opening import open_ledger
from tests.bench.measured import Measured
from tests.bench.post import slow_server
from tests.conftest import ROOT
from tests.integration.faults.frozen_mailing import freeze
from tests.integration.served.pooled_project import PooledProject
from tests.integration.served.served_project import CAMPAIGN, COMMAND, ENDED
from tests.servers.postgres import postgres
from tests.servers.postgres_cluster import postgres_cluster
from tests.servers.sink import sink

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
    print("done", flush=True)
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
    """Both ratios; ``quick`` takes some 15 seconds."""
    yield from against_one(letters=60 if quick else 200, pairs=1 if quick else 3)


def _rate(url: str, port: int, count: int, letters: int) -> float:
    """Letters a second, from a moment at which every worker is ready until the last has sent its
    last letter; the end of a process, half a second, is none of it."""
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
        assert worker.stdout is not None
        worker.stdout.readline()
    took = time.perf_counter() - began
    for worker in workers:
        worker.communicate()
    counts = status.by_mail(ledger, mailing)
    ledger.close()
    if counts != {"sent": len(readers)}:
        raise RuntimeError(f"not everything was sent: {counts}")
    return len(readers) / took


@dataclass(frozen=True, slots=True)
class Pooled:
    """What a mailing over a work pool took."""

    readers: int
    prepare: float
    """Seconds, sign-off included."""
    send: float
    """Seconds from the start of the run to its end."""
    task_runs: int
    memory: Mapping[str, int]
    """By kind of process the most that one of them had, in megabytes."""
    processor: Mapping[str, float]
    """Seconds by kind of process, all of a kind together."""

    def __str__(self) -> str:
        each = (self.prepare + self.send) / self.readers * 1000
        worked = sum(self.processor.values()) / self.readers * 1000
        by_kind = ", ".join(
            f"{kind} {size} MB, {self.processor[kind]:.0f} s"
            for kind, size in sorted(self.memory.items())
        )
        return (
            f"{self.readers} readers: prepared in {self.prepare:.0f} s, sent in {self.send:.0f} s, "
            f"{each:.2f} ms a reader, {worked:.2f} ms of processor time; "
            f"{self.task_runs} task runs; most memory and processor time: {by_kind}"
        )


def over_the_pool(readers: int, workers: int = 4) -> Pooled:
    """Prepare, sign off and send to smtp-sink: Prefect's server and the ledger on PostgreSQL, two
    processes of ``prefect worker`` with homes of their own."""
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="dm-bench-")))
        folder.chmod(0o711)
        (folder / "sink").mkdir()
        port = opened.enter_context(sink(folder / "sink"))
        database = opened.enter_context(postgres_cluster())
        settings = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(port), "SMTP_SECURITY": "none"}
        pool = opened.enter_context(
            PooledProject(folder / "office", database, SMTP_CONNECTIONS="2", **settings)
        )
        pool.only_readers(readers)
        memory, processor = opened.enter_context(_watched())
        began = time.perf_counter()
        prepared = json.loads(_command(pool, "prepare", CAMPAIGN, "--json"))
        digest = prepared["hash"]
        _command(pool, "approve", prepared["mailing"], "--by", "The Chair", "--hash", digest)
        prepare = time.perf_counter() - began
        for name in ("first", "second"):
            pool.start_worker(name)
        began = time.perf_counter()
        run = pool.start("dispatch", mailing=prepared["mailing"], workers=workers)
        while pool.state(run)["type"] not in ENDED:
            time.sleep(0.5)
        send = time.perf_counter() - began
        counts = json.loads(_command(pool, "status", "--json"))
        if pool.state(run)["message"] != f"live: {readers} sent":
            raise RuntimeError(f"not everything was sent: {pool.state(run)}, {counts}")
        return Pooled(readers, prepare, send, pool.ask("/task_runs/count"), memory, processor())


def _command(pool: PooledProject, *arguments: str) -> str:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=pool.folder,
        env=pool.environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout


@contextmanager
def _watched() -> Iterator[tuple[dict[str, int], Callable[[], dict[str, float]]]]:
    """The most resident memory of any process that this one has started, by kind, in megabytes; and
    what returns their seconds of processor time, those before the block left out."""
    most: dict[str, int] = {}
    used: dict[tuple[str, int], float] = {}
    before: dict[int, float] = {}
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.5):
            for process in psutil.Process().children(recursive=True):
                with suppress(psutil.Error):
                    line = " ".join(process.cmdline())
                    kind = next((kind for sign, kind in _KINDS.items() if sign in line), "")
                    size = process.memory_info().rss // 1_000_000
                    times = process.cpu_times()
                    if kind:
                        most[kind] = max(most.get(kind, 0), size)
                        used[kind, process.pid] = times.user + times.system

    def processor() -> dict[str, float]:
        found = dict.fromkeys(most, 0.0)
        for (kind, process), seconds in used.items():
            found[kind] += seconds - before.get(process, 0.0)
        return found

    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            before[process.pid] = sum(process.cpu_times()[:2])
    watching = threading.Thread(target=look, daemon=True)
    watching.start()
    try:
        yield most, processor
    finally:
        done.set()
        watching.join()


_KINDS = {
    "flows.letters.processes": "letter process",
    "flows.cli.main": "command",
    "flow-run": "run",
    "prefect.engine": "run",
    "worker start": "worker",
    "prefect.server": "Prefect's server",
    "server start": "Prefect's server",
    "smtp-sink": "sink",
}


if __name__ == "__main__":
    for count in sys.argv[1:]:
        print(over_the_pool(int(count)), flush=True)
