"""A Word document as parts, relations and XML (ECMA-376, parts 1 and 2)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from posixpath import basename, dirname, join, normpath
from typing import Any
from urllib.parse import unquote

from lxml import etree

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONSHIP = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_CONTENT_TYPES = "{http://schemas.openxmlformats.org/package/2006/content-types}"
OVERRIDE = f"{_CONTENT_TYPES}Override"
_DEFAULT = f"{_CONTENT_TYPES}Default"
TYPES = "[Content_Types].xml"
CORE = "docProps/core.xml"

Element = Any
"""An lxml element; lxml brings no types."""

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


class UnsuitableError(Exception):
    """A letter that has to be laid out alone; the text says why."""


def parsed(content: bytes) -> Element:
    return etree.fromstring(content, _PARSER)


def serialized(tree: Element) -> bytes:
    return bytes(etree.tostring(tree, encoding="UTF-8", standalone=True))


def made(tag: str, **attributes: str) -> Element:
    """A new element; attributes are Word's own (``w:``)."""
    return etree.Element(tag, {f"{W}{name}": value for name, value in attributes.items()})


def relations_name(part: str) -> str:
    """word/document.xml -> word/_rels/document.xml.rels."""
    return join(dirname(part), "_rels", f"{basename(part)}.rels")


def main_name(parts: Mapping[str, bytes]) -> str:
    """The document's own part."""
    for relation in parsed(parts["_rels/.rels"]).iter(RELATIONSHIP):
        if relation.get("Type") == f"{OFFICE}/officeDocument":
            return normpath(str(relation.get("Target", "")).lstrip("/"))
    raise UnsuitableError("has no main document")


@dataclass(frozen=True, slots=True)
class Relation:
    """One relation of a part: to another part, or to something outside."""

    element: Element
    kind: str
    """The last word of its type, in small letters: "header"."""
    target: str
    """The part's name, or as written where it is ``external``."""
    external: bool


class Package:
    """A DOCX of which parts can be read as XML, changed and taken out.

    Part names are compared as written; content types as they are, in small letters.
    """

    def __init__(self, parts: Mapping[str, bytes]) -> None:
        """Raises KeyError without content types, lxml's XMLSyntaxError for damaged ones."""
        self._parts = dict(parts)
        self._trees: dict[str, Element] = {}
        self._types = self.tree(TYPES)
        about = [(element.tag, element) for element in self._types]
        self._overrides = {
            element.get("PartName", "").lstrip("/").lower(): element
            for tag, element in about
            if tag == OVERRIDE
        }
        self._defaults: dict[str, str] = {
            element.get("Extension", "").lower(): element.get("ContentType", "").lower()
            for tag, element in about
            if tag == _DEFAULT
        }

    def __contains__(self, name: str) -> bool:
        return name in self._parts

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._parts))

    def content(self, name: str) -> bytes:
        """The part's bytes as they were read; not for parts that were changed."""
        return self._parts[name]

    def content_type(self, name: str) -> str:
        """The part's content type; blank where none is declared."""
        override = self._overrides.get(name.lower())
        if override is not None:
            return str(override.get("ContentType", "")).lower()
        return self._defaults.get(name.rpartition(".")[2].lower(), "")

    def is_xml(self, name: str) -> bool:
        """Whether the part is declared to be XML, or begins as XML does in any encoding."""
        kind = self.content_type(name)
        start = self._parts[name][:8].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
        return kind.endswith(("+xml", "/xml")) or name == TYPES or start.startswith(b"<")

    def tree(self, name: str) -> Element:
        """The part's root element; what is changed in it is written. Raises XMLSyntaxError."""
        if name not in self._trees:
            self._trees[name] = parsed(self._parts[name])
        return self._trees[name]

    def relations(self, name: str = "") -> list[Relation]:
        """The relations of a part, or of the package. Raises XMLSyntaxError."""
        about = relations_name(name) if name else "_rels/.rels"
        about = next((part for part in self._parts if part.lower() == about.lower()), "")
        if not about:
            return []
        return [
            Relation(element, *_target(element, name))
            for element in self.tree(about).iter(RELATIONSHIP)
        ]

    def drop(self, name: str) -> None:
        """Take a part out, with its relations and its content type."""
        self._parts.pop(name, None)
        self._trees.pop(name, None)
        override = self._overrides.pop(name.lower(), None)
        if override is not None:
            self._types.remove(override)
        about = relations_name(name)
        if about in self._parts:
            self.drop(about)

    def put(self, name: str, content: bytes) -> None:
        """Replace a part's bytes."""
        self._parts[name] = content
        self._trees.pop(name, None)

    def add(self, name: str, content: bytes, content_type: str, relation: str) -> None:
        """Put a new part into the package, related to it by this type of relation."""
        self._parts[name] = content
        about = {"PartName": f"/{name}", "ContentType": content_type}
        self._overrides[name.lower()] = etree.SubElement(self._types, OVERRIDE, about)
        relations = self.tree("_rels/.rels")
        identity = f"added{len(relations)}"
        etree.SubElement(
            relations, RELATIONSHIP, {"Id": identity, "Type": relation, "Target": name}
        )

    def parts(self) -> Iterator[tuple[str, bytes]]:
        """Name and bytes of every part, changed ones written anew in UTF-8."""
        for name, content in self._parts.items():
            tree = self._trees.get(name)
            yield name, content if tree is None else serialized(tree)


def _target(relation: Element, name: str) -> tuple[str, str, bool]:
    kind = relation.get("Type", "").rpartition("/")[2].lower()
    target = relation.get("Target", "")
    if relation.get("TargetMode", "").lower() == "external":
        return kind, target, True
    target = unquote(target.partition("#")[0])
    return kind, str(normpath(join("/", dirname(name), target))).lstrip("/"), False


def related(parts: Mapping[str, bytes], name: str) -> dict[str, tuple[str, str]]:
    """Relation id -> kind ("header") and target part, of the relations of one part."""
    content = parts.get(relations_name(name))
    if content is None:
        return {}
    return {
        relation.get("Id", ""): (
            relation.get("Type", "").rpartition("/")[2],
            normpath(join(dirname(name), relation.get("Target", ""))).lstrip("/"),
        )
        for relation in parsed(content).iter(RELATIONSHIP)
        if relation.get("TargetMode") != "External"
    }
