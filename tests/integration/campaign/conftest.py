"""The model campaign, filled for readers who are as unlike each other as readers are."""

import io
import re
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from docx import Document

from flows.letters import campaign
from flows.letters.campaign import Campaign
from flows.letters.filler import Filler
from flows.letters.letter import Letter
from flows.people.contact import Address, Contact, Reader
from tests.conftest import ROOT, need

FOLDER = ROOT / "templates" / "r2p-dialogue-2013"
DAY = date(2013, 9, 4)
PERSONAL = (
    "Your question of 25 July on Darfur was read by our R&D group “with gratitude”, and by "
    "Siân O'Brien <in Khartoum> above all. Several of our members have worked there, in camps and "
    "in hospitals, and what they have seen is behind much of what follows. May I send your staff "
    "what they have written down? We hope that you will come back to the subject in the light of "
    "the Secretary-General’s report, and should be glad to help with figures, with names of those "
    "who can speak from experience, or simply with a conversation at any time that suits you."
)


def reader(role: str, address: Address, postal: tuple[str, ...], **columns: object) -> Reader:
    contact = Contact(**{"id": role, "name": role, "person": role, **columns})  # type: ignore[arg-type]
    return Reader(contact=contact, role=role, address=address, postal=postal)


MINISTER = reader(
    "minister",
    Address(
        ("Rt Hon William Hague MP", "Secretary of State for Foreign and Commonwealth Affairs"),
        "Dear Secretary of State",
        "Yours sincerely",
    ),
    ("Foreign and Commonwealth Office", "King Charles Street", "London SW1A 2AH"),
    id="hague",
    name="William Hague",
)
MP = reader(
    "mp",
    Address(("Siân O'Brien MP",), "Dear Ms O'Brien", "Yours sincerely"),
    ("House of Commons", "London SW1A 0AA"),
    name="Siân O'Brien",
)
PEER = reader(
    "peer",
    Address(("Rt Hon the Lord Green of Hurstpierpoint",), "Dear Lord Green", "Yours sincerely"),
    ("House of Lords", "London SW1A 0PW"),
    name="Lord Green of Hurstpierpoint",
    committees=("Joint Committee on Human Rights", "EU Committee", "Liaison Committee"),
    personal=PERSONAL,
)
LONG = reader(
    "mp",
    Address(
        (
            "Rt Hon Sir Bartholomew Featherstonehaugh-Cholmondeley Bt KCMG KC MP",
            "Member of Parliament for Ross, Skye, Lochaber and the Western Highlands",
        ),
        "Dear Sir Bartholomew",
        "Yours sincerely",
    ),
    (
        "The Old Corn Exchange and Market Hall, First Floor",
        "27–29 Llanfairpwllgwyngyll Road North",
        "Inverkirkcaldyshire",
        "Scotland IV63 6XX",
    ),
    id="long",
    name="Bartholomew Featherstonehaugh-Cholmondeley",
    committees=("Foreign Affairs Committee",),
    personal=PERSONAL,
)
BUSY = replace(
    MINISTER,
    contact=replace(
        MINISTER.contact, id="busy", committees=("National Security Council",), personal=PERSONAL
    ),
)
READERS = {"minister": MINISTER, "mp": MP, "peer": PEER, "long": LONG, "busy": BUSY}


@pytest.fixture(scope="session")
def model() -> Campaign:
    return campaign.load(FOLDER)


@pytest.fixture(scope="session")
def filler(model: Campaign) -> Filler:
    return Filler(model, DAY)


@pytest.fixture(scope="session")
def letters(filler: Filler) -> Mapping[str, Letter]:
    return {name: filler.fill(one) for name, one in READERS.items()}


@pytest.fixture(scope="session")
def pdfs(letters: Mapping[str, Letter], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with each letter as LibreOffice prints it: minister.pdf, mp.pdf and so on."""
    office = need("soffice", "libreoffice-writer-nogui")
    folder = tmp_path_factory.mktemp("pdf")
    for name, letter in letters.items():
        (folder / f"{name}.docx").write_bytes(letter.docx)
    subprocess.run(
        [
            office,
            f"-env:UserInstallation={(folder / 'profile').as_uri()}",
            *("--headless", "--convert-to", "pdf", "--outdir", str(folder)),
            *(str(folder / f"{name}.docx") for name in letters),
        ],
        check=True,
        capture_output=True,
        timeout=300,
    )
    return folder


def paragraphs(letter: Letter) -> list[str]:
    """The letter's paragraphs as python-docx, which had no part in filling it, reads them."""
    return [paragraph.text for paragraph in Document(io.BytesIO(letter.docx)).paragraphs]


def printed(pdf: Path) -> str:
    """The words of a PDF, one space between two."""
    shown = subprocess.run(
        [need("pdftotext", "poppler-utils"), "-layout", str(pdf), "-"],
        check=True,
        capture_output=True,
    )
    return squeezed(shown.stdout.decode())


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
