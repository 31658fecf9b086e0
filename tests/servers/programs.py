"""Programs of the system: where they are, how a server is started and ended."""

import contextlib
import os
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

_OURS = (12_000, 32_000)
_chance = random.SystemRandom()


def measured() -> dict[str, str]:
    """What a process of this program needs in its environment to have its coverage measured."""
    return {name: text for name, text in os.environ.items() if name.startswith("COVERAGE_")}


def find(program: str) -> str | None:
    """Its path; /usr/sbin is looked into as well, which is not on every user's PATH."""
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def free_port() -> int:
    """A free port, for servers that cannot choose their own.

    Below those that the kernel gives out by itself (ip_local_port_range): between this look and
    the server's start no client, and no server on port 0, is given it.
    """
    while True:
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", _chance.randrange(*_OURS)))
            return int(probe.getsockname()[1])


def wait_until_open(port: int, log: Path | None = None, seconds: float = 60) -> None:
    """Return when something listens on the port; RuntimeError with the log's end otherwise."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.01)  # there is no event for a port of another process
    said = log.read_text(errors="replace")[-2000:] if log is not None and log.exists() else ""
    raise RuntimeError(f"nothing listens on port {port} after {seconds} s\n{said}")


@contextlib.contextmanager
def running(command: Sequence[str], port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A server in the foreground as a child, ended by SIGTERM, by SIGKILL after 10 s."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
    try:
        wait_until_open(port, log)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
