"""A small campaign on disk and readers for it."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import docx
from docx.document import Document

from flows.letters import campaign
from flows.letters.filler import Filler
from flows.people.contact import Address, Contact, Reader

ON = date(2013, 9, 4)

TOML = """\
title = "Clean rivers"
subject = "Rivers in {{ facts.region }}"

[facts]
region = "Exampleshire"

[sender]
name = "Ada Example"
address = ["1 Mill Lane", "Exampleton"]

[[asks]]
key = "test"
text = "Test the water of {{ facts.region }}"
roles = ["minister"]

[[asks]]
key = "press"
text = "Press for tests in {{ reader.constituency }}"
roles = ["mp"]
"""
TEXT = "{{ salutation }},\n\n{% for ask in asks %}* {{ ask }}\n{% endfor %}\n{{ close }},\n"
HTML = "<p>{{ salutation }},</p><ul>{% for ask in asks %}<li>{{ ask }}</li>{% endfor %}</ul>\
<p>{{ close }},</p>\n"


def letter(document: Document) -> None:
    document.add_paragraph("{%p for line in envelope_lines %}")
    document.add_paragraph("{{ line }}")
    document.add_paragraph("{%p endfor %}")
    document.add_paragraph("{{ date }}")
    document.add_paragraph("{{ salutation }},")
    document.add_paragraph("{%p for ask in asks %}")
    document.add_paragraph("{{ ask }}", style="List Bullet")
    document.add_paragraph("{%p endfor %}")
    document.add_paragraph("{{ close }},")
    document.sections[0].footer.paragraphs[0].text = "{{ reference }}"


def folder(
    path: Path,
    *,
    toml: str = TOML,
    text: str = TEXT,
    html: str = HTML,
    build: Callable[[Document], None] = letter,
) -> Path:
    """A campaign's folder with these files."""
    made = path / "clean-rivers"
    made.mkdir(parents=True)
    (made / "campaign.toml").write_text(toml, encoding="utf-8")
    (made / "email.txt").write_text(text, encoding="utf-8")
    (made / "email.html").write_text(html, encoding="utf-8")
    document = docx.Document()
    build(document)
    document.save(str(made / "letter.docx"))
    return made


def filler(path: Path, **files: Any) -> Filler:
    return Filler(campaign.load(folder(path, **files)), ON)


def reader(role: str = "minister", **fields: Any) -> Reader:
    salutation = fields.pop("dear", "Dear Minister")
    given = {"id": "r1", "name": "Siân O’Brien", "person": "r1", "email": "r1@example.org"}
    contact = Contact(**{**given, **fields})
    address = Address((f"{contact.name} MP", "Minister for Water"), salutation, "Yours sincerely")
    return Reader(contact, role, address, ("1 Weir Street", "London SW1A 1AA"))
