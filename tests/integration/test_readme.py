"""The README's commands, run as they stand there."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
PROGRAM = Path(sys.executable).with_name("dear-minister")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("templates", "contacts"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def run(line: str, folder: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    ours = line.replace("uv run dear-minister", str(PROGRAM))
    blank = {name: value for name, value in os.environ.items() if not name.startswith("SMTP_")}
    return subprocess.run(
        ["bash", "-c", ours],
        cwd=folder,
        env=blank | {"DEAR_MINISTER_VAR": "var", "LEDGER_URL": ""} | settings,
        capture_output=True,
        text=True,
        check=False,
    )


def block(first: str) -> list[str]:
    """The lines of the block that begins so."""
    (found,) = [one for one in BLOCKS if one.startswith(first)]
    return found.strip().splitlines()


def test_a_campaign_is_made_checked_and_previewed_as_the_readme_says(checkout: Path) -> None:
    for line in block("cp -r"):
        done = run(line, checkout)
        assert done.returncode == 0, f"{line}\n{done.stderr}"
    assert (checkout / "var/preview/my-letter/letter-hague-fco.docx").exists()


def test_a_mailing_is_frozen_rehearsed_signed_off_and_sent_as_the_readme_says(
    checkout: Path, fault_server: object
) -> None:
    assert callable(fault_server)
    server = fault_server()
    mail = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(server.port), "SMTP_SECURITY": "none"}
    shutil.copytree(checkout / "templates/r2p-dialogue-2013", checkout / "templates/my-letter")
    mailing = digest = ""
    for line in block("uv run dear-minister prepare"):
        line = line.replace("MAILING", mailing).replace("HASH", digest)
        done = run(line, checkout, **mail)
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        if "prepare" in line:
            told = re.search(r"mailing (\S+): \d+ letters, hash (\S+)", done.stdout)
            assert told, done.stdout
            mailing, digest = told.groups()
    done = run(f"uv run dear-minister status {mailing} --json", checkout)
    counts = json.loads(done.stdout)["counts"]
    assert counts == {"sent": len(list((checkout / "var/mailbox").glob("*.eml")))}


def test_contact_lists_are_read_through_as_the_readme_says(checkout: Path) -> None:
    for line in block("uv run dear-minister contacts address"):
        done = run(line, checkout)
        assert done.returncode == 0, f"{line}\n{done.stderr}"


def test_every_command_that_the_readme_names_exists() -> None:
    named = set(re.findall(r"dear-minister ([a-z][a-z-]+)", README))
    told = run("uv run dear-minister --help", ROOT).stdout
    assert named <= set(re.findall(r"^│ ([a-z-]+)", told, re.MULTILINE))


def test_every_file_that_the_readme_shows_or_links_to_is_there() -> None:
    linked = re.findall(r"\]\(([^)#]+)\)|src=\"([^\"]+)\"", README)
    assert [
        one for pair in linked if (one := pair[0] or pair[1]) and not (ROOT / one).exists()
    ] == []
