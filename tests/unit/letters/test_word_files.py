"""What Word and LibreOffice leave in a letter never reaches a reader."""

import re
import zipfile
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import pytest

from flows.errors import ConfigurationError
from flows.letters import campaign
from flows.letters.check import check
from flows.letters.filler import Filler
from flows.letters.templates import Compiler
from tests.unit.letters.small_campaign import ON, TOML, folder, reader
from tests.unit.letters.word_files import FILES

OFFICE = TOML.replace(
    'region = "Exampleshire"',
    'region = "Exampleshire"\npage = "https://example.org/rivers?a=1&b=2"',
).replace('address = ["1', 'email = "ada@example.org"\naddress = ["1')
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


@pytest.mark.parametrize("name", ERRORS)
def test_what_no_reader_may_see_is_refused_with_place_and_remedy(name: str, tmp_path: Path) -> None:
    one = ERRORS[name]
    found = campaign_with(tmp_path, one.data())
    (said, *more) = [problem for problem in check(found, ON) if problem.severity == "error"]
    assert re.search(one.said, said.what), said.what
    assert said.where.endswith("letter.docx")
    assert not more, more
    with pytest.raises(ConfigurationError, match=r"letter\.docx: "):
        Compiler(found, ON).letter()


@pytest.mark.parametrize("name", FILLED)
def test_what_is_harmless_is_filled_or_left_out_with_a_word(name: str, tmp_path: Path) -> None:
    one = FILLED[name]
    found = campaign_with(tmp_path, one.data())
    said = [problem for problem in check(found, ON) if "font" not in problem.what]
    said = [problem for problem in said if "is not installed" not in problem.what]
    assert {problem.severity for problem in said} == ({one.severity} if one.severity else set())
    if said:
        assert re.search(one.said, said[0].what), said[0].what
    shown = everything(Filler(found, ON).fill(reader()).docx)
    assert one.shows.replace("&amp;", "&") in shown
    assert not re.search(r"{{|}}|{%|%7b", shown, re.IGNORECASE)
    for left in ("secret", "C:\\", "NULL", "Treasurer", "rsid", "SAVEDATE", "AUTHOR", "docVar"):
        assert left not in shown
