"""Word's fields (ECMA-376, 17.16): read with what they show, made plain text, counted to a mark."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from flows.letters.docx.ooxml import Element, UnsuitableError, W

_MAY_STAY = frozenset({"PAGE", "HYPERLINK", "DATE", "TIME", "SYMBOL"})
"""Fields of a letter that becomes a section among others."""
_COUNTING = re.compile(r"\b(?:NUMPAGES|SECTIONPAGES)\b", re.IGNORECASE)
_LINK_INSIDE = re.compile(r"\\l\b")
_KIND = re.compile(r"\s*([A-Za-z]\w*|=)")


@dataclass(slots=True)
class Field:
    """One field: a w:fldSimple, or all between its w:fldChar of type begin and end."""

    marks: list[Element] = field(default_factory=list)
    """The w:fldChar elements, or the w:fldSimple."""
    holders: list[Element] = field(default_factory=list)
    """The elements that hold its instruction: w:instrText, or the w:fldSimple."""
    computed: list[Element] = field(default_factory=list)
    """Text that stands where its instruction does: other fields or tags make the instruction."""
    shown: list[Element] = field(default_factory=list)
    """The w:t elements of what it shows."""
    nested: bool = False
    """Whether it stands inside another field."""
    separated: bool = False
    ended: bool = False

    @property
    def instruction(self) -> str:
        """What the field is to do: "PAGE \\* MERGEFORMAT"."""
        return "".join(_written(holder) for holder in self.holders)

    @property
    def kind(self) -> str:
        """Its name in capitals: "PAGE"; "=" for a formula, blank where it has none."""
        found = _KIND.match(self.instruction)
        return found[1].upper() if found else ""

    @property
    def text(self) -> str:
        """What it shows at present."""
        return "".join(element.text or "" for element in self.shown)

    def rewrite(self, instruction: str) -> None:
        """Let the field do something else."""
        for holder in self.holders:
            if holder.tag == f"{W}fldSimple":
                holder.set(f"{W}instr", instruction)
            else:
                holder.text = instruction
            instruction = ""

    def make_text(self, text: str | None = None) -> None:
        """Leave in place of the field what it shows, or this text."""
        if text is not None and self.shown:
            for element in self.shown:
                element.text = ""
            self.shown[0].text = text
        for element in (*self.marks, *self.holders):
            parent = element.getparent()
            if parent is None:
                continue  # a w:fldSimple is mark and holder
            if element.tag == f"{W}fldSimple":
                for child in list(element):
                    element.addprevious(child)
            parent.remove(element)


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
    for found in fields(tree):
        if found.nested:
            raise UnsuitableError("has a field inside a field")
        if _COUNTING.search(found.instruction):
            found.rewrite(_COUNTING.sub(f"PAGEREF {bookmark}", found.instruction))
            counts = True
        elif found.kind not in _MAY_STAY or _LINK_INSIDE.search(found.instruction):
            raise UnsuitableError(f"has a field {found.kind!r}")
    return counts


def fields(tree: Element) -> Iterator[Field]:
    """Every field of a part, an inner one before the one around it; last, those without an end."""
    opened: list[Field] = []
    for element in tree.iter(f"{W}fldChar", f"{W}instrText", f"{W}fldSimple", f"{W}t"):
        kind = element.get(f"{W}fldCharType") if element.tag == f"{W}fldChar" else ""
        if element.tag == f"{W}fldSimple":
            shown = list(element.iter(f"{W}t"))
            yield Field([element], [element], shown=shown, nested=bool(opened), ended=True)
        elif element.tag == f"{W}t":
            for around in opened:
                (around.shown if around.separated else around.computed).append(element)
        elif element.tag == f"{W}instrText":
            if opened:
                opened[-1].holders.append(element)
        elif kind == "begin":
            opened.append(Field([element], nested=bool(opened)))
        elif opened:
            opened[-1].marks.append(element)
            if kind == "separate":
                opened[-1].separated = True
            elif kind == "end":
                opened[-1].ended = True
                yield opened.pop()
    yield from reversed(opened)
