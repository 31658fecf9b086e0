"""Letters laid out as PDF by LibreOffice: many in one document, on several processes.

The same letters give the same bytes whatever the number of processes: what is laid out together
depends on the letters' order alone.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import islice
from types import TracebackType
from typing import Self, TypeVar

from flows.letters import libreoffice
from flows.letters.docx import bundle, package
from flows.letters.docx.ooxml import CORE, UnsuitableError, parsed
from flows.letters.libreoffice import Office
from flows.letters.pdf import split
from flows.letters.pdf.kept import KeptPages
from flows.letters.pdf.split import About, SplitError

LETTERS_A_DOCUMENT = 25
"""Of fewer, the opening of a document counts; of more, LibreOffice is slower for each page."""
DOCUMENTS_A_CALL = 6
"""LibreOffice needs a second to start; of more, there are more letters in memory."""
_MOST_DOCUMENTS = 24
"""That all processes together have in hand."""

_ABOUT = (
    ("title", "{http://purl.org/dc/elements/1.1/}title"),
    ("author", "{http://purl.org/dc/elements/1.1/}creator"),
    ("subject", "{http://purl.org/dc/elements/1.1/}subject"),
    (
        "keywords",
        "{http://schemas.openxmlformats.org/package/2006/metadata/core-properties}keywords",
    ),
)

T = TypeVar("T")
Group = Sequence[int]
"""Places of letters that are laid out together."""


@dataclass(frozen=True, slots=True)
class Patience:
    """When LibreOffice is given up: seconds from its start, and more for each letter."""

    start: float = 60.0
    letter: float = 2.0
    """Usual is a tenth."""


class Typesetter:
    """Some LibreOffices, kept for as long as there are letters."""

    def __init__(
        self,
        *,
        processes: int = 0,
        program: str = "",
        patience: Patience | None = None,
        kept: KeptPages | None = None,
    ) -> None:
        """``processes`` 0: as many as there are processors; ``program``: LibreOffice, where it
        is not found by its usual names; ``kept``: documents that were laid out before.
        """
        self._kept = kept or KeptPages()
        self._program = program
        self._processes = processes or os.cpu_count() or 1
        self._patience = patience or Patience()
        self._opened = ExitStack()
        self._offices: list[Office] = []
        self._stopped = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._opened.close()

    @property
    def at_once(self) -> int:
        """How many documents keep every process busy."""
        return self._processes * self._a_call

    @property
    def _a_call(self) -> int:
        """Documents that one call of LibreOffice lays out: fewer for many processes, so that what
        is in memory does not grow with the machine."""
        return min(DOCUMENTS_A_CALL, max(2, _MOST_DOCUMENTS // self._processes))

    def pdfs(
        self,
        documents: Sequence[Sequence[bytes]],
        then: Callable[[int, list[bytes | None]], T],
    ) -> list[T]:
        """What ``then`` makes of each document: it is called with the document's number and a PDF
        of each DOCX in it, as soon as these are there; None where LibreOffice hung, crashed or
        wrote nonsense.

        The DOCX of one document are laid out together. What fails together is tried file by file,
        and then each file in a call of its own. Raises ConfigurationError where there is no
        LibreOffice and something is left to lay out.
        """
        docxs = [docx for document in documents for docx in document]
        places = iter(range(len(docxs)))
        together = [list(islice(places, len(document))) for document in documents]
        made: dict[int, T] = {}
        new = []
        for number, group in enumerate(together):
            kept = self._kept.find([docxs[place] for place in group]) if group else []
            if kept is None:
                new.append(number)
            else:
                made[number] = then(number, list(kept))

        def done(place: int, pdfs: list[bytes]) -> None:
            made[new[place]] = then(new[place], list(pdfs))

        self._round(docxs, [together[number] for number in new], self._a_call, done)
        failed = [number for number in new if number not in made]
        found: dict[int, bytes] = {}
        for files_a_call in (LETTERS_A_DOCUMENT, 1):
            left = [place for number in failed for place in together[number] if place not in found]
            self._round(
                docxs,
                [[place] for place in left],
                files_a_call,
                lambda at, pdfs, left=left: found.__setitem__(left[at], pdfs[0]),  # type: ignore[misc]
            )
        for number in failed:
            made[number] = then(number, [found.get(place) for place in together[number]])
        return [made[number] for number in range(len(documents))]

    def stop(self) -> None:
        """Kill what is running and begin nothing more, from any thread."""
        self._stopped = True
        for office in self._offices:
            office.stop()

    def _start(self) -> None:
        """Find LibreOffice, once there is something to lay out."""
        if not self._offices:
            program = libreoffice.find(self._program)
            self._offices = [
                self._opened.enter_context(Office(program)) for _ in range(self._processes)
            ]

    def _round(
        self,
        docxs: Sequence[bytes],
        groups: Sequence[Group],
        a_call: int,
        done: Callable[[int, list[bytes]], None],
    ) -> None:
        """One try at each of these groups, shared out among the processes; ``done`` is called with
        the place of each that could be laid out."""

        def work(number: int) -> None:
            mine = range(len(groups))[number :: self._processes]
            for start in range(0, len(mine), a_call):
                if self._stopped:
                    break
                some = mine[start : start + a_call]
                for at, pdfs in self._call(
                    self._offices[number], docxs, [groups[place] for place in some]
                ):
                    done(some[at], pdfs)

        if groups:
            self._start()
            with ThreadPoolExecutor(self._processes) as pool:
                try:
                    list(pool.map(work, range(self._processes)))
                except BaseException:  # Ctrl-C too: do not wait for what is running
                    self.stop()
                    raise

    def _call(
        self, one: Office, docxs: Sequence[bytes], groups: Sequence[Group]
    ) -> Iterator[tuple[int, list[bytes]]]:
        """One call of LibreOffice for these groups: place and PDFs of those that it did not fail
        on, as they are done."""
        documents = {
            str(number): partial(_document, [docxs[place] for place in group])
            for number, group in enumerate(groups)
        }
        letters = sum(map(len, groups))
        seconds = self._patience.start + self._patience.letter * letters
        for name, data in one.converted(documents, seconds):
            group = groups[int(name)]
            abouts = [_about(docxs[place]) for place in group]
            try:
                pdfs = (
                    [split.alone(data, abouts[0])] if len(group) == 1 else split.split(data, abouts)
                )
            except SplitError:
                continue  # tried again file by file
            self._kept.keep([docxs[place] for place in group], pdfs)
            yield int(name), pdfs


def _document(letters: Sequence[bytes]) -> bytes | None:
    """The letters in one DOCX; None where they cannot be, and are tried file by file."""
    if len(letters) == 1:
        return letters[0]
    try:
        return bundle.bundled(letters)
    except UnsuitableError:
        return None


def _about(docx: bytes) -> About:
    """What the document's core properties say of it."""
    core: Mapping[str, bytes] = dict(package.parts(docx, CORE.__eq__))
    if CORE not in core:
        return About()
    tree = parsed(core[CORE])
    return About(**{name: tree.findtext(tag) or "" for name, tag in _ABOUT})
