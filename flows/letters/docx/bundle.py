"""Many letters as the sections of one Word document, so that LibreOffice lays them out in one go.

A letter in a bundle looks as it does alone: it begins a page, its pages and lists count from one,
its headers and footers are its own. Bookmarks mark where it begins and ends. What could tell the
difference (footnotes, sections of its own, fields that look through the document) is refused, and
such letters are laid out one by one.
"""

from collections.abc import Sequence
from copy import deepcopy
from posixpath import basename, dirname

from flows.letters.docx import fields, ooxml
from flows.letters.docx import package as docxfile
from flows.letters.docx.numbering import Numbering
from flows.letters.docx.ooxml import OVERRIDE, RELATIONSHIP, TYPES, Element, R, UnsuitableError, W

_ALONE = tuple(
    f"{W}{name}"
    for name in (
        *("footnoteReference", "endnoteReference", "commentReference", "altChunk"),
        *("dataBinding", "permStart", "moveFromRangeStart", "sectPrChange"),
    )
)
"""Elements of letters that are laid out alone."""
_BEFORE_PAGE_NUMBERS = frozenset(
    f"{W}{name}"
    for name in (
        *("headerReference", "footerReference", "footnotePr", "endnotePr", "type", "pgSz"),
        *("pgMar", "paperSrc", "pgBorders", "lnNumType"),
    )
)
_EDGES = (f"{W}headerReference", f"{W}footerReference")
_CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.{}+xml"


def start(place: int) -> str:
    """Bookmark at the start of the letter at this place; LibreOffice drops names with "_"."""
    return f"letterstart{place}x"


def end(place: int) -> str:
    """Bookmark at the end of the letter at this place."""
    return f"letterend{place}x"


def bundled(letters: Sequence[bytes]) -> bytes:
    """One DOCX of these filled letters of one template, in their order.

    Raises UnsuitableError if one of them has to be laid out alone.
    """
    made = _Bundle(letters[0])
    for place, letter in enumerate(letters):
        made.add(docxfile.Opened(letter), place)
    return made.packed()


class _Bundle:
    """A document that grows by one letter at a time; the first gives all that letters share."""

    def __init__(self, letter: bytes) -> None:
        first = dict(docxfile.parts(letter))
        self._first, self._sums = first, docxfile.Opened(letter).sums
        self._main = ooxml.main_name(first)
        self._edges = {
            identity: (kind, name)
            for identity, (kind, name) in ooxml.related(first, self._main).items()
            if kind in {"header", "footer"}
        }
        self._varying = {self._main, ooxml.CORE, *(name for _, name in self._edges.values())}
        self._numbering = Numbering(first, self._main)
        self._document: Element = ooxml.parsed(first[self._main])
        self._body: Element = self._document.find(f"{W}body")
        self._last_section: Element = None
        self._own_edges: dict[tuple[str, str, bytes], str] = {}
        self._same_edges: dict[tuple[str, bytes], str] = {}
        self._kinds: dict[tuple[str, str], str] = {}
        self._count = 0

    def add(self, package: docxfile.Opened, place: int) -> None:
        self._need_same_template(package)
        body = ooxml.parsed(package.read(self._main)).find(f"{W}body")
        section = _need_one_section(body)
        _need_ordinary(body)
        fields.count_to(body, end(place))
        self._renumber(body)
        self._numbering.restart(body)
        self._refer_to_own_edges(section, package, place)
        _begin_with_page_one(section)
        body.remove(section)
        _need_paragraph_at_the_end(body)
        self._mark(body, place)
        if place:
            _end_with_section(self._body, self._last_section)
            self._body.extend(list(body))
        else:
            self._body[:] = list(body)
        self._last_section = section

    def packed(self) -> bytes:
        """The document's bytes; nothing is added afterwards."""
        self._body.append(self._last_section)
        old = {name for _, name in self._edges.values()}
        dropped = old | {ooxml.relations_name(name) for name in old}
        parts = {name: part for name, part in self._first.items() if name not in dropped}
        relations = ooxml.parsed(parts[ooxml.relations_name(self._main)])
        types = ooxml.parsed(parts[TYPES])
        for relation in list(relations):
            if relation.get("Id") in self._edges:
                relations.remove(relation)
        for override in list(types.iter(OVERRIDE)):
            if override.get("PartName", "").lstrip("/") in old:
                types.remove(override)
        for (kind, origin, content), identity in self._own_edges.items():
            name = f"{dirname(origin)}/{identity}.xml"
            parts[name] = content
            of_origin = self._first.get(ooxml.relations_name(origin))
            if of_origin is not None:
                parts[ooxml.relations_name(name)] = of_origin
            about = {"Id": identity, "Type": f"{ooxml.OFFICE}/{kind}", "Target": basename(name)}
            relations.append(relations.makeelement(RELATIONSHIP, about))
            about = {"PartName": f"/{name}", "ContentType": _CONTENT_TYPE.format(kind)}
            types.append(types.makeelement(OVERRIDE, about))
        parts[self._main] = ooxml.serialized(self._document)
        parts[ooxml.relations_name(self._main)] = ooxml.serialized(relations)
        parts[TYPES] = ooxml.serialized(types)
        parts |= self._numbering.part()
        return docxfile.ZipPackage(parts.items(), ()).pack({})

    def _need_same_template(self, package: docxfile.Opened) -> None:
        if package.sums.keys() != self._sums.keys() or any(
            package.sums[name] != sums
            for name, sums in self._sums.items()
            if name not in self._varying
        ):
            raise UnsuitableError("has pictures or links of its own")

    def _renumber(self, body: Element) -> None:
        for tag in body.iter("{*}docPr"):
            self._count += 1
            tag.set("id", str(1000 + self._count))

    def _refer_to_own_edges(self, section: Element, package: docxfile.Opened, place: int) -> None:
        """Headers and footers of the letter's own; what is equal in all letters is kept once."""
        kinds = {}
        for reference in list(section.iter(*_EDGES)):
            where = str(reference.tag), reference.get(f"{W}type", "")
            kind, origin = self._edges[reference.get(f"{R}id")]
            kinds[where] = self._own_edge(kind, origin, package.read(origin), place)
            reference.set(f"{R}id", kinds[where])
            # Word fills a gap with the header of the section before: wanted where they are equal,
            # as a letterhead is, and its pictures are then read once.
            if kinds[where] == self._kinds.get(where):
                section.remove(reference)
        if place and kinds.keys() != self._kinds.keys():
            raise UnsuitableError("has a header or footer that another letter lacks")
        self._kinds = kinds

    def _own_edge(self, kind: str, origin: str, content: bytes, place: int) -> str:
        """Relation id of this header or footer for the letter at this place."""
        seen = self._same_edges.get((origin, content))
        if seen is not None:
            return seen
        edge = ooxml.parsed(content)
        _need_ordinary(edge)
        counts = fields.count_to(edge, end(place))
        key = (kind, origin, ooxml.serialized(edge))
        identity = self._own_edges.setdefault(key, f"edge{len(self._own_edges)}")
        if not counts:
            self._same_edges[origin, content] = identity
        return identity

    def _mark(self, body: Element, place: int) -> None:
        # Both where their paragraph begins: LibreOffice draws the text before and after a mark
        # apart, and moves one from the end of a section. A last paragraph that runs over two pages
        # shows when the pages are taken apart.
        for name, paragraph in ((start(place), next(body.iter(f"{W}p"))), (end(place), body[-1])):
            at = 1 if len(paragraph) and paragraph[0].tag == f"{W}pPr" else 0
            self._count += 1
            opening = ooxml.made(f"{W}bookmarkStart", id=str(self._count), name=name)
            closing = ooxml.made(f"{W}bookmarkEnd", id=str(self._count))
            paragraph[at:at] = [opening, closing]


def _need_one_section(body: Element) -> Element:
    """The letter's section properties."""
    sections = list(body.iter(f"{W}sectPr"))
    if len(sections) != 1 or sections[0] is not body[-1]:
        raise UnsuitableError("has several sections")
    kind = sections[0].find(f"{W}type")
    if kind is not None:
        if kind.get(f"{W}val") in {"oddPage", "evenPage"}:
            raise UnsuitableError("begins on an odd or even page")
        sections[0].remove(kind)
    return sections[0]


def _need_ordinary(tree: Element) -> None:
    found = next(tree.iter(*_ALONE), None)
    if found is not None:
        raise UnsuitableError(f"has a {found.tag.rpartition('}')[2]}")
    if any(link.get(f"{W}anchor") for link in tree.iter(f"{W}hyperlink")):
        raise UnsuitableError("has links to places of its own")
    # Nothing refers to them: such fields and links are refused, here and in fields.
    for mark in list(tree.iter(f"{W}bookmarkStart", f"{W}bookmarkEnd")):
        mark.getparent().remove(mark)


def _need_paragraph_at_the_end(body: Element) -> None:
    if not len(body) or body[-1].tag == f"{W}tbl":
        body.append(ooxml.made(f"{W}p"))
    if body[-1].tag != f"{W}p":
        raise UnsuitableError("does not end with a paragraph")


def _begin_with_page_one(section: Element) -> None:
    numbers = section.find(f"{W}pgNumType")
    if numbers is None:
        numbers = ooxml.made(f"{W}pgNumType")
        place = sum(1 for child in section if child.tag in _BEFORE_PAGE_NUMBERS)
        section.insert(place, numbers)
    if numbers.get(f"{W}start") is None:
        numbers.set(f"{W}start", "1")


def _end_with_section(body: Element, section: Element) -> None:
    """Let the last paragraph close the section (17.6.18): one more would need room."""
    last = body[-1]
    properties = last.find(f"{W}pPr")
    if properties is None:
        properties = ooxml.made(f"{W}pPr")
        last.insert(0, properties)
    change = properties.find(f"{W}pPrChange")
    at = len(properties) if change is None else properties.index(change)
    properties.insert(at, deepcopy(section))
