"""An operator's folder, and ``dear-minister`` as it is typed there."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from flows.cli import main
from flows.settings import Settings
from tests.conftest import ROOT
from tests.servers.fault import FaultServer
from tests.servers.programs import measured

CAMPAIGN = "r2p-dialogue-2013"
PROGRAM = Path(sys.executable).with_name("dear-minister")
LIST = """\
id,person,name,title,privy_counsellor,gender,house,rank,office,email
hague,hague,William Hague,,yes,M,commons,sos,First Secretary of State,hague@example.org
lucas,lucas,Caroline Lucas,Dr,,F,commons,,,lucas@example.org
glyndwr,glyndwr,Siân Glyndŵr-O'Brien,Ms,,F,commons,,,glyndwr@example.org
"""
READERS = ["hague@example.org", "lucas@example.org", "glyndwr@example.org"]


@dataclass(frozen=True)
class Ended:
    """What a command left: its exit code and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """All that it wrote."""
        return self.out + self.err

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        assert self.out, self.err
        return json.loads(self.out)

    @property
    def line(self) -> str:
        """The one line on stderr of a command that could not do what it was asked."""
        assert "Traceback" not in self.err, self.err
        assert self.out == ""
        (line,) = self.err.splitlines()
        return line


def ended(code: int, out: str, err: str) -> Ended:
    """How a command ended, without the remark which office folder it works in."""
    return Ended(code, out, re.sub(r"\Aoffice folder: .*\n", "", err))


@dataclass
class Office:
    """A folder with templates/ and contacts/, and the settings of whoever types there."""

    folder: Path
    patch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]
    settings: dict[str, str] = field(default_factory=dict)

    def set(self, **settings: object) -> None:
        for name, value in settings.items():
            self.settings[name] = str(value)
            self.patch.setenv(name, str(value))

    def to(self, server: FaultServer, **settings: object) -> None:
        """Hand mail to this server."""
        given = {
            "SMTP_HOST": "localhost",
            "SMTP_PORT": server.port,
            "SMTP_SECURITY": server.security,
            "SMTP_TIMEOUT": 5,
            "SMTP_CONNECTIONS": 1,  # so that letters leave in their order
        }
        self.set(**{**given, **settings})

    def run(self, *arguments: object) -> Ended:
        """A command in this process: ``main`` as the console script calls it."""
        self.capture.readouterr()
        self.patch.setattr(sys, "argv", ["dear-minister", *map(str, arguments)])
        try:
            main.main()
            code = 0
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 1
        captured = self.capture.readouterr()
        return ended(code, captured.out, captured.err)

    def process(self, *arguments: object, **options: Any) -> Ended:
        """A command in a process of its own."""
        done = subprocess.run(
            [PROGRAM, *map(str, arguments)],
            cwd=self.folder,
            env={**bare_environment(), **self.settings, **options.pop("env", {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            **options,
        )
        return ended(done.returncode, done.stdout, done.stderr)

    def process_into_nothing(self, *arguments: object) -> Ended:
        """A command whose reader has gone away before it writes."""
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run(
            [PROGRAM, *map(str, arguments)],
            cwd=self.folder,
            env={**bare_environment(), **self.settings},
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
        os.close(writing)
        return ended(done.returncode, "", done.stderr)

    def json(self, *arguments: object) -> Any:
        return self.run(*arguments, "--json").document

    @property
    def campaign(self) -> Path:
        return self.folder / "templates" / CAMPAIGN

    @property
    def contacts(self) -> Path:
        return self.folder / "contacts" / "few.csv"

    def prepare(self) -> dict[str, Any]:
        made: dict[str, Any] = self.json("prepare", CAMPAIGN)
        return made

    def approve(self, made: dict[str, Any]) -> Ended:
        return self.run("approve", made["mailing"], "--by", "The Chair", "--hash", made["hash"])

    def states(self, mailing: str) -> dict[str, int]:
        counts: dict[str, int] = self.json("status", mailing)["live"]
        return counts


def bare_environment() -> dict[str, str]:
    """Nothing of the caller's own settings."""
    names = ("PATH", "HOME", "LANG", "SSL_CERT_FILE")
    return {name: os.environ[name] for name in names if name in os.environ} | measured()


def furnish(folder: Path) -> None:
    """The sample campaign, and three readers for it."""
    shutil.copytree(ROOT / "templates" / CAMPAIGN, folder / "templates" / CAMPAIGN)
    (folder / "contacts").mkdir()
    (folder / "contacts" / "few.csv").write_text(LIST, encoding="utf-8")
    settings = folder / "templates" / CAMPAIGN / "campaign.toml"
    text = settings.read_text(encoding="utf-8")
    named = 'contacts = ["contacts/ministers.csv", "contacts/mps.csv"]'
    assert named in text
    settings.write_text(text.replace(named, 'contacts = ["contacts/few.csv"]'), encoding="utf-8")


def nothing_set(patch: pytest.MonkeyPatch) -> None:
    names = {name.upper() for name in Settings.model_fields}
    for name in [one for one in os.environ if one.upper() in names]:
        patch.delenv(name)


def faults(problems: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What ``check`` found, but for notes on the machine's fonts and that the letter is old."""
    return [
        problem
        for problem in problems
        if problem["severity"] != "note" and "letters are dated" not in problem["what"]
    ]
