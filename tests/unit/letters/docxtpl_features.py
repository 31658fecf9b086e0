"""Letter templates with every feature of docxtpl that the compiled way takes over."""

import zipfile
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

import docx
from docx.document import Document
from docx.enum.section import WD_SECTION
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import Mm
from docxtpl import Listing, RichText, RichTextParagraph
from markupsafe import Markup
from PIL import Image

Context = Mapping[str, Any]
CORPUS: dict[str, Callable[[], tuple[bytes, Context]]] = {}
"""Feature -> what makes its template and a context for it."""

READER = {"name": "Siân O’Brien & <Sons>", "posts": ["Minister", "Peer", "R&D <lead>"], "age": 61}
CONTEXT: dict[str, Any] = {
    "reader": READER,
    "salutation": "Dear Minister",
    "nobody": [],
    "yes": True,
}


def feature(
    build: Callable[[Document], Context | None],
) -> Callable[[Document], Context | None]:
    def made() -> tuple[bytes, Context]:
        document = docx.Document()
        more = build(document)
        return saved(document), {**CONTEXT, **(more or {})}

    CORPUS[build.__name__.replace("_", " ")] = made
    return build


def saved(document: Document) -> bytes:
    buffer = BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def with_part(data: bytes, name: str, content: str, kind: str) -> bytes:
    """The same DOCX with one more part, related to the document and of a Word content type."""
    buffer = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for item in old.namelist():
            text = old.read(item)
            if item == "[Content_Types].xml":
                override = (
                    f'<Override PartName="/word/{name}" ContentType="application/vnd.'
                    f'openxmlformats-officedocument.wordprocessingml.{kind}+xml"/></Types>'
                )
                text = text.replace(b"</Types>", override.encode())
            if item == "word/_rels/document.xml.rels":
                relation = (
                    '<Relationship Id="rId900" Type="http://schemas.openxmlformats.org/'
                    f'officeDocument/2006/relationships/{kind}" Target="{name}"/></Relationships>'
                )
                text = text.replace(b"</Relationships>", relation.encode())
            new.writestr(item, text)
        new.writestr(f"word/{name}", content)
    return buffer.getvalue()


def picture() -> BytesIO:
    buffer = BytesIO()
    Image.new("RGB", (8, 8), "navy").save(buffer, "PNG")
    buffer.seek(0)
    return buffer


def table(document: Document, rows: list[list[str]]) -> Any:
    made = document.add_table(len(rows), max(map(len, rows)))
    for row, texts in zip(made.rows, rows, strict=True):
        for cell, text in zip(row.cells, texts, strict=False):
            cell.text = text
    return made


@feature
def names_in_body_header_and_footer(document: Document) -> None:
    document.add_paragraph("{{ salutation }},")
    document.add_paragraph("{{ reader.name }} is {{ reader.age }}", style="List Bullet")
    document.sections[0].header.paragraphs[0].text = "For {{ reader.name }}\t{{ salutation }}"
    document.sections[0].footer.paragraphs[0].text = "{% if yes %}Kept{% else %}Gone{% endif %}"


@feature
def tag_split_over_runs(document: Document) -> None:
    paragraph = document.add_paragraph("To {")
    for text, bold in (("{ rea", True), ("der.na", False), ("me }", True), ("} at last", False)):
        paragraph.add_run(text).bold = bold


@feature
def paragraph_loop(document: Document) -> None:
    document.add_paragraph("{%p for post in reader.posts %}")
    document.add_paragraph("{{ loop.index }}: {{ post }}", style="List Bullet")
    document.add_paragraph("{%p endfor %}")
    document.add_paragraph("{%p if not nobody %}")
    document.add_paragraph("nothing")
    document.add_paragraph("{%p endif %}")


@feature
def loop_inside_and_across_paragraphs(document: Document) -> None:
    document.add_paragraph("{% for post in reader.posts %}{{ post }}, {% endfor %}end")
    document.add_paragraph("open {% for post in reader.posts %}first")
    document.add_paragraph("{{ post }} second{% endfor %} shut")


@feature
def row_loop(document: Document) -> None:
    table(
        document,
        [
            ["Post", "No."],
            ["{%tr for post in reader.posts %}"],
            ["{{ post }}", "{{ loop.index }}"],
            ["{%tr endfor %}"],
        ],
    )


@feature
def row_loop_that_leaves_no_row(document: Document) -> None:
    table(document, [["{%tr for post in nobody %}"], ["{{ post }}", "x"], ["{%tr endfor %}"]])


@feature
def column_loop(document: Document) -> None:
    table(
        document,
        [["{%tc for post in reader.posts %}", "{{ post }}", "{%tc endfor %}"], ["a", "b", "c"]],
    )


@feature
def column_loop_that_leaves_none(document: Document) -> None:
    table(document, [["{%tc for post in nobody %}", "{{ post }}", "{%tc endfor %}", "kept"]])


@feature
def ragged_table(document: Document) -> None:
    made = table(document, [["a", "b", "c"], ["d", "{{ salutation }}", "f"]])
    made.rows[1]._tr.remove(made.rows[1].cells[2]._tc)
    for row in made.rows:
        row._tr.remove(row.cells[0]._tc)


@feature
def merged_cells(document: Document) -> None:
    made = table(document, [["{{ salutation }}", "", "x"], ["a", "b", "c"], ["d", "e", "f"]])
    made.cell(0, 0).merge(made.cell(0, 1))
    made.cell(1, 2).merge(made.cell(2, 2))


@feature
def rows_with_properties(document: Document) -> None:
    made = table(document, [["{{ salutation }}", "a"], ["b", "c"]])
    properties = made.rows[0]._tr.get_or_add_trPr()
    properties.append(OxmlElement("w:cantSplit"))


@feature
def conditional_row(document: Document) -> None:
    table(document, [["{%tr if nobody %}"], ["a", "b", "c"], ["{%tr endif %}"], ["d", "e"]])


@feature
def vertical_and_horizontal_merge(document: Document) -> None:
    table(
        document,
        [
            ["{%tr for post in reader.posts %}"],
            ["{% vm %}{{ salutation }}", "{{ post }}"],
            ["{%tr endfor %}"],
        ],
    )
    table(
        document,
        [
            ["{%tc for post in reader.posts %}", "{% hm %}{{ salutation }}", "{%tc endfor %}"],
            ["{%tc for post in reader.posts %}", "{{ post }}", "{%tc endfor %}"],
        ],
    )


@feature
def colspan_and_background(document: Document) -> None:
    made = table(
        document,
        [
            [
                "{% colspan reader.posts|length %}{{ salutation }}",
                "{% cellbg colour %}{{ salutation }}",
            ]
        ],
    )
    for cell in made.rows[0].cells:
        cell.width = Mm(40)
    return {"colour": "FFCC00"}  # type: ignore[return-value]


@feature
def table_in_a_table(document: Document) -> None:
    outer = table(document, [["", "{{ salutation }}"]])
    inner = outer.cell(0, 0).add_table(1, 2)
    inner.cell(0, 0).text = "{{ reader.name }}"


@feature
def breaks_and_tabs_in_values(document: Document) -> Context:
    document.add_paragraph("{{ listing }}").runs[0].bold = True
    document.add_paragraph("{{ lines }} and {{ salutation }}", style="List Bullet")
    document.sections[0].header.paragraphs[0].text = "{{ lines }}"
    return {
        "listing": Listing("one & two\nthree\afour\tfive\fsix"),
        "lines": "first\nsecond\tthird <4>",
    }


@feature
def rich_text(document: Document) -> Context:
    rich = RichText("plain & ")
    rich.add("bold <red>", bold=True, color="#FF0000", size=28)
    rich.add("\nnext line", italic=True, underline=True)
    document.add_paragraph("Before {{r rich }} after")
    document.add_paragraph("{{p whole }}")
    return {"rich": rich, "whole": RichTextParagraph(RichText("a whole paragraph"))}


@feature
def markup_in_a_value(document: Document) -> Context:
    document.add_paragraph("{{ marked }}")
    return {"marked": Markup("R&amp;D")}


@feature
def merging_with_neighbours(document: Document) -> None:
    document.add_paragraph("Dear")
    document.add_paragraph("{%- if yes -%}")
    document.add_paragraph("Minister")
    document.add_paragraph("{%- endif -%}")
    document.add_paragraph("and friends")


@feature
def comments_for_the_office(document: Document) -> None:
    document.add_paragraph("{#p nobody sees this #}")
    document.add_paragraph("kept {# nor this #}{{ salutation }}")


@feature
def headers_of_the_first_page_and_even_pages(document: Document) -> None:
    document.settings.odd_and_even_pages_header_footer = True
    section = document.sections[0]
    section.different_first_page_header_footer = True
    section.first_page_header.paragraphs[0].text = "First {{ reader.name }}"
    section.even_page_header.paragraphs[0].text = "Even {{ salutation }}"
    section.header.paragraphs[0].text = "Odd"
    section.first_page_footer.add_table(1, 2, Mm(100)).cell(0, 0).text = "{{ reader.name }}"


@feature
def several_sections(document: Document) -> None:
    document.add_paragraph("{{ salutation }}")
    document.sections[0].header.paragraphs[0].text = "one {{ reader.name }}"
    section = document.add_section(WD_SECTION.NEW_PAGE)
    section.header.is_linked_to_previous = False
    section.header.paragraphs[0].text = "two {{ salutation }}"
    document.add_paragraph("{{ reader.name }}")


@feature
def pictures_in_loop_and_header(document: Document) -> None:
    document.add_picture(picture(), Mm(10))
    document.add_paragraph("{%p for post in reader.posts %}")
    document.add_picture(picture(), Mm(10))
    document.add_paragraph("{%p endfor %}")
    document.sections[0].header.paragraphs[0].add_run().add_picture(picture(), Mm(10))
    document.sections[0].header.paragraphs[0].add_run("{{ salutation }}")


@feature
def typographic_quotes_in_tags(document: Document) -> None:
    document.add_paragraph("{{ reader.posts | join(“, ”) }} and ‘{{ ‘x’ ~ salutation }}’ “as is”")
    document.add_paragraph("{% if reader.age < 70 and reader.age > 2 %}young{% endif %}")


@feature
def values_that_look_like_tags(document: Document) -> Context:
    document.add_paragraph("{{ odd }} {{ salutation }}")
    document.sections[0].footer.paragraphs[0].text = "{{ odd }}"
    return {"odd": "{{ reader.age }} {% if %} }} %} {# <w:p>&amp;"}


@feature
def braces_to_be_printed(document: Document) -> None:
    document.add_paragraph("write {_{ name }_} or {_% if %_} {{ salutation }}")


@feature
def letters_of_the_world(document: Document) -> Context:
    document.add_paragraph("Glyndŵr Zöe 🕊️ {{ world }}")
    return {"world": "Ελλάδα 日本 👩🏽‍⚖️ e\u0301 \u00a0 \u2028"}


@feature
def names_made_by_the_template(document: Document) -> None:
    document.add_paragraph("{% set short = salutation[5:] %}{{ short }}")
    document.add_paragraph("{% macro twice(x) %}{{ x }}{{ x }}{% endmacro %}{{ twice(short) }}")
    document.add_paragraph("{{ ('<' ~ short) | safe | replace('<', '') }}")
    document.sections[0].header.paragraphs[0].text = "{{ salutation | upper }}"


@feature
def properties(document: Document) -> None:
    document.core_properties.title = "{{ salutation }}"
    document.core_properties.comments = "{% if yes %}yes{% endif %}"
    document.add_paragraph("{{ reader.name }}")


@feature
def text_box(document: Document) -> None:
    paragraph = document.add_paragraph("before ")
    paragraph._p.append(
        parse_xml(
            f"<w:r {nsdecls('w')} xmlns:v='urn:schemas-microsoft-com:vml'><w:pict><v:shape>"
            "<v:textbox><w:txbxContent><w:p><w:r><w:t>{{ reader.name }}</w:t></w:r></w:p>"
            "</w:txbxContent></v:textbox></v:shape></w:pict></w:r>"
        )
    )


@feature
def what_word_leaves_behind(document: Document) -> None:
    document.element.body.insert(0, parse_xml(_WORDS_OWN))


_WORDS_OWN = f"""<w:p {nsdecls("w", "r")} w:rsidR="00A1"><w:pPr><w:rPr>
<w:lang w:val="en-GB"/></w:rPr></w:pPr>
<w:bookmarkStart w:id="0" w:name="_GoBack"/><w:bookmarkEnd w:id="0"/>
<w:proofErr w:type="spellStart"/>
<w:r w:rsidRPr="00A2"><w:t>Dear {{{{ </w:t></w:r><w:proofErr w:type="gramStart"/>
<w:r><w:rPr><w:b/></w:rPr><w:t>reader.na</w:t></w:r><w:proofErr w:type="spellEnd"/>
<w:r><w:t>me</w:t></w:r><w:r><w:t xml:space="preserve"> }}}} and</w:t></w:r>
<w:sdt><w:sdtPr><w:alias w:val="Who"/></w:sdtPr><w:sdtContent><w:r><w:t>{{{{ salutation }}}}</w:t>
</w:r></w:sdtContent></w:sdt><w:ins w:id="9" w:author="A" w:date="2013-09-04T00:00:00Z"><w:r>
<w:t>{{{{ reader.age }}}}</w:t></w:r></w:ins><w:del w:id="10" w:author="A"
w:date="2013-09-04T00:00:00Z"><w:r><w:delText>gone</w:delText></w:r></w:del>
<w:smartTag w:uri="x" w:element="place"><w:r><w:t>{{% if yes %}}kept{{% endif %}}</w:t></w:r>
</w:smartTag><w:r><w:tab/><w:t>a</w:t><w:br/><w:t>b</w:t><w:noBreakHyphen/></w:r></w:p>""".replace(
    "\n", " "
)


@feature
def nothing_to_fill(document: Document) -> None:
    document.add_paragraph("The same for all.")


def _footnotes() -> tuple[bytes, Context]:
    document = docx.Document()
    document.add_paragraph("{{ salutation }}")
    notes = (
        "<?xml version='1.0' encoding='UTF-8' standalone='yes'?>\n"
        f"<w:footnotes {nsdecls('w')}><w:footnote w:id='2'><w:p><w:r><w:t>See {{{{ reader.name }}}}"
        "</w:t></w:r></w:p></w:footnote></w:footnotes>"
    )
    return with_part(saved(document), "footnotes.xml", notes, "footnotes"), CONTEXT


CORPUS["footnotes"] = _footnotes
