"""A command on a terminal of 80 columns, as somebody sits before it."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Iterator
from contextlib import contextmanager

from tests.integration.commands.office import PROGRAM, Office, bare_environment

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Terminal:
    """What a process shows on its terminal, and what is typed there."""

    def __init__(self, process: "subprocess.Popen[bytes]", end: int) -> None:
        self.process, self._end, self.raw = process, end, ""

    @property
    def shown(self) -> str:
        """All that was shown, without colours and cursor movements."""
        return _ESCAPES.sub("", self.raw).replace("\r\n", "\n")

    def wait_for(self, text: str) -> None:
        """Read until ``text`` was shown."""
        while text not in self.shown and self._read():
            pass
        assert text in self.shown, self.shown

    def type(self, text: str) -> None:
        os.write(self._end, text.encode())

    def finish(self) -> int:
        """Read to the end; the exit code."""
        while self._read():
            pass
        return self.process.wait(timeout=60)

    def _read(self) -> bool:
        try:
            part = os.read(self._end, 65536)
        except OSError:  # the other end is closed
            return False
        self.raw += part.decode("utf-8", "replace")
        return bool(part)


@contextmanager
def terminal(office: Office, *arguments: object, **settings: str) -> Iterator[Terminal]:
    """``dear-minister`` with these arguments on a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = {**bare_environment(), "TERM": "xterm", **office.settings, **settings}
    with subprocess.Popen(
        [PROGRAM, *map(str, arguments)],
        cwd=office.folder,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        try:
            yield Terminal(process, ours)
        finally:
            process.kill()
            os.close(ours)
