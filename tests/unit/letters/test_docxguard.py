"""What is refused before a DOCX is opened."""

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
