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
from flows.letters.paper import labels, parts, window
from flows.letters.paper import pack as printpack
from flows.letters.paper.envelope import Posted
from flows.letters.paper.pack import PrintPack
from flows.letters.pdf import convert
from flows.people.contact import Reader
from tests.conftest import need
from tests.integration.letters.letter_templates import filled, model_letters, pixels, reader, shown
from tests.unit.letters import small_campaign

pytestmark = pytest.mark.usefixtures("soffice")
ON = date(2013, 9, 4)
POSTING_SHEET = "posting-sheet.xlsx"


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
    return packed([filler.fill(one) for one in readers()], tmp_path_factory.mktemp("out"))


def packed(letters: list[Letter], out: Path) -> PrintPack:
    ordered = sorted(letters, key=lambda one: Posted.of(one.reader, one.reference).order)
    return printpack.make(ordered, out, title="Rivers", on=ON)


def pdf(pack: PrintPack) -> bytes:
    (path,) = pack.letters
    return path.read_bytes()


def beginnings(path: Path) -> dict[str, int]:
    """Page on which each letter begins, by its bookmark."""
    with pikepdf.open(path) as opened:
        numbers = {page.obj.objgen: number for number, page in enumerate(opened.pages)}
        with opened.open_outline() as outline:
            return {item.title: numbers[item.destination[0].objgen] for item in outline.root}


def test_letters_come_in_the_order_of_the_envelopes(pack: PrintPack) -> None:
    assert [one.id for one in pack.posted] == ["r2", "r4", "r1", "r3", "r0"]
    places = [shown(pdf(pack)).index(f"clean-rivers/1/{one.id}\n") for one in pack.posted]
    assert places == sorted(places)


def test_every_letter_begins_on_the_front_of_a_sheet(pack: PrintPack) -> None:
    starts = beginnings(pack.letters[0])
    assert all(start % 2 == 0 for start in starts.values())
    assert next(iter(starts)).startswith("clean-rivers/1/r2  Reader Name2 MP")
    with pikepdf.open(pack.letters[0]) as opened:
        assert len(opened.pages) == sum(2 * one.sheets for one in pack.posted)
        # Of one page and of more: where a letter ends on the front, the back is blank.
        blank = [not page.get("/Contents") for page in opened.pages]
    assert not blank[1]
    assert any(blank)


def test_what_letters_share_is_kept_once(tmp_path: Path) -> None:
    letters = [one for one in convert.convert(model_letters(6)) if isinstance(one, Letter)]
    joined = pdf(packed(letters, tmp_path))
    assert len(joined) < 0.4 * sum(len(one.pdf) for one in letters)
    assert shown(joined).count("Dear Name") == 6


def test_letters_look_in_the_pack_as_they_look_alone(tmp_path: Path) -> None:
    pdfs = [one.pdf for one in convert.convert(model_letters(4)) if isinstance(one, Letter)]
    parts.join(pdfs, tmp_path / "joined.pdf")
    with pikepdf.Pdf.new() as plainly:
        for one in pdfs:
            with pikepdf.open(BytesIO(one)) as letter:
                plainly.pages.extend(letter.pages)
        plainly.save(tmp_path / "plainly.pdf")
    joined, wanted = ((tmp_path / f"{name}.pdf").read_bytes() for name in ("joined", "plainly"))
    assert pixels(joined) == pixels(wanted)


def test_labels_and_posting_sheet_follow_the_same_order(pack: PrintPack) -> None:
    label_file, posting_sheet = pack.beside
    text = shown(label_file.read_bytes())
    # Labels are read row by row: three of them on the first.
    first, second = (
        min(text.index(f"Name{number}") for number in numbers) for numbers in ((2, 4, 1), (3, 0))
    )
    assert first < second
    sheet = CalamineWorkbook.from_path(posting_sheet).get_sheet_by_index(0)
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
    first, second = (packed(letters, tmp_path / name) for name in ("one", "two"))
    assert [path.name for path in first.files] == ["letters.pdf", "labels.pdf", POSTING_SHEET]
    for one, other in zip(first.files, second.files, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_many_letters_are_cut_into_numbered_files_and_the_sheet_says_which_is_in_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "PAGES_A_PART", 8)
    monkeypatch.setattr(parts, "_TOGETHER", 2)
    packed(model_letters(3), tmp_path)
    assert (tmp_path / "letters.pdf").exists()
    (tmp_path / "letters-of-thanks.pdf").touch()

    made = packed(model_letters(10), tmp_path)
    assert len(made.letters) > 2
    assert [path.name for path in made.letters] == [
        f"letters-{number}.pdf" for number, _ in enumerate(made.letters, 1)
    ]
    sheet = CalamineWorkbook.from_path(tmp_path / POSTING_SHEET).get_sheet_by_index(0).to_python()
    assert sheet[0][-1] == "File"
    for path in made.letters:
        listed = [f"{row[2]}  {row[3]}" for row in sheet[1:] if row[-1] == path.name]
        starts = beginnings(path)
        assert list(starts) == listed
        assert all(start % 2 == 0 for start in starts.values())
        with pikepdf.open(path) as opened:
            assert len(opened.pages) <= 8
        assert shown(path.read_bytes()).count("Dear Name") == len(listed)
    assert sum(len(beginnings(path)) for path in made.letters) == 10

    # A smaller pack in the same folder leaves nothing of the larger one, and other files alone.
    smaller = packed(model_letters(5), tmp_path)
    assert 1 < len(smaller.letters) < len(made.letters)
    names = [path.name for path in (*smaller.files, tmp_path / "letters-of-thanks.pdf")]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


def test_labels_of_many_sheets_are_one_file_from_the_first_free_label_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printpack, "_LABEL_SHEETS", 1)
    small = replace(labels.LAYOUTS["a4-8"], columns=1, rows=2)
    letters = model_letters(4)
    made = printpack.make(letters, tmp_path, title="t", on=ON, sheet=small, first_label=2)
    with pikepdf.open(made.beside[0]) as opened:
        assert len(opened.pages) == 3
    text = shown(made.beside[0].read_bytes())
    places = [text.index(one.reader.address.lines[0]) for one in letters]
    assert places == sorted(places)


def test_a_letter_that_has_its_pdf_keeps_it_among_others(tmp_path: Path) -> None:
    letters = model_letters(5)
    laid_out = [one for one in convert.convert(letters) if isinstance(one, Letter)]
    kept = [replace(one, docx=b"none") for one in laid_out]
    mixed = [letters[0], kept[1], letters[2], kept[3], kept[4]]
    results = list(convert.convert(mixed))
    assert [one.pdf for one in results if isinstance(one, Letter)][1::2] == [
        kept[1].pdf,
        kept[3].pdf,
    ]
    words = [shown(one.pdf) for one in results if isinstance(one, Letter)]
    assert words == [shown(one.pdf) for one in laid_out]
    # Where all have theirs, LibreOffice is not asked for.
    assert list(convert.convert(kept, program="no-such-office")) == kept
