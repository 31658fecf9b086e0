"""A DOCX as a zip, written alike every time."""

import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from io import BytesIO

LEVEL = 1
"""Of deflate: 6 makes a letter 3 % smaller and a quarter slower."""

_CORE = b"http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties"
_OFFICES_CORE = re.compile(re.escape(_CORE).replace(b"/package/", b"/officeDocument/"), re.I)

# APPNOTE.TXT 4.3.7, 4.3.12, 4.3.16; version 2.0, names in UTF-8 (flag bit 11), 1 January 1980.
_LOCAL = struct.Struct("<4sHHHHHLLLHH")
_ENTRY = struct.Struct("<4sHHHHHHLLLHHHHHL")
_OFFSET = struct.Struct("<L")
_END = struct.Struct("<4sHHHHLLH")
_DATE = (1 << 5) | 1


class ZipPackage:
    """A zip whose unchanged parts are packed once; dated 1980, so equal parts give equal bytes."""

    def __init__(self, parts: Iterable[tuple[str, bytes]], changing: Iterable[str]) -> None:
        self.changing = frozenset(changing)
        """Names of the parts that every letter has anew."""
        # What was packed last: a letterhead without the reader's name is the same for the next.
        self._last: dict[str, _Packed] = {}
        self._parts = [
            (name, None if name in self.changing else _Packed.of(name, content, 9))
            for name, content in parts
        ]

    def pack(self, changed: Mapping[str, bytes]) -> bytes:
        """The file, with these bytes for the changing parts (all of them)."""
        twins: dict[bytes, _Packed] = {}
        pieces: list[bytes] = []
        directory: list[bytes] = []
        offset = 0
        for name, fixed in self._parts:
            packed = fixed or self._packed(name, changed[name], twins)
            pieces.append(packed.local)
            directory += (packed.entry, _OFFSET.pack(offset), packed.name)
            offset += len(packed.local)
        index = b"".join(directory)
        end = _END.pack(b"PK\5\6", 0, 0, len(self._parts), len(self._parts), len(index), offset, 0)
        return b"".join((*pieces, index, end))

    def _packed(self, name: str, content: bytes, twins: dict[bytes, "_Packed"]) -> "_Packed":
        """One part; ``twins`` are this file's so far, for a footer is often there twice."""
        last = self._last.get(name)
        if last is None or last.content != content:
            twin = twins.get(content)
            last = twin.named(name) if twin else _Packed.of(name, content, LEVEL)
            self._last[name] = twins[content] = last
        return last


class _Packed:
    """One part: its local record with content, and its entry for the index but for the offset."""

    __slots__ = ("_body", "_sum", "content", "entry", "local", "name")

    def __init__(self, name: str, content: bytes, body: bytes, crc: int) -> None:
        self.name, self.content, self._body, self._sum = name.encode(), content, body, crc
        about = (20, 0x800, zipfile.ZIP_DEFLATED, 0, _DATE, crc, len(body))
        sizes = (len(content), len(self.name), 0)
        self.local = _LOCAL.pack(b"PK\3\4", *about, *sizes) + self.name + body
        self.entry = _ENTRY.pack(b"PK\1\2", 20, *about, *sizes, 0, 0, 0, 0)

    @classmethod
    def of(cls, name: str, content: bytes, level: int) -> "_Packed":
        pressed = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
        body = pressed.compress(content) + pressed.flush()
        return cls(name, content, body, zlib.crc32(content))

    def named(self, name: str) -> "_Packed":
        """The same content under another name."""
        return _Packed(name, self.content, self._body, self._sum)


def parts(data: bytes, wanted: Callable[[str], object] | None = None) -> list[tuple[str, bytes]]:
    """Name and content of every part of a DOCX, in its order; or of those wanted."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        names = archive.namelist() if wanted is None else filter(wanted, archive.namelist())
        return [(name, archive.read(name)) for name in names]


def part(data: bytes, name: str) -> bytes:
    """One part's content. A DOCX written here is read without its index, in a tenth of the time."""
    told = name.encode()
    at = data.find(told)
    if at >= _LOCAL.size:
        found = _LOCAL.unpack_from(data, at - _LOCAL.size)
        ours = (b"PK\3\4", 20, 0x800, zipfile.ZIP_DEFLATED, 0, _DATE)
        if (found[:6], found[9:]) == (ours, (len(told), 0)):
            begin = at + len(told)
            content = zlib.decompress(data[begin : begin + found[7]], -zlib.MAX_WBITS)
            if zlib.crc32(content) == found[6]:
                return content
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return archive.read(name)


class Opened:
    """A DOCX of which parts are read when they are asked for."""

    def __init__(self, data: bytes) -> None:
        self._archive = zipfile.ZipFile(BytesIO(data))
        self.sums = {part.filename: (part.CRC, part.file_size) for part in self._archive.infolist()}
        """Name -> checksum and size of each part."""

    def read(self, name: str) -> bytes:
        return self._archive.read(name)


def with_known_properties(data: bytes) -> bytes:
    """The DOCX with its core properties where python-docx looks for them.

    LibreOffice relates them by a type of its own; python-docx finds none then, and writes a second
    part of the same name.
    """
    found = dict(parts(data))
    relations = found.get("_rels/.rels", b"")
    if not _OFFICES_CORE.search(relations):
        return data
    found["_rels/.rels"] = _OFFICES_CORE.sub(_CORE, relations)
    return ZipPackage(found.items(), ()).pack({})
