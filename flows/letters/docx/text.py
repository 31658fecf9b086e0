"""The text of a filled template on its way into a DOCX: marks, checks, words near a fault."""

import re
from collections.abc import Iterable, Mapping, Sequence
from xml.parsers import expat
from xml.sax.saxutils import escape

from jinja2 import nodes

from flows.errors import ConfigurationError, Fault, RowError

BETWEEN = "\x01"
"""Stands between parts that are filled in one go. No XML can hold it, so no value can."""
PICTURE = "\x02"
"""Stands around the number of a picture, until the part that shows it is known."""
LONGEST_PROPERTY = 255
"""Characters; python-docx writes no longer core property."""

_MARKS = re.compile(r"<[^>]+>")
_PLACED = re.compile("\x02(\\d+)\x02")
# What XML 1.0 cannot hold, but for U+FFFE and U+FFFF; lone surrogates fail to encode.
_ILLEGAL = bytes({*range(32)} - {9, 10, 13})


def placed(number: int) -> str:
    """A mark for the picture of this number."""
    return f"{PICTURE}{number}{PICTURE}"


def with_pictures(xml: str, part: str, pictures: Sequence[Mapping[str, str]]) -> str:
    """The part with its pictures in place of their marks; ``pictures`` by number, then part."""
    return _PLACED.sub(lambda mark: pictures[int(mark[1])].get(part, ""), xml)


def token(name: str) -> str:
    """A mark for the text of a core property."""
    return f"\ue000{name}\ue000"


def filled_core(core: str, properties: Mapping[str, str], file: str) -> bytes:
    """The core properties' part with these texts in place of their marks."""
    for name, text in properties.items():
        if len(text) > LONGEST_PROPERTY:
            raise ConfigurationError(
                Fault(
                    file,
                    f"the document property {name!r} becomes longer than "
                    f"{LONGEST_PROPERTY} characters; shorten it in Word, File, Info",
                )
            )
        core = core.replace(token(name), escape(text))
    return core.encode()


def need_well_formed(xml: bytes, file: str) -> None:
    """Raise ConfigurationError, with the words near, if a part is no XML."""
    try:
        expat.ParserCreate().Parse(xml, True)
    except expat.ExpatError as error:
        words = near(xml.decode(), error.lineno, error.offset)
        raise ConfigurationError(
            Fault(
                file,
                f"a tag opens in one place and closes in another that does not "
                f'match, near "{words}"; put both on lines of their own with {{%p ... %}}',
            )
        ) from error


def printable(text: str, parts: int) -> bytes:
    """A text of so many parts with BETWEEN, as bytes. Raises RowError for what XML cannot hold.

    docxtpl drops the first kind and ends the letter at the second. Bell and form feed are its
    spelling of a new paragraph and a new page.
    """
    try:
        content = text.encode()
    except UnicodeEncodeError as error:
        raise RowError("text", "holds half a character; type the text again") from error
    found = len(content) - len(content.translate(None, _ILLEGAL))
    ours = parts - 1
    if found > ours:
        ours += content.count(b"\a") + content.count(b"\f")
    if found > ours:
        ours += 2 * len(_PLACED.findall(text))
    if found != ours or content.count(BETWEEN.encode()) != parts - 1:
        raise RowError("text", "holds a control character; type the text again")
    if b"\xef" in content and (b"\xef\xbf\xbe" in content or b"\xef\xbf\xbf" in content):
        raise RowError("text", "holds a character that no document can hold")
    return content


def near(source: str, line: int | None, offset: int = 0) -> str:
    """The readable words of a part around a line (or, in one long line, around an offset)."""
    lines = source.splitlines()
    if not line or line > len(lines):
        return ""
    near = lines[line - 1]
    if offset:
        near = near[max(0, offset - 400) : offset + 200]
        near = near[near.find("<") :]
    elif line >= 2 and not _MARKS.sub("", near).strip():
        near = lines[line - 2]
    return " ".join(_MARKS.sub(" ", near).split())[:120]


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
