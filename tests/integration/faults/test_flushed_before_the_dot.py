"""The flush to the disk is seen, system call by system call, before each final dot is written."""

import re
from collections.abc import Callable
from pathlib import Path

from tests.conftest import need
from tests.integration.faults.command import Command
from tests.integration.faults.frozen_mailing import FrozenMailing
from tests.servers.fault import FaultServer

READERS = [f"reader{n}@example.org" for n in range(1, 4)]
DOT = re.compile(r'(?:sendto|write|sendmsg)\(.*(?:\\r\\n)?\.\\r\\n"')
FLUSH = re.compile(r"f(?:data)?sync\(\d+<[^>]*/ledger\.db-wal>\)\s+= 0")


def test_what_a_dot_announces_is_flushed_before_it(
    tmp_path: Path, fault_server: Callable[..., FaultServer]
) -> None:
    strace = need("strace", "strace")
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    mailing, server = FrozenMailing(url, READERS), fault_server()
    command = Command(tmp_path, url).to(server)
    log = tmp_path / "calls"
    calls = "trace=fdatasync,fsync,sendto,sendmsg,write"
    tracer = (strace, "-f", "-y", "-s", "3000", "-e", calls, "-o", str(log))
    ended = command.run("send", mailing.mailing, "--live", tracer=tracer)
    assert ended.returncode == 0, ended.stderr
    mailing.check(server)
    told = []
    for line in log.read_text(errors="replace").splitlines():
        if FLUSH.search(line):
            told.append("flush")
        elif re.search(r'data\\r\\n"', line, re.IGNORECASE):
            told.append("data")
        elif DOT.search(line):
            told.append("dot")
        elif "quit" in line.casefold() and "send" in line:
            told.append("quit")
    assert told.count("dot") == len(READERS), told
    for at, what in enumerate(told):
        if what == "dot":  # handing_over, since this letter's DATA was said
            begin = max(n for n in range(at) if told[n] == "data")
            assert "flush" in told[begin:at], told
        if what == "quit":  # the last outcome
            last = max(n for n in range(at) if told[n] == "dot")
            assert "flush" in told[last:at], told
