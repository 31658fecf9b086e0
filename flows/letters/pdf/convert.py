"""A mailing's letters as PDF, each read back before it is kept."""

import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from flows.letters import readback
from flows.letters.docx import package
from flows.letters.letter import Letter
from flows.letters.pdf import glyphs
from flows.letters.pdf import text as pdftext
from flows.letters.pdf.kept import KeptPages
from flows.letters.pdf.layout import LETTERS_A_DOCUMENT, Patience, Typesetter

_WRITTEN = re.compile(r"word/(?:document|header|footer|footnotes|endnotes)\d*\.xml")
_USUAL = re.compile("[ -~\xa0-\u017f\u2010-\u2026\u20ac]*")
"""Characters that every font of an office draws."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A letter that has no PDF, and why."""

    letter: Letter
    reason: str


def convert(
    letters: Iterable[Letter],
    *,
    processes: int = 0,
    program: str = "",
    patience: Patience | None = None,
    kept: KeptPages | None = None,
) -> Iterator[Letter | Failed]:
    """Each letter with its PDF, in order; Failed in place of one that has none.

    Letters that have a PDF keep it. Some hundred letters are laid out while those before are used,
    and no more are in memory. ``processes`` 0: as many as there are processors; ``program``:
    LibreOffice, where it is not found by its usual names; ``kept``: what was laid out before this
    process began, and what is laid out now for the next one, should this one be killed. Raises
    ConfigurationError where there is no LibreOffice.
    """
    options: dict[str, Any] = {"processes": processes, "program": program, "patience": patience}
    with Typesetter(**options, kept=kept) as typesetter, ThreadPoolExecutor(1) as beside:
        documents = _documents(letters)
        try:
            coming: Future[list[list[Letter | Failed]]] | None = None
            while some := list(islice(documents, typesetter.at_once)):
                before, coming = coming, beside.submit(_laid_out, typesetter, some)
                if before:
                    yield from _emptied(before.result())
                before = None
            if coming:
                yield from _emptied(coming.result())
        except BaseException:  # Ctrl-C, or nobody wants the others: do not wait for them
            typesetter.stop()
            raise


def _emptied(documents: list[list[Letter | Failed]]) -> Iterator[Letter | Failed]:
    """The letters of these documents, none of which is kept longer than it is needed."""
    documents.reverse()
    while documents:
        yield from documents.pop()


def _laid_out(
    typesetter: Typesetter, documents: Sequence[Sequence[Letter]]
) -> list[list[Letter | Failed]]:
    return typesetter.pdfs(
        [[letter.docx for letter in document if not letter.pdf] for document in documents],
        lambda number, pdfs: list(_read_back(documents[number], iter(pdfs))),
    )


def ahead(
    letters: Iterable[Letter], kept: KeptPages, share: int, of: int, *, processes: int = 0
) -> int:
    """Lay out this share of the documents (0 to ``of`` - 1) and keep it for ``convert``, which is
    called with the same letters later; returns the number of letters.

    Raises ConfigurationError where there is no LibreOffice.
    """
    with Typesetter(processes=processes, kept=kept) as typesetter:
        documents = enumerate(_documents(letters))
        mine = (document for number, document in documents if number % of == share)
        done = 0
        while some := list(islice(mine, typesetter.at_once)):
            docxs = [[letter.docx for letter in document] for document in some]
            typesetter.pdfs(docxs, lambda number, pdfs: None)
            done += sum(map(len, some))
    return done


def _documents(letters: Iterable[Letter]) -> Iterator[list[Letter]]:
    """The letters that are laid out together, with those among them that have their PDF."""
    waiting = iter(letters)
    while some := list(islice(waiting, LETTERS_A_DOCUMENT)):
        yield some


def _read_back(
    document: Sequence[Letter], pdfs: Iterator[bytes | None]
) -> Iterator[Letter | Failed]:
    """These letters with the PDFs of those that had none, unless they are found mixed up."""
    new = {
        place: replace(letter, pdf=next(pdfs) or b"")
        for place, letter in enumerate(document)
        if not letter.pdf
    }
    together = tuple(new.values())
    for place, letter in enumerate(document):
        made = new.get(place)
        if made is None:
            yield letter
        elif not made.pdf:
            yield Failed(letter, "LibreOffice could not make a PDF of it in the time given")
        elif fault := _fault(made, together):
            yield Failed(letter, fault)
        else:
            yield made


def _fault(letter: Letter, together: Sequence[Letter]) -> str:
    """What is wrong with a letter's PDF; blank: nothing."""
    shown = pdftext.text(letter.pdf)
    return mixed_up(letter, together, shown) or badly_drawn(letter, shown)


def badly_drawn(letter: Letter, shown: str) -> str:
    """What a PDF shows that its DOCX, read back before, does not: tags, Word's own fields, empty
    boxes. Blank: nothing. ``shown`` is the text of the PDF."""
    if readback.may_have_left_over(shown) and (left := readback.left_over(shown, _written(letter))):
        return f"its PDF still shows {left!r}"
    if not _USUAL.fullmatch(shown) and (boxes := glyphs.undrawn(letter.pdf)):
        return (
            f"its PDF would show empty boxes in place of {boxes}: no font here draws them; "
            "install one (fonts-noto), or write it in Latin letters"
        )
    return ""


def mixed_up(letter: Letter, others: Iterable[Letter], shown: str) -> str:
    """What is wrong with a PDF read back: not this letter, or another's too. Blank: nothing.

    ``others`` are letters laid out at the same time; the letter itself may be among them.
    ``shown`` as for ``badly_drawn``.
    """
    if not _stands_in(letter.reference, shown):
        own = _signs(letter)
        if _stands_in(letter.reference, _written(letter)) or not any(
            _stands_in(sign, shown) for sign in own
        ):
            return f"its PDF does not show {letter.reference!r} or {own[0]!r}"
    for other in others:
        if other is letter:
            continue
        for mark in (other.reference, other.reader.contact.name):
            if mark in shown and _stands_in(mark, shown) and not _stands_in(mark, _written(letter)):
                return f"its PDF shows {mark!r}, which is another reader's"
    return ""


def _written(letter: Letter) -> str:
    """The words of the letter's DOCX."""
    parts = package.parts(letter.docx, _WRITTEN.match)
    return readback.plain(" ".join(content.decode() for _, content in parts))


def _signs(letter: Letter) -> tuple[str, ...]:
    """What tells a letter that prints no reference."""
    reader = letter.reader
    signs = (reader.contact.name, reader.address.lines[0], reader.address.salutation)
    return tuple(readback.words(sign) for sign in signs)


def _stands_in(mark: str, text: str) -> bool:
    """Whether the mark stands there whole: "r1" does not stand in "r11"."""
    return re.search(rf"(?<![\w/-]){re.escape(mark)}(?![\w-])", text, re.IGNORECASE) is not None
