"""The last reading before a letter is kept: this reader's, whole, with nothing left over?"""

import html
import re
from collections.abc import Iterable

from markupsafe import escape

from flows.errors import RowError
from flows.letters import context
from flows.people.contact import Reader

_BREAKS = re.compile(r"</w:p>|<w:(?:br|cr|tab)\b[^>]*>|</(?:p|div|h\d|li|td|tr)>|<br\s*/?>")
_HIDDEN = re.compile(r"<(style|script|title)\b.*?</\1>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
_MARKS = re.compile(r"<[^>]*>")
_BRACES = re.compile(r"{{|}}|{%|%}")


def plain(marked: str) -> str:
    """The words of HTML or of a Word part, spaces and breaks all alike."""
    return words(html.unescape(_MARKS.sub("", _BREAKS.sub(" ", _HIDDEN.sub("", marked)))))


def words(text: str) -> str:
    """The text with every run of white space as one space."""
    return " ".join(text.split())


class Readback:
    """What one reader's letter and mail must show."""

    def __init__(self, reader: Reader) -> None:
        self._names = (reader.contact.name, reader.address.lines[0])
        self._opening = reader.address.salutation
        self._close = reader.address.close
        self._reader = reader

    def letter(self, parts: Iterable[str], where: str) -> None:
        """Raise RowError unless these parts of a filled DOCX are this reader's, whole."""
        marked = "\n".join(parts)
        if not any(_shows(marked, name) for name in self._names):
            raise RowError("name", f"{where} does not show the reader's name: print envelope_lines")
        self.mail(marked, where)

    def mail(self, marked: str, where: str) -> None:
        """Raise RowError unless this greets the reader, closes, and leaves no tag unfilled.

        ``marked`` is text, HTML or Word XML.
        """
        for wanted, name in ((self._opening, "salutation"), (self._close, "close")):
            if not _shows(marked, wanted):
                raise RowError("salutation", f"{where} lacks {wanted!r}: print {name}")
        self.nothing_left(marked, where)

    def nothing_left(self, marked: str, where: str) -> None:
        """Raise RowError if braces stand there that the reader's own data does not hold."""
        if not _BRACES.search(marked):
            return
        text = plain(marked)
        own = {words(own) for _, own in context.texts(self._reader) if _BRACES.search(own)}
        for typed in sorted(own, key=len, reverse=True):
            text = text.replace(typed, "")
        left = _BRACES.search(text)
        if left:
            near = text[max(0, left.start() - 20) : left.end() + 20]
            raise RowError("text", f"{where} still shows a template's braces: {near!r}")


def _shows(marked: str, wanted: str) -> bool:
    # As it usually stands; else as it reads, across runs of one word or in capitals.
    return (
        wanted in marked
        or escape(wanted) in marked
        or words(wanted).casefold() in plain(marked).casefold()
    )
