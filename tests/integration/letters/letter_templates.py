"""Letters of templates that an office might make, and what a PDF of them shows."""

import subprocess
from collections.abc import Callable
from datetime import date
from io import BytesIO
from pathlib import Path

import docx
from docx.document import Document
from docx.enum.text import WD_BREAK
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import Mm, Pt

from flows.letters import campaign
from flows.letters.filler import Filler
from flows.letters.letter import Letter
from tests.conftest import ROOT, need
from tests.unit.letters import small_campaign
from tests.unit.letters.docxtpl_features import picture

TEMPLATES: dict[str, Callable[[Document], None]] = {}


def template(build: Callable[[Document], None]) -> Callable[[Document], None]:
    TEMPLATES[build.__name__.replace("_", " ")] = build
    return build


def field(paragraph: docx.text.paragraph.Paragraph, instruction: str) -> None:
    for kind in ("begin", None, "separate", "text", "end"):
        run = paragraph.add_run()
        if kind is None:
            element = f"<w:instrText {nsdecls('w')}> {instruction} </w:instrText>"
        elif kind == "text":
            element = f"<w:t {nsdecls('w')}>1</w:t>"
        else:
            element = f'<w:fldChar {nsdecls("w")} w:fldCharType="{kind}"/>'
        run._r.append(parse_xml(element))


def body(document: Document) -> None:
    document.styles["Normal"].font.name = "Liberation Serif"
    document.styles["Normal"].font.size = Pt(11)
    small_campaign.letter(document)


def pages(paragraph: docx.text.paragraph.Paragraph) -> None:
    paragraph.add_run("Page ")
    field(paragraph, "PAGE")
    paragraph.add_run(" of ")
    field(paragraph, "NUMPAGES")


@template
def plain(document: Document) -> None:
    body(document)


@template
def logo_and_page_numbers(document: Document) -> None:
    section = document.sections[0]
    section.different_first_page_header_footer = True
    section.first_page_header.paragraphs[0].add_run().add_picture(picture(), Mm(20))
    section.header.paragraphs[0].text = "{{ reader.name }}"
    body(document)
    pages(section.first_page_footer.paragraphs[0])
    pages(section.footer.paragraphs[0])
    for _ in range(4):
        document.add_paragraph("{{ reader.personal }}")


@template
def numbered_lists_and_tables(document: Document) -> None:
    body(document)
    document.add_paragraph("{%p for ask in asks %}")
    document.add_paragraph("{{ ask }}", style="List Number")
    document.add_paragraph("{%p endfor %}")
    document.add_paragraph("another", style="List Number")
    made = document.add_table(2, 2, style="Table Grid")
    made.cell(0, 0).text = "{{ reader.name }}"
    made.cell(1, 1).text = "{{ salutation }}"


@template
def lists_numbered_directly(document: Document) -> None:
    body(document)
    document.add_paragraph("{%p for ask in asks %}")
    number(document.add_paragraph("{{ ask }}"))
    document.add_paragraph("{%p endfor %}")
    number(document.add_paragraph("and last"))


def number(paragraph: docx.text.paragraph.Paragraph) -> None:
    """As LibreOffice does it: the list stands in the paragraph, not in its style."""
    style = paragraph.part.document.styles["List Number"]
    paragraph._p.get_or_add_pPr().append(
        parse_xml(
            f"<w:numPr {nsdecls('w')}><w:ilvl w:val='0'/>"
            f"<w:numId w:val='{style.element.pPr.numPr.numId.val}'/></w:numPr>"
        )
    )


@template
def picture_in_the_body_and_a_page_break(document: Document) -> None:
    document.add_picture(picture(), Mm(15))
    body(document)
    document.add_paragraph("").add_run().add_break(WD_BREAK.PAGE)
    document.add_paragraph("Annex for {{ reader.name }}")


@template
def ends_with_a_table(document: Document) -> None:
    body(document)
    document.add_table(1, 1).cell(0, 0).text = "Seen by {{ reader.name }}"


@template
def several_sections(document: Document) -> None:
    body(document)
    document.add_section()
    document.add_paragraph("Annex for {{ reader.name }}")


def filled(folder: Path, build: Callable[[Document], None], count: int) -> list[Letter]:
    """Letters to so many readers; every third is longer than a page."""
    filler = small_campaign.filler(folder, build=build)
    return [filler.fill(reader(number)) for number in range(count)]


def reader(number: int):
    long = "A sentence that fills a good part of a line, and then a little more. " * 30
    return small_campaign.reader(
        "minister" if number % 2 else "mp",
        id=f"r{number}",
        name=f"Reader Name{number}",
        dear=f"Dear Name{number}",
        constituency="Ynys Môn & <Wye>",
        personal=long if number % 3 == 2 else "",
    )


def model_letters(count: int) -> list[Letter]:
    """The project's own campaign."""
    found = campaign.load(ROOT / "templates" / "r2p-dialogue-2013")
    filler = Filler(found, date(2013, 9, 4))
    return [filler.fill(reader(number)) for number in range(count)]


def shown(pdf: bytes) -> str:
    """The text of a PDF as poppler reads it."""
    program = need("pdftotext", "poppler-utils")
    return _run([program, "-layout", "-", "-"], pdf).decode()


def pixels(pdf: bytes) -> bytes:
    """Every page at 60 dpi."""
    return _run([need("pdftoppm", "poppler-utils"), "-r", "60", "-"], pdf)


def _run(command: list[str], data: bytes) -> bytes:
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


def text_of(docx_bytes: bytes) -> str:
    return "\n".join(p.text for p in docx.Document(BytesIO(docx_bytes)).paragraphs)
