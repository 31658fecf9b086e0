"""What Word and LibreOffice leave in a letter never reaches a reader."""

import re
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from flows.errors import ConfigurationError
from flows.letters import campaign
from flows.letters.check import check
from flows.letters.docx import letter_file
from flows.letters.docx.cleaning import Properties
from flows.letters.docx.template import DocxTemplate
from flows.letters.filler import Filler
from tests.unit.letters.small_campaign import ON, TOML, folder, reader
from tests.unit.letters.word_files import FILES

OFFICE = TOML.replace(
    'region = "Exampleshire"',
    'region = "Exampleshire"\npage = "https://example.org/rivers?a=1&b=2"',
).replace('address = ["1', 'email = "ada@example.org"\naddress = ["1')
PROPERTIES = Properties("Clean rivers", "Ada Example", ON)
ERRORS = {name: one for name, one in FILES.items() if one.severity == "error"}
FILLED = {name: one for name, one in FILES.items() if one.severity != "error"}


def campaign_with(path: Path, data: bytes) -> campaign.Campaign:
    made = folder(path, toml='letter = "docx"\n' + OFFICE)
    (made / "letter.docx").write_bytes(data)
    return campaign.load(made)


def everything(data: bytes) -> str:
    """All that any part of a DOCX can show, text and attributes, read without our own modules."""
    said = []
    with zipfile.ZipFile(BytesIO(data)) as archive:
        for name in archive.namelist():
            if name.endswith((".xml", ".rels")):
                root = ElementTree.fromstring(archive.read(name))
                said.append("".join(root.itertext()))
                said += [value for element in root.iter() for value in element.attrib.values()]
    return "\n".join(said)


def test_there_are_enough_of_them() -> None:
    assert len(FILES) >= 60


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a reader's letter is filled with."""
    made = folder(tmp_path_factory.mktemp("campaign"), toml='letter = "docx"\n' + OFFICE)
    return Filler(campaign.load(made), ON).context(reader())


@pytest.mark.parametrize("name", ERRORS)
def test_what_no_reader_may_see_is_refused_with_place_and_remedy(name: str, tmp_path: Path) -> None:
    one = ERRORS[name]
    path = tmp_path / "letter.docx"
    path.write_bytes(one.data())
    with pytest.raises(ConfigurationError) as refused:
        DocxTemplate(letter_file.read(path, PROPERTIES, "en_GB").data, str(path))
    (fault,) = refused.value.faults
    assert fault.where == str(path)
    assert re.search(one.said, fault.what), fault.what


@pytest.mark.parametrize("name", FILLED)
def test_what_is_harmless_is_filled_or_left_out_with_a_word(
    name: str, tmp_path: Path, context: dict[str, Any]
) -> None:
    one = FILLED[name]
    path = tmp_path / "letter.docx"
    path.write_bytes(one.data())
    read = letter_file.read(path, PROPERTIES, "en_GB")
    said = [finding.what for finding in read.findings]
    assert {found.severity for found in read.findings} == (
        {one.severity} if one.severity else set()
    )
    assert re.search(one.said, "\n".join(said)), said
    shown = everything(DocxTemplate(read.data, str(path)).render(context))
    assert one.shows.replace("&amp;", "&") in shown
    assert not re.search(r"{{|}}|{%|%7b", shown, re.IGNORECASE)
    for left in ("secret", "C:\\", "NULL", "Treasurer", "rsid", "SAVEDATE", "AUTHOR", "docVar"):
        assert left not in shown


@pytest.mark.parametrize("name", ["a comment", "FILENAME, changing by itself"])
def test_check_says_it_and_prepare_stops_at_what_is_serious(name: str, tmp_path: Path) -> None:
    one = FILES[name]
    found = campaign_with(tmp_path, one.data())
    (said,) = [fault for fault in check(found, ON) if re.search(one.said, fault.what)]
    assert (Path(said.where).name, said.severity) == ("letter.docx", one.severity)
    if one.severity == "error":
        with pytest.raises(ConfigurationError, match=one.said):
            Filler(found, ON)
