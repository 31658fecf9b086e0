"""An empty ledger for each test, the migrations run once and the file copied; a campaign."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.letters.campaign import Campaign, load
from flows.people import forms
from flows.people.contact import Reader
from flows.people.lists import loading
from flows.people.readers import readers
from flows.post.ledger.database import Ledger
from flows.post.ledger.opening import open_ledger
from tests.conftest import ROOT
from tests.unit.post.ledger_fixtures import ON


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("blank") / "ledger.db"
    open_ledger(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def ledger(blank: Path, tmp_path: Path) -> Iterator[Ledger]:
    shutil.copy(blank, tmp_path / "ledger.db")
    opened = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def campaign() -> Campaign:
    return load(ROOT / "templates" / "r2p-dialogue-2013")


@pytest.fixture(scope="module")
def everyone(campaign: Campaign) -> tuple[Reader, ...]:
    loaded = loading.load([ROOT / "contacts" / "mps.csv"])
    found = readers(loaded.contacts, forms.country(campaign.country), campaign.forms, ON)
    return found.readers[:12]
