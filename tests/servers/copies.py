"""The copies a server holds: the oracle that every promise about sending is checked against."""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from email.parser import BytesHeaderParser
from pathlib import Path
from threading import Lock


@dataclass(frozen=True, slots=True)
class Copy:
    """One message stored for one recipient."""

    message_id: str
    recipient: str
    sender: str
    sha256: str
    """Of the message as it was before dot-stuffing."""
    queue_id: str
    content: bytes | None = None
    """Kept in memory alone."""


class Copies:
    """Copies in memory, and in a file that survives SIGKILL where a folder is given."""

    def __init__(self, folder: Path | None = None) -> None:
        self._lock = Lock()
        self._kept: list[Copy] = []
        self._file = None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._kept = read(folder)
            self._file = (folder / "copies.jsonl").open("a", encoding="utf-8")
            _cut_half_line(folder / "copies.jsonl")

    def store(self, sender: str, recipients: Iterable[str], content: bytes) -> str:
        """Keep one copy a recipient; durable when this returns. Returns the queue id."""
        identifier = message_id(content)
        digest = hashlib.sha256(content).hexdigest()
        with self._lock:
            queue_id = f"FAULT{len(self._kept) + 1:06d}"
            for recipient in recipients:
                copy = Copy(identifier, recipient, sender, digest, queue_id, content)
                if self._file is not None:
                    self._file.write(json.dumps({**asdict(copy), "content": None}) + "\n")
                self._kept.append(copy)
            if self._file is not None:
                self._file.flush()
                os.fsync(self._file.fileno())
        return queue_id

    @property
    def all(self) -> list[Copy]:
        with self._lock:
            return list(self._kept)

    def count(self) -> Counter[tuple[str, str]]:
        """How many copies there are of each (Message-ID, recipient)."""
        return Counter((copy.message_id, copy.recipient) for copy in self.all)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def read(folder: Path) -> list[Copy]:
    """The copies in a server's folder; a last line cut short by a kill was never answered for."""
    path = folder / "copies.jsonl"
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [Copy(**json.loads(line)) for line in lines if line.endswith("\n")]


def _cut_half_line(path: Path) -> None:
    whole = path.read_bytes().rpartition(b"\n")
    os.truncate(path, len(whole[0] + whole[1]))


def message_id(content: bytes) -> str:
    head = content.split(b"\r\n\r\n", 1)[0]
    found = BytesHeaderParser().parsebytes(head + b"\r\n\r\n")["Message-ID"]
    return str(found or "").strip()
