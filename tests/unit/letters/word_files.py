"""Word files as offices bring them, each with one thing that no reader may get: made by python-docx
and by hand. Each entry says what ``check`` has to answer, or what the filled letter has to show.
"""

import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import docx
from docx.document import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from tests.unit.letters.docxtpl_features import picture, saved, with_part
from tests.unit.letters.small_campaign import letter

SPACES = nsdecls("w", "r", "wp", "a", "pic") + (
    ' xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
    ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    ' xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml"'
    ' xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
    ' xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
)
BY = 'w:id="71" w:author="Treasurer" w:date="2013-09-01T09:00:00Z"'


@dataclass(frozen=True, slots=True)
class WordFile:
    """One of them."""

    data: Callable[[], bytes]
    severity: str = "error"
    """What ``check`` finds: "error", "warning", "note"; blank: nothing."""
    said: str = ""
    """Words of the finding."""
    shows: str = ""
    """What the filled letter shows."""
    context: Mapping[str, Any] = field(default_factory=dict)


FILES: dict[str, WordFile] = {}


def body(xml: str) -> bytes:
    """The letter of the other tests with these elements at its end."""
    document = docx.Document()
    letter(document)
    return saved(with_elements(document, xml))


def with_elements(document: Document, xml: str) -> Document:
    last = document.element.body[-1]
    for element in parse_xml(f"<x {SPACES}>{xml}</x>"):
        last.addprevious(element)
    return document


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(inside: str) -> str:
    return f"<w:p>{run('We hope that ')}{inside}</w:p>"


def complex_field(instruction: str, shown: str = "shown", more: str = "") -> str:
    """A field over several runs, its instruction cut in two as Word does."""
    cut = len(instruction) // 2
    parts = "".join(
        f'<w:r><w:instrText xml:space="preserve">{one}</w:instrText></w:r>'
        for one in (instruction[:cut], instruction[cut:])
    )
    mark = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'.format
    return f"{mark('begin')}{parts}{more}{mark('separate')}{run(shown)}{mark('end')}"


def simple_field(instruction: str, shown: str = "shown") -> str:
    quoted = instruction.replace('"', "&quot;")
    return f'<w:fldSimple w:instr="{quoted}">{run(shown)}</w:fldSimple>'


def changed(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The DOCX with one part changed."""
    buffer = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for part in old.namelist():
            content = old.read(part)
            new.writestr(part, change(content) if part == name else content)
    return buffer.getvalue()


def inside(root: str, xml: str) -> Callable[[bytes], bytes]:
    """A change that puts this XML at the end of the part's root."""
    return lambda content: content.replace(f"</{root}>".encode(), f"{xml}</{root}>".encode())


def related(
    data: bytes, kind: str, target: str, *, external: bool = False, of: str = "document"
) -> bytes:
    """The DOCX with a relation more, of its document or of a part without any."""
    mode = ' TargetMode="External"' * external
    base = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    line = f'<Relationship Id="rId777" Type="{base}/{kind}" Target="{target}"{mode}/>'
    name = f"word/_rels/{of}.xml.rels"
    if of == "document":
        return changed(data, name, inside("Relationships", line))
    space = "http://schemas.openxmlformats.org/package/2006/relationships"
    return with_file(data, name, f'<Relationships xmlns="{space}">{line}</Relationships>'.encode())


def with_file(data: bytes, name: str, content: bytes) -> bytes:
    buffer = BytesIO(data)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def add(name: str, made: str | Callable[[], bytes], **about: Any) -> None:
    FILES[name] = WordFile((lambda: body(made)) if isinstance(made, str) else made, **about)


# Work in progress: revisions (17.13.5), comments (17.13.4), hidden text (17.3.2.41)

_REVIEW = "Review, Accept"
add(
    "an insertion",
    paragraph(f"<w:ins {BY}>{run('grateful')}</w:ins>"),
    said=rf"1 insertion.*grateful.*{_REVIEW}",
)
add(
    "a deletion",
    paragraph(f"<w:del {BY}><w:r><w:delText>appalled</w:delText></w:r></w:del>"),
    said=rf"1 deletion.*appalled.*{_REVIEW}",
)
add(
    "a move",
    paragraph(f"<w:moveFrom {BY}>{run('here')}</w:moveFrom>")
    + paragraph(f"<w:moveTo {BY}>{run('here')}</w:moveTo>"),
    said="2 moves",
)
add(
    "a change of a run's format",
    paragraph(run("bold", f"<w:b/><w:rPrChange {BY}><w:rPr/></w:rPrChange>")),
    said="1 change of format.*bold",
)
add(
    "changes of paragraph, section and table formats",
    f"<w:p><w:pPr><w:jc w:val='left'/><w:pPrChange {BY}><w:pPr/></w:pPrChange></w:pPr>"
    f"{run('left')}</w:p><w:tbl><w:tblPr><w:tblPrChange {BY}><w:tblPr/></w:tblPrChange></w:tblPr>"
    f"<w:tblGrid><w:gridCol w:w='900'/></w:tblGrid><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl>",
    said="2 changes of format",
)
add(
    "a deleted row of a table",
    f"<w:tbl><w:tblPr/><w:tblGrid><w:gridCol w:w='900'/></w:tblGrid><w:tr><w:trPr><w:del {BY}/>"
    f"</w:trPr><w:tc><w:p>{run('gone')}</w:p></w:tc></w:tr></w:tbl>",
    said="1 deletion.*gone",
)
add(
    "a deleted paragraph mark",
    f"<w:p><w:pPr><w:rPr><w:del {BY}/></w:rPr></w:pPr>{run('joined')}</w:p>",
    said="1 deletion",
)
add(
    "an insertion inside a content control",
    f"<w:sdt><w:sdtPr/><w:sdtContent><w:p><w:ins {BY}>{run('new')}</w:ins></w:p></w:sdtContent>"
    "</w:sdt>",
    said="1 insertion",
)


def _in_header(xml: str) -> bytes:
    document = docx.Document()
    letter(document)
    header = document.sections[0].header.paragraphs[0]._p
    for element in parse_xml(f"<x {SPACES}>{xml}</x>"):
        header.append(element)
    return saved(document)


add(
    "an insertion in a header",
    lambda: _in_header(f"<w:ins {BY}>{run('letterhead')}</w:ins>"),
    said="1 insertion.*letterhead",
)
_NOTE = "<w:{0}s {1}><w:{0} w:id='1'><w:p>{2}</w:p></w:{0}></w:{0}s>"
add(
    "an insertion in a footnote",
    lambda: with_part(
        body(""),
        "footnotes.xml",
        _NOTE.format("footnote", SPACES, f"<w:ins {BY}>{run('note')}</w:ins>"),
        "footnotes",
    ),
    said="1 insertion.*note",
)


def _comment(text: str, *, marked: bool) -> bytes:
    mark = '<w:r><w:commentReference w:id="0"/></w:r>' if marked else ""
    note = (
        f'<w:comments {SPACES}><w:comment w:id="0" w:author="Treasurer"><w:p>{run(text)}</w:p>'
        "</w:comment></w:comments>"
    )
    return with_part(body(paragraph(run("we thank you") + mark)), "comments.xml", note, "comments")


add(
    "a comment",
    lambda: _comment("Do we believe this? {{ reader.name }}", marked=True),
    said="comment by Treasurer.*we thank you.*Delete All Comments",
)
add(
    "a comment that nothing refers to",
    lambda: _comment("Do we believe this?", marked=False),
    said="comment by Treasurer",
)


def _by_python_docx() -> bytes:
    document = docx.Document()
    letter(document)
    here = document.add_paragraph("We thank you for your work.")
    document.add_comment(here.runs, text="Do we?", author="Treasurer", initials="T")
    document.add_comment(here.runs, text="Ask the Chair", author="Secretary", initials="S")
    return saved(document)


add("comments by two people", _by_python_docx, said="2 comments by Secretary, Treasurer")
add("hidden text", paragraph(run("appalled", "<w:vanish/>")), said="hidden text.*appalled")
add("text that is hidden no more", paragraph(run("shown", '<w:vanish w:val="0"/>')), severity="")


def _hidden_by_style(*, of_paragraph: bool) -> bytes:
    document = docx.Document()
    letter(document)
    kind = "paragraph" if of_paragraph else "character"
    based, own = "Secret", "Secret2"
    for name, more in ((based, "<w:rPr><w:vanish/></w:rPr>"), (own, "")):
        parent = f'<w:basedOn w:val="{based}"/>' if name == own else ""
        document.styles.element.append(
            parse_xml(
                f'<w:style {SPACES} w:type="{kind}" w:styleId="{name}"><w:name w:val="{name}"/>'
                f"{parent}{more}</w:style>"
            )
        )
    if of_paragraph:
        xml = f'<w:p><w:pPr><w:pStyle w:val="{own}"/></w:pPr>{run("appalled")}</w:p>'
    else:
        xml = paragraph(run("appalled", f'<w:rStyle w:val="{own}"/>'))
    return saved(with_elements(document, xml))


add("text hidden by a style", lambda: _hidden_by_style(of_paragraph=False), said="hidden text")
add(
    "a paragraph hidden by a style's parent",
    lambda: _hidden_by_style(of_paragraph=True),
    said="hidden text.*appalled",
)
add(
    "a hidden row",
    "<w:tbl><w:tblPr/><w:tblGrid><w:gridCol w:w='900'/></w:tblGrid><w:tr><w:trPr><w:hidden/>"
    f"</w:trPr><w:tc><w:p>{run('secret')}</w:p></w:tc></w:tr></w:tbl>",
    said="hidden text.*secret",
)
add(
    "a hidden text box",
    paragraph(
        "<w:r><w:pict><v:shape style='width:9pt;visibility:hidden'><v:textbox><w:txbxContent><w:p>"
        f"{run('secret')}</w:p></w:txbxContent></v:textbox></v:shape></w:pict></w:r>"
    ),
    said="hidden text",
)

# Fields (17.16.5): of a mail merge, broken, changing by themselves, made by tags

for kind in ("MERGEFIELD Constituency", "ADDRESSBLOCK \\f", "GREETINGLINE \\f", "NEXT", "MERGEREC"):
    name = kind.split()[0]
    add(f"{name}, complex", paragraph(complex_field(f" {kind} ", f"«{name}»")), said=name)
    add(f"{name}, simple", paragraph(simple_field(f" {kind} ", f"«{name}»")), said=name)
add(
    "a merge field that decides",
    paragraph(complex_field(' IF "1" = "1" "yes" ', "yes")),
    said="IF",
)
add("the name of a merge field as text", paragraph(run("«First_Name»")), said="«First_Name»")
add("a broken reference", paragraph(complex_field(" REF gone \\h ", "12")), said="broken.*REF")
add("a broken page number", paragraph(simple_field(" PAGEREF gone ", "1")), said="broken.*PAGEREF")
add(
    "a broken reference made text",
    paragraph(run("Error! Reference source not found.")),
    said="Error!",
)
add(
    "LibreOffice's broken reference",
    paragraph(run("Error: Reference source not found")),
    said="Error: Reference source not found",
)
add(
    "a reference that holds",
    paragraph(
        '<w:bookmarkStart w:id="5" w:name="_Ref1"/>'
        + run("Annex")
        + '<w:bookmarkEnd w:id="5"/>'
        + complex_field(" REF _Ref1 \\h ", "Annex")
    ),
    severity="",
    shows="Annex",
)
add(
    "a link to a place that is gone",
    paragraph(f'<w:hyperlink w:anchor="gone">{run("there")}</w:hyperlink>'),
    said="link to a place.*gone",
)
add(
    "DATE",
    paragraph(complex_field(' DATE \\@ "d MMMM yyyy" ', "1 January 2001")),
    severity="warning",
    said="field DATE.*1 January 2001.*{{ date }}",
    shows="4 September 2013",
)
add(
    "DATE with a weekday",
    paragraph(simple_field(' DATE \\@ "dddd, d MMM yy" ', "x")),
    severity="warning",
    said="field DATE",
    shows="Wednesday, 4 Sept 13",
)
add(
    "TIME that shows a day",
    paragraph(complex_field(' TIME \\@ "dd.MM.yyyy" ', "01.01.2001")),
    severity="warning",
    said="field TIME",
    shows="04.09.2013",
)
add(
    "TIME that shows an hour",
    paragraph(complex_field(' TIME \\@ "HH:mm" ', "09:00")),
    said="TIME, which shows the hour",
)
add(
    "DATE without a space before its picture",
    paragraph(complex_field('DATE\\@"yyyy"', "2001")),
    severity="warning",
    said="field DATE",
    shows="2013",
)
add(
    "SAVEDATE",
    paragraph(complex_field(" SAVEDATE ", "1/1/2001")),
    severity="warning",
    said="field SAVEDATE",
    shows="4 September 2013",
)
for kind in (
    *("FILENAME \\p", "AUTHOR", "LASTSAVEDBY", "TITLE", "DOCPROPERTY Company", "NUMWORDS"),
    *("USERNAME", "DOCVARIABLE x", "= 2 + 2", "ADDIN ZOTERO_ITEM {}"),
):
    name = kind.split()[0]
    add(
        f"{name}, changing by itself",
        paragraph(complex_field(f" {kind} ", "what it shows")),
        severity="warning",
        said=f"field {re.escape(name)}, which would change by itself",
        shows="what it shows",
    )
add("AUTHOR that shows nothing", paragraph(simple_field(" AUTHOR ", "")), said="shows nothing yet")
add("a form field", paragraph(complex_field(" FORMTEXT ", "     ")), said="form field FORMTEXT")
add(
    "a place to click in an old template",
    paragraph(complex_field(" MACROBUTTON NoMacro [Click here] ", "[Click here]")),
    said="form field MACROBUTTON",
)
add("a field that nobody knows", paragraph(simple_field(" WONDER ", "x")), said="field WONDER")
add("a page number", paragraph(complex_field(" PAGE ", "1")), severity="", shows="1")
add(
    "a tag inside a field",
    paragraph(complex_field(' HYPERLINK "mailto:{{ sender.email }}" ', "us")),
    said="tag inside a field HYPERLINK.*Insert, Link",
)
add(
    "a field whose name a tag makes",
    paragraph(complex_field(' {{ "DDE" }}AUTO x ', "x")),
    said="tag inside a field|made by a tag",
)
add(
    "a field with a tag between its pieces",
    paragraph(complex_field(" DD", "x", run("{% if 1 %}"))),
    said="made by a tag",
)
add(
    "a field whose name another field makes",
    paragraph(complex_field(" ", "x", complex_field("QUOTE 68 68 69", "DDE"))),
    said="made by",
)

# Content controls (17.5.2), and what Word writes for itself

add(
    "a placeholder",
    "<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent><w:p>"
    f"{run('Click or tap here to enter text.')}</w:p></w:sdtContent></w:sdt>",
    said="content control shows only a placeholder.*Click or tap",
)
add(
    "a content control with text",
    f"<w:sdt><w:sdtPr><w:alias w:val='Who'/></w:sdtPr><w:sdtContent><w:p>"
    f"{run('Dear {{ reader.name }}')}</w:p></w:sdtContent></w:sdt>",
    severity="",
    shows="Dear Siân",
)
add(
    "a content control bound to the author",
    "<w:sdt><w:sdtPr><w:dataBinding w:xpath='/x' w:storeItemID='{1}'/></w:sdtPr><w:sdtContent>"
    f"<w:p>{run('The Chair')}</w:p></w:sdtContent></w:sdt>",
    severity="note",
    said="without what content controls were bound to",
    shows="The Chair",
)


def _settings(xml: str) -> bytes:
    return changed(body(""), "word/settings.xml", inside("w:settings", xml))


add(
    "the path of its template",
    lambda: related(
        _settings('<w:attachedTemplate r:id="rId777"/>'),
        "attachedTemplate",
        "file:///C:\\Users\\x\\L.dotx",
        external=True,
        of="settings",
    ),
    severity="note",
    said="without the path of the Word template",
)
add(
    "the list of a mail merge",
    lambda: related(
        _settings('<w:mailMerge><w:query w:val="SELECT * FROM list"/></w:mailMerge>'),
        "mailMergeSource",
        "file:///C:\\list.xlsx",
        external=True,
        of="settings",
    ),
    severity="note",
    said="without the list of a mail merge",
)
add(
    "document variables and tracking switched on",
    lambda: _settings(
        '<w:trackRevisions/><w:docVars><w:docVar w:name="x" w:val="secret"/></w:docVars>'
    ),
    severity="note",
    said="without document variables",
)
add(
    "a relation to nothing",
    lambda: related(body(""), "image", "NULL"),
    severity="note",
    said="reference to a part that is missing",
)
add(
    "a picture that is missing",
    lambda: related(
        body(
            paragraph(
                '<w:r><w:drawing><wp:inline><a:graphic><a:graphicData uri="x"><pic:pic>'
                '<pic:blipFill><a:blip r:embed="rId777"/></pic:blipFill></pic:pic></a:graphicData>'
                "</a:graphic></wp:inline></w:drawing></w:r>"
            )
        ),
        "image",
        "media/gone.png",
    ),
    said="picture or part that is missing",
)
add(
    "custom data",
    lambda: with_file(
        related(body(""), "customXml", "../customXml/item9.xml"),
        "customXml/item9.xml",
        b"<budget>secret</budget>",
    ),
    severity="note",
    said="without hidden data",
)


# Tags everywhere (and where none is filled)


def _endnote() -> bytes:
    note = _NOTE.format("endnote", SPACES, run("See {{ facts.region }}, {{ reader.name }}"))
    mark = paragraph('<w:r><w:endnoteReference w:id="1"/></w:r>')
    return with_part(body(mark), "endnotes.xml", note, "endnotes")


add("tags in an endnote", _endnote, severity="", shows="See Exampleshire, Siân")


def _linked(target: str) -> bytes:
    link = paragraph(f'<w:hyperlink r:id="rId777">{run("write to us")}</w:hyperlink>')
    return related(body(link), "hyperlink", target, external=True)


add(
    "tags in a link",
    lambda: _linked("mailto:{{ sender.email }}?subject={{ reference }}"),
    severity="",
    shows="mailto:ada@example.org?subject=clean-rivers%2F1%2Fr1",
)
add(
    "tags in a link as Word stores them",
    lambda: _linked("https://example.org/%7b%7b%20reader.id%20%7d%7d"),
    severity="",
    shows="https://example.org/r1",
)
add(
    "a link that is a tag",
    lambda: _linked("%7B%7Bfacts.page%7D%7D"),
    severity="",
    shows="https://example.org/rivers?a=1&amp;b=2",
)
add(
    "a condition in a link",
    lambda: _linked("https://example.org/{% if x %}a{% endif %}"),
    said="link to .* holds a tag other than",
)
_BOX = "<w:txbxContent><w:p>{}</w:p></w:txbxContent>".format(run("for {{ reader.name }}"))
add(
    "tags in a text box, with its older form",
    paragraph(
        f"<w:r><mc:AlternateContent><mc:Choice Requires='wps'><wps:txbx>{_BOX}</wps:txbx>"
        f"</mc:Choice><mc:Fallback><w:pict><v:shape><v:textbox>{_BOX}</v:textbox></v:shape>"
        "</w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    ),
    severity="",
    shows="for Siân",
)


def _alternative_text() -> bytes:
    document = docx.Document()
    letter(document)
    document.add_picture(picture())
    shape = document.element.body.xpath(".//wp:docPr")[0]
    shape.set("descr", 'The seal of {{ reader.name | default("nobody") }}')
    return saved(document)


add("tags in alternative text", _alternative_text, severity="", shows="The seal of Siân")
add(
    "tags in a formula",
    paragraph("<m:oMath><m:r><m:t>{{ reader.name }}</m:t></m:r></m:oMath>"),
    severity="",
    shows="Siân",
)


def _other_part(kind: str, content: str, relation: str) -> bytes:
    base = "application/vnd.openxmlformats-officedocument"
    data = related(body(""), relation, f"extra/{relation}.xml")
    override = f'<Override PartName="/word/extra/{relation}.xml" ContentType="{base}.{kind}+xml"/>'
    data = changed(data, "[Content_Types].xml", inside("Types", override))
    return with_file(data, f"word/extra/{relation}.xml", content.encode())


add(
    "tags in a chart",
    lambda: _other_part("drawingml.chart", "<c><t>{{ reader.</t><t>name }}</t></c>", "chart"),
    said="tag in a chart",
)
add(
    "tags in a diagram",
    lambda: _other_part("drawingml.diagramData", "<d><t>{{ x }}</t></d>", "diagramData"),
    said=r"tag in a diagram \(SmartArt\)",
)
add(
    "tags in a list's numbers",
    lambda: changed(
        body(""),
        "word/numbering.xml",
        lambda xml: xml.replace(b'w:lvlText w:val="', b'w:lvlText w:val="{{ x }}', 1),
    ),
    said="tag in a list's number format",
)
add(
    "half a tag in a header without any",
    lambda: _in_header(run("Rivers Trust }}")),
    said="half a tag.*Rivers Trust }}",
)
add(
    "half a tag in a chart",
    lambda: _other_part("drawingml.chart", "<c><t>Rivers }}</t></c>", "chart"),
    said="tag in a chart",
)
add(
    "tags in what never leaves",
    lambda: with_file(
        related(
            _settings('<w:docVars><w:docVar w:name="x" w:val="{{ secret }}"/></w:docVars>'),
            "customXml",
            "../customXml/item9.xml",
        ),
        "customXml/item9.xml",
        b"<budget>{{ secret }}</budget>",
    ),
    severity="note",
    said="without (hidden data|document variables)",
)
