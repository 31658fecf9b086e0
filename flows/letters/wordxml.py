"""Facts about WordprocessingML that spare work on each letter: grids, picture numbers, balance."""

import re
from collections.abc import Iterable
from xml.parsers import expat

from jinja2 import nodes

_ROW = re.compile(r"<w:tr(?=[ >])")
_SPAN = re.compile(r'<w:gridSpan w:val="(\d+)"')
_ODD_TABLE = re.compile(r"<w:(?:sdt|customXml|smartTag|ins|tblGridChange|tcPrChange)\b")
_PICTURE = re.compile(r"<wp:docPr\b([^>]*?)(/?)>")
_PICTURE_ID = re.compile(r'\sid="[^"]*"')
_FIRST_PICTURE_ID = 1001


def grids_agree(xml: str) -> bool:
    """Whether docxtpl's repair of table grids would leave every table as it is."""
    for table in xml.split("<w:tbl>")[1:]:
        inside, closed, _ = table.partition("</w:tbl>")
        if not closed or _ODD_TABLE.search(inside):
            return False  # a table inside a table, or cells inside something else
        columns = inside.count("<w:gridCol")
        widest = 0
        for row in _ROW.split(inside)[1:]:
            cells = row.count("<w:tc>") + row.count("<w:tc ")
            spans = [int(span) for span in _SPAN.findall(row)]
            if cells > columns or row.count("<w:gridSpan") != len(spans):
                return False
            widest = max(widest, cells - len(spans) + sum(spans))
        if widest < columns:
            return False
    return True


def numbered_pictures(xml: str) -> str:
    """Pictures numbered from 1001 on, as docxtpl does: a loop may have repeated one's number."""
    numbers = iter(range(_FIRST_PICTURE_ID, 1_000_000))

    def numbered(tag: re.Match[str]) -> str:
        bare = _PICTURE_ID.sub("", tag[1])
        return f'<wp:docPr id="{next(numbers)}"{bare}{tag[2]}>'

    return _PICTURE.sub(numbered, xml)


def is_well_formed(xml: bytes) -> bool:
    """Whether this is one complete XML document."""
    try:
        expat.ParserCreate().Parse(xml, True)
    except expat.ExpatError:
        return False
    return True


def always_balanced(tree: nodes.Template) -> bool:
    """Whether every letter filled from this part is well-formed, whatever is escaped into it.

    So it is if the body of each loop and each branch closes what it opens; then no filled letter
    needs to be parsed to know. False where this cannot be told.
    """
    if any(chosen.name == "safe" for chosen in tree.find_all(nodes.Filter)):
        return False
    return _balanced(tree.body)


def _balanced(body: Iterable[nodes.Node]) -> bool:
    text = []
    for node in body:
        if isinstance(node, nodes.Output):
            text += [
                child.data if isinstance(child, nodes.TemplateData) else "x" for child in node.nodes
            ]
        elif isinstance(node, nodes.If):
            branches = [node.body, node.else_, *(other.body for other in node.elif_)]
            if not all(map(_balanced, branches)):
                return False
            text.append("x")
        elif isinstance(node, nodes.For):
            if not (_balanced(node.body) and _balanced(node.else_)):
                return False
            text.append("x")
        else:
            return False
    return is_well_formed(f"<x>{''.join(text)}</x>".encode("utf-8", "replace"))
