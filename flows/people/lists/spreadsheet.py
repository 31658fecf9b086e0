"""XLSX and ODS through calamine, and what is looked at before calamine may open them."""

import datetime
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import python_calamine

from flows.errors import ConfigurationError

MAXIMUM_UNPACKED = 128 * 1024 * 1024
"""Bytes all parts of a workbook may unpack to."""
MAXIMUM_RATIO = 200
"""How many times its packed size a part may unpack to; real sheets stay below 50."""
MAXIMUM_CELLS = 5_000_000
"""Cells in the rectangle that holds the sheet; calamine reserves memory for every one of them."""
_SMALL = 1024 * 1024
_KINDS = {".xlsx": "xl/workbook.xml", ".ods": "content.xml"}
_REFERENCE = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]{1,3})([0-9]{1,7})"')
_ODS_ROW = re.compile(rb"<table:table-row\b(.*?)(?:/>|>(.*?)</table:table-row>)", re.DOTALL)
_ODS_CELL = re.compile(rb"<table:(?:covered-)?table-cell\b([^>]*?)(/?)>")
_REPEATED = re.compile(rb"number-(?:rows|columns)-repeated=['\"]([0-9]+)['\"]")


def records(data: bytes, path: Path) -> Iterator[list[str]]:
    """Yield the rows of the first sheet of the workbook in ``data`` as text, blank rows included.

    Raises ConfigurationError: not a workbook of the kind its name says, damaged, protected by a
    password, or of absurd size.
    """
    _inspect(data, path)
    try:
        with python_calamine.load_workbook(io.BytesIO(data)) as workbook:
            sheet = workbook.get_sheet_by_index(0)
            rows = sheet.to_python(skip_empty_area=False)
    except python_calamine.PasswordError:
        raise ConfigurationError(f"{path}: protected by a password; save it without one") from None
    except (python_calamine.CalamineError, OSError, ValueError, IndexError) as error:
        raise ConfigurationError(f"{path}: not a readable spreadsheet ({error})") from None
    return ([_text(cell) for cell in row] for row in rows)


def _inspect(data: bytes, path: Path) -> None:
    kind = path.suffix.casefold()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if _KINDS[kind] not in archive.namelist():
                raise ConfigurationError(
                    f"{path}: a ZIP archive, but no {kind[1:].upper()} spreadsheet; save it as one"
                )
            _inspect_sizes(archive, path)
            for part in archive.infolist():
                _inspect_part(archive, part, path)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise ConfigurationError(
            f"{path}: damaged or cut short, not a readable spreadsheet ({error});"
            " fetch or save it again"
        ) from None


def _inspect_sizes(archive: zipfile.ZipFile, path: Path) -> None:
    parts = archive.infolist()
    absurd = sum(part.file_size for part in parts) > MAXIMUM_UNPACKED or any(
        part.file_size > _SMALL and part.file_size > MAXIMUM_RATIO * max(part.compress_size, 1)
        for part in parts
    )
    if absurd:
        raise ConfigurationError(
            f"{path}: unpacks to an absurd size and is not opened; save the list on its own"
        )


def _inspect_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo, path: Path) -> None:
    """Read one part whole: zipfile stops at the size stated and then compares the checksum."""
    xml = archive.read(part)
    if part.filename.startswith("xl/worksheets/"):
        cells = _REFERENCE.findall(xml)
        wide = max((_column(letters) for letters, _ in cells), default=0)
        area = wide * max((int(number) for _, number in cells), default=0)
    elif part.filename == "content.xml":
        area = _ods_area(xml)
    else:
        return
    if area > MAXIMUM_CELLS:
        raise ConfigurationError(
            f"{path}: a sheet of {area:,} cells; copy the list alone into a new spreadsheet"
        )


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _ods_area(xml: bytes) -> int:
    """Cells in the rectangle up to the last row and column with a value, repetitions counted."""
    row = last = width = 0
    for attributes, body in _ODS_ROW.findall(xml):
        row += _times(attributes)
        column = 0
        for cell, closed in _ODS_CELL.findall(body):
            column += _times(cell)
            if not closed:
                last, width = row, max(width, column)
    return last * width


def _times(attributes: bytes) -> int:
    found = _REPEATED.search(attributes)
    return int(found[1]) if found else 1


def _text(cell: object) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat()
    return str(cell)
