"""The built-in mailbox: a real SMTP server on the loopback that keeps what it gets as files."""

import hashlib
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from flows.errors import ConfigurationError
from flows.post.smtp.server import Server

_LARGEST = 64 * 1024 * 1024


class _Store:
    """aiosmtpd's handler: a mail is on the disk before it is answered 250."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._number = sum(1 for _ in folder.glob("*.eml"))

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.original_content, bytes)
        try:
            name = self._keep(envelope.original_content)
        except OSError as error:
            return (
                f"452 4.3.1 the built-in mailbox {self.folder} cannot be written "
                f"({error.strerror}): make room there"
            )
        return f"250 2.0.0 Ok: queued as {name}"

    def _keep(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()[:12]
        with self._lock:
            self._number += 1
            while (path := self.folder / f"{self._number:05d}-{digest}.eml").exists():
                self._number += 1
            part = path.with_suffix(".part")
            try:
                with part.open("wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                part.rename(path)
            except OSError:
                part.unlink(missing_ok=True)
                raise
        return path.stem


@contextmanager
def mailbox(folder: Path) -> Iterator[Server]:
    """Run the mailbox for as long as the block; returns the server to hand mail to.

    Raises ConfigurationError where the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"{folder}: cannot be written ({error.strerror}); set DEAR_MINISTER_VAR"
        ) from error
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(
        _Store(folder),
        hostname="127.0.0.1",
        port=port,
        data_size_limit=_LARGEST,
        enable_SMTPUTF8=True,
        ready_timeout=30,
    )
    controller.start()
    try:
        yield Server("127.0.0.1", port, security="none")
    finally:
        controller.stop(no_assert=True)
