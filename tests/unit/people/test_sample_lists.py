"""The lists in contacts/ load, and every one of their readers has an address."""

import csv
import re
from pathlib import Path

from flows.people.contact import KNOWN
from flows.people.forms import country
from flows.people.lists.loading import load
from flows.people.readers import readers
from flows.people.style import Style
from tests.unit.people.list_fixtures import DAY

FOLDER = Path(__file__).resolve().parents[3] / "contacts"
LISTS = [FOLDER / "ministers.csv", FOLDER / "mps.csv"]


def test_every_sample_reader_has_an_address_on_the_day_of_the_model_letter() -> None:
    loaded = load(LISTS)
    found = readers(loaded.contacts, country("uk"), Style(), DAY)
    assert not loaded.refused
    assert not found.refused
    assert len(found.readers) == 64
    by_person = {reader.contact.person: reader for reader in found.readers}
    hague = by_person["william-hague"]
    assert hague.address.lines[0] == "Rt Hon William Hague MP"
    assert hague.address.salutation == "Dear Secretary of State"
    assert [other.id for other in hague.others] == ["hague-first", "hague-mp"]


def test_every_sample_address_is_reserved() -> None:
    for path in LISTS:
        with path.open(encoding="utf-8", newline="") as file:
            assert all(row["email"].endswith("@example.org") for row in csv.DictReader(file))


def test_the_readme_describes_every_column() -> None:
    text = (FOLDER / "README.md").read_text("utf-8")
    described = set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^\|(.*?)\|", text, re.M))))
    assert described == set(KNOWN)
