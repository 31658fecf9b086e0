"""Numbered lists that begin again with each letter of a bundle."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from flows.letters.docx.ooxml import Element, UnsuitableError, W, made, parsed, related, serialized

_UNNUMBERED = frozenset({"bullet", "none"})


@dataclass(frozen=True, slots=True)
class _StyleList:
    """The list a paragraph style brings along."""

    number: str
    level: str


class Numbering:
    """The list definitions of a document, with a copy of each counted one for every letter."""

    def __init__(self, parts: Mapping[str, bytes], main: str) -> None:
        names = dict(related(parts, main).values())
        self._name = names.get("numbering", "")
        self._tree: Element = parsed(parts[self._name]) if self._name in parts else None
        self._lists = self._counted_lists()
        styles = names.get("styles", "")
        self._styles = self._counted_styles(parsed(parts[styles])) if styles in parts else {}
        self._next = max(map(int, self._lists), default=0) + 10_000

    def part(self) -> dict[str, bytes]:
        """The definitions' part by name; nothing where the document has none."""
        return {} if self._tree is None else {self._name: serialized(self._tree)}

    def restart(self, body: Element) -> None:
        """Give the counted lists of this letter definitions of their own, from their start."""
        own: dict[str, str] = {}
        for paragraph in body.iter(f"{W}p"):
            number = paragraph.find(f"{W}pPr/{W}numPr/{W}numId")
            if number is None:
                number = self._from_style(paragraph)
            if number is not None and number.get(f"{W}val") in self._lists:
                old = number.get(f"{W}val")
                number.set(f"{W}val", own.get(old) or own.setdefault(old, self._copied(old)))

    def _from_style(self, paragraph: Element) -> Any:
        """A direct reference to the list that the style brings, put into the paragraph."""
        style = paragraph.find(f"{W}pPr/{W}pStyle")
        found = None if style is None else self._styles.get(style.get(f"{W}val"))
        if found is None:
            return None
        numbered = made(f"{W}numPr")
        numbered.append(made(f"{W}ilvl", val=found.level))
        numbered.append(made(f"{W}numId", val=found.number))
        # Order matters (CT_PPr): after what keeps lines and frames together.
        before = {f"{W}{name}" for name in _BEFORE_NUMBERS}
        place = sum(1 for child in style.getparent() if child.tag in before)
        style.getparent().insert(place, numbered)
        return numbered[1]

    def _copied(self, number: str) -> str:
        kind, starts = self._lists[number]
        self._next += 1
        copy = made(f"{W}num", numId=str(self._next))
        copy.append(made(f"{W}abstractNumId", val=kind))
        for level, start in starts.items():
            override = made(f"{W}lvlOverride", ilvl=level)
            override.append(made(f"{W}startOverride", val=start))
            copy.append(override)
        old = self._tree.xpath("w:num[@w:numId=$n]", n=number, namespaces={"w": W[1:-1]})[0]
        for override in old.iter(f"{W}lvlOverride"):
            if override.find(f"{W}lvl") is not None:
                raise UnsuitableError("has a list with levels of its own")
        old.getparent().insert(len(old.getparent().findall(f"{W}abstractNum")), deepcopy(copy))
        return str(self._next)

    def _counted_lists(self) -> dict[str, tuple[str, dict[str, str]]]:
        """List -> its kind, and where each of its levels starts."""
        if self._tree is None:
            return {}
        kinds: dict[str, dict[str, str]] = {}
        for kind in self._tree.iter(f"{W}abstractNum"):
            levels = kind.findall(f"{W}lvl")
            formats = {_value(level, "numFmt", "decimal") for level in levels}
            if not levels or formats - _UNNUMBERED:
                kinds[kind.get(f"{W}abstractNumId")] = {
                    level.get(f"{W}ilvl"): _value(level, "start", "1") for level in levels
                }
        lists = {}
        for number in self._tree.findall(f"{W}num"):
            kind = _value(number, "abstractNumId", "")
            if kind in kinds:
                starts = dict(kinds[kind])
                for override in number.findall(f"{W}lvlOverride"):
                    level = override.get(f"{W}ilvl")
                    starts[level] = _value(override, "startOverride", starts.get(level, "1"))
                lists[number.get(f"{W}numId")] = (kind, starts)
        return lists

    def _counted_styles(self, styles: Element) -> dict[str, _StyleList]:
        by_id = {style.get(f"{W}styleId"): style for style in styles.iter(f"{W}style")}
        found = {}
        for name, style in by_id.items():
            seen: set[str] = set()
            while style is not None and name not in seen:
                number = style.find(f"{W}pPr/{W}numPr/{W}numId")
                if number is not None:
                    if number.get(f"{W}val") in self._lists:
                        level = style.find(f"{W}pPr/{W}numPr/{W}ilvl")
                        at = "0" if level is None else level.get(f"{W}val")
                        found[name] = _StyleList(number.get(f"{W}val"), at)
                    break
                seen.add(style.get(f"{W}styleId"))
                parent = style.find(f"{W}basedOn")
                style = None if parent is None else by_id.get(parent.get(f"{W}val"))
        return found


_BEFORE_NUMBERS = ("pStyle", "keepNext", "keepLines", "pageBreakBefore", "framePr", "widowControl")


def _value(element: Element, name: str, default: str) -> str:
    child = element.find(f"{W}{name}")
    return default if child is None else str(child.get(f"{W}val", default))
