"""What a letter's Word file still holds that no reader may see, or that would change by itself."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from urllib.parse import unquote

from flows.letters import placeholders
from flows.letters.docx.field_rules import settled
from flows.letters.docx.fields import fields
from flows.letters.docx.findings import (
    CODED_TAG,
    NEAR,
    OFF,
    TAG,
    Finding,
    Seen,
    near,
    said,
    short,
    text_of,
    written,
)
from flows.letters.docx.ooxml import RELATIONSHIP, Element, Package, W
from flows.letters.readback import LEFT_BY_WORD

_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.{}+xml"
_MAIN, _COMMENTS, _STYLES = (_TYPE.format(kind) for kind in ("document.main", "comments", "styles"))
FILLED = frozenset(
    _TYPE.format(kind) for kind in ("document.main", "header", "footer", "footnotes", "endnotes")
)
"""Content types of the parts that a template fills."""

_REVISIONS = {
    **dict.fromkeys(("ins", "cellIns", "customXmlInsRangeStart"), "insertion"),
    **dict.fromkeys(("del", "cellDel", "cellMerge", "customXmlDelRangeStart"), "deletion"),
    **dict.fromkeys(("moveFrom", "moveTo", "moveFromRangeStart", "moveToRangeStart"), "move"),
    **dict.fromkeys(("customXmlMoveFromRangeStart", "customXmlMoveToRangeStart"), "move"),
    **dict.fromkeys(("rPrChange", "pPrChange", "sectPrChange", "tblPrChange"), "change of format"),
    **dict.fromkeys(("tblPrExChange", "trPrChange", "tcPrChange"), "change of format"),
    **dict.fromkeys(("tblGridChange", "numberingChange"), "change of format"),
    **dict.fromkeys(("conflictIns", "conflictDel"), "conflict of two editors"),
}
"""Revision marks (ECMA-376, 17.13.5; w14: [MS-DOCX] 2.5.1)."""

_OPENING = re.compile(r"{{|{%|{#|{_{|{_%")
_WHOLE_TAG = re.compile(r"{{.*?}}|{%.*?%}|{#.*?#}", re.DOTALL)
_SHOWS = frozenset(f"{W}{name}" for name in ("t", "sym", "drawing", "pict", "noBreakHyphen"))
_PLACES = {
    "chart": "a chart",
    "diagramdata": "a diagram (SmartArt)",
    "numbering": "a list's number format",
    "styles": "a style",
}


def inspect(package: Package, on: date, language: str) -> list[Finding]:
    """What is wrong with a template's package, the most serious first.

    Fields that change by themselves are made text: dates the letter's day, ``on``, others what
    they show; so a package that is inspected shows the same on every day. Many of one kind are
    one finding with their number.
    """
    texts = {name: package.tree(name) for name in package if _type(package, name) in FILLED}
    found = [
        *_comments(package, texts.values()),
        *_revisions(package, texts),
        *_hidden(package, texts),
        *_placeholders(texts.values()),
        *settled(texts.values(), on, language),
        *_unfilled(package, texts),
        *_typed(texts.values()),
    ]
    return sorted(found, key=lambda one: one.severity)


def _type(package: Package, name: str) -> str:
    return package.content_type(name)


def _comments(package: Package, texts: Iterable[Element]) -> Iterator[Finding]:
    marks = [mark for tree in texts for mark in tree.iter(f"{W}commentReference")]
    notes = [
        note
        for name in package
        if _type(package, name) == _COMMENTS
        for note in package.tree(name).iter(f"{W}comment")
    ]
    if not (marks or notes):
        return
    authors = sorted({note.get(f"{W}author") for note in notes if note.get(f"{W}author")})
    by = f" by {', '.join(authors[:3])}" if authors else ""
    seen = [Seen(mark) for mark in marks or notes]
    line = said(
        seen,
        f"still has a comment{by}",
        f"comments{by}",
        "in Word: Review, Delete, Delete All Comments in Document",
    )
    yield Finding("error", line if len(seen) == 1 else f"still has {line}")


def _revisions(package: Package, texts: dict[str, Element]) -> Iterator[Finding]:
    others = [package.tree(name) for name in package if _styled(package, name)]
    seen: dict[str, list[Seen]] = defaultdict(list)
    for tree in (*texts.values(), *others):
        for element in tree.iter():
            if isinstance(element.tag, str):
                kind = _REVISIONS.get(element.tag.rpartition("}")[2])
                if kind and element.tag.startswith(
                    (W, "{http://schemas.microsoft.com/office/word")
                ):
                    seen[kind].append(Seen(element))
    if seen:
        counts = ", ".join(_counted(len(marks), kind) for kind, marks in seen.items())
        first = next(iter(seen.values()))[0]
        words = near(first.element)
        yield Finding(
            "error",
            f"still has tracked changes ({counts})"
            + (f', the first near "{words}"' if words else "")
            + "; in Word: Review, Accept, Accept All Changes and Stop Tracking "
            "(LibreOffice: Edit, Track Changes, Accept All)",
        )


def _counted(count: int, kind: str) -> str:
    """ "1 deletion", "2 changes of format"."""
    first, space, rest = kind.partition(" ")
    return f"{count} {first}{'s' * (count > 1)}{space}{rest}"


def _styled(package: Package, name: str) -> bool:
    return _type(package, name) in (_STYLES, _TYPE.format("numbering"))


def _hidden(package: Package, texts: dict[str, Element]) -> Iterator[Finding]:
    styles = _Styles([package.tree(name) for name in package if _type(package, name) == _STYLES])
    seen = []
    for tree in texts.values():
        for run in tree.iter(f"{W}r"):
            if styles.hides(run) and any(
                child.tag in _SHOWS and (child.tag != f"{W}t" or (child.text or "").strip())
                for child in run
            ):
                seen.append(Seen(run))
        seen += [Seen(row) for row in tree.iter(f"{W}hidden") if _on(row)]
        for drawing in tree.iter("{*}docPr", "{*}cNvPr"):
            if drawing.get("hidden", "0").lower() not in {"", *OFF}:
                seen.append(Seen(drawing))
        for shape in tree.iter("{urn:schemas-microsoft-com:vml}*"):
            style = re.sub(r"\s", "", shape.get("style", "")).lower()
            if "visibility:hidden" in style or "display:none" in style:
                seen.append(Seen(shape))
    if seen:
        yield Finding(
            "error",
            said(
                seen,
                "has hidden text",
                "pieces of hidden text",
                "in Word: show it with Home, ¶; then delete it, or take Hidden away in Font "
                "(Ctrl+D)",
            ),
        )


def _on(toggle: Element) -> bool:
    return str(toggle.get(f"{W}val", "1")).lower() not in OFF


class _Styles:
    """Whether runs are hidden, directly or by their styles (ECMA-376, 17.7.3)."""

    def __init__(self, trees: list[Element]) -> None:
        self._by_id = {
            style.get(f"{W}styleId"): style for tree in trees for style in tree.iter(f"{W}style")
        }
        self._standard = next(
            (
                name
                for name, style in self._by_id.items()
                if style.get(f"{W}default") == "1" and style.get(f"{W}type") == "paragraph"
            ),
            None,
        )
        self._known: dict[str | None, bool] = {}
        self.any = any(True for tree in trees for _ in tree.iter(f"{W}vanish"))

    def hides(self, run: Element) -> bool:
        own = run.find(f"{W}rPr/{W}vanish")
        if own is not None:
            return _on(own)
        if not self.any:
            return False
        named = run.find(f"{W}rPr/{W}rStyle")
        paragraph = next(run.iterancestors(f"{W}p"), None)
        style = None if paragraph is None else paragraph.find(f"{W}pPr/{W}pStyle")
        of_paragraph = self._standard if style is None else style.get(f"{W}val")
        of_run = None if named is None else named.get(f"{W}val")
        return self._style_hides(of_paragraph) != self._style_hides(of_run)

    def _style_hides(self, name: str | None) -> bool:
        if name not in self._known:
            self._known[name] = False  # a style based on itself ends here
            style = self._by_id.get(name)
            if style is not None:
                own, parent = style.find(f"{W}rPr/{W}vanish"), style.find(f"{W}basedOn")
                if own is not None:
                    self._known[name] = _on(own)
                elif parent is not None:
                    self._known[name] = self._style_hides(parent.get(f"{W}val"))
        return self._known[name]


def _placeholders(texts: Iterable[Element]) -> Iterator[Finding]:
    seen = [
        Seen(control)
        for tree in texts
        for control in tree.iter(f"{W}sdt")
        if any(_on(mark) for mark in control.iterfind(f"{W}sdtPr/{W}showingPlcHdr"))
    ]
    if seen:
        words = short(text_of(seen[0].element))
        one, many = "a content control shows", f"{len(seen)} content controls show"
        yield Finding(
            "error",
            f'{one if len(seen) == 1 else many} only a placeholder, "{words}"; '
            "write something into it, or right-click it, Remove Content Control",
        )


def _unfilled(package: Package, texts: dict[str, Element]) -> Iterator[Finding]:
    """Tags, whole or in part, in parts and places that are not filled."""
    for name in package:
        kind = _type(package, name)
        if name.lower().endswith(".rels"):
            yield from _tags_in_relations(package.tree(name))
        elif name in texts or not package.is_xml(name) or _is_left_out(name, kind):
            continue
        else:
            tree = package.tree(name)
            values = (value for element in tree.iter() for value in element.attrib.values())
            whole = "".join(tree.itertext())
            found = TAG.search(whole)
            shown = whole[max(0, found.start() - NEAR // 2) :] if found else ""
            words = shown or next((value for value in values if CODED_TAG.search(value)), "")
            if words:
                place = _PLACES.get(kind.rpartition(".")[2].removesuffix("+xml"), name)
                yield Finding(
                    "error",
                    f"has a tag in {place}, where none is filled, near "
                    f'"{short(" ".join(words.split()))}"; write it as text',
                )


def _is_left_out(name: str, kind: str) -> bool:
    """Whether a part never leaves (cleaning), or is filled in a way of its own."""
    return name.lower().startswith(("customxml/", "word/glossary/")) or kind.endswith(
        (
            *("core-properties+xml", "custom-properties+xml", "extended-properties+xml"),
            *("settings+xml", "comments+xml", "content-types+xml"),
        )
    )


def _tags_in_relations(tree: Element) -> Iterator[Finding]:
    for relation in tree.iter(RELATIONSHIP):
        target = relation.get("Target", "")
        if CODED_TAG.search(target) and not relation.get("Type", "").endswith("/hyperlink"):
            yield Finding("error", f"has a tag in {unquote(target)!r}, where none is filled")


def _around(text: str) -> str:
    found = TAG.search(text)
    return short(text[max(0, found.start() - NEAR // 2) :]) if found else ""


def _typed(texts: Iterable[Element]) -> Iterator[Finding]:
    """What only Word or LibreOffice would write, left as text."""
    seen: dict[str, list[Seen]] = defaultdict(list)
    meant: dict[str, None] = {}
    for tree in texts:
        whole = text_of(tree)
        if TAG.search(whole) and not _OPENING.search(whole):
            yield Finding("error", f'shows half a tag, near "{_around(whole)}"; complete it')
        by_fields = {element for field in fields(tree) for element in field.shown}
        for paragraph in tree.iter(f"{W}p"):
            shown = "".join(written(text) for text in paragraph.iter() if text not in by_fields)
            text = _WHOLE_TAG.sub("", shown)
            for left in LEFT_BY_WORD.findall(text):
                seen[left].append(Seen(paragraph))
            meant |= dict.fromkeys(placeholders.placeholders(text))
    for found in meant:
        yield Finding("warning", placeholders.remark(found))
    for left, places in seen.items():
        yield Finding(
            "error",
            f"shows {said(places, left, left, 'delete it, or write a tag in its place')}",
        )
