"""The print pack as the posting room gets it."""

from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from docx.document import Document
from docx.shared import Mm, Pt
from python_calamine import CalamineWorkbook

from flows.letters.letter import Letter
from flows.letters.paper import pack as printpack
from flows.letters.paper import window
from flows.letters.paper.pack import PrintPack
from flows.letters.pdf import convert
from flows.people.contact import Reader
from tests.conftest import need
from tests.integration.letters.letter_templates import filled, model_letters, reader, shown
from tests.unit.letters import small_campaign

pytestmark = pytest.mark.usefixtures("soffice")
ON = date(2013, 9, 4)


@pytest.fixture(scope="module")
def soffice() -> str:
    return need("soffice", "libreoffice-writer-nogui")


def windowed(document: Document) -> None:
    """A letter whose address stands where windows are: from 50 mm on."""
    section = document.sections[0]
    section.top_margin, section.left_margin = Mm(50), Mm(23)
    document.styles["Normal"].font.name = "Liberation Serif"
    document.styles["Normal"].font.size = Pt(10)
    document.styles["Normal"].paragraph_format.space_after = Pt(0)
    document.add_paragraph("{%p for line in envelope_lines + postal_lines %}")
    document.add_paragraph("{{ line }}")
    document.add_paragraph("{%p endfor %}")
    document.add_paragraph("{{ salutation }},").paragraph_format.space_before = Mm(25)
    for _ in range(3):
        document.add_paragraph("{{ reader.personal }}")
    document.add_paragraph("{{ close }},")
    document.sections[0].footer.paragraphs[0].text = "{{ reference }}"


def readers() -> list[Reader]:
    found = []
    for number, code in enumerate(["SW10 1AA", "SW2 1AA", "EC1A 1BB", "SW2 1AA", "N1 9GU"]):
        one = reader(number)
        more = ("A Building", "Its Wing", "The Floor", "A Corridor") if number == 4 else ()
        found.append(replace(one, postal=(*more, "1 Weir Street", f"London {code}")))
    return found


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory, soffice: str) -> PrintPack:
    filler = small_campaign.filler(tmp_path_factory.mktemp("pack"), build=windowed)
    letters = [filler.fill(one) for one in readers()]
    return printpack.make(letters, title="Rivers", on=ON)


def test_letters_come_in_the_order_of_the_envelopes(pack: PrintPack) -> None:
    assert [one.id for one in pack.posted] == ["r2", "r4", "r1", "r3", "r0"]
    places = [shown(pack.letters).index(f"clean-rivers/1/{one.id}\n") for one in pack.posted]
    assert places == sorted(places)


def test_every_letter_begins_on_the_front_of_a_sheet(pack: PrintPack) -> None:
    with pikepdf.open(BytesIO(pack.letters)) as opened:
        numbers = {page.obj.objgen: number for number, page in enumerate(opened.pages)}
        with opened.open_outline() as outline:
            starts = [numbers[item.destination[0].objgen] for item in outline.root]
            titles = [item.title for item in outline.root]
        assert all(start % 2 == 0 for start in starts)
        assert len(opened.pages) == sum(2 * one.sheets for one in pack.posted)
    assert titles[0].startswith("clean-rivers/1/r2  Reader Name2 MP")


def test_a_pack_holds_letters_of_one_and_of_more_pages(pack: PrintPack) -> None:
    with pikepdf.open(BytesIO(pack.posted[0].pdf)) as long:
        assert len(long.pages) > 1
    with pikepdf.open(BytesIO(pack.posted[1].pdf)) as short:
        assert len(short.pages) == 1


def test_what_letters_share_is_kept_once(tmp_path: Path) -> None:
    letters = [one for one in convert.convert(model_letters(6)) if isinstance(one, Letter)]
    joined = printpack.make(letters, title="Rivers", on=ON).letters
    assert len(joined) < 0.5 * sum(len(one.pdf) for one in letters)
    assert shown(joined).count("Dear Name") == 6


def test_labels_and_posting_sheet_follow_the_same_order(pack: PrintPack) -> None:
    text = shown(pack.labels)
    # Labels are read row by row: three of them on the first.
    first, second = (
        min(text.index(f"Name{number}") for number in numbers) for numbers in ((2, 4, 1), (3, 0))
    )
    assert first < second
    sheet = CalamineWorkbook.from_filelike(BytesIO(pack.sheet)).get_sheet_by_index(0)
    assert [row[2] for row in sheet.to_python()[1:]] == [one.reference for one in pack.posted]


def test_an_address_that_leaves_the_window_is_named_with_its_letter(pack: PrintPack) -> None:
    ((reference, fault),) = pack.faults
    assert reference == "clean-rivers/1/r4"
    assert "beyond the lower edge of the window" in fault


def test_an_address_elsewhere_and_strangers_in_the_window_are_told(tmp_path: Path) -> None:
    (high,) = convert.convert(filled(tmp_path / "a", small_campaign.letter, 1))
    assert isinstance(high, Letter)
    lines = high.reader.address.lines
    said = " ".join(window.faults(high.pdf, lines, window.WINDOWS["uk"]))
    assert "beyond the upper edge" in said
    assert "shows in the window too" in said
    assert window.faults(high.pdf, ("Somebody Else",), window.WINDOWS["uk"]) == (
        "the address is not printed on the first page",
    )


def test_the_model_letters_address_shows_in_both_windows() -> None:
    for one in convert.convert(model_letters(3)):
        assert isinstance(one, Letter)
        lines = (*one.reader.address.lines, *one.reader.postal)
        for each in window.WINDOWS.values():
            assert window.faults(one.pdf, lines, each) == ()


def test_a_pack_has_the_same_bytes_every_time(tmp_path: Path) -> None:
    letters = filled(tmp_path, windowed, 3)
    first, second = (printpack.make(letters, title="Rivers", on=ON) for _ in range(2))
    assert first.letters == second.letters
    assert first.labels == second.labels
    assert first.sheet == second.sheet
