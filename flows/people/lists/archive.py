"""The parts of a workbook, a ZIP archive that may lie about itself."""

import io
import zipfile
import zlib

from flows.people.lists.sheet import SheetError

MAXIMUM_UNPACKED = 128 * 1024 * 1024
"""Bytes all parts of a workbook may unpack to."""
MAXIMUM_RATIO = 200
"""How many times its packed size a part may unpack to; real sheets stay below 50."""
MAXIMUM_PARTS = 10_000
_SMALL = 1024 * 1024
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How a file of the old binary kind begins; a workbook with a password is packed into one."""
_DAMAGED = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError)


class Archive:
    """A workbook's parts by name, whatever the case and slashes of the name."""

    def __init__(self, data: bytes) -> None:
        """Raises SheetError: damaged, protected by a password, or of absurd size."""
        if data.startswith(_OLD_OFFICE):
            raise SheetError(
                "protected by a password, or an old binary spreadsheet; save it as .xlsx without"
                " a password"
            )
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (*_DAMAGED, ValueError) as error:
            raise _damaged(error) from None
        parts = self._zip.infolist()
        if (
            len(parts) > MAXIMUM_PARTS
            or sum(part.file_size for part in parts) > MAXIMUM_UNPACKED
            or any(
                part.file_size > _SMALL
                and part.file_size > MAXIMUM_RATIO * max(part.compress_size, 1)
                for part in parts
            )
        ):
            raise SheetError("unpacks to an absurd size and is not opened; save the list alone")
        self._parts = {_folded(part.filename): part for part in parts}

    def __contains__(self, name: str) -> bool:
        return _folded(name) in self._parts

    def read(self, name: str) -> bytes:
        """Return the part ``name``, its checksum compared. Raises SheetError."""
        part = self._parts.get(_folded(name))
        if part is None:
            raise SheetError(f"not a readable spreadsheet (it lacks {name})")
        try:
            return self._zip.read(part)
        except _DAMAGED as error:
            raise _damaged(error) from None


def _folded(name: str) -> str:
    """Part names are compared without case (ISO/IEC 29500-2, 6.2.2.3)."""
    return name.replace("\\", "/").lstrip("/").casefold()


def _damaged(error: Exception) -> SheetError:
    return SheetError(
        f"damaged or cut short, not a readable spreadsheet ({error}); fetch or save it again"
    )
