"""Every problem of a campaign's templates at once, and the fonts this machine lacks."""

from io import BytesIO
from pathlib import Path

import docx
import pytest
from docx.document import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from flows.letters import campaign, check, placeholders
from flows.letters.docx import fonts
from flows.operations.new import STARTER
from tests.conftest import ROOT
from tests.unit.letters.docxtpl_features import picture, saved
from tests.unit.letters.small_campaign import HTML, ON, TEXT, TOML, folder, letter


def plain(document: Document) -> None:
    letter(document)
    document.styles["Normal"].font.name = "Liberation Serif"


def problems(path: Path, **files: object) -> list[tuple[str, str, str]]:
    toml = files.pop("toml", 'letter = "docx"\n' + TOML)
    made = folder(path, toml=toml, **{"build": plain, **files})  # type: ignore[arg-type]
    found = check.check(campaign.load(made), ON)
    return [(Path(one.where).name, one.what, one.severity) for one in found]


def test_a_sound_campaign_has_no_problems(tmp_path: Path) -> None:
    assert [one for one in problems(tmp_path) if one[2] != "note"] == []


def test_problems_of_all_files_are_found_at_once(tmp_path: Path) -> None:
    def broken(document: Document) -> None:
        plain(document)
        document.add_paragraph("We ask {{ facts.nothing }}")

    found = problems(tmp_path, build=broken, text=TEXT + "{{ nobody }}", html=HTML + "{% if %}")
    errors = [
        (where, what.partition(";")[0]) for where, what, severity in found if severity == "error"
    ]
    assert errors[0] == ("letter.docx", "nobody gives facts.nothing")
    assert errors[1] == ("email.txt", "nobody gives nobody")
    assert errors[2][0] == "email.html"
    assert "a tag cannot be understood in line 2" in errors[2][1]


@pytest.mark.parametrize(
    "left", ["{ salutation }", "{reader.name}", "[NAME]", "[your name]", "TODO", "[INSERT DATE]"]
)
def test_words_that_somebody_meant_to_replace_are_remarked_on_in_every_file(
    tmp_path: Path, left: str
) -> None:
    def unfinished(document: Document) -> None:
        plain(document)
        paragraph = document.add_paragraph(f"We met, {left[:3]}")
        paragraph.add_run(left[3:])

    found = problems(
        tmp_path,
        build=unfinished,
        text=TEXT + left + "\n",
        html=HTML.replace("</p>", f"{left}</p>"),
    )
    said = [(where, severity) for where, what, severity in found if repr(left) in what]
    assert said == [(name, "warning") for name in ("letter.docx", "email.txt", "email.html")]
    assert not [one for one in found if one[2] == "error"]


def test_brackets_of_quotations_and_tags_are_no_placeholders(tmp_path: Path) -> None:
    sound = "As [sic] in [2013] EWCA [1], the UN's {% if asks %}{{ reader.name }}{% endif %}: [EU]"
    assert placeholders.placeholders(sound) == []


@pytest.mark.parametrize("folder", [ROOT / "templates" / "r2p-dialogue-2013", STARTER])
def test_the_campaigns_that_come_along_hold_no_placeholder(folder: Path) -> None:
    found = check.check(campaign.load(folder), ON)
    assert [one for one in found if "placeholder?" in one.what] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("We ask {{ reader.name | nothing }} today", "We ask"),
        ("We hope {% unless x %} so", "We hope"),
        ("We trust {{ reader.name } you", "We trust"),
    ],
)
def test_a_broken_tag_is_shown_with_the_words_around_it(
    tmp_path: Path, text: str, said: str
) -> None:
    def broken(document: Document) -> None:
        plain(document)
        document.add_paragraph(text)
        document.add_paragraph("The end.")

    ((where, what, severity),) = [
        one for one in problems(tmp_path, build=broken) if one[2] == "error"
    ]
    assert (where, severity) == ("letter.docx", "error")
    assert said in what


def test_a_loop_without_an_end_is_shown_where_it_begins(tmp_path: Path) -> None:
    def broken(document: Document) -> None:
        plain(document)
        document.add_paragraph("Our points: {% for ask in asks %}")
        for _ in range(5):
            document.add_paragraph("Another paragraph")

    ((_, what, _),) = [one for one in problems(tmp_path, build=broken) if one[2] == "error"]
    assert "Our points" in what
    assert "endfor" in what


def test_asks_and_a_signature_that_are_not_printed_are_told(tmp_path: Path) -> None:
    def forgetful(document: Document) -> None:
        for line in ("{{ envelope_lines | join(', ') }}", "{{ salutation }},", "{{ close }},"):
            document.add_paragraph(line)

    made = folder(
        tmp_path,
        toml='letter = "docx"\nsignature = { file = "s.png" }\n' + TOML,
        build=forgetful,
    )
    (made / "s.png").write_bytes(picture().getvalue())
    said = [one.what for one in check.check(campaign.load(made), ON)]
    assert any("does not print the asks" in what for what in said)
    assert any("does not print the signature" in what for what in said)


def test_a_mail_that_says_more_in_one_form_than_in_the_other_is_told(tmp_path: Path) -> None:
    more = "And above all we ask you to come to our meeting at the mill on Sunday morning.\n"
    found = problems(tmp_path, text=TEXT + more * 2)
    assert ("email.txt", "warning") in [(where, severity) for where, _, severity in found]
    assert "above all" in " ".join(what for _, what, _ in found)


def test_pdfs_without_libreoffice_are_an_error_with_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.letters.libreoffice.PROGRAMS", ("no-such-office",))
    found = problems(tmp_path, toml='letter = "pdf"\n' + TOML)
    assert any("libreoffice-writer-nogui" in what for _, what, _ in found)


def test_only_fonts_that_text_is_set_in_count(tmp_path: Path) -> None:
    document = docx.Document()
    document.styles["Normal"].font.name = "Nowhere Sans"
    document.styles["Quote"].font.name = "Unused Serif"
    document.styles["List Bullet"].font.name = "Listed Mono"
    document.add_paragraph("text", style="List Bullet").add_run("more").font.name = "Direct Face"
    found = fonts.used(saved(document))
    assert {"Nowhere Sans", "Listed Mono", "Direct Face"} <= found
    assert "Unused Serif" not in found


def test_a_theme_font_is_followed_to_its_name() -> None:
    document = docx.Document(BytesIO(saved(docx.Document())))
    run = document.add_paragraph().add_run("themed")
    run._r.get_or_add_rPr().append(
        parse_xml(f'<w:rFonts {nsdecls("w")} w:asciiTheme="majorHAnsi"/>')
    )
    assert "Calibri" in fonts.used(saved(document))


def test_a_font_that_is_not_installed_is_named_with_its_substitute(tmp_path: Path) -> None:
    document = docx.Document()
    document.styles["Normal"].font.name = "Nowhere Sans"
    found = {one.font: one for one in fonts.missing(saved(document))}
    if not found:
        pytest.skip("fc-list is not here: apt-get install fontconfig")
    assert not found["Nowhere Sans"].as_wide
    assert found["Nowhere Sans"].substitute
