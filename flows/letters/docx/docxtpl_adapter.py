"""docxtpl's syntax: the one module that imports docxtpl.

Used for what is well proven in it, its preparation of Word's XML; its ``render`` only where the
compiled way cannot follow (pictures and links made for one letter).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from docx.shared import Mm
from docxtpl import DocxTemplate, InlineImage, Listing, RichText, RichTextParagraph
from lxml import etree
from markupsafe import Markup

from flows.letters.docx import package
from flows.letters.jinja_environment import Environment

__all__ = ["Link", "Listing", "Picture", "RichText", "RichTextParagraph", "Source"]

# Values that bring Word XML of their own, complete without the document they stand in.
_SELF_CONTAINED = (Markup, Listing, RichText, RichTextParagraph)

_DOCXTPL_PROPERTIES = ("author", "comments", "identifier", "language", "subject", "title")
PROPERTIES = (
    *_DOCXTPL_PROPERTIES,
    *("category", "content_status", "keywords", "last_modified_by", "version"),
)
"""Core properties (docProps/core.xml) that are filled; docxtpl leaves the tags in the last five."""

_DECLARATION = re.compile(r"^\ufeff?<\?xml[^>]*\?>\s*")
_PARAGRAPH = re.compile(r"<w:p(?: [^>]*)?>.*?</w:p>", re.DOTALL)
_RESOLVED = re.compile(r"[\n\t\a\f]")
_NOTES = "application/vnd.openxmlformats-officedocument.wordprocessingml.{}notes+xml"
FOOTNOTES, ENDNOTES = _NOTES.format("foot"), _NOTES.format("end")
_TAGS = re.compile(r"{{.*?}}|{%.*?%}", re.DOTALL)


_PRINTED_BRACES = (("{_{", "{{"), ("}_}", "}}"), ("{_%", "{%"), ("%_}", "%}"))
# Stands between the characters of such braces in a value, which docxtpl would take for its own.
_APART = "\ue0f1"


class _Template(DocxTemplate):  # type: ignore[misc]  # docxtpl brings no types
    """docxtpl's template, but that "&" and quotes in a tag are themselves: Word writes them as
    entities, in alternative text for example, and docxtpl leaves them so."""

    def patch_xml(self, src_xml: str) -> str:
        patched: str = super().patch_xml(src_xml)
        return _TAGS.sub(_without_entities, patched)


def _without_entities(tag: re.Match[str]) -> str:
    text = tag.group()
    if "&" not in text:
        return text
    return text.replace("&quot;", '"').replace("&apos;", "'").replace("&amp;", "&")


# Only methods without state are called on it; it never opens a document.
_SYNTAX = _Template(BytesIO())


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture to be printed; sizes in millimetres, 0: its own."""

    path: Path
    width: float = 0.0
    height: float = 0.0

    def __html__(self) -> str:
        raise TypeError("a picture can be printed in letter.docx alone")

    def size(self) -> tuple[Mm | None, Mm | None]:
        return Mm(self.width) if self.width else None, Mm(self.height) if self.height else None


@dataclass(frozen=True, slots=True)
class Link:
    """A link to be printed as rich text."""

    url: str
    text: str

    def __html__(self) -> str:
        raise TypeError("a link can be printed in letter.docx alone, as {{r link(...) }}")


class Source:
    """A template as docxtpl sees it after opening: what is to be filled, and everything else."""

    def __init__(self, data: bytes) -> None:
        self._template = _Template(BytesIO(data))
        self._document = self._template.get_docx()
        self._core = self._document.core_properties
        for name in _DOCXTPL_PROPERTIES:  # docxtpl makes the blank ones exist, too
            setattr(self._core, name, getattr(self._core, name))

    def body(self) -> tuple[str, str, str]:
        """Start of the document part, its prepared body, the rest."""
        whole = etree.tostring(self._document.element, encoding="unicode")
        opening = re.search(r"<w:body[^>]*>", whole)
        if opening is None or opening.group().endswith("/>"):
            raise ValueError("has no body that Word's own names describe")
        closing = whole.rindex("</w:body>")
        prepared = prepared_xml(self._template.get_xml())
        inner = prepared[prepared.index(">") + 1 : prepared.rindex("</w:body>")]
        return whole[: opening.end()], inner, whole[closing:]

    def edges(self) -> Iterator[tuple[str, str]]:
        """Part name and prepared XML of each header and footer."""
        for uri in (DocxTemplate.HEADER_URI, DocxTemplate.FOOTER_URI):
            for _, part in self._template.get_headers_footers(uri):
                yield _name(part), prepared_xml(self._template.get_part_xml(part))

    def notes(self, kind: str) -> Iterator[tuple[str, str]]:
        """Part name and prepared XML of FOOTNOTES or ENDNOTES."""
        for part in self._document.part.package.iter_parts():
            if part.content_type == kind:
                xml = part.blob.decode("utf-8")
                yield _name(part), prepared_xml(_DECLARATION.sub("", xml, count=1))

    def sections(self) -> int:
        return len(self._document.sections)

    def properties(self) -> dict[str, str]:
        """The texts of the core properties that are filled."""
        return {name: getattr(self._core, name) for name in PROPERTIES}

    def core(self, tokens: Mapping[str, str]) -> str:
        """The core properties' part, with these texts in place of the properties' own."""
        before = self.properties()
        for name, token in tokens.items():
            setattr(self._core, name, token)
        part = self._core_part().blob.decode("utf-8")
        for name in tokens:
            setattr(self._core, name, before[name])
        return str(part)

    def core_name(self) -> str:
        return _name(self._core_part())

    def main_name(self) -> str:
        return _name(self._document.part)

    def picture(self, name: str, picture: Picture) -> str:
        """What prints the picture in the part of this name, as docxtpl's InlineImage does."""
        part = next(p for p in self._document.part.package.iter_parts() if _name(p) == name)
        inline = part.new_pic_inline(str(picture.path), *picture.size()).xml
        return (
            f'</w:t></w:r><w:r><w:drawing>{inline}</w:drawing></w:r><w:r><w:t xml:space="preserve">'
        )

    def saved(self) -> bytes:
        """The package as python-docx writes it, unfilled."""
        buffer = BytesIO()
        self._document.save(buffer)
        return buffer.getvalue()

    def _core_part(self) -> Any:
        return self._document.part.package._core_properties_part


def _name(part: Any) -> str:
    return str(part.partname).lstrip("/")


def prepared_xml(xml: str) -> str:
    """Word's XML as Jinja source, a line for each paragraph (docxtpl's patch_xml)."""
    return re.sub(r"<w:p([ >])", r"\n<w:p\1", _SYNTAX.patch_xml(xml))


def joined(xml: str) -> str:
    """Undo the lines of ``prepared_xml``."""
    return xml.replace("\n<w:p>", "<w:p>").replace("\n<w:p ", "<w:p ")


def has_breaks(xml: bytes) -> bool:
    """Whether ``finished_xml`` has anything to do."""
    return b"\n" in xml or b"\t" in xml or b"\a" in xml or b"\f" in xml


def finished_xml(xml: str) -> str:
    """Turn what Listing and plain texts hold into Word's breaks and tabs."""
    return _PARAGRAPH.sub(_resolved, joined(xml))


def _resolved(paragraph: re.Match[str]) -> str:
    found = paragraph.group()
    return str(_SYNTAX.resolve_listing(found)) if _RESOLVED.search(found) else found


def unescaped(xml: str) -> str:
    """docxtpl's ``{_{`` and ``{_%``: braces that are to be printed."""
    for written, printed in _PRINTED_BRACES:
        xml = xml.replace(written, printed)
    return xml


def needs_document(value: Any) -> bool:
    """Whether only docxtpl can print this value: a picture or a link belongs to one document."""
    return not isinstance(value, _SELF_CONTAINED)


def repaired_tables(xml: str) -> str:
    """Grids that agree with their rows again (docxtpl's fix_tables); ``xml`` is one element."""
    tree = _SYNTAX.fix_tables(xml)
    return str(etree.tostring(tree, encoding="unicode"))


def render(
    data: bytes, context: Mapping[str, Any], functions: Mapping[str, Any], language: str
) -> dict[str, bytes]:
    """The letter's parts by docxtpl itself, on a template of its own; for values that need its
    document."""
    template = _Template(BytesIO(data))
    template.init_docx()

    def bound(value: Any) -> Any:
        if isinstance(value, Picture):
            width, height = value.size()
            return InlineImage(template, str(value.path), width, height)
        if isinstance(value, Link):
            return RichText(value.text, url_id=template.build_url_id(value.url))
        if isinstance(value, str) and type(value) is not Markup:
            for written, _ in _PRINTED_BRACES:
                value = value.replace(written, _APART.join(written))
        return value

    environment = Environment(escape=True, finalize=bound, language=language)
    environment.globals |= functions
    template.render(dict(context), environment, autoescape=True)
    buffer = BytesIO()
    template.save(buffer)
    apart = _APART.encode()
    return {
        name: content.replace(apart, b"") if name.endswith(".xml") else content
        for name, content in package.parts(buffer.getvalue())
    }
