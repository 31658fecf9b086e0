"""The last reading before a letter is kept: it is this reader's, whole, with nothing left over."""

import html
import re
from collections.abc import Callable, Iterable

from markupsafe import escape

from flows.errors import RowError
from flows.letters import context
from flows.people.contact import Reader

_BREAKS = re.compile(r"</w:p>|<w:(?:br|cr|tab)\b[^>]*>|</(?:p|div|h\d|li|td|tr)>|<br\s*/?>")
_HIDDEN = re.compile(r"<(style|script|title)\b.*?</\1>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
_MARKS = re.compile(r"<[^>]*>")
_BRACES = re.compile(r"{{|}}|{%|%}|{#|#}")
LEFT_BY_WORD = re.compile(
    r"«[\w#]+(?: [\w#]+){0,3}»|Error!|Error: Reference source not found|Fehler!|Erreur !|¡Error!"
)
"""A merge field's name as Word shows it; a broken reference, as Word and LibreOffice print it."""
_LEFT = re.compile(f"{_BRACES.pattern}|{LEFT_BY_WORD.pattern}")
_HINTS = ("{", "}", "«", "!", "Error: Reference source not found")
"""Of which every match of _LEFT has one: single characters are looked for fifty times quicker."""
_CODED_HINTS = (b"{", b"}", b"\xab", b"!", b"Error: Reference source not found")
"""The same in UTF-8, of « the last octet."""
_AROUND = 20
"""Characters shown on either side of what was left over."""


def plain(marked: str) -> str:
    """The words of HTML or of a Word part, spaces and breaks all alike."""
    return words(html.unescape(_MARKS.sub("", _BREAKS.sub(" ", _HIDDEN.sub("", marked)))))


def words(text: str) -> str:
    """The text with every run of white space as one space."""
    return " ".join(text.split())


def may_have_left_over(text: str) -> bool:
    """Whether a text holds a template's braces, a merge field or a broken reference."""
    return any(hint in text for hint in _HINTS) and bool(_LEFT.search(text))


def left_over(shown: str, meant: str) -> str:
    """What a text shows of tags, merge fields and broken references that ``meant`` does not; blank:
    nothing. Spaces tell nothing: a PDF has its own.
    """
    if not may_have_left_over(shown):
        return ""
    squeezed, allowed = "".join(shown.split()), "".join(meant.split())
    return next((left[0] for left in _LEFT.finditer(squeezed) if left[0] not in allowed), "")


class Readback:
    """What one reader's letter and mail must show."""

    def __init__(self, reader: Reader) -> None:
        self._names = (reader.contact.name, reader.address.lines[0])
        self._reader = reader

    def letter(self, parts: Iterable[bytes], where: str) -> None:
        """Raise RowError unless these parts of a filled DOCX are this reader's, whole."""
        xml = b"\n".join(parts)
        if not any(_shows(xml, name) for name in self._names):
            raise RowError("name", f"{where} does not show the reader's name: print envelope_lines")
        self._marked(xml, where)

    def marked(self, marked: str, where: str) -> None:
        """Raise RowError unless HTML greets the reader and leaves nothing over."""
        self._marked(_coded(marked), where)

    def _marked(self, coded: bytes, where: str) -> None:
        self._need(lambda wanted: _shows(coded, wanted), where)
        if not any(hint in coded for hint in _CODED_HINTS):
            return
        marked = coded.decode(errors="surrogatepass")
        if _LEFT.search(marked):
            self.nothing_left(plain(marked), where)
            # Attributes too: a picture's alternative text, a link's tooltip.
            self.nothing_left(html.unescape(" ".join(_MARKS.findall(marked))), where)

    def text(self, text: str, where: str) -> None:
        """Raise RowError unless plain text greets the reader and leaves nothing over."""
        self._need(lambda wanted: wanted in text or _reads(wanted, words(text)), where)
        self.nothing_left(text, where)

    def nothing_left(self, text: str, where: str) -> None:
        """Raise RowError if plain text shows what the reader's own data does not hold: a
        template's braces, a merge field, a broken reference."""
        if not may_have_left_over(text):
            return
        text = words(text)
        own = {
            words(typed) for _, typed in context.texts(self._reader) if may_have_left_over(typed)
        }
        for typed in sorted(own, key=len, reverse=True):
            text = text.replace(typed, "")
        left = _LEFT.search(text)
        if left is None:
            return
        near = text[max(0, left.start() - _AROUND) : left.end() + _AROUND]
        what = "a template's braces" if _BRACES.match(left[0]) else "what Word has not filled in"
        raise RowError("text", f"{where} still shows {what}: {near!r}")

    def _need(self, shows: Callable[[str], bool], where: str) -> None:
        address = self._reader.address
        for wanted, name in ((address.salutation, "salutation"), (address.close, "close")):
            if not shows(wanted):
                raise RowError("salutation", f"{where} lacks {wanted!r}: print {{{{ {name} }}}}")


def _coded(text: str) -> bytes:
    # In bytes a search is quick however wide the text's letters are.
    return text.encode(errors="surrogatepass")


def _shows(coded: bytes, wanted: str) -> bool:
    # As it usually stands; else as it reads, across runs of one word or in capitals.
    return (
        _coded(wanted) in coded
        or _coded(escape(wanted)) in coded
        or _reads(wanted, plain(coded.decode(errors="surrogatepass")))
    )


def _reads(wanted: str, text: str) -> bool:
    return words(wanted).casefold() in text.casefold()
