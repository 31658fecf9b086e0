"""PDFs of one mailing laid out by several runs: the mailing is the same, byte for byte."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.letters import libreoffice
from flows.operations import draft, prepare
from flows.operations.ledger import open_ledger
from flows.settings import load
from tests.bench.people import contact_list
from tests.conftest import ROOT, need

CAMPAIGN = "r2p-dialogue-2013"
READERS = 30
"""More than are laid out in one document."""


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    need("soffice", "libreoffice-writer-nogui")
    for name in ("templates", "contacts"):
        shutil.copytree(ROOT / name, tmp_path / name)
    toml = tmp_path / "templates" / CAMPAIGN / "campaign.toml"
    text = toml.read_text("utf-8")
    lists = '"contacts/ministers.csv", "contacts/mps.csv"'
    assert lists in text
    assert '\nletter = "docx"\n' in text
    text = text.replace(lists, '"contacts/readers.csv"').replace('= "docx"', '= "pdf"')
    toml.write_text(text, "utf-8")
    contact_list(tmp_path / "contacts" / "readers.csv", READERS)
    monkeypatch.chdir(tmp_path)
    moment = datetime(2013, 9, 4, 9, tzinfo=UTC)
    monkeypatch.setattr(prepare, "now", lambda: moment)
    return tmp_path


def test_shares_that_other_runs_have_laid_out_are_frozen_as_if_one_had_done_it_all(
    office: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEAR_MINISTER_VAR", str(office / "alone"))
    ledger = open_ledger(load())
    alone = prepare.prepare(load(), ledger, draft.draft(CAMPAIGN)).mailing
    ledger.close()

    monkeypatch.setenv("DEAR_MINISTER_VAR", str(office / "shared"))
    ledger = open_ledger(load())
    done = [prepare.lay_out(load(), ledger, draft.draft(CAMPAIGN), n, 2) for n in range(2)]
    assert done == [25, 5]
    monkeypatch.setattr(libreoffice, "PROGRAMS", ("true",))  # lays out nothing
    shared = prepare.prepare(load(), ledger, draft.draft(CAMPAIGN)).mailing
    assert alone
    assert shared
    assert (shared.letters, shared.hash, shared.id) == (READERS, alone.hash, alone.id)
    # Nothing is left of the pages, and a share that comes late has nothing to do.
    assert not list((office / "shared" / "mailings").rglob("*.zip"))
    assert prepare.lay_out(load(), ledger, draft.draft(CAMPAIGN), 1, 2) == 0
    ledger.close()
