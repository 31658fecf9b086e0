"""The letter and the emblem in the campaign's folder are what their maker makes."""

import io
import zipfile
from pathlib import Path

from PIL import Image

from tests.integration.campaign.conftest import FOLDER
from tests.make import chase_docx, letter_docx
from tests.make.emblem import emblem


def parts(docx: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(docx)) as package:
        return {name: package.read(name) for name in package.namelist()}


def test_the_maker_writes_the_same_bytes_every_time(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        letter_docx.main(folder)
    for name in ("letter.docx", "emblem.png"):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_the_campaign_s_letter_is_the_maker_s() -> None:
    kept = (FOLDER / "emblem.png").read_bytes()
    # Another zlib packs the same picture differently: pixels are compared, not files.
    assert Image.open(io.BytesIO(kept)).tobytes() == Image.open(io.BytesIO(emblem())).tobytes()
    assert parts((FOLDER / "letter.docx").read_bytes()) == parts(letter_docx.letter(kept))


def test_the_letter_of_a_new_campaign_is_the_maker_s() -> None:
    kept = (letter_docx.STARTER / "letter.docx").read_bytes()
    assert parts(kept) == parts(letter_docx.starter())


def test_the_reminder_of_a_new_campaign_is_the_maker_s() -> None:
    kept = (letter_docx.STARTER / "chase-1.docx").read_bytes()
    made = chase_docx.build(letter_docx.STARTER / "letter.docx", chase_docx.STARTER_BODY)
    assert parts(kept) == parts(made)
