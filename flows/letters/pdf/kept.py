"""PDFs of documents that LibreOffice has laid out, kept on the disk until all letters are done.

A long list takes LibreOffice hours. What it has laid out when the process is killed is found again
by the bytes of the letters, and not laid out twice.
"""

import hashlib
import shutil
import zipfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO

from flows.people.lists import files


class KeptPages:
    """A folder with one file for each document; without a folder it keeps nothing."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    @classmethod
    def of_mailing(cls, folder: Path) -> "KeptPages":
        """Those of a mailing, in the mailing's own folder."""
        return cls(folder / ".pages")

    def find(self, docxs: Sequence[bytes]) -> list[bytes] | None:
        """The PDFs of these letters, laid out together before; None where they were not."""
        if self._folder is None:
            return None
        try:
            with zipfile.ZipFile(self._path(self._folder, docxs)) as kept:
                return [kept.read(str(place)) for place in range(len(docxs))]
        except (OSError, KeyError, zipfile.BadZipFile):
            return None

    def keep(self, docxs: Sequence[bytes], pdfs: Sequence[bytes]) -> None:
        """Keep these letters' PDFs, durably. Raises ConfigurationError: no room on the disk."""
        if self._folder is not None:
            files.replace(self._path(self._folder, docxs), partial(_fill, pdfs))

    def remove(self) -> None:
        """Take the folder away: what it was kept for is done."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    @staticmethod
    def _path(folder: Path, docxs: Sequence[bytes]) -> Path:
        each = (hashlib.sha256(docx).digest() for docx in docxs)
        return folder / f"{hashlib.sha256(b''.join(each)).hexdigest()}.zip"


def _fill(pdfs: Sequence[bytes], file: BinaryIO) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as kept:
        for place, pdf in enumerate(pdfs):
            kept.writestr(str(place), pdf)
