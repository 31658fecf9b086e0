"""Which of Word's fields a letter may keep (ECMA-376, 17.16.5), and what the others become."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date

from babel.dates import format_date

from flows.letters.docx.fields import Field, fields
from flows.letters.docx.findings import CODED_TAG, OFF, TAG, Finding, Seen, Severity, said, short
from flows.letters.docx.ooxml import Element, W

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


def settled(texts: Iterable[Element], on: date, language: str) -> Iterator[Finding]:
    """What is wrong with the fields of these parts; those that change by themselves become text."""
    trees = list(texts)
    bookmarks = {
        str(mark.get(f"{W}name", "")).casefold()
        for tree in trees
        for mark in tree.iter(f"{W}bookmarkStart")
    }
    seen: dict[tuple[Severity, str, str, str], list[Seen]] = defaultdict(list)
    for tree in trees:
        for field in list(fields(tree)):
            judged = _judged(field, bookmarks, on, language)
            if judged:
                seen[judged].append(Seen(field.marks[0]))
        for link in tree.iter(f"{W}hyperlink"):
            anchor = str(link.get(f"{W}anchor", ""))
            if anchor and anchor.casefold() not in bookmarks | {"_top"}:
                key: tuple[Severity, str, str, str] = (
                    *("error", "a link to a place in the document that is gone"),
                    *("links to places in the document that are gone", _RELINK),
                )
                seen[key].append(Seen(link))
        for mark in list(tree.iter(f"{W}fldChar", f"{W}fldSimple")):
            data = mark.find(f"{W}fldData")
            if data is not None:
                mark.remove(data)
    # Said before anything is made text, so that the words near a field are those of the file.
    found = [
        Finding(severity, f"has {said(marks, one, many, mend)}")
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
    if TAG.search(instruction) or CODED_TAG.search(instruction):
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
        shown = short(field.text)
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
    return lock is not None and lock.lower() not in OFF


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
