"""Commands that need no flow load no Prefect, and one that fails on its first word loads little."""

import json
import subprocess
import sys
from typing import Any

import pytest

from flows.post.resolution import today
from tests.conftest import ROOT
from tests.integration.commands.office import Office, bare_environment

SCRIPT = """
import json, sys
from flows.cli import main as cli

def run(*arguments):
    sys.argv = ["dear-minister", *arguments]
    try:
        cli.main()
    except SystemExit as ended:
        return ended.code
    return 0

mailing = sys.argv[1]
digest = sys.argv[2]
ended = {}
for arguments in (
    ["--help"], ["check", "CAMPAIGN"], ["preview", "CAMPAIGN", "--contact", "hague"],
    ["prepare", "CAMPAIGN"], ["status"], ["status", mailing], ["send", mailing],
    ["approve", mailing, "--by", "C", "--hash", digest],
    ["posted", mailing, "--on", sys.argv[3], "--by", "C"],
    ["resolve", mailing + ":1", "--as", "sent", "--by", "C", "--why", "W"],
    ["withdraw", mailing + ":1", "--by", "C", "--why", "W"],
    ["export", mailing, "--to", "x.xlsx"], ["verify"], ["upgrade-ledger"],
):
    code = run(*[one.replace("CAMPAIGN", "r2p-dialogue-2013") for one in arguments])
    loaded = sorted({one.partition(".")[0] for one in sys.modules} & {"prefect", "fastapi"})
    ended[" ".join(arguments[:1]) + f" {len(ended)}"] = [code, loaded]
json.dump(ended, open("ended.json", "w"))
"""


def test_no_command_but_those_of_flows_loads_prefect(prepared: tuple[Office, Any]) -> None:
    office, made = prepared
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT, made["mailing"], made["hash"], f"{today()}"],
        cwd=office.folder,
        env=bare_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found = json.loads((office.folder / "ended.json").read_text())
    assert {name: loaded for name, (_, loaded) in found.items() if loaded} == {}
    # Commands that were refused at once would prove nothing.
    worked = [name.split()[0] for name, (code, _) in found.items() if code == 0]
    assert set(worked) >= {
        "check",
        "preview",
        "prepare",
        "status",
        "send",
        "approve",
        "withdraw",
        "export",
        "verify",
    }


@pytest.mark.parametrize(
    ("arguments", "needless"),
    [
        (("status",), {"prefect", "docxtpl", "docx", "yagmail", "aiosmtpd", "imap_tools", "babel"}),
        (("--help",), {"prefect", "docxtpl", "yagmail", "aiosmtpd", "sqlalchemy"}),
        (("replies",), {"prefect", "docxtpl", "yagmail", "jinja2"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_command_loads_only_what_it_uses(
    office: Office, arguments: tuple[str, ...], needless: set[str]
) -> None:
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "flows.cli.main", *arguments],
        cwd=office.folder,
        env={**bare_environment(), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    loaded = {
        line.rpartition("|")[2].strip().partition(".")[0]
        for line in ended.stderr.splitlines()
        if line.startswith("import time:")
    }
    assert "typer" in loaded
    assert loaded & needless == set()
