"""What LibreOffice writes into a DOCX is found as what Word writes is."""

import re
import subprocess
from datetime import date
from pathlib import Path

import pytest

from flows.errors import ConfigurationError
from flows.letters.docx import letter_file
from flows.letters.docx.cleaning import Properties
from tests.conftest import need

PROPERTIES = Properties("Clean rivers", "Ada Example", date(2013, 9, 4))
SPACES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in (
        *(("office", "office"), ("text", "text"), ("style", "style"), ("meta", "meta")),
        *(("fo", "xsl-fo-compatible"), ("draw", "drawing")),
    )
)
DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'
CHANGE = (
    "<office:change-info><dc:creator>Treasurer</dc:creator><dc:date>2013-09-01T09:00:00</dc:date>"
    "</office:change-info>"
)
BODIES = {
    "insertion": (
        '<text:tracked-changes><text:changed-region xml:id="c1" text:id="c1"><text:insertion>'
        f"{CHANGE}</text:insertion></text:changed-region></text:tracked-changes>"
        '<text:p>We are <text:change-start text:change-id="c1"/>grateful'
        '<text:change-end text:change-id="c1"/></text:p>',
        "error",
        "tracked changes .*grateful",
    ),
    "deletion": (
        '<text:tracked-changes><text:changed-region xml:id="c1" text:id="c1"><text:deletion>'
        f"{CHANGE}<text:p>appalled</text:p></text:deletion></text:changed-region>"
        '</text:tracked-changes><text:p>We are <text:change text:change-id="c1"/>happy</text:p>',
        "error",
        "tracked changes .*1 deletion",
    ),
    "comment": (
        "<text:p>Thanks<office:annotation><dc:creator>Treasurer</dc:creator>"
        "<text:p>Do we?</text:p></office:annotation></text:p>",
        "error",
        "comment by Treasurer",
    ),
    "hidden text": (
        '<text:p>We <text:span text:style-name="H">secretly </text:span>hope</text:p>',
        "error",
        "hidden text",
    ),
    "date": (
        '<text:p>Today: <text:date text:fixed="false">1 Jan 2001</text:date></text:p>',
        "warning",
        "field (DATE|TIME)",
    ),
    "author": (
        '<text:p>By <text:author-name text:fixed="false">Treasurer</text:author-name></text:p>',
        "error",  # LibreOffice leaves it empty where it knows no user
        "field (AUTHOR|USERNAME) that shows nothing yet",
    ),
    "file name": (
        "<text:p>In <text:file-name>letter</text:file-name></text:p>",
        "warning",
        "field FILENAME",
    ),
    "database field": (
        '<text:p>Dear <text:database-display text:table-name="t" text:table-type="table" '
        'text:column-name="Name" text:database-name="d">&lt;Name&gt;'
        "</text:database-display></text:p>",
        "error",
        "mail-merge field",
    ),
    "placeholder": (
        '<text:p>Dear <text:placeholder text:placeholder-type="text">&lt;Name&gt;'
        "</text:placeholder></text:p>",
        "error",
        "form field|content control",
    ),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each body as LibreOffice saves it."""
    program = need("soffice", "libreoffice-writer-nogui")
    folder = tmp_path_factory.mktemp("office")
    for name, (body, _, _) in BODIES.items():
        (folder / f"{name}.fodt").write_text(
            f'<?xml version="1.0" encoding="UTF-8"?><office:document {SPACES} {DC} '
            'office:version="1.2" office:mimetype="application/vnd.oasis.opendocument.text">'
            '<office:automatic-styles><style:style style:name="H" style:family="text">'
            '<style:text-properties text:display="none"/></style:style></office:automatic-styles>'
            f"<office:body><office:text>{body}</office:text></office:body></office:document>"
        )
    command = [program, f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless"]
    command += ["--convert-to", "docx:MS Word 2007 XML", "--outdir", str(folder)]
    files = [str(path) for path in folder.glob("*.fodt")]
    subprocess.run([*command, *files], check=True, capture_output=True, timeout=180)
    return {name: folder / f"{name}.docx" for name in BODIES}


@pytest.mark.parametrize("name", [name for name, one in BODIES.items() if one[1] == "error"])
def test_what_no_reader_may_see_is_refused(name: str, made: dict[str, Path]) -> None:
    with pytest.raises(ConfigurationError) as refused:
        letter_file.read(made[name], PROPERTIES, "en_GB")
    assert re.search(BODIES[name][2], str(refused.value)), refused.value


@pytest.mark.parametrize("name", [name for name, one in BODIES.items() if one[1] == "warning"])
def test_what_changes_by_itself_is_fixed_with_a_warning(name: str, made: dict[str, Path]) -> None:
    findings = letter_file.read(made[name], PROPERTIES, "en_GB").findings
    said = [finding.what for finding in findings if finding.severity == "warning"]
    assert re.search(BODIES[name][2], "\n".join(said)), findings
