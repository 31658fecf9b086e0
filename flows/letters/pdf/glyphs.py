"""What a PDF draws, glyph by glyph: text can read right and be printed as empty boxes.

A font draws its first glyph, .notdef, for every character that it lacks (OpenType, "glyf");
LibreOffice embeds it like any other, under a code of its own.
"""

import re
import struct
from io import BytesIO
from itertools import pairwise
from typing import Any

import pikepdf

from flows.letters.pdf.text import codes_drawn, to_unicode

_ACTUAL = re.compile(rb"/ActualText<FEFF([0-9A-Fa-f]+)>")


def undrawn(data: bytes) -> str:
    """The characters that this PDF of LibreOffice's draws as empty boxes, each once.

    Fonts that are not TrueType are taken to draw what they name.
    """
    found: dict[str, None] = {}
    with pikepdf.Pdf.open(BytesIO(data)) as pdf:
        boxes: dict[tuple[int, int], frozenset[int]] = {}
        for page in pdf.pages:
            fonts = page.resources.get("/Font")
            for name, font in dict(fonts.items()).items() if fonts is not None else ():
                if font.objgen not in boxes:
                    boxes[font.objgen] = _boxes(font)
                if not boxes[font.objgen]:
                    continue
                shown = to_unicode(font)
                drawn = set(map(ord, codes_drawn(page, name)))
                found |= dict.fromkeys(shown.get(code, "?") for code in drawn & boxes[font.objgen])
                # One code stands for all that the font lacks; the others are named beside it.
                for named in _ACTUAL.findall(bytes(page.Contents.read_bytes())) if drawn else ():
                    found |= dict.fromkeys(
                        bytes.fromhex(named.decode()).decode("utf-16-be", "replace")
                    )
    return "".join(character for character in found if not character.isspace())


def _boxes(font: Any) -> frozenset[int]:
    """Codes of a TrueType font for which it draws .notdef."""
    program = font.get("/FontDescriptor", {}).get("/FontFile2")
    if program is None:
        return frozenset()
    glyphs = _glyphs(bytes(program.read_bytes()))
    if not glyphs or not glyphs[0]:
        return frozenset()
    # LibreOffice numbers the glyphs of a subset as their codes.
    return frozenset(code for code, glyph in enumerate(glyphs) if code and glyph == glyphs[0])


def _glyphs(program: bytes) -> list[bytes]:
    """The outlines of a TrueType font, by number; [] where it cannot be read."""
    try:
        (count,) = struct.unpack_from(">H", program, 4)
        tables = {}
        for number in range(count):
            tag, _, start, length = struct.unpack_from(">4sLLL", program, 12 + 16 * number)
            tables[tag] = program[start : start + length]
        long = struct.unpack_from(">h", tables[b"head"], 50)[0]
        size, scale = ("L", 1) if long else ("H", 2)
        offsets = [offset * scale for (offset,) in struct.iter_unpack(f">{size}", tables[b"loca"])]
    except (struct.error, KeyError):
        return []
    return [tables[b"glyf"][start:end] for start, end in pairwise(offsets)]
