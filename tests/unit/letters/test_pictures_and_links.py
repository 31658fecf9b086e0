"""What a letter prints beside text, by the compiled way or by docxtpl itself."""

import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import docx
import pytest
from docx.document import Document
from docx.shared import Mm
from docxtpl import DocxTemplate as Docxtpl
from docxtpl import InlineImage
from lxml import etree

from flows.errors import ConfigurationError, RowError
from flows.letters.docx import docxtpl_adapter, letter_file
from flows.letters.docx.cleaning import Properties
from tests.unit.letters.docxtpl_features import picture
from tests.unit.letters.small_campaign import ON, TOML, filler, folder, letter, reader
from tests.unit.letters.test_docx_equals_docxtpl import parts

SIGNED = 'signature = { file = "signature.png", width = 30 }\n' + TOML


def with_line(text: str) -> Callable[[Document], None]:
    def build(document: Document) -> None:
        letter(document)
        document.add_paragraph(text)

    return build


def with_picture(path: Path, name: str = "signature.png") -> Path:
    """Where the campaign that ``filler`` makes below this path will find the picture."""
    path.mkdir(parents=True, exist_ok=True)
    (path / name).write_bytes(picture().getvalue())
    return path


@pytest.fixture
def campaign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., object]:
    """Makes a filler for a campaign with a signature and two portraits."""
    made = folder

    def build(**files: object) -> object:
        def with_files(path: Path, **given: object) -> Path:
            found = made(path, **given)  # type: ignore[arg-type]
            for name in ("signature.png", "portraits/r1.png"):
                (found / name).parent.mkdir(exist_ok=True)
                (found / name).write_bytes(picture().getvalue())
            (found / "words.png").write_text("not a picture")
            return found

        monkeypatch.setattr("tests.unit.letters.small_campaign.folder", with_files)
        return filler(tmp_path, **files)

    return build


def shapes(data: bytes) -> list[tuple[int, int, bytes]]:
    """Width, height (mm) and picture of every inline picture in the body."""
    document = docx.Document(BytesIO(data))
    return [
        (
            round(shape.width.mm),
            round(shape.height.mm),
            document.part.related_parts[
                shape._inline.graphic.graphicData.pic.blipFill.blip.embed
            ].blob,
        )
        for shape in document.inline_shapes
    ]


def test_a_signature_is_printed_as_docxtpls_inline_image_would_be(
    campaign: Callable[..., object], tmp_path: Path
) -> None:
    made = campaign(toml=SIGNED, build=with_line("{{ signature }}"))
    ours = made.fill(reader()).docx
    assert shapes(ours) == [(30, 30, picture().getvalue())]
    path = tmp_path / "clean-rivers"
    cleaned = letter_file.read(
        path / "letter.docx", Properties("Clean rivers", "Ada Example", ON), "en_GB"
    )
    template = Docxtpl(BytesIO(cleaned.data))
    image = InlineImage(template, str(path / "signature.png"), width=Mm(30))
    template.render({**made.context(reader()), "signature": image}, autoescape=True)
    buffer = BytesIO()
    template.save(buffer)
    assert parts(ours) == parts(buffer.getvalue())


def test_a_picture_that_is_the_same_for_all_never_needs_docxtpls_render(
    campaign: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    def headed(document: Document) -> None:
        with_line("{{ signature }} {{ picture('signature.png', 10) }}")(document)
        document.sections[0].header.paragraphs[0].text = "{{ picture('signature.png', width=5) }}"

    made = campaign(toml=SIGNED, build=headed)

    def no(*given: object) -> bytes:
        raise AssertionError("rendered by docxtpl")

    monkeypatch.setattr(docxtpl_adapter, "render", no)
    data = made.fill(reader()).docx
    assert [size for size, _, _ in shapes(data)] == [30, 10]
    with zipfile.ZipFile(BytesIO(data)) as archive:
        assert archive.read("word/header1.xml").count(b"<pic:pic") == 1
        assert b"media/image" in archive.read("word/_rels/header1.xml.rels")


def test_a_picture_of_the_reader_is_printed_and_bytes_stay_alike(
    campaign: Callable[..., object],
) -> None:
    tag = "{{ picture('portraits/' ~ reader.id ~ '.png', 12) }} {{ reader.name }}"
    made = campaign(build=with_line(tag))
    data = made.fill(reader(name="R&D <b> {{ x }}")).docx
    assert shapes(data) == [(12, 12, picture().getvalue())]
    assert docx.Document(BytesIO(data)).paragraphs[-1].text == " R&D <b> {{ x }}"
    assert data == made.fill(reader(name="R&D <b> {{ x }}")).docx


def test_a_reader_without_the_picture_is_handed_back(campaign: Callable[..., object]) -> None:
    made = campaign(build=with_line("{{ picture('portraits/' ~ reader.id ~ '.png') }}"))
    with pytest.raises(RowError, match=r"picture: portraits/r2\.png is not in the campaign"):
        made.fill(reader(id="r2"))


def test_a_link_leads_where_it_says(campaign: Callable[..., object]) -> None:
    made = campaign(build=with_line("See {{r link('https://example.org/?a=1&b', 'our <site>') }}"))
    document = docx.Document(BytesIO(made.fill(reader()).docx))
    (link,) = document.paragraphs[-1].hyperlinks
    assert (link.address, link.text) == ("https://example.org/?a=1&b", "our <site>")


def test_rich_text_and_listings_can_be_written_in_the_template(
    campaign: Callable[..., object],
) -> None:
    made = campaign(
        build=with_line("{{r rich('urgent & more', bold=true) }} {{ listing(reader.personal) }}")
    )
    document = docx.Document(BytesIO(made.fill(reader(personal="one\ntwo")).docx))
    assert document.paragraphs[-1].text == "urgent & more one\ntwo"
    assert [run.text for run in document.paragraphs[-1].runs if run.bold] == ["urgent & more"]


def test_properties_are_filled_in_a_letter_that_docxtpl_renders(
    campaign: Callable[..., object],
) -> None:
    def titled(document: Document) -> None:
        with_line("{{r link('https://example.org') }}")(document)
        document.core_properties.title = "For {{ reader.name }}"
        document.core_properties.last_modified_by = "{{ sender.name }}"

    data = campaign(build=titled).fill(reader(name="O'Brien & Co")).docx
    core = docx.Document(BytesIO(data)).core_properties
    assert (core.title, core.last_modified_by) == ("For O'Brien & Co", "Ada Example")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{{ picture('gone.png') }}", r"letter\.docx: .*gone\.png is not in the campaign's folder"),
        ("{{ picture('words.png') }}", r"letter\.docx: .*words\.png is not a picture"),
        ("{{ picture('../../x.png') }}", r"letter\.docx: .*outside the campaign's folder"),
        ("{{r link('file:///etc/passwd') }}", r"letter\.docx: .*is not a web or mail link"),
        ("{{r rich('x', color='\"/><w:br') }}", r"letter\.docx: .*color=.* is not understood"),
        ("{{ signature }}", r"letter\.docx: nobody gives signature"),
    ],
)
def test_a_picture_or_link_that_cannot_be_is_named(
    campaign: Callable[..., object], line: str, said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        campaign(build=with_line(line))


def test_a_signature_that_is_no_picture_is_named(campaign: Callable[..., object]) -> None:
    with pytest.raises(ConfigurationError, match=r"campaign\.toml: signature: words\.png is not"):
        campaign(toml=SIGNED.replace("signature.png", "words.png"))


def test_pictures_belong_into_the_letter_alone(campaign: Callable[..., object]) -> None:
    html = "<p>{{ salutation }} {{ picture('signature.png') }} {{ close }}</p>"
    with pytest.raises(ConfigurationError, match=r"email\.html: nobody gives picture"):
        campaign(html=html)


def test_control_characters_around_a_picture_do_not_slip_through(
    campaign: Callable[..., object],
) -> None:
    made = campaign(toml=SIGNED, build=with_line("{{ signature }}"))
    tree = etree.fromstring(
        zipfile.ZipFile(BytesIO(made.fill(reader()).docx)).read("word/document.xml")
    )
    assert "\x02" not in "".join(tree.itertext())
