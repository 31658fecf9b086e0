"""Address labels on A4 sheets, as a document for LibreOffice to lay out."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from xml.sax.saxutils import escape

from flows.letters.docx import package

_PADDING = 4.0
"""Millimetres at the left and right of a label: printers are seldom more exact than one."""
_SIZES = (11.0, 10.5, 10.0, 9.5, 9.0, 8.5, 8.0, 7.0, 6.5)
"""Points, the largest that fits is taken; less than the last is hard to read for anybody."""
_UNBROKEN_FROM = 8.5
"""Smaller type keeps a line in one piece down to this; below, long lines are broken."""
_LEADING = 1.15
_CHARACTER = 0.53
"""Width of a usual character, of the font's size."""
_MM_A_POINT = 25.4 / 72
_FONT = "Liberation Sans"

_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-'
    'officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
    'relationships/officeDocument" Target="word/document.xml"/></Relationships>'
)
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"

Label = Sequence[str]
"""The lines of one address."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A sheet of labels; measures in millimetres."""

    columns: int
    rows: int
    width: float
    height: float
    left: float
    top: float
    gap: float
    """Between columns."""


LAYOUTS = {
    "a4-21": Layout(3, 7, 63.5, 38.1, 7.2, 15.1, 2.5),
    "a4-24": Layout(3, 8, 63.5, 33.9, 7.2, 12.9, 2.5),
    "a4-14": Layout(2, 7, 99.1, 38.1, 4.7, 15.1, 2.5),
    "a4-8": Layout(2, 4, 99.1, 67.7, 4.7, 13.1, 2.5),
}
"""The usual sheets, by how many labels they have."""


def docx(labels: Sequence[Label], sheet: Layout, first: int = 1) -> bytes:
    """The sheets with these labels; ``first`` is the first free label of the first sheet."""
    waiting = iter([*([()] * (first - 1)), *labels])
    rows = []
    while row := list(islice(waiting, sheet.columns)):
        row += [()] * (sheet.columns - len(row))
        rows.append(_row(row, sheet))
    widths = "".join(f'<w:gridCol w:w="{_twips(width)}"/>' for width in _widths(sheet))
    table = (
        '<w:tbl><w:tblPr><w:tblW w:w="0" w:type="auto"/><w:tblLayout w:type="fixed"/>'
        '<w:tblCellMar><w:left w:w="0" w:type="dxa"/><w:right w:w="0" w:type="dxa"/>'
        f"</w:tblCellMar></w:tblPr><w:tblGrid>{widths}</w:tblGrid>{''.join(rows)}</w:tbl>"
    )
    # A paragraph has to follow a table; it takes no room that would need another sheet.
    after = '<w:p><w:pPr><w:spacing w:line="20" w:lineRule="exact"/></w:pPr></w:p>'
    return _page(table + after, sheet.left, sheet.top)


def too_long(label: Label, sheet: Layout) -> bool:
    """Whether the address does not fit on a label even in the smallest type."""
    return not _fits(label, sheet, _SIZES[-1])


def _widths(sheet: Layout) -> Iterator[float]:
    for column in range(sheet.columns):
        if column:
            yield sheet.gap
        yield sheet.width


def _row(row: Sequence[Label], sheet: Layout) -> str:
    cells = []
    for column, label in enumerate(row):
        if column:
            cells.append(_cell("<w:p/>", sheet.gap, 0))
        cells.append(_cell(_lines(label, sheet), sheet.width, _PADDING))
    height = f'<w:trPr><w:cantSplit/><w:trHeight w:val="{_twips(sheet.height)}" w:hRule="exact"/>'
    return f"<w:tr>{height}</w:trPr>{''.join(cells)}</w:tr>"


def _cell(content: str, width: float, padding: float) -> str:
    margin = f'<w:left w:w="{_twips(padding)}" w:type="dxa"/>'
    margin += f'<w:right w:w="{_twips(padding)}" w:type="dxa"/>'
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{_twips(width)}" w:type="dxa"/><w:tcMar>{margin}</w:tcMar>'
        f'<w:vAlign w:val="center"/></w:tcPr>{content}</w:tc>'
    )


def _lines(label: Label, sheet: Layout) -> str:
    if not label:
        return "<w:p/>"
    fitting = [size for size in _SIZES if _fits(label, sheet, size)] or [_SIZES[-1]]
    longest = max(map(len, label))
    whole = [s for s in fitting if s >= _UNBROKEN_FROM and longest <= _characters(sheet, s)]
    size = (whole or fitting)[0]
    run = (
        f'<w:rPr><w:rFonts w:ascii="{_FONT}" w:hAnsi="{_FONT}" w:cs="{_FONT}"/>'
        f'<w:sz w:val="{round(size * 2)}"/><w:szCs w:val="{round(size * 2)}"/></w:rPr>'
    )
    space = '<w:pPr><w:spacing w:before="0" w:after="0"/></w:pPr>'
    return "".join(
        f'<w:p>{space}<w:r>{run}<w:t xml:space="preserve">{escape(line)}</w:t></w:r></w:p>'
        for line in label
    )


def _characters(sheet: Layout, size: float) -> int:
    """How many usual characters stand on one line."""
    room = (sheet.width - 2 * _PADDING) / _MM_A_POINT
    return max(1, int(room / (size * _CHARACTER)))


def _fits(label: Label, sheet: Layout, size: float) -> bool:
    characters = _characters(sheet, size)
    lines = sum(max(1, math.ceil(len(line) / characters)) for line in label)
    return lines * size * _LEADING * _MM_A_POINT <= sheet.height - 2


def _page(body: str, left: float, top: float) -> bytes:
    """A DOCX on A4 with this WordprocessingML body; margins in millimetres."""
    margins = (
        f'w:left="{_twips(left)}" w:top="{_twips(top)}" w:right="0" w:bottom="0" '
        'w:header="0" w:footer="0" w:gutter="0"'
    )
    document = (
        f'{_DECLARATION}<w:document xmlns:w="{_W}"><w:body>{body}'
        f'<w:sectPr><w:pgSz w:w="11906" w:h="16838"/><w:pgMar {margins}/></w:sectPr>'
        "</w:body></w:document>"
    )
    parts = (
        ("[Content_Types].xml", _DECLARATION + _TYPES),
        ("_rels/.rels", _DECLARATION + _RELATIONS),
        ("word/document.xml", document),
    )
    return package.ZipPackage(((name, text.encode()) for name, text in parts), ()).pack({})


def _twips(millimetres: float) -> int:
    """Word's measure, a twentieth of a point."""
    return round(millimetres * 1440 / 25.4)
