"""A mailing's letters as PDF, each read back before it is kept."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
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
_MOST_TOGETHER = 2 * LETTERS_A_DOCUMENT
"""Letters in memory for one document, with those that have a PDF."""
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

    Letters that have a PDF keep it. Holds a few hundred letters at a time. ``processes`` 0: as many
    as there are processors; ``program``: LibreOffice, where it is not found by its usual names;
    ``kept``: what was laid out before this process began, and what is laid out now for the next
    one, should this one be killed. Raises ConfigurationError where there is no LibreOffice.
    """
    options: dict[str, Any] = {"processes": processes, "program": program, "patience": patience}
    with Typesetter(**options, kept=kept) as typesetter:
        documents = _documents(letters)
        while some := list(islice(documents, typesetter.at_once)):
            pdfs = typesetter.pdfs(
                [[letter.docx for letter in document if not letter.pdf] for document in some]
            )
            for document, found in zip(some, pdfs, strict=True):
                yield from _read_back(document, iter(found))


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
            typesetter.pdfs([[letter.docx for letter in document] for document in some])
            done += sum(map(len, some))
    return done


def _documents(letters: Iterable[Letter]) -> Iterator[list[Letter]]:
    """The letters that are laid out together, with those in between that have their PDF."""
    document: list[Letter] = []
    lacking = 0
    for letter in letters:
        document.append(letter)
        lacking += not letter.pdf
        if lacking == LETTERS_A_DOCUMENT or len(document) == _MOST_TOGETHER:
            yield document
            document, lacking = [], 0
    if document:
        yield document


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
        elif fault := mixed_up(made, together) or badly_drawn(made):
            yield Failed(letter, fault)
        else:
            yield made


def badly_drawn(letter: Letter) -> str:
    """What a PDF shows that its DOCX, read back before, does not: tags, Word's own fields, empty
    boxes. Blank: nothing."""
    shown = _shown(letter.pdf)
    if left := readback.left_over(shown, _written(letter)):
        return f"its PDF still shows {left!r}"
    if not _USUAL.fullmatch(shown) and (boxes := glyphs.undrawn(letter.pdf)):
        return (
            f"its PDF would show empty boxes in place of {boxes}: no font here draws them; "
            "install one (fonts-noto), or write it in Latin letters"
        )
    return ""


_shown = lru_cache(maxsize=1)(pdftext.text)


def mixed_up(letter: Letter, others: Iterable[Letter]) -> str:
    """What is wrong with a PDF read back: not this letter, or another's too. Blank: nothing.

    ``others`` are letters laid out at the same time; the letter itself may be among them.
    """
    shown = _shown(letter.pdf)
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
