"""A folder without .env, and no setting in the environment but those a test makes."""

import os
from pathlib import Path

import pytest

from flows.settings import Settings


@pytest.fixture(autouse=True)
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = {name.upper() for name in Settings.model_fields}
    for name in [one for one in os.environ if one.upper() in names]:
        monkeypatch.delenv(name)
