"""Word's fields in a letter that becomes a section: which may stay, and what they count to."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from flows.letters.docx.ooxml import Element, UnsuitableError, W

_MAY_STAY = frozenset({"PAGE", "HYPERLINK", "DATE", "TIME", "SYMBOL"})
_COUNTING = re.compile(r"\b(?:NUMPAGES|SECTIONPAGES)\b", re.IGNORECASE)
_LINK_INSIDE = re.compile(r"\\l\b")


@dataclass(slots=True)
class _Field:
    """The elements that hold one field's instruction: w:instrText, or one w:fldSimple."""

    holders: list[Element] = field(default_factory=list)
    nested: bool = False

    @property
    def instruction(self) -> str:
        return "".join(_written(holder) for holder in self.holders)

    @property
    def kind(self) -> str:
        return (self.instruction.split() or [""])[0].upper()

    def rewrite(self, instruction: str) -> None:
        for holder in self.holders:
            if holder.tag == f"{W}fldSimple":
                holder.set(f"{W}instr", instruction)
            else:
                holder.text = instruction
            instruction = ""


def _written(holder: Element) -> str:
    if holder.tag == f"{W}fldSimple":
        return str(holder.get(f"{W}instr", ""))
    return holder.text or ""


def count_to(tree: Element, bookmark: str) -> bool:
    """Let counts of pages end at this bookmark instead of at the end of the document.

    Returns whether there were any. Raises UnsuitableError for a field that looks beyond the
    letter in another way.
    """
    counts = False
    for found in _fields(tree):
        if found.nested:
            raise UnsuitableError("has a field inside a field")
        if _COUNTING.search(found.instruction):
            found.rewrite(_COUNTING.sub(f"PAGEREF {bookmark}", found.instruction))
            counts = True
        elif found.kind not in _MAY_STAY or _LINK_INSIDE.search(found.instruction):
            raise UnsuitableError(f"has a field {found.kind!r}")
    return counts


def kinds(tree: Element) -> set[str]:
    """Which fields there are: "PAGE", "HYPERLINK"."""
    return {found.kind for found in _fields(tree)}


def _fields(tree: Element) -> Iterator[_Field]:
    opened: list[_Field] = []
    for element in tree.iter(f"{W}fldChar", f"{W}instrText", f"{W}fldSimple"):
        if element.tag == f"{W}fldSimple":
            yield _Field([element], nested=bool(opened))
        elif element.tag == f"{W}instrText":
            if opened:
                opened[-1].holders.append(element)
        elif element.get(f"{W}fldCharType") == "begin":
            opened.append(_Field(nested=bool(opened)))
        elif element.get(f"{W}fldCharType") == "end" and opened:
            yield opened.pop()
