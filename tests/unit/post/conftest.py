"""An empty ledger for each test: the migrations run once, the file is copied."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.post.ledger import Ledger
from flows.post.opening import open_ledger


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
