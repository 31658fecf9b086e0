"""The mailbox of years: how long the first sweep and the next one take, and how much memory."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from flows.post.inbox.sweep import sweep
from flows.post.ledger.opening import open_ledger
from tests.bench.measured import Measured
from tests.inbox.corpus import expected
from tests.inbox.letters_sent import Inbox, sent
from tests.servers.certificates import Certificates
from tests.servers.imap import dovecot

MAILS = 20_000
SWEEP = """
import pathlib, re, sys
from flows.post.inbox.sweep import sweep
from flows.post.ledger.opening import open_ledger
from flows.post.smtp.imap import ImapFolder
url, port, user, password = sys.argv[1:]
ledger = open_ledger(url)
sweep(ledger, ImapFolder("127.0.0.1", int(port), "none", user, password, "INBOX"))
ledger.close()
# ru_maxrss would count what the parent had when it forked (Linux, getrusage(2)).
status = pathlib.Path("/proc/self/status").read_text()
print(re.search(r"VmHWM:\\s+(\\d+)", status)[1])
"""
"""A sweep in a process of its own; prints the most memory that it had, in kilobytes."""


def many(count: int) -> Iterator[bytes]:
    """The corpus over and over, each mail another one."""
    known = expected("known")
    for n in range(count):
        raw = known[n % len(known)].raw
        yield raw.replace(b"Message-ID: <", f"Message-ID: <{n}.".encode(), 1)


def swept_apart(inbox: Inbox, url: str) -> int:
    """Sweep in a process of its own; gives its memory in kilobytes."""
    arguments = [url, str(inbox.imap.port), inbox.user, inbox.imap.password]
    done = subprocess.run(
        [sys.executable, "-c", SWEEP, *arguments], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def rows(quick: bool) -> Iterator[Measured]:
    """The first sweep of a mailbox, the next one, and the memory of the first."""
    count = MAILS // 10 if quick else MAILS
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'ledger.db'}"
        ledger = open_ledger(url)
        sent(ledger)
        with dovecot(Certificates(Path(folder))) as server:
            inbox = Inbox(server)
            inbox.add_many(many(count))
            began = time.monotonic()
            kilobytes = swept_apart(inbox, url)
            first = time.monotonic() - began
            began = time.monotonic()
            sweep(ledger, inbox.imap)
            second = time.monotonic() - began
        ledger.close()
    what = f"{count} mails from Dovecot"
    goal = 180 * count / MAILS
    yield Measured("first sweep of a mailbox", what, first, "s", goal, at_most=True, alone=True)
    yield Measured("sweep with nothing new", what, second, "s", 2, at_most=True, alone=True)
    yield Measured("memory of a sweep", what, kilobytes / 1000, "MB", 200, at_most=True)
