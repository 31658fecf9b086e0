"""A DOCX from outside: refused before it is opened where that is not safe."""

import struct
import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

from lxml import etree

from flows.errors import ConfigurationError, Fault
from flows.letters.docx import fields
from flows.letters.docx.ooxml import RELATIONSHIP, Element, parsed

LARGEST_FILE = 25_000_000
LARGEST_UNPACKED = 100_000_000
LARGEST_PART = 40_000_000
MOST_PARTS = 2_000
LARGEST_RATIO = 200
"""Of unpacked to packed size; Word's own parts stay below 30."""
RATIO_MATTERS_FROM = 1_000_000

_REACHING_OUT = frozenset(
    {"DDE", "DDEAUTO", "IMPORT", "INCLUDE", "INCLUDEPICTURE", "INCLUDETEXT", "LINK", "RD"}
)
"""Fields that fetch something (ECMA-376, 17.16.5)."""
_MAIN = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


def read(path: Path) -> bytes:
    """The bytes of a DOCX that is safe to open.

    Raises ConfigurationError, naming the file, for what is no DOCX, is too large or too tightly
    packed, carries macros, or refers to anything outside but web and mail links.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(Fault(str(path), f"cannot be read ({error.strerror})")) from error
    check(data, str(path))
    return data


def check(data: bytes, name: str) -> None:
    """Raise ConfigurationError, naming the file, if these bytes are not a DOCX safe to open."""
    if len(data) > LARGEST_FILE:
        raise _refused(name, f"is larger than {LARGEST_FILE // 1_000_000} MB; use smaller pictures")
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            _check_sizes(archive, name)
            _check_parts(archive, name)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, struct.error) as error:
        raise _refused(name, "is not a DOCX; save it from Word as .docx") from error


def _refused(name: str, reason: str) -> ConfigurationError:
    return ConfigurationError(Fault(name, reason))


def _check_sizes(archive: zipfile.ZipFile, name: str) -> None:
    parts = archive.infolist()
    names = {part.filename for part in parts}
    if "[Content_Types].xml" not in names:
        raise _refused(name, "is not a DOCX; save it from Word as .docx")
    if len(parts) > MOST_PARTS or len(names) != len(parts):
        raise _refused(name, "holds too many parts, or one of them twice; save it again from Word")
    if sum(part.file_size for part in parts) > LARGEST_UNPACKED:
        raise _refused(name, "unpacks to more than a letter can need; it is not opened")
    for part in parts:
        ratio = part.file_size / max(part.compress_size, 1)
        if part.file_size > LARGEST_PART or (
            part.file_size > RATIO_MATTERS_FROM and ratio > LARGEST_RATIO
        ):
            raise _refused(name, f"{part.filename} unpacks to an absurd size; it is not opened")
        if part.flag_bits & 0x1:
            raise _refused(name, "is protected by a password; save it without one")


def _check_parts(archive: zipfile.ZipFile, name: str) -> None:
    types = archive.read("[Content_Types].xml")
    names = archive.namelist()
    if b"macroEnabled" in types or any("vbaproject" in part.lower() for part in names):
        raise _refused(name, "contains macros; save it as .docx without them")
    if any(part.lower().startswith("word/activex/") for part in names):
        raise _refused(name, "contains ActiveX controls; take them out")
    if _MAIN not in types:
        raise _refused(name, "is not a Word document; save it from Word as .docx")
    for part in names:
        if not part.endswith((".xml", ".rels")):
            continue
        content = archive.read(part)
        if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
            raise _refused(name, f"{part} declares a document type; save it again from Word")
        if part.endswith(".rels"):
            _check_targets(content, name, part)
        elif b"fldSimple" in content or b"instrText" in content:
            _check_fields(content, name, part)


def _check_fields(content: bytes, name: str, part: str) -> None:
    reaching = fields.kinds(_parsed(content, name, part)) & _REACHING_OUT
    if reaching:
        kind = min(reaching)
        raise _refused(name, f"{part} has a field {kind} that fetches from outside; take it out")


def _parsed(content: bytes, name: str, part: str) -> Element:
    try:
        return parsed(content)
    except etree.XMLSyntaxError as error:
        raise _refused(name, f"{part} is damaged; save it again from Word") from error


def _check_targets(content: bytes, name: str, part: str) -> None:
    for relation in _parsed(content, name, part).iter(RELATIONSHIP):
        if relation.get("TargetMode", "").lower() != "external":
            continue
        target = relation.get("Target", "")
        link = relation.get("Type", "").endswith("/hyperlink")
        if not link or urlsplit(target).scheme.lower() not in {"http", "https", "mailto"}:
            raise _refused(
                name, f"refers to {target!r} outside the file; only web and mail links may stay"
            )
