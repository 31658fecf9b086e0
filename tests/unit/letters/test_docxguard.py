"""What is refused before a DOCX is opened."""

import re
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import docx
import pytest

from flows.errors import ConfigurationError
from flows.letters.docx import guard
from flows.letters.docx.template import DocxTemplate
from tests.unit.letters.docxtpl_features import saved

RELS = "word/_rels/document.xml.rels"


DOCUMENT_TYPE = b"?><!DOCTYPE x [<!ENTITY a 'b'>]>"


def changed(part: str, change: Callable[[bytes], bytes], *, more: dict[str, bytes] | None = None):
    """A good DOCX with one part changed, and perhaps others added."""
    buffer = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(saved(docx.Document()))) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content) if name == part else content)
        for name, content in (more or {}).items():
            new.writestr(name, content)
    return buffer.getvalue()


def relation(kind: str, target: str) -> Callable[[bytes], bytes]:
    line = (
        '<Relationship Id="rId99" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
        f'relationships/{kind}" Target="{target}" TargetMode="External"/></Relationships>'
    )
    return lambda content: content.replace(b"</Relationships>", line.encode())


def same(content: bytes) -> bytes:
    return content


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is not a DOCX"),
        (b"{\\rtf1 Dear Minister}", "is not a DOCX"),
        (saved(docx.Document())[:2000], "is not a DOCX"),
        (changed(RELS, same, more={"word/vbaProject.bin": b"x"}), "macros"),
        (
            changed(
                "[Content_Types].xml",
                lambda c: c.replace(
                    b"openxmlformats-officedocument.wordprocessingml.document.main",
                    b"ms-word.document.macroEnabled.main",
                ),
            ),
            "macros",
        ),
        (changed(RELS, same, more={"word/activeX/activeX1.xml": b"<x/>"}), "ActiveX"),
        (changed(RELS, relation("image", "http://example.org/p.png")), "outside"),
        (changed(RELS, relation("hyperlink", "file:///etc/passwd")), "outside"),
        (changed(RELS, lambda c: b"<broken"), "damaged"),
        (
            changed(
                "word/document.xml",
                lambda c: c.replace(b"?>", b"?><!DOCTYPE x [<!ENTITY a 'b'>]>", 1),
            ),
            "document type",
        ),
        (changed(RELS, same, more={"word/bomb.xml": bytes(30_000_000)}), "absurd"),
        (
            changed(RELS, same, more={f"word/{n}.xml": b"x" * 39_000_000 for n in range(3)}),
            "unpacks to more",
        ),
        (changed(RELS, same, more={f"word/{n}.bin": b"" for n in range(2100)}), "too many parts"),
    ],
)
def test_a_dangerous_or_broken_file_is_refused_by_name(data: bytes, said: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"letter\.docx: .*{said}"):
        DocxTemplate(data, "letter.docx")


@pytest.mark.parametrize("target", ["https://www.example.org/r2p", "mailto:chair@example.org"])
def test_web_and_mail_links_may_stay(target: str) -> None:
    guard.check(changed(RELS, relation("hyperlink", target)), "letter.docx")


def field(instruction: str) -> Callable[[bytes], bytes]:
    """A field in the body whose instruction is split over runs, as Word does it."""
    runs = "".join(f"<w:r><w:instrText>{piece}</w:instrText></w:r>" for piece in instruction)
    begin, end = (f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>' for kind in ("begin", "end"))
    paragraph = f"<w:p>{begin}{runs}{end}</w:p><w:sectPr"
    return lambda content: content.replace(b"<w:sectPr", paragraph.encode(), 1)


@pytest.mark.parametrize("kind", ["INCLUDEPICTURE", "dde", " LINK", "IncludeText"])
def test_a_field_that_fetches_is_refused_however_it_is_written(kind: str) -> None:
    data = changed("word/document.xml", field(f"{kind} http://example.org/x"))
    with pytest.raises(ConfigurationError, match=f"{kind.strip().upper()} that fetches"):
        guard.check(data, "letter.docx")


def test_a_link_to_an_address_with_such_a_word_in_it_may_stay() -> None:
    data = changed("word/document.xml", field('HYPERLINK "https://example.org/link/import"'))
    guard.check(data, "letter.docx")


def test_a_password_is_named(tmp_path: Path) -> None:
    data = bytearray(changed(RELS, same))
    entry = data.index(b"PK\x01\x02")
    data[entry + 8] |= 1
    with pytest.raises(ConfigurationError, match="password"):
        guard.check(bytes(data), "letter.docx")


def test_a_spreadsheet_under_a_letters_name_is_refused() -> None:
    data = changed(
        "[Content_Types].xml", lambda c: c.replace(b"wordprocessingml", b"spreadsheetml")
    )
    with pytest.raises(ConfigurationError, match="is not a Word document"):
        DocxTemplate(data, "letter.docx")


def test_footnotes_with_tags_in_several_sections_are_refused() -> None:
    from docx.oxml.ns import nsdecls

    from tests.unit.letters.docxtpl_features import with_part

    document = docx.Document()
    document.add_section()
    notes = (
        f"<w:footnotes {nsdecls('w')}><w:footnote w:id='2'><w:p><w:r><w:t>{{{{ x }}}}</w:t></w:r>"
        "</w:p></w:footnote></w:footnotes>"
    )
    data = with_part(saved(document), "footnotes.xml", notes, "footnotes")
    with pytest.raises(ConfigurationError, match="footnotes"):
        DocxTemplate(data, "letter.docx")


def test_a_condition_that_cuts_through_a_table_is_named_with_its_words() -> None:
    document = docx.Document()
    document.add_paragraph("We ask {% if x %}you")
    document.add_table(1, 1).cell(0, 0).text = "here{% endif %} or there"
    template = DocxTemplate(saved(document), "letter.docx")
    template.render({"x": True})
    with pytest.raises(ConfigurationError, match="opens in one place and closes in another"):
        template.render({"x": False})


def internal(kind: str, target: str) -> Callable[[bytes], bytes]:
    """A relation to a part inside the file."""
    line = (
        '<Relationship Id="rId98" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
        f'relationships/{kind}" Target="{target}"/></Relationships>'
    )
    return lambda content: content.replace(b"</Relationships>", line.encode())


@pytest.mark.parametrize(
    ("kind", "part", "said"),
    [
        ("aFChunk", "word/afchunk.mht", "altChunk"),
        ("aFChunk", "word/innocent.xml", "altChunk"),
        ("oleObject", "word/embeddings/oleObject1.bin", "OLE"),
        ("package", "word/embeddings/Book.xlsx", "embedded file"),
        ("control", "word/controls/one.xml", "ActiveX"),
        ("subDocument", "word/sub.docx", "subdocument"),
        ("video", "word/media/film.mp4", "film"),
        ("image", "word/media/image1.bin", "embedded file"),
    ],
)
def test_a_part_that_runs_or_brings_more_is_refused_by_its_relation(
    kind: str, part: str, said: str
) -> None:
    relate = internal(kind, "/" + part)
    with pytest.raises(ConfigurationError, match=said):
        guard.check(
            changed(RELS, relate, more={part: b"<x/>" if "xml" in part else b"x"}), "a.docx"
        )


W = b'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ('<w:altChunk r:id="rId9"/>', "altChunk"),
        ("<w:p><w:r><w:object/></w:r></w:p>", "OLE"),
        ('<w:p><w:fldSimple w:instr=" ddeauto c:\\\\x y "/></w:p>', "DDEAUTO that fetches"),
    ],
)
def test_the_encoding_of_a_part_hides_nothing(encoding: str, inside: str, said: str) -> None:
    def recoded(content: bytes) -> bytes:
        text = content.decode().replace("<w:sectPr", f"{inside}<w:sectPr", 1)
        text = re.sub(r"^<\?xml[^>]*\?>", f'<?xml version="1.0" encoding="{encoding[:6]}"?>', text)
        mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
        return mark + text.encode(encoding)

    with pytest.raises(ConfigurationError, match=said):
        guard.check(changed("word/document.xml", recoded), "a.docx")


def test_another_encoding_is_refused() -> None:
    def recoded(content: bytes) -> bytes:
        return re.sub(rb'encoding="[^"]*"|encoding=\'[^\']*\'', b'encoding="ISO-8859-1"', content)

    with pytest.raises(ConfigurationError, match="is written in ISO-8859-1"):
        guard.check(changed("word/document.xml", recoded), "a.docx")


def test_a_document_under_another_name_is_looked_at_all_the_same() -> None:
    field = b'<w:p %b><w:fldSimple w:instr="DDE x y"/></w:p>' % W
    override = (
        b'<Override PartName="/Word/Header9.BIN" ContentType="application/vnd.openxmlformats-'
    )
    override += b'officedocument.wordprocessingml.header+xml"/></Types>'
    data = changed(
        "[Content_Types].xml",
        lambda content: content.replace(b"</Types>", override),
        more={"word/header9.bin": field},
    )
    with pytest.raises(ConfigurationError, match="DDE that fetches"):
        guard.check(data, "a.docx")


@pytest.mark.parametrize(
    "text",
    [
        "{{ '<w:p><w:r><w:object/></w:r></w:p>' | safe }}",
        "{{ '</w:t></w:r><w:fldSimple w:instr=\"DDE x\"/><w:r><w:t>' | safe }}",
        "{{ ('</w:t></w:r><w:fldSimple w:instr=\"D' ~ 'DE x\"/><w:r><w:t>') | safe }}",
    ],
)
def test_what_a_tag_builds_is_looked_at_once_more(text: str) -> None:
    document = docx.Document()
    document.add_paragraph(text)
    template = DocxTemplate(saved(document), "letter.docx")
    with pytest.raises(ConfigurationError, match=r"OLE|DDE|opens in one place"):
        template.render({})
