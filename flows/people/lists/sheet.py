"""A sheet as its file holds it: rows of shown text, what is wrong with a cell, what is hidden.

Nothing is reserved for a cell that a file only claims: a row holds the cells that are not blank.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from xml.parsers import expat

MAXIMUM_CELLS = 5_000_000
"""Cells that are not blank, in one workbook."""
MAXIMUM_ELEMENTS = 4 * MAXIMUM_CELLS
"""Cells in the file, blank ones included."""
MAXIMUM_CHARACTERS = 64 * 1024 * 1024
"""Characters of all cells together, a text that many cells share counted for each."""
LONGEST_CELL = 32_767
"""Characters (Excel specifications and limits)."""


class SheetError(Exception):
    """The workbook cannot be read; the text says why, without the file's name."""


@dataclass(slots=True)
class SheetRow:
    """One row: its number, the first being 1, and its cells by column, the first being 0."""

    number: int
    cells: dict[int, str] = field(default_factory=dict)
    faults: dict[int, str] = field(default_factory=dict)
    """What is wrong with a cell, by column."""
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Merge:
    """A range of cells that shows the first one's value; rows from 1, columns from 0."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int


@dataclass(slots=True)
class Sheet:
    """One sheet of a workbook, as far as it was read."""

    name: str
    rows: list[SheetRow] = field(default_factory=list)
    merges: list[Merge] = field(default_factory=list)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    """First and last column of each hidden range."""


@dataclass(frozen=True, slots=True)
class SheetName:
    """A sheet that a workbook lists, and how it is read: all of it or its first rows."""

    name: str
    visible: bool
    read: Callable[[int], Sheet]
    """Called with the number of rows that are wanted, 0 for all. Raises SheetError."""


class Budget:
    """How much a workbook may still hold; spending more raises SheetError."""

    def __init__(self) -> None:
        self.elements = 0
        self.cells = 0
        self.characters = 0

    def spend(self, text: str, times: int = 1) -> None:
        """Count a cell of ``text`` that stands in ``times`` places."""
        self.cells += times
        self.characters += len(text) * times
        if self.cells > MAXIMUM_CELLS or self.characters > MAXIMUM_CHARACTERS:
            raise absurd()
        if len(text) > LONGEST_CELL:
            raise SheetError(
                f"a cell of {len(text):,} characters; a spreadsheet holds {LONGEST_CELL:,}"
            )

    def count(self, elements: int = 1) -> None:
        """Count cells of the file, blank or not."""
        self.elements += elements
        if self.elements > MAXIMUM_ELEMENTS:
            raise absurd()


def absurd() -> SheetError:
    """Return the refusal of a sheet that is too large for a list of people."""
    return SheetError(
        f"a sheet of more than {MAXIMUM_CELLS:,} cells; copy the list alone into a new spreadsheet"
    )


class EnoughError(Exception):
    """As many rows as were wanted have been read."""


def parse(
    xml: bytes,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None],
    characters: Callable[[str], None],
) -> None:
    """Read XML and call back for each element ("namespace}name") and text.

    A document type, which no spreadsheet has and which entities need, is refused. Returns early
    when a callback raises EnoughError. Raises SheetError.
    """
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.StartDoctypeDeclHandler = _no_document_type
    try:
        parser.Parse(xml, True)
    except EnoughError:
        pass
    except (expat.ExpatError, ValueError) as error:
        raise SheetError(f"not a readable spreadsheet ({error})") from None


def _no_document_type(*_: object) -> None:
    raise SheetError("not a readable spreadsheet (it defines XML entities)")
