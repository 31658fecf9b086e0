"""The words of a PDF and where they stand: enough to read our own letters back.

Only what LibreOffice writes is understood: text as hexadecimal strings, placed by Td, Tm and TJ,
in fonts with a ToUnicode map and widths (ISO 32000-1, 9.4 and 9.10.3).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from io import BytesIO
from typing import Any

import pikepdf

_MAPPED = re.compile(rb"beginbfchar(.*?)endbfchar|beginbfrange(.*?)endbfrange", re.DOTALL)
_HEX = re.compile(rb"<([0-9A-Fa-f\s]*)>")
_TOKEN = re.compile(
    rb"\[[^\]]*\]|<[0-9A-Fa-f\s]*>|\((?:[^()\\]|\\.)*\)|/[^\s/<>\[\]()]+|[-+.\d]+|[A-Za-z*'\"]+"
)
_FONT_OR_TEXT = re.compile(rb"(/[^\s/]+)\s+[-+.\d]+\s+Tf|(\[[^\]]*\]|<[^>]*>)\s*T[jJ]")
_OPERATOR_STARTS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz*'\"")
_PLACING = frozenset({b"q", b"Q", b"cm", b"BT", b"Td", b"TD", b"Tm", b"Tf", b"Tj", b"TJ"})

Matrix = tuple[float, float, float, float, float, float]
_UNMOVED: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Words:
    """Text that was drawn in one go."""

    page: int
    """Counted from 0."""
    left: float
    right: float
    """Points (1/72 inch) from the page's left edge."""
    baseline: float
    """Points from the page's top edge."""
    size: float
    text: str


def words(data: bytes, first_page_only: bool = False) -> list[Words]:
    """What is written on the pages, in the order in which it was drawn."""
    with pikepdf.Pdf.open(BytesIO(data)) as pdf:
        pages = pdf.pages[:1] if first_page_only else pdf.pages
        return [found for number, page in enumerate(pages) for found in _page(page, number)]


def text(data: bytes) -> str:
    """All words with single spaces: what a reading-back compares. Sooner than ``words``."""
    shown: list[str] = []
    read: dict[tuple[int, int], _Font] = {}  # pages have most of their fonts in common
    with pikepdf.Pdf.open(BytesIO(data)) as pdf:
        for page in pdf.pages:
            fonts = {}
            for name, one in _named_fonts(page).items():
                if one.objgen not in read or not one.is_indirect:
                    read[one.objgen] = _Font(one)
                fonts[name.encode()] = read[one.objgen]
            font = _Font({})
            for name, drawn in _FONT_OR_TEXT.findall(_content(page)):
                if name:
                    font = fonts[name]
                else:
                    shown.append(font.characters(drawn))
    return " ".join(" ".join(shown).split())


def codes_drawn(page: pikepdf.Page, font: str) -> str:
    """Every code that the page draws in the font of this name, one character each."""
    drawn, wanted = [], _Font(_named_fonts(page)[font])
    current = b""
    for name, shown in _FONT_OR_TEXT.findall(_content(page)):
        if name:
            current = name
        elif current == font.encode():
            drawn.append(wanted.codes(shown))
    return "".join(drawn)


def to_unicode(font: Any) -> dict[int, str]:
    """What each code of a font stands for."""
    return _unicode(bytes(font.ToUnicode.read_bytes())) if "/ToUnicode" in font else {}


class _Font:
    """How codes of one font become text and width."""

    def __init__(self, font: Any) -> None:
        self._texts = to_unicode(font)
        self._encoding = "utf-16-be" if font.get("/Subtype") == "/Type0" else "latin-1"
        self._font = font

    @cached_property
    def _widths(self) -> dict[str, float]:
        first = int(self._font.get("/FirstChar", 0))
        widths = [float(width) for width in self._font.get("/Widths", [])]
        return {chr(first + place): width / 1000 for place, width in enumerate(widths)}

    def read(self, drawn: bytes) -> tuple[str, float]:
        """The text of a TJ array or one string, and its width for a font size of 1."""
        codes = self.codes(drawn)
        width = sum([self._widths.get(code, 0.5) for code in codes])
        back = sum(map(float, _HEX.sub(b" ", drawn.strip(b"[]")).split()))
        return codes.translate(self._texts), width - back / 1000

    def characters(self, drawn: bytes) -> str:
        """The text alone."""
        return self.codes(drawn).translate(self._texts)

    def codes(self, drawn: bytes) -> str:
        """One character for each code of the font."""
        digits = b"".join(_HEX.findall(drawn)).decode()
        return bytes.fromhex(digits).decode(self._encoding, "replace")


@lru_cache(maxsize=64)
def _unicode(cmap: bytes) -> dict[int, str]:
    found: dict[int, str] = {}
    for single, ranges in _MAPPED.findall(cmap):
        numbers = [bytes.fromhex(number.decode()) for number in _HEX.findall(single or ranges)]
        if single:
            for low, shown in zip(numbers[::2], numbers[1::2], strict=False):
                found[int.from_bytes(low, "big")] = shown.decode("utf-16-be", "replace")
            continue
        for low, high, shown in zip(numbers[::3], numbers[1::3], numbers[2::3], strict=False):
            first, last = int.from_bytes(low, "big"), int.from_bytes(high, "big")
            for step in range(last - first + 1):
                end = (int.from_bytes(shown[-2:], "big") + step).to_bytes(2, "big")
                found[first + step] = (shown[:-2] + end).decode("utf-16-be", "replace")
    return found


def _page(page: pikepdf.Page, number: int) -> Iterator[Words]:
    fonts: dict[str, _Font] = {}
    named = _named_fonts(page)
    box = [float(edge) for edge in page.mediabox]
    whole, stack = _UNMOVED, []
    line: Matrix = _UNMOVED
    name, size = "", 0.0
    for operator, operands in _operations(_content(page)):
        match operator:
            case b"q":
                stack.append(whole)
            case b"Q" if stack:
                whole = stack.pop()
            case b"cm":
                whole = _times(_matrix(operands), whole)
            case b"BT":
                line = _UNMOVED
            case b"Td" | b"TD":
                line = _times((1, 0, 0, 1, float(operands[-2]), float(operands[-1])), line)
            case b"Tm":
                line = _matrix(operands)
            case b"Tf":
                name, size = operands[-2].decode(), float(operands[-1])
                if name not in fonts:
                    fonts[name] = _Font(named[name])
            case b"Tj" | b"TJ":
                shown, width = fonts[name].read(operands[-1])
                at = _times(line, whole)
                yield Words(
                    page=number,
                    left=at[4] - box[0],
                    right=at[4] + width * size * at[0] - box[0],
                    baseline=box[3] - at[5],
                    size=size * at[3],
                    text=shown,
                )


def _named_fonts(page: pikepdf.Page) -> dict[str, Any]:
    fonts = page.resources.get("/Font")
    return {} if fonts is None else dict(fonts.items())


def _content(page: pikepdf.Page) -> bytes:
    page.contents_coalesce()
    return bytes(page.Contents.read_bytes())


def _operations(content: bytes) -> Iterator[tuple[bytes, list[bytes]]]:
    """The operators that place text, with their operands; an array is one."""
    operands: list[bytes] = []
    for token in _TOKEN.findall(content):
        if token[0] in _OPERATOR_STARTS:
            if token in _PLACING:
                yield token, operands
            operands = []
        else:
            operands.append(token)


def _matrix(operands: list[bytes]) -> Matrix:
    a, b, c, d, e, f = (float(number) for number in operands[-6:])
    return a, b, c, d, e, f


def _times(one: Matrix, other: Matrix) -> Matrix:
    a, b, c, d, e, f = one
    g, h, i, j, k, m = other
    return (
        a * g + b * i,
        a * h + b * j,
        c * g + d * i,
        c * h + d * j,
        e * g + f * i + k,
        e * h + f * j + m,
    )
