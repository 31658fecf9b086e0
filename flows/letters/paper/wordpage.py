"""A Word document from scratch: one page layout and a body, for sheets that no office edits."""

from flows.letters.docx import package

FONT = "Liberation Sans"

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


def twips(millimetres: float) -> int:
    """Word's measure, a twentieth of a point."""
    return round(millimetres * 1440 / 25.4)


def docx(body: str, *, left: float, top: float, right: float = 0, bottom: float = 0) -> bytes:
    """A DOCX on A4 with this WordprocessingML body; margins in millimetres."""
    margins = (
        f'w:left="{twips(left)}" w:top="{twips(top)}" w:right="{twips(right)}" '
        f'w:bottom="{twips(bottom)}" w:header="0" w:footer="0" w:gutter="0"'
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
