"""Builds letter.docx and emblem.png of templates/r2p-dialogue-2013, and flows/starter/letter.docx.

The same bytes every time. Run from the project's root after a change to letter.txt or starter.txt
(the words), styles.xml (the look) or emblem.py (the picture), all beside this file; it overwrites
the files of both folders:

    uv run python -m tests.make.letter_docx

An office needs none of this: it edits letter.docx in a word processor. The script keeps the
project's own letter reviewable, line by line, in its history.

The addressee block is a frame fixed to the page (ECMA-376 Part 1, 17.3.1.11), because a paragraph
in a frame is still an ordinary paragraph to whoever reads the file. It begins 23 mm from the left
and 50 mm from the top, and nothing else is printed there but the contact lines, right of any
window: seven lines show in the 90 x 35 mm window of a British DL envelope, nine in the 90 x 45 mm
one of DIN 680. A longer address pushes the date down, and is for the print check to name. Times New
Roman and Calibri exist wherever Word does; LibreOffice sets Liberation Serif and Carlito, whose
characters are as wide, so lines break alike.
"""

import copy
import io
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from docx import Document
from docx.document import Document as DocumentObject
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.section import Section
from docx.shared import Mm, Pt
from docx.text.paragraph import Paragraph

from tests.make.emblem import WIDTH, emblem

HERE = Path(__file__).parent
FOLDER = Path("templates/r2p-dialogue-2013")
STARTER = Path(__file__).parents[2] / "flows" / "starter"
MADE = datetime(2013, 9, 4, 9, 0)

NUMBERING = f"""<w:numbering {nsdecls("w")}>
<w:abstractNum w:abstractNumId="0"><w:multiLevelType w:val="singleLevel"/><w:lvl w:ilvl="0">
<w:start w:val="1"/><w:numFmt w:val="bullet"/><w:pStyle w:val="ListBullet"/><w:lvlText w:val="•"/>
<w:lvlJc w:val="left"/><w:pPr><w:ind w:left="454" w:hanging="284"/></w:pPr>
<w:rPr><w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:cs="Times New Roman"/>
<w:color w:val="1F3A5F"/></w:rPr></w:lvl></w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>"""

# Without compatibilityMode 15 Word opens the letter "in compatibility mode".
SETTINGS = f"""<w:settings {nsdecls("w")}><w:zoom w:percent="100"/><w:defaultTabStop w:val="720"/>
<w:characterSpacingControl w:val="doNotCompress"/><w:compat><w:compatSetting
w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat>
<w:themeFontLang w:val="en-GB"/><w:decimalSymbol w:val="."/><w:listSeparator w:val=","/>
</w:settings>"""

FONTS = f"""<w:fonts {nsdecls("w")}>
<w:font w:name="Times New Roman"><w:altName w:val="Liberation Serif"/><w:family w:val="roman"/>
</w:font>
<w:font w:name="Calibri"><w:altName w:val="Carlito"/><w:family w:val="swiss"/></w:font>
</w:fonts>"""


def words(file: str) -> Iterator[tuple[str, str]]:
    """Style and text of each paragraph of a file of words, in order."""
    for line in (HERE / file).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            style, text = line.split(" | ", 1)
            yield style, text


def add_field(paragraph: Paragraph, instruction: str, shown: str) -> None:
    """A complex field (17.16.18), with what is shown until a program counts the pages."""
    for kind, text in (
        ("begin", ""),
        ("", instruction),
        ("separate", ""),
        ("t", shown),
        ("end", ""),
    ):
        run = paragraph.add_run()
        if kind in ("begin", "separate", "end"):
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
            run._r.append(mark)
        elif kind == "t":
            run.text = text
        else:
            code = OxmlElement("w:instrText")
            code.set(qn("xml:space"), "preserve")
            code.text = f" {text} "
            run._r.append(code)


def write_header_and_footer(
    document: DocumentObject, section: Section, picture: bytes | None
) -> None:
    section.different_first_page_header_footer = True

    letterhead = section.first_page_header
    crest = letterhead.paragraphs[0]
    crest.style = document.styles["Letterhead"]
    if picture is None:
        crest.text = "{{ sender.organisation }}"
        crest.paragraph_format.space_before = Mm(WIDTH)  # the room that a picture takes
    else:
        inline = crest.add_run().add_picture(io.BytesIO(picture), width=Mm(WIDTH))._inline
        inline.docPr.set("name", "Emblem")
        inline.docPr.set("descr", "Emblem: an olive branch of seven leaves on a blue roundel")
        letterhead.add_paragraph("{{ sender.organisation }}", "Letterhead")
    letterhead.add_paragraph(
        '{{ [sender.address | join("  ·  "), sender.postcode] | select | join("  ·  ") }}',
        "Letterhead Address",
    )

    running = section.header.paragraphs[0]
    running.text = "{{ envelope_lines[0] }}\t{{ date }}"

    for footer in (section.first_page_footer, section.footer):
        line = footer.paragraphs[0]
        line.style = document.styles["Footer"]
        line.add_run("Reference {{ reference }}\tPage ")
        add_field(line, "PAGE", "1")
        line.add_run(" of ")
        add_field(line, "NUMPAGES", "2")


def write_body(document: DocumentObject, file: str) -> None:
    for style, text in words(file):
        name, _, extra = style.partition(", ")
        paragraph = document.add_paragraph(text, "Template Mark" if name == "Mark" else name)
        framed = extra.removeprefix("in ") if extra.startswith("in ") else paragraph.style.name
        frame = document.styles[framed].element.find(f"{qn('w:pPr')}/{qn('w:framePr')}")
        if frame is not None:
            # LibreOffice frames a paragraph only for a frame of its own, Word for the style's too.
            paragraph._p.get_or_add_pPr().append(copy.deepcopy(frame))
        if extra == "with next":
            paragraph.paragraph_format.keep_with_next = True
        elif extra == "after list":
            paragraph.paragraph_format.space_before = Pt(9)
    document.paragraphs[-1].paragraph_format.keep_with_next = False


def strip(document: DocumentObject) -> None:
    """Put our styles, fonts, lists and settings for python-docx's; drop what no letter needs."""
    package = document.part.package
    for owner in (package, document.part):
        for key, relation in list(owner.rels.items()):
            if relation.reltype.rsplit("/", 1)[-1] in (
                "extended-properties",
                "theme",
                "thumbnail",
                "customXml",
                "stylesWithEffects",
                "webSettings",
            ):
                owner.rels.pop(key)
    parts = {part.partname: part for part in package.iter_parts()}
    for name, xml in (
        ("styles", (HERE / "styles.xml").read_bytes()),
        ("numbering", NUMBERING),
        ("settings", SETTINGS),
    ):
        element = parts[f"/word/{name}.xml"]._element
        for child in list(element):
            element.remove(child)
        for child in list(parse_xml(xml)):
            element.append(child)
    parts["/word/fontTable.xml"]._blob = FONTS.encode()


def letter(picture: bytes | None, file: str = "letter.txt") -> bytes:
    """The template, as the bytes of a DOCX: the words of ``file`` below the picture, if any."""
    document = Document()
    strip(document)
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(23)
    section.top_margin, section.bottom_margin = Mm(25), Mm(24)
    section.header_distance, section.footer_distance = Mm(11), Mm(12)
    write_header_and_footer(document, section, picture)
    write_body(document, file)
    properties = document.core_properties
    properties.title = "{{ campaign.title }}"
    properties.author = "{{ sender.name }}"
    properties.subject = "Reference {{ reference }}"
    properties.comments = properties.keywords = properties.last_modified_by = ""
    properties.language = "en-GB"
    properties.created = properties.modified = MADE
    properties.revision = 1
    out = io.BytesIO()
    document.save(out)
    return same_every_time(out.getvalue())


def same_every_time(docx: bytes) -> bytes:
    """The same parts in the same order, without the hour at which they were packed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(docx)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, old.read(name))
    return out.getvalue()


def main(folder: Path) -> None:
    picture = emblem()
    (folder / "emblem.png").write_bytes(picture)
    (folder / "letter.docx").write_bytes(letter(picture))


def starter() -> bytes:
    """The letter that a new campaign begins with."""
    return letter(None, "starter.txt")


if __name__ == "__main__":
    main(FOLDER)
    (STARTER / "letter.docx").write_bytes(starter())
