"""Every part of a filled letter is what docxtpl itself makes of it (C14N)."""

import html
import zipfile
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import docx
import pytest
from docxtpl import DocxTemplate as Docxtpl
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment
from lxml import etree

from flows.letters.docx.template import DocxTemplate
from tests.unit.letters.docxtpl_features import CORPUS, saved


def by_docxtpl(data: bytes, context: Mapping[str, Any]) -> dict[str, bytes]:
    template = Docxtpl(BytesIO(data))
    environment = SandboxedEnvironment(autoescape=True, undefined=StrictUndefined)
    template.render(_apart(dict(context)), environment, autoescape=True)
    buffer = BytesIO()
    template.save(buffer)
    return {
        name: content.replace(APART.encode(), b"")
        for name, content in parts(buffer.getvalue(), twice_escaped=True).items()
    }


APART = "\ue0f1"


def _apart(value: Any) -> Any:
    """A value that docxtpl prints as typed: it takes ``{_{`` in a reader's own text for its own
    spelling of ``{{``, and there docxtpl is wrong."""
    if type(value) is str:
        return value.replace("{_", f"{{{APART}_").replace("_}", f"_{APART}}}")
    if isinstance(value, dict):
        return {name: _apart(inner) for name, inner in value.items()}
    return [_apart(inner) for inner in value] if type(value) is list else value


def parts(data: bytes, *, twice_escaped: bool = False) -> dict[str, bytes]:
    """Name -> canonical XML of each part, or its bytes where it is none.

    docxtpl escapes the document properties twice, so that a title shows ``R&amp;D``.
    """
    found = {}
    with zipfile.ZipFile(BytesIO(data)) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            content = archive.read(name)
            if name.endswith((".xml", ".rels")):
                tree = etree.fromstring(content)
                if name == "docProps/core.xml" and twice_escaped:
                    for element in tree.iter():
                        element.text = html.unescape(element.text or "")
                content = etree.tostring(tree, method="c14n")
            found[name] = content
    return found


@pytest.mark.parametrize("name", CORPUS)
def test_a_feature_of_docxtpl_comes_out_as_docxtpl_makes_it(name: str) -> None:
    data, context = CORPUS[name]()
    assert parts(DocxTemplate(data, name).render(context)) == by_docxtpl(data, context)


@pytest.mark.parametrize("name", CORPUS)
def test_the_same_context_gives_the_same_bytes(name: str) -> None:
    data, context = CORPUS[name]()
    once, again = DocxTemplate(data, name), DocxTemplate(data, name)
    assert once.render(context) == once.render(context) == again.render(context)


def _template() -> bytes:
    document = docx.Document()
    document.core_properties.title = "{{ a }}"
    document.add_paragraph("{{ a }}")
    document.add_paragraph("{% for x in many %}[{{ x }}]{% endfor %}")
    document.add_paragraph("{%p for x in many %}")
    document.add_paragraph("{{ x }} {{ a }}", style="List Bullet")
    document.add_paragraph("{%p endfor %}")
    made = document.add_table(4, 2)
    made.cell(0, 0).text = "head"
    made.cell(1, 0).text = "{%tr for x in many %}"
    made.cell(2, 0).text, made.cell(2, 1).text = "{{ x }}", "{{ a }}"
    made.cell(3, 0).text = "{%tr endfor %}"
    document.sections[0].header.paragraphs[0].text = "{{ a }}{% if a %} yes{% endif %}"
    document.sections[0].footer.paragraphs[0].text = "{{ many | join(', ') }}"
    return saved(document)


def test_properties_that_libreoffice_relates_in_its_own_way_are_filled_and_stand_there_once() -> (
    None
):
    document = docx.Document()
    document.core_properties.title = "{{ a }}"
    buffer = BytesIO()
    with zipfile.ZipFile(BytesIO(saved(document))) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "_rels/.rels":
                content = content.replace(
                    b"package/2006/relationships/metadata/core",
                    b"officedocument/2006/relationships/metadata/core",
                )
            new.writestr(name, content)
    made = DocxTemplate(buffer.getvalue(), "letter.docx").render({"a": "R&D"})
    with zipfile.ZipFile(BytesIO(made)) as archive:
        assert len(archive.namelist()) == len(set(archive.namelist()))
    assert docx.Document(BytesIO(made)).core_properties.title == "R&D"


PIECES = st.sampled_from(
    [
        "{{ a }}",
        "{_{",
        "%_}",
        "{%",
        "%}",
        "}}",
        "{#",
        "#}",
        "&amp;",
        "<w:p>",
        "</w:t>",
        "]]>",
        "'",
        '"',
        "\n",
        "\t",
    ]
)
LEGAL = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")
VALUES = st.lists(st.text(LEGAL, max_size=8) | PIECES, max_size=6).map("".join)


@settings(max_examples=50, deadline=None)
@given(a=VALUES, many=st.lists(VALUES, max_size=4))
def test_whatever_the_values_are_the_letter_is_docxtpls(a: str, many: list[str]) -> None:
    data = _template()
    context = {"a": a[:200], "many": many}
    assert parts(FILLED.render(context)) == by_docxtpl(data, context)


FILLED = DocxTemplate(_template(), "letter.docx")
