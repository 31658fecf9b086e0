"""Files that go with a letter, coded for e-mail once, however many messages carry them."""

import binascii
import re
import struct
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from flows.errors import ConfigurationError, Fault

DOCX_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PDF_TYPE = "application/pdf"

LARGEST = 10_000_000
"""Bytes; many offices' servers refuse mails of more."""

_KINDS = {
    ".pdf": (PDF_TYPE, b"%PDF-"),
    ".docx": (DOCX_TYPE, b"PK\x03\x04"),
    ".png": ("image/png", b"\x89PNG\r\n\x1a\n"),
    ".jpg": ("image/jpeg", b"\xff\xd8\xff"),
    ".jpeg": ("image/jpeg", b"\xff\xd8\xff"),
}
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]*")
_LINE = 76


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file to go with a message."""

    name: str
    content: bytes = field(repr=False)
    media_type: str
    part: bytes = field(init=False, repr=False, compare=False)
    """The MIME part: its headers and base64 content, CRLF at every line's end."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "part", _part(self.name, self.content, self.media_type))


def load(path: Path, name: str = "") -> Attachment:
    """The file as an attachment, under this name (blank: its own).

    Raises ConfigurationError, naming the file, for what is missing, too large, of a kind that
    offices do not open, or not what its name says.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(Fault(str(path), f"cannot be read ({error.strerror})")) from error
    kind = _KINDS.get(path.suffix.lower())
    if kind is None:
        raise ConfigurationError(Fault(str(path), f"attach {', '.join(_KINDS)} only"))
    media_type, start = kind
    if not content.startswith(start):
        raise ConfigurationError(Fault(str(path), "is not what its name says; save it again"))
    if len(content) > LARGEST:
        raise ConfigurationError(
            Fault(
                str(path),
                f"is larger than {LARGEST // 1_000_000} MB; many servers would refuse the mail",
            )
        )
    if media_type == DOCX_TYPE:
        from flows.letters.docx import letter_file  # loads Jinja, which a look at replies can spare

        letter_file.need_finished(content, str(path))
    return Attachment(name or path.name, content, media_type)


def _part(name: str, content: bytes, media_type: str) -> bytes:
    if _FILE_NAME.fullmatch(name) and len(name) <= 50:
        shown = f'filename="{name}"'
    else:
        shown = f"filename*=utf-8''{quote(name, safe='')}"  # RFC 2231, 4
    coded = binascii.b2a_base64(content, newline=False)
    whole = len(coded) // _LINE
    lines = [*struct.unpack_from(f"{_LINE}s" * whole, coded), coded[whole * _LINE :]]
    if not lines[-1]:
        lines.pop()
    about = (
        f"Content-Type: {media_type}\r\nContent-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: attachment;\r\n {shown}\r\n\r\n"
    )
    return b"".join((about.encode(), b"\r\n".join(lines), b"\r\n"))
