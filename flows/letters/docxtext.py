"""The text of a filled template on its way into a DOCX: marks, checks, words near a fault."""

import re
from collections.abc import Mapping, Sequence
from xml.parsers import expat
from xml.sax.saxutils import escape

from flows.errors import ConfigurationError, RowError

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
                f"{file}: the document property {name!r} becomes longer than "
                f"{LONGEST_PROPERTY} characters; shorten it in Word, File, Info"
            )
        core = core.replace(token(name), escape(text))
    return core.encode()


def need_well_formed(xml: str, file: str) -> bytes:
    """The part as bytes. Raises ConfigurationError, with the words near, if it is no XML."""
    content = xml.encode()
    try:
        expat.ParserCreate().Parse(content, True)
    except expat.ExpatError as error:
        words = near(xml, error.lineno, error.offset)
        raise ConfigurationError(
            f"{file}: a tag opens in one place and closes in another that does not "
            f'match, near "{words}"; put both on lines of their own with {{%p ... %}}'
        ) from error
    return content


def need_printable(text: str, parts: int) -> None:
    """Raise RowError for what XML cannot hold, in a text of so many parts with BETWEEN.

    docxtpl drops the first kind and ends the letter at the second. Bell and form feed are its
    spelling of a new paragraph and a new page.
    """
    try:
        content = text.encode()
    except UnicodeEncodeError as error:
        raise RowError("text", "holds half a character; type the text again") from error
    found = len(content) - len(content.translate(None, _ILLEGAL))
    ours = parts - 1 + content.count(b"\a") + content.count(b"\f")
    if found > ours:
        ours += 2 * len(_PLACED.findall(text))
    if found != ours or text.count(BETWEEN) != parts - 1:
        raise RowError("text", "holds a control character; type the text again")
    if b"\xef\xbf\xbe" in content or b"\xef\xbf\xbf" in content:
        raise RowError("text", "holds a character that no document can hold")


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
