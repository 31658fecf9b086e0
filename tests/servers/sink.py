"""Postfix's smtp-sink: takes mail as fast as it comes and forgets it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tests.servers.programs import find, free_port, running


@contextlib.contextmanager
def sink(folder: Path, *options: str) -> Iterator[int]:
    """Run smtp-sink on a loopback port with these options (smtp-sink(1)); gives the port."""
    program = find("smtp-sink")
    if program is None:
        raise FileNotFoundError("smtp-sink: apt-get install postfix")
    port = free_port()
    command = [program, "-u", "nobody", *options, f"127.0.0.1:{port}", "1024"]
    with running(command, port, folder / "smtp-sink.log"):
        yield port
