"""Offices for the commands: a bare one, and one with a mailing; both are made once and copied."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.inbox.letters_sent import Inbox
from tests.integration.commands.correspondence import Correspondence
from tests.integration.commands.installed import Installed, install
from tests.integration.commands.office import (
    CAMPAIGN,
    PROGRAM,
    Office,
    bare_environment,
    furnish,
    nothing_set,
)
from tests.servers.imap import Dovecot


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The program, installed from its wheel."""
    return install(tmp_path_factory.mktemp("installed"))


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("furnished")
    furnish(folder)
    return folder


@pytest.fixture
def office(
    furnished: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Office]:
    folder = tmp_path / "office"
    shutil.copytree(furnished, folder)
    nothing_set(monkeypatch)
    monkeypatch.chdir(folder)
    yield Office(folder, monkeypatch, capsys)
    assert list(folder.rglob("*.part")) == []


@pytest.fixture(scope="session")
def with_a_mailing(furnished: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("prepared") / "office"
    shutil.copytree(furnished, folder)
    made = subprocess.run(
        [PROGRAM, "prepare", CAMPAIGN, "--json"],
        cwd=folder,
        env=bare_environment(),
        capture_output=True,
        check=True,
    )
    return folder, made.stdout.decode()


@pytest.fixture
def prepared(with_a_mailing: tuple[Path, str], office: Office) -> tuple[Office, dict[str, Any]]:
    """An office with a mailing of three letters, and what ``prepare`` said of it."""
    folder, made = with_a_mailing
    shutil.copytree(folder / "var", office.folder / "var")
    return office, json.loads(made)


@pytest.fixture
def approved(prepared: tuple[Office, dict[str, Any]]) -> tuple[Office, str]:
    """An office with a mailing that the chair signed off, and its id."""
    office, made = prepared
    assert office.approve(made).code == 0
    return office, made["mailing"]


@pytest.fixture
def correspondence(
    approved: tuple[Office, str], fault_server: Any, dovecot_server: Dovecot
) -> Correspondence:
    office, mailing = approved
    server = fault_server()
    office.to(server, MAIL_BOUNCES_TO="bounce@example.org")
    assert office.run("send", mailing, "--live").code == 0
    inbox = Inbox(dovecot_server)
    office.set(**inbox.settings)
    return Correspondence(office, mailing, inbox, [one.sender for one in server.copies.all])
