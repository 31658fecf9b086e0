"""Fonts that a letter asks for and this machine lacks."""

import shutil
import subprocess
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from flows.letters.docx import ooxml, package
from flows.letters.docx.ooxml import Element, W

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_STYLED = (f"{W}pStyle", f"{W}rStyle", f"{W}tblStyle")
# LibreOffice brings its own signs for these.
_SIGNS = frozenset({"symbol", "wingdings", "wingdings 2", "wingdings 3", "webdings"})
# Letters as wide, so that lines break alike (fontconfig's 30-metric-aliases.conf).
_AS_WIDE = {
    "arial": "liberation sans",
    "calibri": "carlito",
    "cambria": "caladea",
    "courier new": "liberation mono",
    "georgia": "gelasio",
    "helvetica": "liberation sans",
    "times": "liberation serif",
    "times new roman": "liberation serif",
}


@dataclass(frozen=True, slots=True)
class Missing:
    """A font that is not installed, and what LibreOffice takes in its place."""

    font: str
    substitute: str
    as_wide: bool
    """Whether lines break as in the font itself."""


def missing(docx: bytes) -> tuple[Missing, ...]:
    """Fonts used in this document that are not installed; () where fc-list cannot tell."""
    families = _installed()
    if not families:
        return ()
    found = []
    for font in sorted(used(docx)):
        if font.casefold() not in families | _SIGNS:
            substitute = _substitute(font)
            as_wide = _AS_WIDE.get(font.casefold()) == substitute.casefold()
            found.append(Missing(font, substitute, as_wide))
    return tuple(found)


def undrawable(text: str) -> str:
    """The characters of a text that no font of this machine draws, each once.

    Blank where fc-list cannot tell. What shows nothing of its own (joiners, variants) counts as
    drawn.
    """
    unusual = dict.fromkeys(character for character in text if character > "\u017f")
    return "".join(
        character
        for character in unusual
        if unicodedata.category(character) not in {"Cf", "Mn", "Zs", "Zl", "Zp"}
        and _installed()
        and not _covered(ord(character))
    )


@lru_cache(maxsize=4096)
def _covered(code: int) -> bool:
    return bool(_run("fc-list", f":charset={code:x}", "family"))


def used(docx: bytes) -> set[str]:
    """Fonts that text of the document is set in, its styles and theme followed."""
    parts = dict(package.parts(docx))
    main = ooxml.main_name(parts)
    related = list(ooxml.related(parts, main).values())
    names = dict(related)
    theme = _theme(parts.get(names.get("theme", ""), b""))
    texts = [parts[main], *(parts[name] for kind, name in related if kind in {"header", "footer"})]
    trees = [ooxml.parsed(text) for text in texts]
    styles = {element.get(f"{W}val") for tree in trees for element in tree.iter(*_STYLED)}
    found: set[str] = set()
    for tree in trees:
        found |= set(_fonts(tree, theme))
    if names.get("styles", "") in parts:
        found |= set(_of_styles(ooxml.parsed(parts[names["styles"]]), styles, theme))
    return found


def _of_styles(tree: Element, used_styles: set[str], theme: Mapping[str, str]) -> Iterator[str]:
    by_id = {style.get(f"{W}styleId"): style for style in tree.iter(f"{W}style")}
    standard = [name for name, style in by_id.items() if style.get(f"{W}default") == "1"]
    waiting = [*standard, *used_styles]
    seen: dict[str, list[str]] = {}
    while waiting:
        name = waiting.pop()
        if name not in by_id or name in seen:
            continue
        seen[name] = list(_fonts(by_id[name], theme))
        parent = by_id[name].find(f"{W}basedOn")
        if parent is not None:
            waiting.append(parent.get(f"{W}val"))
    for own in seen.values():
        yield from own
    defaults = tree.find(f"{W}docDefaults")
    # The default paragraph style, where it names a font, leaves nothing to the document's own.
    if defaults is not None and not any(seen[name] for name in standard):
        yield from _fonts(defaults, theme)


def _fonts(tree: Element, theme: Mapping[str, str]) -> Iterator[str]:
    for fonts in tree.iter(f"{W}rFonts"):
        for side in ("ascii", "hAnsi"):
            themed = theme.get(fonts.get(f"{W}{side}Theme", "")[:5])
            name = themed or fonts.get(f"{W}{side}", "")
            if name:
                yield name


def _theme(content: bytes) -> dict[str, str]:
    """ "major" and "minor", as in majorHAnsi, and the font each stands for."""
    if not content:
        return {}
    tree = ooxml.parsed(content)
    found = {}
    for kind in ("major", "minor"):
        latin = tree.find(f".//{_A}{kind}Font/{_A}latin")
        if latin is not None and latin.get("typeface"):
            found[kind] = latin.get("typeface")
    return found


@lru_cache(maxsize=1)
def _installed() -> frozenset[str]:
    listed = _run("fc-list", ":", "family")
    return frozenset(
        name.strip().casefold() for line in listed.splitlines() for name in line.split(",")
    )


@lru_cache(maxsize=64)
def _substitute(font: str) -> str:
    return _run("fc-match", "-f", "%{family[0]}", font.replace("-", r"\-"))


def _run(program: str, *arguments: str) -> str:
    path = shutil.which(program)
    if path is None:
        return ""
    done = subprocess.run([path, *arguments], capture_output=True, text=True, timeout=60)
    return done.stdout.strip()
