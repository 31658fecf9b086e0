"""Letters laid out as PDF by LibreOffice: many in one document, on several processes.

The same letters give the same bytes whatever the number of processes: what is laid out together
depends on the letters' order alone.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import Self

from flows.letters import libreoffice
from flows.letters.docx import bundle, package
from flows.letters.docx.ooxml import CORE, UnsuitableError, parsed
from flows.letters.libreoffice import Office
from flows.letters.pdf import split
from flows.letters.pdf.kept import KeptPages
from flows.letters.pdf.split import About, SplitError

LETTERS_A_DOCUMENT = 25
"""Of fewer, the opening of a document counts; of more, LibreOffice is slower for each page."""
DOCUMENTS_A_CALL = 8
"""LibreOffice needs a second to start."""

_ABOUT = (
    ("title", "{http://purl.org/dc/elements/1.1/}title"),
    ("author", "{http://purl.org/dc/elements/1.1/}creator"),
    ("subject", "{http://purl.org/dc/elements/1.1/}subject"),
    (
        "keywords",
        "{http://schemas.openxmlformats.org/package/2006/metadata/core-properties}keywords",
    ),
)

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
        return self._processes * DOCUMENTS_A_CALL

    def pdfs(self, documents: Sequence[Sequence[bytes]]) -> list[list[bytes | None]]:
        """A PDF of each DOCX; None where LibreOffice hung, crashed or wrote nonsense.

        The DOCX of one document are laid out together. What fails together is tried file by file,
        and then each file in a call of its own. Raises ConfigurationError where there is no
        LibreOffice and something is left to lay out.
        """
        docxs = [docx for document in documents for docx in document]
        places = iter(range(len(docxs)))
        together = [list(islice(places, len(document))) for document in documents]
        found: dict[int, bytes] = {}
        new = []
        for group in filter(None, together):
            if kept := self._kept.find([docxs[place] for place in group]):
                found |= zip(group, kept, strict=True)
            else:
                new.append(group)
        found |= self._round(docxs, new, DOCUMENTS_A_CALL)
        for files_a_call in (LETTERS_A_DOCUMENT, 1):
            left = [[place] for place in range(len(docxs)) if place not in found]
            found |= self._round(docxs, left, files_a_call)
        return [[found.get(place) for place in group] for group in together]

    def _start(self) -> None:
        """Find LibreOffice, once there is something to lay out."""
        if not self._offices:
            program = libreoffice.find(self._program)
            self._offices = [
                self._opened.enter_context(Office(program)) for _ in range(self._processes)
            ]

    def _round(
        self, docxs: Sequence[bytes], groups: Sequence[Group], a_call: int
    ) -> dict[int, bytes]:
        """One try at each of these groups, shared out among the processes."""

        def work(number: int) -> dict[int, bytes]:
            mine = groups[number :: self._processes]
            found: dict[int, bytes] = {}
            for start in range(0, len(mine), a_call):
                if self._stopped:
                    break
                found |= self._call(self._offices[number], docxs, mine[start : start + a_call])
            return found

        found: dict[int, bytes] = {}
        if groups:
            self._start()
            with ThreadPoolExecutor(self._processes) as pool:
                try:
                    for some in pool.map(work, range(self._processes)):
                        found |= some
                except BaseException:  # Ctrl-C too: do not wait for what is running
                    self._stopped = True
                    for one in self._offices:
                        one.stop()
                    raise
        return found

    def _call(
        self, one: Office, docxs: Sequence[bytes], groups: Sequence[Group]
    ) -> dict[int, bytes]:
        """One call of LibreOffice for these groups; without those that it failed on."""
        documents = dict(_documents(docxs, groups))
        if not documents:
            return {}
        letters = sum(len(groups[int(name)]) for name in documents)
        seconds = self._patience.start + self._patience.letter * letters
        found: dict[int, bytes] = {}
        for name, data in one.convert(documents, seconds).items():
            group = groups[int(name)]
            abouts = [_about(docxs[place]) for place in group]
            try:
                pdfs = (
                    [split.alone(data, abouts[0])] if len(group) == 1 else split.split(data, abouts)
                )
            except SplitError:
                continue  # tried again file by file
            found |= zip(group, pdfs, strict=True)
            self._kept.keep([docxs[place] for place in group], pdfs)
        return found


def _documents(docxs: Sequence[bytes], groups: Sequence[Group]) -> Iterator[tuple[str, bytes]]:
    """Name and DOCX of each group that can be laid out as it is."""
    for number, group in enumerate(groups):
        if len(group) == 1:
            yield str(number), docxs[group[0]]
            continue
        try:
            yield str(number), bundle.bundled([docxs[place] for place in group])
        except UnsuitableError:
            continue  # tried again file by file


def _about(docx: bytes) -> About:
    """What the document's core properties say of it."""
    core: Mapping[str, bytes] = dict(package.parts(docx, CORE.__eq__))
    if CORE not in core:
        return About()
    tree = parsed(core[CORE])
    return About(**{name: tree.findtext(tag) or "" for name, tag in _ABOUT})
