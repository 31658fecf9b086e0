"""Builds chase-1.docx of templates/r2p-dialogue-2013 and of flows/starter, always the same bytes.

Run from the project's root after letter_docx, whose letterheads, styles and closings it keeps:

    uv run python -m tests.make.chase_docx

An office needs none of this: it edits chase-1.docx in a word processor.
"""

import copy
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

from docx import Document
from docx.text.paragraph import Paragraph

from tests.make.letter_docx import STARTER

FOLDER = Path("templates/r2p-dialogue-2013")
BODY = (
    (
        "Subject Line",
        "Re: The Responsibility to Protect: General Assembly dialogue, {{ facts.dialogue_date }}",
    ),
    (
        "Body Text",
        "I wrote to you on {{ reader.columns.first_date }} about the Responsibility to "
        "Protect (R2P) and the dialogue which the General Assembly was to hold on "
        "{{ facts.dialogue_date }}, and do not seem to have had your reply. In case my letter has "
        "gone astray I enclose it once more (reference {{ reader.columns.first_reference }}).",
    ),
    ("Template Mark", '{%p if reader.role == "minister" %}'),
    ("Body Text", "What we ask of the Government, in short:"),
    ("Template Mark", "{%p else %}"),
    ("Body Text", "What we ask of you, in short:"),
    ("Template Mark", "{%p endif %}"),
    ("Template Mark", "{%p for ask in asks %}"),
    ("List Bullet", "{{ ask }}"),
    ("Template Mark", "{%p endfor %}"),
    (
        "Body Text",
        "I should be grateful to hear from you. If your answer has crossed with this "
        "letter, please forgive me for troubling you.",
    ),
)

STARTER_BODY = (
    ("Subject Line", "Re: {{ campaign.title }}"),
    (
        "Body Text",
        "I wrote to you on {{ reader.columns.first_date }} and do not seem to have had your reply. "
        "In case my letter has gone astray I enclose it once more (reference "
        "{{ reader.columns.first_reference }}).",
    ),
    ("Template Mark", "{%p if asks %}"),
    ("Template Mark", '{%p if reader.role == "minister" %}'),
    ("Body Text", "What we ask of the Government, in short:"),
    ("Template Mark", "{%p else %}"),
    ("Body Text", "What we ask of you, in short:"),
    ("Template Mark", "{%p endif %}"),
    ("Template Mark", "{%p endif %}"),
    *BODY[-4:],
)


def build(letter: Path, body: Sequence[tuple[str, str]] = BODY) -> bytes:
    """The follow-up: between salutation and closing other words, all else as in the letter."""
    document = Document(str(letter))
    paragraphs = list(document.paragraphs)
    names = [one.style.name if one.style else "" for one in paragraphs]
    first, last = names.index("Salutation") + 1, names.index("Closing")
    models: dict[str, Paragraph] = {}
    for one, name in zip(paragraphs, names, strict=True):
        models.setdefault(name, one)
    for style, words in body:
        made = copy.deepcopy(models[style]._p)
        paragraph = Paragraph(made, paragraphs[last]._parent)
        for run in paragraph.runs[1:]:
            run._r.getparent().remove(run._r)
        paragraph.runs[0].text = words
        paragraphs[last]._p.addprevious(made)
    for one in paragraphs[first:last]:
        one._p.getparent().remove(one._p)
    data = io.BytesIO()
    document.save(data)
    return _dated(data.getvalue())


def _dated(package: bytes) -> bytes:
    """The same package with the same dates, so that equal words give equal bytes."""
    data = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as source, zipfile.ZipFile(data, "w") as target:
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, source.read(name))
    return data.getvalue()


if __name__ == "__main__":
    (FOLDER / "chase-1.docx").write_bytes(build(FOLDER / "letter.docx"))
    (STARTER / "chase-1.docx").write_bytes(build(STARTER / "letter.docx", STARTER_BODY))
