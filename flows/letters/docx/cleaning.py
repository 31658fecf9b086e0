"""A letter's Word file without what Word and its writers left in it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from lxml import etree

from flows.letters.docx.findings import TAG, Finding
from flows.letters.docx.ooxml import CORE, Element, Package, W, serialized

_CORE_TYPE = "application/vnd.openxmlformats-package.core-properties+xml"
_CORE_RELATION = (
    "http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties"
)
_W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"
_LEFT_OUT = {
    "attachedtemplate": "the path of the Word template it was made with",
    "mailmergesource": "the list of a mail merge",
    "mailmergeheadersource": "the list of a mail merge",
    "mailmergerecipientdata": "the list of a mail merge",
    "recipientdata": "the list of a mail merge",
    "transform": "a style sheet for saving (XSLT)",
    "xsltransform": "a style sheet for saving (XSLT)",
    "glossarydocument": "building blocks (AutoText)",
    "customxml": "hidden data (custom XML)",
    "custom-properties": "custom document properties",
    "printersettings": "a printer's settings",
    "extensibility": "buttons for Word's ribbon",
    "attachedtoolbars": "toolbars",
    "keymapcustomizations": "key assignments",
    "webextensiontaskpanes": "an add-in",
    "webextension": "an add-in",
    "digital-signature": "a digital signature, which no filled letter can keep",
    "origin": "a digital signature, which no filled letter can keep",
}
"""Relations, in small letters, that a letter does without, and what they are."""
_LEFT_OUT_UNSAID = frozenset(
    {"extended-properties", "thumbnail", "people", "comments", "commentsextended"}
    | {"commentsids", "commentsextensible"}
)
"""Comments are refused where there are any."""
_SETTINGS_LEFT_OUT = {
    "mailMerge": "the list of a mail merge",
    "docVars": "document variables",
    "attachedTemplate": "the path of the Word template it was made with",
    **dict.fromkeys(("trackRevisions", "rsids", "docId", "updateFields", "linkStyles"), ""),
    **dict.fromkeys(("saveThroughXslt", "revisionView", "savePreviewPicture"), ""),
    **dict.fromkeys(("docIdentity", "chartTrackingRefBased", "attachedSchema"), ""),
}
"""Elements of settings.xml; blank: not worth a word."""
_CP = "http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
_DC = "http://purl.org/dc/elements/1.1/"
_TERMS = "http://purl.org/dc/terms/"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_SPACES = {"cp": _CP, "dc": _DC, "dcterms": _TERMS, "xsi": _XSI}
_LOCAL_PATH = re.compile(r"[A-Za-z]:\\|\\\\|file:|/(?:Users|home|Volumes)/", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Properties:
    """What the document says of itself, the same in every letter of a campaign."""

    title: str
    author: str
    on: date


def clean(package: Package, properties: Properties) -> list[Finding]:
    """Take out of the package what no reader needs, in place; returns a note on each kind.

    Gone are: what was attached or merged, dangling relations, custom data, numbers of editing
    sessions, names of authors, paths of pictures. Document properties become the campaign's;
    those that hold tags stay, to be filled. A picture that is missing is an error.
    """
    missing = [what for name in [*package, ""] for what in _relations(package, name)]
    dropped = [*_left_out(package), *_settings(package), *_bindings(package)]
    if "" in missing:
        dropped.append("a reference to a part that is missing from the file and not used")
    _drop_unrelated(package)
    for name in package:
        if package.is_xml(name) and not _is_relations(name):
            _forget_sessions(package.tree(name))
    _put_properties(package, properties)
    return [
        *(Finding("error", what) for what in dict.fromkeys(missing) if what),
        *(Finding("note", f"is sent without {what}") for what in dict.fromkeys(dropped) if what),
    ]


def _is_relations(name: str) -> bool:
    return name.lower().endswith(".rels")


def _relations(package: Package, name: str) -> Iterable[str]:
    """Take out relations to parts that are not there; yields what is missed, blank: nothing."""
    if _is_relations(name):
        return
    used = _used_relations(package, name)
    for relation in package.relations(name):
        if relation.external or relation.target in package or relation.kind in _LEFT_OUT:
            continue
        relation.element.getparent().remove(relation.element)
        yield (
            f"shows a picture or part that is missing from the file ({relation.target}); "
            "delete it and insert it anew"
            if relation.element.get("Id") in used
            else ""
        )


def _left_out(package: Package) -> Iterable[str]:
    for name in [*package, ""]:
        if _is_relations(name):
            continue
        for relation in package.relations(name):
            if relation.kind in _LEFT_OUT or relation.kind in _LEFT_OUT_UNSAID:
                relation.element.getparent().remove(relation.element)
                if not _is_empty(package, relation.target):
                    yield _LEFT_OUT.get(relation.kind, "")


def _is_empty(package: Package, name: str) -> bool:
    """Whether a part says nothing, as the list of sources that Word adds to every document."""
    return (
        name in package
        and package.is_xml(name)
        and not "".join(package.tree(name).itertext()).strip()
    )


def _used_relations(package: Package, name: str) -> frozenset[str]:
    if name not in package or not package.is_xml(name):
        return frozenset()
    return frozenset(
        value
        for element in package.tree(name).iter()
        for key, value in element.attrib.items()
        if "/relationships}" in key
    )


def _drop_unrelated(package: Package) -> None:
    """Take out the parts that no relation leads to any more."""
    reached = {"[Content_Types].xml"}
    waiting = [""]
    while waiting:
        owner = waiting.pop()
        for relation in package.relations(owner):
            if not relation.external and relation.target not in reached:
                reached.add(relation.target)
                waiting.append(relation.target)
    for name in package:
        if name not in reached and not _is_relations(name):
            package.drop(name)


def _settings(package: Package) -> Iterable[str]:
    for name in package:
        if not package.content_type(name).endswith("wordprocessingml.settings+xml"):
            continue
        for element in list(package.tree(name)):
            local = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
            if local in _SETTINGS_LEFT_OUT:
                element.getparent().remove(element)
                yield _SETTINGS_LEFT_OUT[local]


def _bindings(package: Package) -> Iterable[str]:
    """Word fills bound content controls anew, from properties and custom data, when it opens."""
    for name in package:
        if not package.is_xml(name) or _is_relations(name):
            continue
        for binding in list(package.tree(name).iter("{*}dataBinding")):
            binding.getparent().remove(binding)
            yield "what content controls were bound to; they keep the text they show"


def _forget_sessions(tree: Element) -> None:
    for element in tree.iter():
        if not isinstance(element.tag, str):
            continue
        for key in [key for key in element.attrib if _of_session(key)]:
            del element.attrib[key]
        if element.tag.endswith(("}docPr", "}cNvPr")):
            for key in ("descr", "title", "name"):
                if _LOCAL_PATH.match(element.get(key, "")):
                    element.set(key, "picture" if key == "name" else "")


def _of_session(attribute: str) -> bool:
    return attribute.startswith(f"{W}rsid") or attribute in (f"{_W14}paraId", f"{_W14}textId")


def _put_properties(package: Package, properties: Properties) -> None:
    name = next((part for part in package if package.content_type(part) == _CORE_TYPE), "")
    kept: dict[str, str] = {}
    if name:
        for element in package.tree(name):
            if isinstance(element.tag, str) and TAG.search(element.text or ""):
                kept[element.tag] = element.text
        language = package.tree(name).findtext(f"{{{_DC}}}language")
        if language:
            kept.setdefault(f"{{{_DC}}}language", language)
    for tag, text in (
        (f"{{{_DC}}}title", properties.title),
        (f"{{{_DC}}}creator", properties.author),
        (f"{{{_CP}}}lastModifiedBy", properties.author),
        (f"{{{_CP}}}revision", "1"),
    ):
        kept.setdefault(tag, text)
    core = etree.Element(f"{{{_CP}}}coreProperties", nsmap=_SPACES)
    for tag, text in kept.items():
        etree.SubElement(core, tag).text = text
    for tag in ("created", "modified"):
        moment = etree.SubElement(core, f"{{{_TERMS}}}{tag}", {f"{{{_XSI}}}type": "dcterms:W3CDTF"})
        moment.text = f"{properties.on.isoformat()}T00:00:00Z"
    if name:
        package.put(name, serialized(core))
    else:
        package.add(CORE, serialized(core), _CORE_TYPE, _CORE_RELATION)
