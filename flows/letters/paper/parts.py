"""Letters joined into one PDF for the printer, or, where they are many, into numbered parts.

A PDF of 46,000 letters would have 92,000 pages: no printer queues it, no viewer opens it, and to
write it, all its objects have to be in memory at once. A part is what a machine holds and a person
finds again after a jam.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pikepdf

from flows.errors import ConfigurationError
from flows.letters.paper.proof import Mark

PAGES_A_PART = 2000
"""A thousand sheets printed on both sides: two reams."""
_TOGETHER = 50
"""Letters that are joined first, so that few of their PDFs are in memory at once."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a letter is: the part, counted from 1, and the sheets that it takes."""

    part: int
    sheets: int


class Parts:
    """PDFs in a folder, which grow by one letter at a time; every letter begins on the front of a
    sheet and is bookmarked."""

    def __init__(self, folder: Path, proof: bool = False) -> None:
        """``folder`` is there, and gets 1.pdf, 2.pdf and so on; ``proof``: pages are marked."""
        self._folder = folder
        self._proof = proof
        self._written = 0
        self._joined: list[Path] = []
        self._waiting: list[bytes] = []
        self._titles: list[tuple[str, int]] = []
        self._pages = 0

    def add(self, pdf: bytes, title: str) -> Place:
        """Put a letter at the end. Raises OSError: no room on the disk."""
        with pikepdf.Pdf.open(BytesIO(pdf)) as opened:
            sheets = -(-len(opened.pages) // 2)
        if self._pages and self._pages + 2 * sheets > PAGES_A_PART:
            self._write()
        self._titles.append((title, self._pages))
        self._pages += 2 * sheets
        self._waiting.append(pdf)
        if len(self._waiting) == _TOGETHER:
            self._join()
        return Place(self._written + 1, sheets)

    def close(self) -> list[Path]:
        """Write the last part; returns the files in their order."""
        if self._titles:
            self._write()
        return [self._path(number) for number in range(1, self._written + 1)]

    def _join(self) -> None:
        with _joined(self._waiting, proof=self._proof) as pdf:
            path = self._folder / f"joined-{len(self._joined)}.pdf"
            pdf.save(path, deterministic_id=True)
        self._joined.append(path)
        self._waiting.clear()

    def _write(self) -> None:
        if self._waiting:
            self._join()
        with _joined(self._joined) as pdf:
            with pdf.open_outline() as outline:
                outline.root += [pikepdf.OutlineItem(title, page) for title, page in self._titles]
            # Printers: both sides, turned over the long edge.
            pdf.Root["/ViewerPreferences"] = pikepdf.Dictionary(
                Duplex=pikepdf.Name.DuplexFlipLongEdge
            )
            pdf.save(self._path(self._written + 1), deterministic_id=True)
        self._written += 1
        self._joined.clear()
        self._titles.clear()
        self._pages = 0

    def _path(self, number: int) -> Path:
        return self._folder / f"{number}.pdf"


def join(pdfs: Iterable[bytes], path: Path) -> None:
    """Write the pages of these PDFs, one after the other, to one PDF."""
    with _joined(pdfs, both_sides=False) as pdf:
        pdf.save(path, deterministic_id=True)


@contextmanager
def written_to(folder: Path) -> Iterator[Path]:
    """A folder beside the files that are there, for those that are to take their place; it vanishes
    with what is left in it. Raises ConfigurationError where nothing can be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".printing-", dir=folder) as name:
            yield Path(name)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"what is in {folder} is not of one piece; print it again before any of it is posted"
        ) from None
    except OSError as error:
        raise ConfigurationError(
            f"{folder}: cannot be written ({error.strerror or error}); make room on this disk, or "
            "name another folder with --out"
        ) from error


def take_the_place(parts: list[Path], folder: Path, name: str) -> list[Path]:
    """Move the parts to NAME.pdf, or to NAME-1.pdf, NAME-2.pdf where they are several, and remove
    what an earlier pack of this name left: letters of another day are not to be posted with these.
    """
    digits = len(str(len(parts)))
    numbered = [folder / f"{name}-{number:0{digits}}.pdf" for number in range(1, len(parts) + 1)]
    targets = [folder / f"{name}.pdf"] if len(parts) == 1 else numbered
    for part, target in zip(parts, targets, strict=True):
        part.replace(target)
    ours = re.compile(rf"{re.escape(name)}(-[0-9]{{1,3}})?\.pdf")
    for path in folder.iterdir():
        if ours.fullmatch(path.name) and path not in targets:
            path.unlink(missing_ok=True)
    return targets


@contextmanager
def _joined(
    pdfs: Iterable[bytes | Path], both_sides: bool = True, proof: bool = False
) -> Iterator[pikepdf.Pdf]:
    """All pages in one PDF; for ``both_sides`` a blank one after each PDF that ends on the front of
    a sheet; for ``proof`` each marked as one."""
    with pikepdf.Pdf.new() as pack:
        shared = _Shared(pack)
        mark = Mark(pack) if proof else None
        for pdf in pdfs:
            start = len(pack.pages)
            with pikepdf.Pdf.open(BytesIO(pdf) if isinstance(pdf, bytes) else pdf) as letter:
                pack.pages.extend(letter.pages)
            if both_sides and len(pack.pages) % 2:
                box = pack.pages[-1].mediabox
                size = float(box[2]) - float(box[0]), float(box[3]) - float(box[1])
                pack.add_blank_page(page_size=size)
            for number in range(start, len(pack.pages)):
                page = pack.pages[number]
                if mark:
                    mark.put_on(page)
                shared.use(page)
        yield pack


class _Shared:
    """Pictures and fonts that letters have in common, kept once: they are most of a letter, in the
    file and in memory."""

    def __init__(self, pack: pikepdf.Pdf) -> None:
        self._pack = pack
        self._kept: dict[bytes, Any] = {}
        self._seen: dict[tuple[int, int], Any] = {}

    def use(self, page: pikepdf.Page) -> None:
        resources = page.resources
        for name, picture in dict(resources.get("/XObject", {})).items():
            resources["/XObject"][name] = self._one(picture)
        for name, font in dict(resources.get("/Font", {})).items():
            resources["/Font"][name] = self._font(font)
        said = resources.unparse(resolved=True)
        if said not in self._kept:
            self._kept[said] = self._pack.make_indirect(resources)
        page.obj["/Resources"] = self._kept[said]

    def _font(self, font: Any) -> Any:
        if font.objgen in self._seen:
            return self._seen[font.objgen]
        before = font.objgen
        descriptor = font.get("/FontDescriptor")
        if descriptor is not None:
            for kind in ("/FontFile", "/FontFile2", "/FontFile3"):
                if kind in descriptor:
                    descriptor[kind] = self._one(descriptor[kind])
            font["/FontDescriptor"] = self._one(descriptor)
        if "/ToUnicode" in font:
            font["/ToUnicode"] = self._one(font["/ToUnicode"])
        return self._seen.setdefault(before, self._one(font))

    def _one(self, found: Any) -> Any:
        """The first object that says the same; what it refers to was made one before."""
        if not found.is_indirect:
            return found
        if found.objgen not in self._seen:
            self._seen[found.objgen] = self._first(found)
        return self._seen[found.objgen]

    def _first(self, found: Any) -> Any:
        if not isinstance(found, pikepdf.Stream):
            return self._kept.setdefault(found.unparse(resolved=True), found)
        if any(isinstance(value, pikepdf.Stream) for value in dict(found).values()):
            return found  # a picture with a mask of its own
        about = sorted((name, str(value)) for name, value in dict(found).items())
        digest = hashlib.sha256(repr(about).encode() + found.read_raw_bytes()).digest()
        return self._kept.setdefault(digest, found)
