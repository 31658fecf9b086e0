"""The print pack: all letters that go by post in one PDF, with labels and a sheet to tick."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from typing import Any

import pikepdf

from flows.letters.letter import Letter
from flows.letters.paper import labels, posting_sheet, window
from flows.letters.paper.envelope import Posted
from flows.letters.paper.labels import Layout
from flows.letters.paper.window import Window
from flows.letters.pdf.convert import Failed, convert
from flows.letters.pdf.kept import KeptPages
from flows.letters.pdf.layout import Patience, Typesetter


@dataclass(frozen=True, slots=True)
class PrintPack:
    """What the posting room gets."""

    letters: bytes = field(repr=False)
    """One PDF, every letter beginning on the front of a sheet; bookmarked by reference."""
    labels: bytes = field(repr=False)
    sheet: bytes = field(repr=False)
    """The posting sheet, XLSX."""
    posted: tuple[Posted, ...]
    """In envelope order, the order of all three."""
    failed: tuple[Failed, ...]
    """Letters that could not be laid out; they are in none of the three."""
    faults: tuple[tuple[str, str], ...]
    """Reference and what is wrong: an address outside the window, or too long for a label."""


def make(
    letters: Iterable[Letter],
    *,
    title: str,
    on: date,
    sheet: Layout = labels.LAYOUTS["a4-21"],
    first_label: int = 1,
    envelope: Window | None = window.WINDOWS["uk"],
    processes: int = 0,
    program: str = "",
    patience: Patience | None = None,
    kept: KeptPages | None = None,
) -> PrintPack:
    """Lay these letters out, in envelope order: postcode, then name. ``kept`` as in ``convert``.

    Letters that have a PDF already keep it. ``envelope`` None: no window to look through.
    Raises ConfigurationError where there is no LibreOffice.
    """
    options: dict[str, Any] = {"processes": processes, "program": program, "patience": patience}
    waiting = sorted(letters, key=lambda letter: Posted.of(letter).order)
    laid_out = iter(convert([letter for letter in waiting if not letter.pdf], **options, kept=kept))
    results = [letter if letter.pdf else next(laid_out) for letter in waiting]
    failed = tuple(result for result in results if isinstance(result, Failed))
    posted = tuple(Posted.of(result) for result in results if isinstance(result, Letter))
    faults = [
        [
            *(window.faults(one.pdf, one.lines, envelope) if envelope else ()),
            *(["the address is too long for a label"] if labels.too_long(one.lines, sheet) else []),
        ]
        for one in posted
    ]
    with Typesetter(**{**options, "processes": 1}) as typesetter:
        (label_pdf,) = typesetter.pdfs(
            [labels.docx([letter.lines for letter in posted], sheet, first_label)]
        )
    return PrintPack(
        letters=joined(posted),
        labels=label_pdf or b"",
        sheet=posting_sheet.xlsx(posted, title, on, ["; ".join(found) for found in faults]),
        posted=posted,
        failed=failed,
        faults=tuple(
            (one.reference, fault)
            for one, found in zip(posted, faults, strict=True)
            for fault in found
        ),
    )


def joined(posted: Sequence[Posted]) -> bytes:
    """All letters in one PDF, a blank page after each that ends on the front of a sheet."""
    pack = pikepdf.Pdf.new()
    starts = []
    shared = _Shared()
    for one in posted:
        starts.append(len(pack.pages))
        with pikepdf.Pdf.open(BytesIO(one.pdf)) as letter:
            pack.pages.extend(letter.pages)
        for page in list(pack.pages)[starts[-1] :]:
            shared.use(page)
        if len(pack.pages) % 2:
            box = pack.pages[-1].mediabox
            size = float(box[2]) - float(box[0]), float(box[3]) - float(box[1])
            pack.add_blank_page(page_size=size)
    with pack.open_outline() as outline:
        for one, start in zip(posted, starts, strict=True):
            outline.root.append(pikepdf.OutlineItem(f"{one.reference}  {one.name}", start))
    # Printers: both sides, turned over the long edge.
    pack.Root["/ViewerPreferences"] = pikepdf.Dictionary(Duplex=pikepdf.Name.DuplexFlipLongEdge)
    buffer = BytesIO()
    pack.save(buffer, deterministic_id=True)
    return buffer.getvalue()


class _Shared:
    """Pictures and fonts that letters have in common, kept once: they are most of a letter."""

    def __init__(self) -> None:
        self._kept: dict[bytes, Any] = {}

    def use(self, page: pikepdf.Page) -> None:
        resources = page.resources
        for name, picture in dict(resources.get("/XObject", {})).items():
            resources["/XObject"][name] = self._one(picture)
        for font in dict(resources.get("/Font", {})).values():
            descriptor = font.get("/FontDescriptor")
            for kind in ("/FontFile", "/FontFile2", "/FontFile3"):
                if descriptor is not None and kind in descriptor:
                    descriptor[kind] = self._one(descriptor[kind])

    def _one(self, stream: Any) -> Any:
        if any(isinstance(value, pikepdf.Stream) for value in dict(stream).values()):
            return stream  # a picture with a mask of its own
        about = sorted((name, str(value)) for name, value in dict(stream).items())
        digest = hashlib.sha256(repr(about).encode() + stream.read_raw_bytes()).digest()
        return self._kept.setdefault(digest, stream)
