"""The README's commands, run as they stand there, from an installed wheel in an office folder."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from flows.cli import main
from tests.conftest import ROOT
from tests.integration.commands.installed import Installed
from tests.integration.commands.test_newcomer import write_letter
from tests.make import settings_table
from tests.servers.fault import FaultServer
from tests.servers.imap import Dovecot

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
OF_A_CLONE = ["pip install uv && uv run dear-minister demo", "pip install uv && uv run pytest"]
"""Run by whoever runs this suite; the demo runs from a wheel in test_newcomer."""
LINES = [line for block in BLOCKS for line in block.strip().splitlines() if line not in OF_A_CLONE]


def test_every_command_runs_as_the_readme_says_from_a_wheel_in_an_office_folder(
    installed: Installed,
    tmp_path: Path,
    fault_server: Callable[[], FaultServer],
    dovecot_server: Dovecot,
) -> None:
    server = fault_server()
    folder, names = tmp_path, {"MAILING": "", "HASH": ""}
    assert len(LINES) >= 15
    for line in LINES:
        if line.startswith("cd "):
            folder = folder / line.removeprefix("cd ")
            settings = (
                f"SMTP_HOST=127.0.0.1\nSMTP_PORT={server.port}\nSMTP_SECURITY=none\n"
                "MAIL_FROM=chair@example.org\n"
                f"IMAP_HOST=127.0.0.1\nIMAP_PORT={dovecot_server.imap}\nIMAP_SECURITY=none\n"
                f"IMAP_USER=readme@example.org\nIMAP_PASSWORD={dovecot_server.password}\n"
            )
            (folder / ".env").write_text(settings, encoding="utf-8")
            continue
        for name, value in names.items():
            line = re.sub(rf"\b{name}\b", value, line)
        done = installed.run(line, folder, PREFECT_HOME=str(tmp_path / "prefect"))
        assert done.code == 0, f"{line}\n{done.said}"
        if " new " in line:
            write_letter(folder / "templates" / "my-letter")
        if "prepare" in line:
            told = re.search(r"mailing (\S+): \d+ letters, hash (\S+)", done.out)
            assert told, done.out
            names = {"MAILING": told[1], "HASH": told[2]}
    counts = json.loads(
        installed.run(f"dear-minister status {names['MAILING']} --json", folder).out
    )
    assert set(counts["counts"]) == {"sent"}
    assert len(server.copies.all) == counts["counts"]["sent"] + 2  # and two specimens


def test_every_command_that_the_readme_names_exists(installed: Installed, tmp_path: Path) -> None:
    named = set(re.findall(r"`(?:uv run )?dear-minister ([a-z][a-z-]+)", README))
    told = installed.run("dear-minister --help", tmp_path).out
    assert named <= set(re.findall(r"^  ([a-z-]+) ", told, re.MULTILINE))


@pytest.mark.parametrize("group", ["contacts", "replies"])
def test_every_option_and_part_of_a_command_that_the_readme_names_exists(
    installed: Installed, tmp_path: Path, group: str
) -> None:
    named = set(re.findall(rf"`{group} ([a-z]+)", README))
    told = installed.run(f"dear-minister {group} --help", tmp_path).out
    assert named <= set(re.findall(r"^  ([a-z-]+) ", told, re.MULTILINE))


def test_every_option_in_the_table_of_commands_is_one() -> None:
    lines = re.findall(r"^\| `(dear-minister [^`]+)`", README, re.MULTILINE)
    assert len(lines) >= 15
    for line in lines:
        words = shlex.split(line)
        command: Any = typer.main.get_command(main.app)
        for word in words[1:3] if words[1] in ("contacts", "replies") else words[1:2]:
            command = command.commands[word]
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, line


def test_the_table_of_settings_is_what_the_code_says() -> None:
    assert settings_table.with_table(README) == README, (
        "run: uv run python -m tests.make.settings_table"
    )
    assert f"{settings_table.BEGIN}{settings_table.table()}{settings_table.END}" in README


def test_every_message_in_the_table_of_troubles_is_one_that_the_program_prints() -> None:
    sources = "".join(
        path.read_text(encoding="utf-8") for path in sorted((ROOT / "flows").rglob("*.py"))
    )
    table = README.partition("| message | what to do |")[2].partition("\n\n")[0]
    messages = re.findall(r"^\| `([^`]+)`", table, re.MULTILINE)
    assert len(messages) >= 8
    for message in messages:
        for part in re.split(r"\.\.\.|\.env:7: |\(535|\)", message):
            assert part.strip() in sources, message


def test_every_file_that_the_documents_show_or_link_to_is_there() -> None:
    for document in (
        "README.md",
        "flows/README.md",
        "tests/README.md",
        "contacts/README.md",
        ".github/CONTRIBUTING.md",
        ".github/SECURITY.md",
    ):
        path = ROOT / document
        text = path.read_text(encoding="utf-8")
        for pair in re.findall(r"\]\(([^)#]+)\)|src=\"([^\"]+)\"", text):
            link = pair[0] or pair[1]
            if not link.startswith("http"):
                assert (path.parent / link).exists(), f"{document}: {link}"
