"""What the program writes can be read by its owner alone, wherever it is written."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.commands.office import CAMPAIGN, Office
from tests.servers.fault import FaultServer


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    return [
        f"{path}: {path.stat().st_mode & 0o777:o}"
        for path in (folder, *folder.rglob("*"))
        if path.stat().st_mode & 0o077
    ]


def test_everything_in_the_runtime_folder_is_the_owners_alone(
    office: Office, fault_server: Callable[..., FaultServer]
) -> None:
    def run(*arguments: object) -> None:
        assert office.process(*arguments).code in (0, 1), arguments

    run("preview", CAMPAIGN)
    run("preview", CAMPAIGN, "--out", office.folder / "shown")
    run("check", CAMPAIGN)
    made: dict[str, Any] = office.process("prepare", CAMPAIGN, "--json").document
    run("send", made["mailing"])
    run("approve", made["mailing"], "--by", "The Chair", "--hash", made["hash"])
    office.to(fault_server(), LEDGER_WITNESS=str(office.folder / "witness"))
    run("send", made["mailing"], "--live")
    run("export", made["mailing"], "--to", office.folder / "shown" / "who.csv")
    for folder in ("var", "shown", "witness"):
        assert open_to_others(office.folder / folder) == []


def test_a_folder_that_an_older_version_left_open_is_closed(
    prepared: tuple[Office, dict[str, Any]],
) -> None:
    office, _ = prepared
    var = office.folder / "var"
    for path in (var, *var.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    assert office.process("status").code == 0
    assert open_to_others(var) == []
