"""Whether an address shows in the window of its envelope, and nothing else does."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flows.letters.pdf import text as pdftext
from flows.letters.pdf.text import Words

_MM = 72 / 25.4
_ASCENT, _DESCENT = 0.75, 0.22
"""Of the font's size: how far letters reach above and below their line."""


@dataclass(frozen=True, slots=True)
class Window:
    """What of a folded A4 sheet shows, in mm from the sheet's left and upper edges."""

    name: str
    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def bottom(self) -> float:
        return self.top + self.height


WINDOWS = {
    # 90 x 35 mm, 20 mm from the left and 18 mm from the lower edge of a DL envelope (ISO 269,
    # 220 x 110 mm), where a sheet folded to 99 mm settles.
    "uk": Window("British DL", 20, 46, 90, 35),
    # DIN 680: 90 x 45 mm, so that the address field of DIN 5008 shows.
    "din": Window("DIN 680", 20, 45, 90, 45),
}


@dataclass(frozen=True, slots=True)
class _Box:
    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def around(cls, words: Words) -> "_Box":
        """In mm, the letters with what they reach above and below the line."""
        return cls(
            words.left / _MM,
            (words.baseline - _ASCENT * words.size) / _MM,
            words.right / _MM,
            (words.baseline + _DESCENT * words.size) / _MM,
        )

    def meets(self, window: Window) -> bool:
        return (
            self.left < window.right
            and self.right > window.left
            and self.top < window.bottom
            and self.bottom > window.top
        )


def faults(pdf: bytes, address: Sequence[str], window: Window) -> tuple[str, ...]:
    """What is wrong with a letter for this window; () where its address shows, and it alone.

    ``address`` are the lines of envelope and postal address as they are printed.
    """
    drawn = [words for words in pdftext.words(pdf, first_page_only=True) if words.text.strip()]
    block = _block(drawn, address)
    if not block:
        return ("the address is not printed on the first page",)
    return (*_outside(block, window), *_strangers(drawn, block, window))


def _outside(block: Sequence[Words], window: Window) -> Iterator[str]:
    boxes = [_Box.around(words) for words in block]
    sides = (
        ("left", window.left - min(box.left for box in boxes)),
        ("right", max(box.right for box in boxes) - window.right),
        ("upper", window.top - min(box.top for box in boxes)),
        ("lower", max(box.bottom for box in boxes) - window.bottom),
    )
    for side, beyond in sides:
        if beyond > 0:
            yield f"the address reaches {beyond:.1f} mm beyond the {side} edge of the window"


def _strangers(drawn: Sequence[Words], block: Sequence[Words], window: Window) -> Iterator[str]:
    for words in drawn:
        if words not in block and _Box.around(words).meets(window):
            yield f"{words.text.strip()!r} shows in the window too"


def _block(drawn: Sequence[Words], address: Sequence[str]) -> list[Words]:
    """The words that make up the address: all of it in one place, else line by line."""
    text, owners = "", []
    for words in drawn:
        squeezed = _squeezed(words.text)
        text += squeezed
        owners += [words] * len(squeezed)
    wanted = [_squeezed(line) for line in address if _squeezed(line)]
    pieces = ["".join(wanted)] if "".join(wanted) in text else wanted
    found: list[Words] = []
    for piece in pieces:
        at = text.find(piece)
        if at < 0:
            return []
        found += dict.fromkeys(owners[at : at + len(piece)])
    return found


def _squeezed(text: str) -> str:
    """Without spaces: a long line may have been broken anywhere."""
    return "".join(text.split()).casefold()
