"""The print pack: all letters that go by post as PDF, with labels and a sheet to tick."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from pathlib import Path

from flows.letters.letter import Letter
from flows.letters.paper import labels, parts, posting_sheet, window
from flows.letters.paper.envelope import Posted
from flows.letters.paper.labels import Layout
from flows.letters.paper.parts import Parts
from flows.letters.paper.window import Window
from flows.letters.pdf.convert import Failed, convert
from flows.letters.pdf.kept import KeptPages
from flows.letters.pdf.layout import Typesetter
from flows.people.lists import files

_LABEL_SHEETS = 40
"""In one document: of a table of 2,000 LibreOffice does not see the end."""


@dataclass(frozen=True, slots=True)
class PrintPack:
    """What was written for the posting room, and what is wrong with single letters."""

    letters: tuple[Path, ...]
    """PDFs, usually one, in envelope order; every letter begins on the front of a sheet and is
    bookmarked by reference."""
    posted: tuple[Posted, ...]
    """In envelope order, the order of letters, labels and sheet."""
    failed: tuple[tuple[str, str], ...]
    """Reference and reason of letters that could not be laid out; they are in no file."""
    faults: tuple[tuple[str, str], ...] = ()
    """Reference and what is wrong: an address outside the window, or too long for a label."""
    beside: tuple[Path, ...] = ()
    """Labels (PDF) and posting sheet (XLSX), or the list of letters where these are several PDFs.
    """
    proof: bool = False
    """Not signed off: every page of the letters is marked as a proof."""
    edits: tuple[str, ...] = ()
    """What was edited since the sign-off, in words."""

    @property
    def files(self) -> tuple[Path, ...]:
        """All that was written."""
        return (*self.letters, *self.beside)

    @property
    def count(self) -> int:
        """How many letters are in the files."""
        return len(self.posted)


def make(
    letters: Iterable[Letter],
    out: Path,
    *,
    title: str,
    on: date,
    sheet: Layout = labels.LAYOUTS["a4-21"],
    first_label: int = 1,
    envelope: Window | None = window.WINDOWS["uk"],
    processes: int = 0,
    proof: bool = False,
    kept: KeptPages | None = None,
) -> PrintPack:
    """Lay these letters out and write letters.pdf, labels.pdf and posting-sheet.xlsx to ``out``.

    ``letters`` come in envelope order (``Posted.order``), and few of them are in memory at a time;
    those that have a PDF already keep it. ``envelope`` None: no window to look through; ``proof``:
    every page of the letters is marked as not signed off; ``kept`` as in ``convert``. Raises
    ConfigurationError: no LibreOffice, no room.
    """

    def faults(letter: Letter, posted: Posted) -> Iterator[str]:
        if envelope:
            yield from window.faults(letter.pdf, posted.lines, envelope)
        if labels.too_long(posted.lines, sheet):
            yield "the address is too long for a label"

    with parts.written_to(out) as folder:
        made = _Bound(letters, faults, Parts(folder, proof), processes, kept)
        label_file, unlabelled = _labels(made.posted, sheet, first_label, folder)
        written = parts.take_the_place(made.files, out, "letters")
        label_file.replace(out / "labels.pdf")
    notes = ["; ".join(found) for found in made.faults]
    content = posting_sheet.xlsx(made.posted, title, on, notes, [path.name for path in written])
    posting = out / "posting-sheet.xlsx"
    files.write(posting, content)
    return PrintPack(
        tuple(written),
        tuple(made.posted),
        tuple(made.failed),
        (
            *(
                (one.reference, fault)
                for one, found in zip(made.posted, made.faults, strict=True)
                for fault in found
            ),
            *unlabelled,
        ),
        (out / "labels.pdf", posting),
        proof,
    )


def bind(
    letters: Iterable[Letter],
    out: Path,
    name: str,
    *,
    title: str,
    on: date,
    processes: int = 0,
    proof: bool = False,
    kept: KeptPages | None = None,
) -> PrintPack:
    """Write letters, in the order in which they come, to NAME.pdf in ``out``, for the chair.

    Where they are several files, NAME.xlsx lists which letter is in which. The rest as ``make``.
    """
    with parts.written_to(out) as folder:
        made = _Bound(letters, _faultless, Parts(folder, proof), processes, kept)
        written = parts.take_the_place(made.files, out, name)
    listed = out / f"{name}.xlsx"
    listed.unlink(missing_ok=True)
    if len(written) > 1:
        content = posting_sheet.xlsx(made.posted, title, on, (), [path.name for path in written])
        files.write(listed, content)
    beside = (listed,) if len(written) > 1 else ()
    return PrintPack(tuple(written), tuple(made.posted), tuple(made.failed), (), beside, proof)


def _faultless(letter: Letter, posted: Posted) -> tuple[str, ...]:
    return ()


class _Bound:
    """Letters laid out and joined in numbered files; of each only what a list says is kept."""

    def __init__(
        self,
        letters: Iterable[Letter],
        faults: Callable[[Letter, Posted], Iterable[str]],
        joined: Parts,
        processes: int,
        kept: KeptPages | None,
    ) -> None:
        self.posted: list[Posted] = []
        self.faults: list[tuple[str, ...]] = []
        self.failed: list[tuple[str, str]] = []
        for result in convert(letters, processes=processes, kept=kept):
            if isinstance(result, Failed):
                self.failed.append((result.letter.reference, result.reason))
                continue
            posted = Posted.of(result.reader, result.reference)
            place = joined.add(result.pdf, f"{posted.reference}  {posted.name}")
            self.faults.append(tuple(faults(result, posted)))
            self.posted.append(replace(posted, part=place.part, sheets=place.sheets))
        self.files = joined.close()


def _labels(
    posted: Sequence[Posted], sheet: Layout, first: int, folder: Path
) -> tuple[Path, list[tuple[str, str]]]:
    """All labels in one PDF, whole sheets laid out at a time; and which could not be laid out."""
    waiting = iter(posted)
    a_sheet = sheet.columns * sheet.rows
    a_document = _LABEL_SHEETS * a_sheet
    pdfs, faults = [], []
    with Typesetter(processes=1) as typesetter:
        while some := list(islice(waiting, a_document - (first - 1) % a_sheet)):
            docx = labels.docx([one.lines for one in some], sheet, first)
            first = 1
            ((pdf,),) = typesetter.pdfs([[docx]], lambda number, pdfs: pdfs)
            if pdf:
                pdfs.append(pdf)
                continue
            reason = (
                f"LibreOffice made no labels from here to {some[-1].reference}; print once more"
            )
            faults.append((some[0].reference, reason))
    path = folder / "labels.pdf"
    parts.join(pdfs, path)
    return path, faults
