"""How fast letters leave: the send stage with its ledger against the bare connection.

``python -m tests.bench --only post`` prints them. Ratios are medians over pairs measured back to
back, so that a busy machine slows down both of a pair.
"""

import contextlib
import itertools
import smtplib
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from flows.post.delivery.rate import RateLimiter, Schedule
from flows.post.delivery.sender import Sender
from flows.post.delivery.sending import Sending
from flows.post.ledger.database import Ledger
from flows.post.ledger.opening import open_ledger
from flows.post.smtp.server import Server
from flows.post.states import State
from tests.bench.measured import Measured
from tests.integration.faults.frozen_mailing import SENDER, freeze, message
from tests.servers.certificates import Certificates
from tests.servers.postfix import postfix
from tests.servers.programs import find
from tests.servers.sink import sink

LETTER = 40_000
"""Octets of the attachment: a mail of some 55 KB."""
_numbers = itertools.count(1)


def send_stage(mails: int = 400, pairs: int = 9) -> Measured:
    """All durable states on SQLite against raw smtplib on one connection, to smtp-sink."""
    _need("smtp-sink")
    with _folder() as folder, sink(folder) as port:
        server = Server("127.0.0.1", port, "none")
        ledger = open_ledger(f"sqlite:///{folder / 'ledger.db'}")
        readers = _readers(mails)
        contents = [message(n, reader, LETTER) for n, reader in enumerate(readers, 1)]
        ours, bare = [], []
        for _ in range(pairs):
            bare.append(_bare(port, readers, contents))
            ours.append(_ours(ledger, server, readers, LETTER))
        ledger.close()
    ratio = statistics.median(one / other for one, other in zip(ours, bare, strict=True))
    return Measured(
        f"send stage, {len(contents[0]) / 1000:.0f} KB, SQLite",
        "raw smtplib, one connection, smtp-sink",
        ratio,
        "x",
        1.25,
        at_most=True,
        detail=f"{mails / min(ours):.0f}/s against {mails / min(bare):.0f}/s",
    )


def over_starttls(mails: int = 500, rounds: int = 3, connections: int = 4) -> Measured:
    """Mails a second to Postfix on the loopback, over STARTTLS, ledger included."""
    _need("postfix")
    with _folder() as folder:
        certificates = Certificates(folder)
        trusting = ssl.create_default_context(cafile=str(certificates.authority))
        with postfix(certificates, discard=True) as running:
            server = Server("localhost", running.port, "starttls", context=trusting)
            ledger = open_ledger(f"sqlite:///{folder / 'ledger.db'}")
            times = [
                _ours(ledger, server, _readers(mails), LETTER, connections) for _ in range(rounds)
            ]
            ledger.close()
    return Measured(
        "55 KB over STARTTLS to Postfix",
        f"{connections} connections",
        mails / statistics.median(times),
        "mails/s",
        250,
        at_most=False,
        detail=f"best {mails / min(times):.0f}/s",
        alone=True,
    )


def many_connections(mails: int = 64, latency: float = 0.05, connections: int = 16) -> Measured:
    """What 16 connections carry against one where each final answer takes 50 ms."""
    with _folder() as folder, slow_server(folder, latency) as port:
        server = Server("127.0.0.1", port, "none")
        ledger = open_ledger(f"sqlite:///{folder / 'ledger.db'}")
        one = mails / _ours(ledger, server, _readers(mails), 0)
        readers = _readers(mails * connections)
        many = len(readers) / _ours(ledger, server, readers, 0, connections)
        ledger.close()
    return Measured(
        f"{connections} connections at {latency * 1000:.0f} ms",
        "one connection",
        many / one,
        "x",
        12,
        at_most=False,
        detail=f"{many:.0f}/s against {one:.0f}/s",
    )


def rows(quick: bool = False) -> Iterator[Measured]:
    """Every measurement, one after the other; ``quick`` takes some 15 seconds."""
    if quick:
        yield send_stage(mails=200, pairs=3)
        yield over_starttls(mails=250, rounds=2)
        yield many_connections(mails=20)
    else:
        yield send_stage()
        yield over_starttls()
        yield many_connections()


def _ours(
    ledger: Ledger, server: Server, readers: list[str], size: int, connections: int = 1
) -> float:
    """Seconds of one sending, from the first connection to the last QUIT."""
    campaign = f"bench{next(_numbers)}"
    mailing = freeze(ledger, readers, campaign=campaign, size=size)
    began = time.perf_counter()
    with Sender(
        ledger,
        Sending(mailing, SENDER),
        server,
        limiter=RateLimiter(ledger, server.name, 0),
        schedule=Schedule(),
        connections=connections,
    ) as sender:
        tally = sender.run()
    took = time.perf_counter() - began
    if tally.counts != {State.SENT: len(readers)}:
        raise RuntimeError(f"not everything was sent: {tally}")
    return took


def _bare(port: int, readers: list[str], contents: list[bytes]) -> float:
    began = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        for reader, content in zip(readers, contents, strict=True):
            smtp.sendmail(SENDER, [reader], content)
    return time.perf_counter() - began


def _readers(mails: int) -> list[str]:
    return [f"reader{n}@example.org" for n in range(1, mails + 1)]


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="dm-bench-") as name:
        yield Path(name)


@contextlib.contextmanager
def slow_server(folder: Path, latency: float) -> Iterator[int]:
    """The fault server in a process of its own, so that it does not share our interpreter."""
    command = [sys.executable, "-m", "tests.servers.fault", "--store", str(folder / "server")]
    with subprocess.Popen(
        [*command, "--latency", str(latency)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def _need(program: str) -> None:
    if find(program) is None:
        raise SystemExit(f"{program} is missing: apt-get install --no-install-recommends postfix")
