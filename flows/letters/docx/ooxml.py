"""Small tools for the XML of Word documents (ECMA-376)."""

from collections.abc import Mapping
from posixpath import basename, dirname, join, normpath
from typing import Any

from lxml import etree

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONSHIP = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
OVERRIDE = "{http://schemas.openxmlformats.org/package/2006/content-types}Override"
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
