"""The letter is a document a Word user can edit, and a page an office is glad to get."""

import io
import subprocess
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from docx.oxml.ns import qn

from flows.letters.letter import Letter
from tests.conftest import need
from tests.integration.campaign.conftest import FOLDER, READERS, printed

MM = 72 / 25.4
STYLES = {
    *("Normal", "Letterhead", "Letterhead Address", "Addressee", "Contact Line", "Date"),
    *("Salutation", "Subject Line", "Body Text", "List Bullet", "Closing", "Signature"),
    *("Header", "Footer", "Template Mark"),
}


@pytest.fixture(params=READERS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def document(letters: Mapping[str, Letter], name: str) -> Any:
    return Document(io.BytesIO(letters[name].docx))


def lines(pdf: Path, page: int) -> Iterator[tuple[float, float, float, float, str]]:
    """Left, top, right, bottom (mm) and words of every line of a page."""
    shown = subprocess.run(
        [
            need("pdftotext", "poppler-utils"),
            *("-bbox-layout", "-f", str(page), "-l", str(page), str(pdf), "-"),
        ],
        check=True,
        capture_output=True,
    ).stdout
    for line in ET.fromstring(shown).iter("{http://www.w3.org/1999/xhtml}line"):
        left, top, right, bottom = (
            float(line.attrib[side]) / MM for side in ("xMin", "yMin", "xMax", "yMax")
        )
        yield left, top, right, bottom, " ".join(word.text or "" for word in line)


def pages(pdf: Path) -> int:
    shown = subprocess.run(
        [need("pdfinfo", "poppler-utils"), str(pdf)], check=True, capture_output=True, text=True
    ).stdout
    return int(shown.partition("Pages:")[2].split()[0])


def test_it_fills_two_pages_of_a4_at_most(pdfs: Path, document: Any, name: str) -> None:
    section = document.sections[0]
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
    assert pages(pdfs / f"{name}.pdf") <= 2


def test_the_window_of_an_envelope_shows_the_address_and_nothing_else(
    pdfs: Path, name: str
) -> None:
    """As DIN 680 has it: 90 x 45 mm, 20 mm from the left and 45 mm from the top of the sheet."""
    left, top, right, bottom = 20, 45, 110, 90
    wanted = [*READERS[name].address.lines, *READERS[name].postal]
    seen = [
        line
        for line in lines(pdfs / f"{name}.pdf", 1)
        if line[1] < bottom and line[3] > top
        if line[0] < right
    ]
    # A line may break after a hyphen.
    assert " ".join(line[4] for line in seen).replace("- ", "-") == " ".join(wanted)
    assert min(line[0] for line in seen) >= left
    assert min(line[1] for line in seen) >= top
    assert max(line[2] for line in seen) <= right
    assert max(line[3] for line in seen) <= bottom


def test_a_usual_address_shows_in_the_lower_window_of_a_british_dl_envelope(pdfs: Path) -> None:
    """35 mm high; the sheet settles at the foot of the envelope: 46 to 81 mm from its top."""
    for name in ("minister", "mp", "peer"):
        address = [
            line for line in lines(pdfs / f"{name}.pdf", 1) if line[0] < 30 and 45 < line[1] < 92
        ]
        assert len(address) == len(READERS[name].address.lines) + len(READERS[name].postal)
        assert address[0][1] >= 46
        assert address[-1][3] <= 81


def test_the_letter_reads_in_the_order_of_a_letter(pdfs: Path, name: str) -> None:
    text = printed(pdfs / f"{name}.pdf")
    reader = READERS[name]
    order = [
        "United Nations Association of Exampleshire",
        reader.postal[-1],
        "4 September 2013",
        f"{reader.address.salutation},",
        "The Responsibility to Protect: General Assembly dialogue, 11 September 2013",
        "We are glad of it",
        f"{reader.address.close},",
        "Eleanor Marchbank",
        "Page 2 of 2",
    ]
    places = [text.find(words) for words in order]
    assert -1 not in places
    assert places == sorted(places)


def test_every_page_says_which_it_is_of_how_many_and_of_which_letter(
    pdfs: Path, letters: Mapping[str, Letter], name: str
) -> None:
    for page in (1, 2):
        foot = " ".join(line[4] for line in lines(pdfs / f"{name}.pdf", page) if line[1] > 275)
        assert f"Page {page} of 2" in foot
        assert letters[name].reference in foot


def test_pages_are_counted_by_fields_and_not_by_hand(document: Any) -> None:
    section = document.sections[0]
    for footer in (section.first_page_footer, section.footer):
        codes = [node.text.strip() for node in footer._element.iter(qn("w:instrText"))]
        assert codes == ["PAGE", "NUMPAGES"]


def test_the_requests_are_a_bullet_list_of_word(document: Any) -> None:
    bullets = [one for one in document.paragraphs if one.style.name == "List Bullet"]
    assert len(bullets) == 7
    number = bullets[0].style.element.find(f".//{qn('w:numId')}").get(qn("w:val"))
    numbering = document.part.numbering_part.element
    use = next(one for one in numbering.num_lst if str(one.numId) == number)
    kinds = [
        kind.get(qn("w:val"))
        for definition in numbering.iter(qn("w:abstractNum"))
        if definition.get(qn("w:abstractNumId")) == str(use.abstractNumId.val)
        for kind in definition.iter(qn("w:numFmt"))
    ]
    assert kinds == ["bullet"]
    assert not [one for one in bullets if one.text.startswith(("•", "-", "*"))]


def test_every_paragraph_has_a_style_with_a_name_and_none_is_empty(document: Any) -> None:
    assert {style.name for style in document.styles if style.type == 1} == STYLES
    used = [one.style.name for one in document.paragraphs]
    assert "Normal" not in used
    assert "Template Mark" not in used
    assert all(one.text.strip() for one in document.paragraphs)


def test_the_signature_stays_with_the_last_words_of_the_letter(document: Any) -> None:
    *body, last = document.paragraphs
    from_hope = body[[one.text.startswith("I hope") for one in body].index(True) :]
    assert [one.style.name for one in from_hope] == ["Body Text", "Closing", "Signature"]
    for one in from_hope:
        kept = one.paragraph_format.keep_with_next
        assert kept or one.style.paragraph_format.keep_with_next
    assert last.style.name == "Signature"
    # Room to sign: about 15 mm.
    assert document.styles["Closing"].paragraph_format.space_after.mm > 14


def test_no_line_is_left_alone_at_a_page_break_and_the_language_is_british(document: Any) -> None:
    assert document.styles["Normal"].paragraph_format.widow_control is True
    language = document.styles.element.find(f".//{qn('w:rPrDefault')}//{qn('w:lang')}")
    assert language.get(qn("w:val")) == "en-GB"


def test_the_file_says_what_it_is_and_who_wrote_it(
    document: Any, letters: Mapping[str, Letter], name: str
) -> None:
    properties = document.core_properties
    assert properties.title == "The Responsibility to Protect: dialogue of September 2013"
    assert properties.author == "Eleanor Marchbank"
    assert letters[name].reference in properties.subject
    assert properties.language == "en-GB"


def test_fonts_are_embedded_and_have_twins_of_equal_width_in_word(pdfs: Path, name: str) -> None:
    shown = subprocess.run(
        [need("pdffonts", "poppler-utils"), str(pdfs / f"{name}.pdf")],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    rows = [row.split() for row in shown.splitlines()[2:]]
    families = {row[0].partition("+")[2].partition("-")[0] for row in rows}
    assert families <= {"LiberationSerif", "Carlito", "TimesNewRomanPSMT", "Calibri"}
    assert {row[-5] for row in rows} == {"yes"}


def test_the_emblem_is_crisp_and_has_words_for_those_who_cannot_see_it(document: Any) -> None:
    header = document.sections[0].first_page_header
    shape = header._element.find(f".//{qn('wp:inline')}")
    assert "olive branch" in shape.find(qn("wp:docPr")).get("descr")
    picture = next(part for part in header.part.related_parts.values() if part.image)
    millimetres = int(shape.find(qn("wp:extent")).get("cx")) / 36_000
    assert picture.image.px_width / (millimetres / 25.4) >= 300


def test_a_letter_weighs_little(letters: Mapping[str, Letter], name: str) -> None:
    assert len(letters[name].docx) < 40_000


def test_the_template_opens_in_word_without_compatibility_mode() -> None:
    with zipfile.ZipFile(FOLDER / "letter.docx") as template:
        settings = template.read("word/settings.xml").decode()
    assert 'w:val="15"' in settings
