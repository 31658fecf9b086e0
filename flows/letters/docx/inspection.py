"""What a letter's Word file still holds that no reader may see, or that would change by itself."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal
from urllib.parse import unquote

from babel.dates import format_date

from flows.letters.docx.fields import Field, fields
from flows.letters.docx.ooxml import RELATIONSHIP, Element, Package, W
from flows.letters.readback import LEFT_BY_WORD

Severity = Literal["error", "warning", "note"]

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

_MERGING = frozenset(
    {"MERGEFIELD", "ADDRESSBLOCK", "GREETINGLINE", "MERGEREC", "MERGESEQ", "NEXT", "NEXTIF"}
    | {"SKIPIF", "IF", "COMPARE", "SET", "ASK", "FILLIN"}
)
_FORMS = frozenset({"FORMTEXT", "FORMCHECKBOX", "FORMDROPDOWN", "MACROBUTTON", "GOTOBUTTON"})
_REFERRING = frozenset({"REF", "PAGEREF", "NOTEREF"})
_DATES = frozenset({"DATE", "TIME", "CREATEDATE", "SAVEDATE", "PRINTDATE"})
_CHANGING = frozenset(
    {"FILENAME", "AUTHOR", "LASTSAVEDBY", "USERNAME", "USERINITIALS", "USERADDRESS", "TITLE"}
    | {"SUBJECT", "KEYWORDS", "COMMENTS", "DOCPROPERTY", "DOCVARIABLE", "INFO", "TEMPLATE"}
    | {"NUMWORDS", "NUMCHARS", "FILESIZE", "EDITTIME", "REVNUM", "QUOTE", "=", "ADDIN", "PRIVATE"}
    | {"AUTOTEXT", "AUTOTEXTLIST", "GLOSSARY", "BARCODE", "DISPLAYBARCODE", "MERGEBARCODE"}
    | {"SHAPE", "PRINT"}
)
_STAYING = frozenset(
    {"PAGE", "NUMPAGES", "SECTION", "SECTIONPAGES", "STYLEREF", "SEQ", "LISTNUM", "HYPERLINK"}
    | {"SYMBOL", "ADVANCE", "EQ", "TOC", "TC", "XE", "INDEX", "TA", "TOA", "AUTONUM"}
    | {"AUTONUMLGL", "AUTONUMOUT", "BIDIOUTLINE", "BIBLIOGRAPHY", "CITATION"}
)
"""Fields that show the same to every reader."""
_UNLINK = "in Word, click in it and press Ctrl+Shift+F9, which makes it text"
_PICTURE = re.compile(r'\\@\s*(?:"([^"]*)"|(\S+))')
_QUOTED = re.compile(r"'[^']*'")
_CLOCK = re.compile(r"[Hhms]|AM/PM|am/pm")
_TARGET = re.compile(r'\s*(?:REF|PAGEREF|NOTEREF)?\s*"?([^\s"\\]+)', re.IGNORECASE)
_ANCHOR = re.compile(r'\\l\s*"?([^\s"\\]+)')

TAG = re.compile(r"{{|}}|{%|%}|{#|#}")
_OPENING = re.compile(r"{{|{%|{#|{_{|{_%")
_WHOLE_TAG = re.compile(r"{{.*?}}|{%.*?%}|{#.*?#}", re.DOTALL)
_CODED_TAG = re.compile(r"{{|{%|(?:%7b){2}|%7b%25", re.IGNORECASE)
_SHOWS = frozenset(f"{W}{name}" for name in ("t", "sym", "drawing", "pict", "noBreakHyphen"))
_OFF = frozenset({"0", "false", "off"})
_NEAR = 60
"""Characters of the words shown near a fault."""
_PLACES = {
    "chart": "a chart",
    "diagramdata": "a diagram (SmartArt)",
    "numbering": "a list's number format",
    "styles": "a style",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """``error``: no letter may go out like this; ``warning``: was made safe, should be mended."""

    severity: Severity
    what: str


@dataclass(frozen=True, slots=True)
class _Seen:
    """One place of one kind of fault."""

    element: Element
    what: str = ""


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
        *_fields(texts.values(), on, language),
        *_unfilled(package, texts),
        *_typed(texts.values()),
    ]
    return sorted(found, key=lambda one: one.severity)


def _type(package: Package, name: str) -> str:
    return package.content_type(name)


def near(element: Element) -> str:
    """The words of the paragraph around an element, shortened; blank where there are none."""
    around = element
    while around is not None and around.tag not in (f"{W}p", f"{W}tr", f"{W}comment"):
        around = around.getparent()
    return _short(_text(element if around is None else around))


def _text(tree: Element) -> str:
    return " ".join("".join(_written(element) for element in tree.iter()).split())


def _written(element: Element) -> str:
    if element.tag in (f"{W}t", f"{W}delText"):
        return element.text or ""
    return " " if element.tag in (f"{W}p", f"{W}br", f"{W}tab") else ""


def _short(text: str) -> str:
    return text if len(text) <= _NEAR else f"{text[: _NEAR - 1].rstrip()}…"


def _said(seen: list[_Seen], one: str, many: str, mend: str) -> str:
    """ "3 comments, the first near "..."; what to do"."""
    words = near(seen[0].element) if seen[0].element is not None else ""
    where = f'near "{words}"' if words else "in an empty place"
    if len(seen) == 1:
        return f"{one}, {where}; {mend}"
    return f"{len(seen)} {many}, the first {where}; {mend}"


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
    seen = [_Seen(mark) for mark in marks or notes]
    said = _said(
        seen,
        f"still has a comment{by}",
        f"comments{by}",
        "in Word: Review, Delete, Delete All Comments in Document",
    )
    yield Finding("error", said if len(seen) == 1 else f"still has {said}")


def _revisions(package: Package, texts: dict[str, Element]) -> Iterator[Finding]:
    others = [package.tree(name) for name in package if _styled(package, name)]
    seen: dict[str, list[_Seen]] = defaultdict(list)
    for tree in (*texts.values(), *others):
        for element in tree.iter():
            if isinstance(element.tag, str):
                kind = _REVISIONS.get(element.tag.rpartition("}")[2])
                if kind and element.tag.startswith(
                    (W, "{http://schemas.microsoft.com/office/word")
                ):
                    seen[kind].append(_Seen(element))
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
                seen.append(_Seen(run))
        seen += [_Seen(row) for row in tree.iter(f"{W}hidden") if _on(row)]
        for drawing in tree.iter("{*}docPr", "{*}cNvPr"):
            if drawing.get("hidden", "0").lower() not in {"", *_OFF}:
                seen.append(_Seen(drawing))
        for shape in tree.iter("{urn:schemas-microsoft-com:vml}*"):
            style = re.sub(r"\s", "", shape.get("style", "")).lower()
            if "visibility:hidden" in style or "display:none" in style:
                seen.append(_Seen(shape))
    if seen:
        yield Finding(
            "error",
            _said(
                seen,
                "has hidden text",
                "pieces of hidden text",
                "in Word: show it with Home, ¶; then delete it, or take Hidden away in Font "
                "(Ctrl+D)",
            ),
        )


def _on(toggle: Element) -> bool:
    return str(toggle.get(f"{W}val", "1")).lower() not in _OFF


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
        _Seen(control)
        for tree in texts
        for control in tree.iter(f"{W}sdt")
        if any(_on(mark) for mark in control.iterfind(f"{W}sdtPr/{W}showingPlcHdr"))
    ]
    if seen:
        words = _short(_text(seen[0].element))
        one, many = "a content control shows", f"{len(seen)} content controls show"
        yield Finding(
            "error",
            f'{one if len(seen) == 1 else many} only a placeholder, "{words}"; '
            "write something into it, or right-click it, Remove Content Control",
        )


def _fields(texts: Iterable[Element], on: date, language: str) -> Iterator[Finding]:
    trees = list(texts)
    bookmarks = {
        str(mark.get(f"{W}name", "")).casefold()
        for tree in trees
        for mark in tree.iter(f"{W}bookmarkStart")
    }
    seen: dict[tuple[Severity, str, str, str], list[_Seen]] = defaultdict(list)
    for tree in trees:
        for field in list(fields(tree)):
            judged = _judged(field, bookmarks, on, language)
            if judged:
                seen[judged].append(_Seen(field.marks[0], field.text))
        for link in tree.iter(f"{W}hyperlink"):
            anchor = str(link.get(f"{W}anchor", ""))
            if anchor and anchor.casefold() not in bookmarks | {"_top"}:
                key: tuple[Severity, str, str, str] = (
                    *("error", "a link to a place in the document that is gone"),
                    *("links to places in the document that are gone", _RELINK),
                )
                seen[key].append(_Seen(link))
        for mark in list(tree.iter(f"{W}fldChar", f"{W}fldSimple")):
            data = mark.find(f"{W}fldData")
            if data is not None:
                mark.remove(data)
    # Said before anything is made text, so that the words near a field are those of the file.
    found = [
        Finding(severity, f"has {_said(marks, one, many, mend)}")
        for (severity, one, many, mend), marks in seen.items()
    ]
    for tree in trees:
        _settle(tree, on, language)
    yield from found


_RELINK = "in Word: right-click it, Edit Hyperlink, or Remove Hyperlink"


def _judged(
    field: Field, bookmarks: set[str], on: date, language: str
) -> tuple[Severity, str, str, str] | None:
    """What is wrong with a field: how serious, one, several, what to do; None: nothing."""
    kind, instruction = field.kind, field.instruction
    if kind in _DATES | _CHANGING and _locked(field) and field.text.strip():
        return None  # it cannot change, and is made text
    if not field.ended:
        return "error", "a field without an end", "fields without an end", "save it again from Word"
    if TAG.search(instruction) or _CODED_TAG.search(instruction):
        made = f"a tag inside a field {kind}".rstrip()
        mend = "; for a link write {{r link(...) }}, or use Insert, Link" * (kind == "HYPERLINK")
        return "error", made, f"tags inside fields {kind}", f"write the tag as plain text{mend}"
    if any(TAG.search(text.text or "") for text in field.computed) or not kind:
        made = "a field that is made by a tag or by another field"
        return "error", made, "fields that are made by tags or other fields", _UNLINK
    if kind in _MERGING:
        return (
            *("error", f"a mail-merge field of Word's, {kind}", f"mail-merge fields ({kind})"),
            "write a tag such as {{ reader.constituency }} or {{ salutation }} in its place",
        )
    if kind in _FORMS:
        return "error", f"a form field {kind}", f"form fields ({kind})", "write text in its place"
    if kind in _REFERRING or kind.casefold() in bookmarks:
        target = _TARGET.match(instruction)
        name = target[1].casefold() if target else ""
        if name not in bookmarks or field.text.startswith(("Error!", "Error:")):
            return (
                *("error", f"a broken reference ({kind})", f"broken references ({kind})"),
                "in Word: delete it and insert it anew with References, Cross-reference",
            )
        return None
    if kind == "HYPERLINK":
        anchor = _ANCHOR.search(instruction)
        if anchor and anchor[1].casefold() not in bookmarks | {"_top"}:
            gone = "a link to a place in the document that is gone"
            return "error", gone, "links to places in the document that are gone", _RELINK
        return None
    if kind in _DATES:
        day = _day(field, on, language)
        if day is None:
            clock = f"a field {kind}, which shows the hour at which the letter is opened"
            mend = "delete it, or write {{ date }}"
            return "error", clock, f"fields {kind} that show an hour", mend
        one = f"a field {kind}, which would change by itself and is fixed to the letter's day"
        many = f"fields {kind}, which would change by themselves, fixed to the letter's day"
        return "warning", one, many, "write {{ date }} in its place"
    if kind in _CHANGING:
        if not field.text.strip():
            one = f"a field {kind} that shows nothing yet"
            return "error", one, f"fields {kind} that show nothing yet", "delete it, or write text"
        shown = _short(field.text)
        one = f'a field {kind}, which would change by itself and is fixed to "{shown}"'
        many = f"fields {kind}, which would change by themselves and are fixed to what they show"
        return "warning", one, many, _UNLINK
    if kind in _STAYING:
        return None
    return "error", f"a field {kind} that letters cannot keep", f"fields {kind}", _UNLINK


def _settle(tree: Element, on: date, language: str) -> None:
    for field in list(fields(tree)):
        if field.kind in _DATES and field.ended:
            day = None if _locked(field) else _day(field, on, language)
            field.make_text(day)
        elif field.kind in _CHANGING and field.ended:
            field.make_text()


def _locked(field: Field) -> bool:
    lock = field.marks[0].get(f"{W}fldLock")
    return lock is not None and lock.lower() not in _OFF


def _day(field: Field, on: date, language: str) -> str | None:
    """The letter's day as the field's picture asks (17.16.4.1); None where it asks for a clock."""
    picture = _PICTURE.search(field.instruction)
    if picture is None:
        return None if field.kind == "TIME" else format_date(on, "long", language)
    asked = picture[1] if picture[1] is not None else picture[2]
    if _CLOCK.search(_QUOTED.sub("", asked)):
        return None
    pattern = re.sub("d{3,4}", lambda days: "E" * len(days[0]), asked)
    return format_date(on, re.sub("[Yy]", "y", pattern).replace("D", "d"), language)


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
            shown = whole[max(0, found.start() - _NEAR // 2) :] if found else ""
            words = shown or next((value for value in values if _CODED_TAG.search(value)), "")
            if words:
                place = _PLACES.get(kind.rpartition(".")[2].removesuffix("+xml"), name)
                yield Finding(
                    "error",
                    f"has a tag in {place}, where none is filled, near "
                    f'"{_short(" ".join(words.split()))}"; write it as text',
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
        if _CODED_TAG.search(target) and not relation.get("Type", "").endswith("/hyperlink"):
            yield Finding("error", f"has a tag in {unquote(target)!r}, where none is filled")


def _around(text: str) -> str:
    found = TAG.search(text)
    return _short(text[max(0, found.start() - _NEAR // 2) :]) if found else ""


def _typed(texts: Iterable[Element]) -> Iterator[Finding]:
    """What only Word or LibreOffice would write, left as text."""
    seen: dict[str, list[_Seen]] = defaultdict(list)
    for tree in texts:
        whole = _text(tree)
        if TAG.search(whole) and not _OPENING.search(whole):
            yield Finding("error", f'shows half a tag, near "{_around(whole)}"; complete it')
        by_fields = {element for field in fields(tree) for element in field.shown}
        for paragraph in tree.iter(f"{W}p"):
            shown = "".join(_written(text) for text in paragraph.iter() if text not in by_fields)
            text = _WHOLE_TAG.sub("", shown)
            for left in LEFT_BY_WORD.findall(text):
                seen[left].append(_Seen(paragraph))
    for left, places in seen.items():
        yield Finding(
            "error",
            f"shows {_said(places, left, left, 'delete it, or write a tag in its place')}",
        )
