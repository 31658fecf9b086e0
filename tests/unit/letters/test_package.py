"""A part of a DOCX is read alike from a file of ours, of Word, and of a program that streams."""

import io
import zipfile
import zlib

import pytest

from flows.letters.docx import package

NAME = "word/document.xml"
CONTENT = "<w:t>Siân</w:t>".encode() * 50


def ours() -> bytes:
    parts = {"word/_rels/document.xml.rels": b"<rels/>", NAME: CONTENT}
    return package.ZipPackage(parts.items(), {NAME}).pack({NAME: CONTENT})


def streamed() -> bytes:
    class NoSeek(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: int) -> int:
            raise OSError

        tell = seek

    made = NoSeek()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(NAME, CONTENT)
    return made.getvalue()


def stored() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("note.txt", f"see {NAME}, which follows")
        archive.writestr(NAME, CONTENT)
    return made.getvalue()


@pytest.mark.parametrize("data", [ours(), streamed(), stored()], ids=["ours", "streamed", "stored"])
def test_a_part_is_what_the_index_says(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert package.part(data, NAME) == archive.read(NAME) == CONTENT


def test_a_part_that_was_damaged_is_no_part() -> None:
    data = ours()
    at = data.find(NAME.encode()) + len(NAME) + 10
    broken = data[:at] + bytes([data[at] ^ 255]) + data[at + 1 :]
    with pytest.raises((zipfile.BadZipFile, zlib.error)):
        package.part(broken, NAME)
