"""Reading a mailbox by IMAP, from where the last sweep stopped: nothing is changed in it.

Mails are asked for by UID, some at a time; a large one comes in pieces and goes to a file, so that
memory does not grow with it.
"""

import hashlib
import imaplib
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO

from imap_tools import BaseMailBox

from flows.post.inbox.items import PIECE
from flows.post.smtp.imap import ImapError

_BATCH = 100
"""Mails that are filed in one transaction."""
_LARGE = 256_000
"""Octets; mails of more come one by one and in pieces."""
_GROUP = 4_000_000
"""Octets of smaller mails that are asked for at once."""
_NUMBERS = re.compile(rb"(UID|RFC822\.SIZE) (\d+)")
_ARRIVED = re.compile(rb'INTERNALDATE "([^"]+)"')


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a mailbox was read up to. A mailbox made anew has another ``uidvalidity``."""

    uidvalidity: int
    uid: int


class RawMail:
    """A raw mail: its first megabyte in memory, the whole in a file where it is longer."""

    def __init__(self) -> None:
        self.head = b""
        self.size = 0
        self._file: IO[bytes] | None = None
        self._digest = hashlib.sha256()

    @classmethod
    def of(cls, content: bytes) -> "RawMail":
        """The mail with this content."""
        made = cls()
        made.add(content)
        return made

    def add(self, piece: bytes) -> None:
        """The next octets of it."""
        self._digest.update(piece)
        if not self.size and len(piece) <= PIECE:
            self.head = piece
        elif self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the mail
            self._file.write(self.head)
            self._file.write(piece)
            self.head = (self.head + piece[: PIECE - len(self.head)])[:PIECE]
        else:
            self._file.write(piece)
        self.size += len(piece)

    @property
    def sha256(self) -> str:
        """Of the whole mail, in hex."""
        return self._digest.hexdigest()

    def pieces(self) -> Iterator[bytes]:
        """The whole mail, a megabyte at a time."""
        if self._file is None:
            yield self.head
            return
        self._file.seek(0)
        while piece := self._file.read(PIECE):
            yield piece

    def close(self) -> None:
        """Give the file back."""
        if self._file is not None:
            self._file.close()


@dataclass(frozen=True, slots=True)
class Fetched:
    """One mail as the server has it."""

    uid: int
    received_at: datetime
    """INTERNALDATE: when it came to the mailbox."""
    raw: RawMail = field(repr=False)


@dataclass(frozen=True, slots=True)
class Batch:
    """Some mails, and where the mailbox is read up to once they are filed."""

    mails: tuple[Fetched, ...]
    cursor: Cursor
    done: int
    """Mails of the sweep with this batch."""
    total: int


@dataclass(frozen=True, slots=True)
class _About:
    uid: int
    size: int
    received_at: datetime


def position(box: BaseMailBox) -> Cursor:
    """The selected folder's UIDVALIDITY, and the UID of its last mail as far as the server says
    (0: it does not). To be called once after the folder was selected."""
    return Cursor(_number(box, "UIDVALIDITY"), max(_number(box, "UIDNEXT", missing=1) - 1, 0))


def batches(box: BaseMailBox, here: Cursor, after: Cursor | None) -> Iterator[Batch]:
    """What came after the cursor, in the order of arrival; everything where that is of another
    UIDVALIDITY than ``here``. A mail that is deleted meanwhile is passed over. Raises imaplib's
    errors."""
    validity = here.uidvalidity
    start = after.uid if after and after.uidvalidity == validity else 0
    if here.uid and here.uid <= start:
        return
    uids = [uid for uid in _search(box, start + 1) if uid > start]
    for first in range(0, len(uids), _BATCH):
        chosen = uids[first : first + _BATCH]
        mails = tuple(_fetched(box, chosen))
        done = first + len(chosen)
        yield Batch(mails, Cursor(validity, chosen[-1]), done, len(uids))
        for mail in mails:
            mail.raw.close()


def mark_read(box: BaseMailBox, uids: Sequence[int]) -> None:
    """Set \\Seen; the folder has to be open for writing."""
    if uids:
        _uid(box, "STORE", _set(uids), "+FLAGS.SILENT", r"(\Seen)")


def _search(box: BaseMailBox, first: int) -> list[int]:
    # "*" is the last mail, whatever its UID: so the server always names at least that one.
    found = b" ".join(
        line for line in _uid(box, "SEARCH", "UID", f"{first}:*") if isinstance(line, bytes)
    )
    return sorted(int(uid) for uid in found.split())


def _fetched(box: BaseMailBox, uids: Sequence[int]) -> Iterator[Fetched]:
    about = list(_about(box, uids))
    group: list[_About] = []
    for mail in about:
        if mail.size > _LARGE:
            continue
        if group and sum(other.size for other in group) + mail.size > _GROUP:
            yield from _together(box, group)
            group = []
        group.append(mail)
    if group:
        yield from _together(box, group)
    for mail in about:
        if mail.size > _LARGE and (large := _in_pieces(box, mail)):
            yield large


def _about(box: BaseMailBox, uids: Sequence[int]) -> Iterator[_About]:
    for head, _ in _answers(_uid(box, "FETCH", _set(uids), "(UID RFC822.SIZE INTERNALDATE)")):
        numbers = {name: int(value) for name, value in _NUMBERS.findall(head)}
        arrived = _ARRIVED.search(head)
        if b"UID" in numbers and b"RFC822.SIZE" in numbers:
            yield _About(
                numbers[b"UID"],
                numbers[b"RFC822.SIZE"],
                _date(arrived[1]) if arrived else datetime.now(UTC),
            )


def _together(box: BaseMailBox, group: Sequence[_About]) -> Iterator[Fetched]:
    wanted = {mail.uid: mail for mail in group}
    for head, content in _answers(_uid(box, "FETCH", _set(list(wanted)), "(UID BODY.PEEK[])")):
        uid = next((int(value) for name, value in _NUMBERS.findall(head) if name == b"UID"), 0)
        if content is not None and (one := wanted.pop(uid, None)):
            yield Fetched(uid, one.received_at, RawMail.of(content))


def _in_pieces(box: BaseMailBox, about: _About) -> Fetched | None:
    raw = RawMail()
    while True:
        wanted = f"(UID BODY.PEEK[]<{raw.size}.{PIECE}>)"
        answers = _answers(_uid(box, "FETCH", str(about.uid), wanted))
        piece = next((content for _, content in answers if content is not None), None)
        if piece is None and not raw.size:
            return None  # it was deleted meanwhile
        if piece:
            raw.add(piece)
        if not piece or len(piece) < PIECE:
            return Fetched(about.uid, about.received_at, raw)


def _uid(box: BaseMailBox, command: str, *arguments: str) -> list[object]:
    kind, data = box.client.uid(command, *arguments)
    if kind != "OK":
        said = b" ".join(piece for piece in data if isinstance(piece, bytes)).decode(
            "utf-8", "replace"
        )
        raise imaplib.IMAP4.error(f"{command}: {said or kind}")
    return list(data)


def _answers(data: Sequence[object]) -> Iterator[tuple[bytes, bytes | None]]:
    """Each FETCH answer: what it says about a mail, and the literal in it. imaplib gives a literal
    with what stands before it, and what stands after it by itself."""
    head, content = b"", None
    for piece in data:
        if isinstance(piece, tuple):
            if head:
                yield head, content
            head, content = piece[0], piece[1]
        elif isinstance(piece, bytes):
            if content is not None and not re.match(rb"\d+ \(", piece):
                head += piece
                continue
            if head:
                yield head, content
            head, content = piece, None
    if head:
        yield head, content


def _number(box: BaseMailBox, name: str, *, missing: int | None = None) -> int:
    _, data = box.client.response(name)
    if data and isinstance(data[0], bytes) and data[0].isdigit():
        return int(data[0])
    if missing is None:
        raise ImapError(f"the mail server gives the folder no {name}; it cannot be read safely")
    return missing


def _set(uids: Sequence[int]) -> str:
    """UIDs as IMAP writes them: "3:7,9"."""
    parts: list[str] = []
    start = previous = min(uids)
    for uid in (*sorted(uids)[1:], 0):
        if uid != previous + 1:
            parts.append(f"{start}:{previous}" if previous > start else str(start))
            start = uid
        previous = uid
    return ",".join(parts)


def _date(text: bytes) -> datetime:
    try:
        return datetime.strptime(text.decode().strip(), "%d-%b-%Y %H:%M:%S %z").astimezone(UTC)
    except ValueError:
        return datetime.now(UTC)
