"""A DOCX from outside: refused before it is used where that is not safe."""

import struct
import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lxml import etree

from flows.errors import ConfigurationError, Fault
from flows.letters.docx.fields import fields
from flows.letters.docx.ooxml import OFFICE, Element, Package, Relation, W

LARGEST_FILE = 25_000_000
LARGEST_UNPACKED = 100_000_000
LARGEST_PART = 40_000_000
MOST_PARTS = 2_000
LARGEST_RATIO = 200
"""Of unpacked to packed size; Word's own parts stay below 30."""
RATIO_MATTERS_FROM = 1_000_000

_MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_STRICT = "http://purl.oclc.org/ooxml/officeDocument/relationships/officeDocument"
_ENCODINGS = frozenset({"UTF-8", "UTF-16", "UTF-16LE", "UTF-16BE", "ASCII", "US-ASCII"})
"""What XML parts may be written in (ECMA-376, part 2, 9.1.4)."""

REACHING_OUT = frozenset(
    {"DDE", "DDEAUTO", "DATABASE", "EMBED", "IMPORT", "INCLUDE", "INCLUDEPICTURE", "INCLUDETEXT"}
    | {"LINK", "RD", "CONTROL", "HTMLACTIVEX", "HTMLCONTROL"}
)
"""Fields that fetch or run something (ECMA-376, 17.16.5)."""

_MACROS = "macros; save it as Word Document (*.docx), which has none"
_CHUNK = "another document put into this one (altChunk); paste its text instead"
_OBJECT = "an embedded object (OLE); paste it as a picture: Paste Special, Picture"
_FILE = "an embedded file, such as a workbook; paste it as a picture: Paste Special, Picture"
_ACTIVEX = "an ActiveX control; take it out"
_FILM = "a film or a sound; take it out"
_FRAMES = "frames of a web page; take them out"
_SUBDOCUMENT = "a subdocument; paste its text instead"
_RELATIONS = {
    "afchunk": _CHUNK,
    "altchunk": _CHUNK,
    "subdocument": _SUBDOCUMENT,
    "oleobject": _OBJECT,
    "package": _FILE,
    "control": _ACTIVEX,
    "activexcontrolbinary": _ACTIVEX,
    "vbaproject": _MACROS,
    "wordvbadata": _MACROS,
    "movie": _FILM,
    "video": _FILM,
    "audio": _FILM,
    "media": _FILM,
    "frame": _FRAMES,
}
"""Relations, in small letters, that no letter may have; and what to do."""
_ELEMENTS = {
    "altchunk": _CHUNK,
    "subdoc": _SUBDOCUMENT,
    "object": _OBJECT,
    "oleobject": _OBJECT,
    "control": _ACTIVEX,
    "movie": _FILM,
    "webvideopr": _FILM,
    "frameset": _FRAMES,
}
_ELEMENTS_OF = (
    W,
    "{urn:schemas-microsoft-com:office:office}",
    "{http://schemas.microsoft.com/office/word/2012/wordprocessingDrawing}",
)
FORGOTTEN = frozenset(
    {"attachedtemplate", "mailmergesource", "mailmergeheadersource", "mailmergerecipientdata"}
    | {"recipientdata", "transform", "xsltransform"}
)
"""Relations that Word leaves behind and a letter does without, outside targets too."""
_MEDIA = ("image/", "font/", "application/x-font", "application/vnd.ms-opentype")
_OBFUSCATED_FONT = "application/vnd.openxmlformats-officedocument.obfuscatedfont"
_VML = "{urn:schemas-microsoft-com:vml}"
_DROPPED_BINARY = ("printersettings", "thumbnail", "attachedtoolbars", "keymapcustomizations")


def read(path: Path) -> bytes:
    """The bytes of a DOCX that is safe to open. Raises ConfigurationError as ``check`` does."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(Fault(str(path), f"cannot be read ({error.strerror})")) from error
    check(data, str(path))
    return data


def check(data: bytes, name: str) -> Package:
    """The DOCX taken apart.

    Raises ConfigurationError, naming the file ``name``, for what is no DOCX, is too large or too
    tightly packed, can run or fetch something, or refers to anything outside but web and mail
    links. How a part is named or encoded makes no difference.
    """
    if len(data) > LARGEST_FILE:
        raise _refused(name, f"is larger than {LARGEST_FILE // 1_000_000} MB; use smaller pictures")
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            _check_sizes(archive, name)
            parts = {part: archive.read(part) for part in archive.namelist()}
        package = Package(parts)
    except (
        *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, struct.error),
        *(RuntimeError, UnicodeError, KeyError, ValueError, OSError, etree.XMLSyntaxError),
    ) as error:
        raise _refused(name, "is not a DOCX; save it from Word as .docx") from error
    _check_parts(package, name)
    return package


def _refused(name: str, reason: str) -> ConfigurationError:
    return ConfigurationError(Fault(name, reason))


def _check_sizes(archive: zipfile.ZipFile, name: str) -> None:
    parts = archive.infolist()
    names = {part.filename.lower() for part in parts}
    if "[content_types].xml" not in names:
        raise _refused(name, "is not a DOCX; save it from Word as .docx")
    if len(parts) > MOST_PARTS or len(names) != len(parts):
        raise _refused(name, "holds too many parts, or one of them twice; save it again from Word")
    if sum(part.file_size for part in parts) > LARGEST_UNPACKED:
        raise _refused(name, "unpacks to more than a letter can need; it is not opened")
    for part in parts:
        ratio = part.file_size / max(part.compress_size, 1)
        if part.file_size > LARGEST_PART or (
            part.file_size > RATIO_MATTERS_FROM and ratio > LARGEST_RATIO
        ):
            raise _refused(name, f"{part.filename} unpacks to an absurd size; it is not opened")
        if part.flag_bits & 0x1:
            raise _refused(name, "is protected by a password; save it without one")
        if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _refused(name, "is not a DOCX; save it from Word as .docx")


def _check_parts(package: Package, name: str) -> None:
    kinds = {package.content_type(part) for part in package}
    if any("macroenabled" in kind or "vbaproject" in kind for kind in kinds):
        raise _refused(name, f"contains {_MACROS}")
    if any("vbaproject" in part.lower() for part in package):
        raise _refused(name, f"contains {_MACROS}")
    if any("/activex/" in f"/{part.lower()}" for part in package):
        raise _refused(name, f"contains {_ACTIVEX}")
    main = [one for one in _relations(package, "", name) if one.kind == "officedocument"]
    if any(one.element.get("Type") == _STRICT for one in main):
        raise _refused(
            name,
            "is saved as Strict Open XML, which few programs read; in Word: File, Save As, choose "
            "Word Document (*.docx) instead of Strict Open XML Document",
        )
    if not any(
        one.element.get("Type") == f"{OFFICE}/officeDocument"
        and one.target in package
        and package.content_type(one.target) == _MAIN
        for one in main
    ):
        raise _refused(name, "is not a Word document; save it from Word as .docx")
    related = {""}
    for part in package:
        if part.lower().endswith(".rels"):
            related |= _check_relations(package, _owner(part), name)
    for part in package:
        if package.is_xml(part):
            _check_xml(package, part, name)
        elif part.lower() in related:
            _check_binary(package, part, name)


def _owner(relations: str) -> str:
    """word/_rels/document.xml.rels -> word/document.xml."""
    folder, _, file = relations.rpartition("/")
    return f"{folder[: -len('_rels')]}{file[: -len('.rels')]}"


def _relations(package: Package, part: str, name: str) -> list[Relation]:
    try:
        return package.relations(part)
    except etree.XMLSyntaxError as error:
        raise _damaged(name, part or "_rels/.rels") from error


def _damaged(name: str, part: str) -> ConfigurationError:
    return _refused(name, f"{part} is damaged; save it again from Word")


def _check_relations(package: Package, owner: str, name: str) -> set[str]:
    """The parts, in small letters, that the relations of this one point to."""
    targets = set()
    for relation in _relations(package, owner, name):
        if relation.kind in _RELATIONS:
            raise _refused(name, f"contains {_RELATIONS[relation.kind]}")
        if relation.kind in FORGOTTEN:
            continue
        if not relation.external:
            targets.add(relation.target.lower())
        elif relation.kind != "hyperlink":
            raise _refused(
                name,
                f"refers to {relation.target!r} outside the file; in Word: File, Info, Edit Links "
                "to Files, Break Link, or put the picture itself into the letter",
            )
        elif not _may_link(relation.target):
            raise _refused(
                name,
                f"has a link to {relation.target!r} outside the file; only web and mail links may "
                "stay: in Word, right-click it, Edit Hyperlink or Remove Hyperlink",
            )
    return targets


def _may_link(target: str) -> bool:
    """Whether a link leads to the web or a mailbox, or is made by a tag and checked when filled."""
    if unquote(target).lstrip().startswith("{{"):
        return True
    try:
        return urlsplit(target).scheme.lower() in {"http", "https", "mailto"}
    except ValueError:
        return False


def _check_xml(package: Package, part: str, name: str) -> None:
    try:
        tree = package.tree(part)
    except etree.XMLSyntaxError as error:
        raise _damaged(name, part) from error
    about = tree.getroottree().docinfo
    if about.doctype or about.internalDTD is not None:
        raise _refused(name, f"{part} declares a document type; save it again from Word")
    if (about.encoding or "UTF-8").upper() not in _ENCODINGS:
        raise _refused(name, f"{part} is written in {about.encoding}; save it again from Word")
    check_elements(tree, name)


def check_elements(tree: Element, name: str) -> None:
    """Raise ConfigurationError for elements and fields that run or fetch something.

    For letters already filled too: a tag may have made them.
    """
    has_fields = False
    for element in tree.iter():
        tag = element.tag
        if not isinstance(tag, str):
            continue  # a comment or processing instruction
        local = tag.rpartition("}")[2].lower()
        if local in _ELEMENTS and tag.startswith(_ELEMENTS_OF):
            raise _refused(name, f"contains {_ELEMENTS[local]}")
        if tag.startswith(_VML) and element.get("src"):
            raise _refused(name, "shows a picture from outside the file; put it into the letter")
        has_fields = has_fields or local in {"instrtext", "fldsimple"}
    if has_fields:
        for field in fields(tree):
            if field.kind in REACHING_OUT:
                raise _refused(
                    name, f"has a field {field.kind} that fetches from outside; take it out"
                )


def _check_binary(package: Package, part: str, name: str) -> None:
    """Raise ConfigurationError for a part in use that is neither XML, picture nor font."""
    kind = package.content_type(part)
    if kind.startswith(_MEDIA) or kind == _OBFUSCATED_FONT:
        return
    if kind.rpartition(".")[2] in _DROPPED_BINARY:
        return
    raise _refused(name, f"contains {_FILE}")
