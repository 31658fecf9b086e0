"""``dear-minister`` as an operator runs it: a process of its own, in a folder of its own."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.servers.fault import FaultServer
from tests.servers.programs import measured
from tests.servers.script import PATIENCE

PROGRAM = str(Path(sys.executable).parent / "dear-minister")


@dataclass
class Command:
    """The program with its folder and environment; nothing of the caller's own settings is left."""

    folder: Path
    ledger_url: str
    settings: dict[str, str] = field(default_factory=dict)
    file_size_limit: int = 0
    """Octets that any one file may grow to (RLIMIT_FSIZE); 0: as much as there is room for."""

    def to(self, server: FaultServer, **settings: str) -> "Command":
        """The same with this mail server, and further settings."""
        mail = {
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(server.port),
            "SMTP_SECURITY": "none",
            "MAIL_FROM": "chair@example.org",
        }
        return Command(self.folder, self.ledger_url, self.settings | mail | settings)

    @property
    def environment(self) -> dict[str, str]:
        kept = ("PATH", "HOME", "LANG", "PYTHONPATH")
        inherited = {name: os.environ[name] for name in kept if name in os.environ}
        return {
            **inherited,
            **measured(),
            "LEDGER_URL": self.ledger_url,
            "DEAR_MINISTER_VAR": str(self.folder / "var"),
            "SMTP_CONNECTIONS": "1",
            "SMTP_TIMEOUT": str(PATIENCE),
            "MAIL_RETRY_MINUTES": "0",
            # Cut short by a file size limit, bytecode would lie there for everybody to trip over.
            "PYTHONDONTWRITEBYTECODE": "1",
            **self.settings,
        }

    def start(
        self, *arguments: str, tracer: Sequence[str] = (), **settings: str
    ) -> "subprocess.Popen[str]":
        limit = self.file_size_limit

        def limited() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        return subprocess.Popen(
            [*tracer, PROGRAM, *arguments],
            cwd=self.folder,
            env=self.environment | settings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=limited if limit else None,
        )

    def run(
        self, *arguments: str, seconds: float = 60, tracer: Sequence[str] = (), **settings: str
    ) -> "subprocess.CompletedProcess[str]":
        with self.start(*arguments, tracer=tracer, **settings) as process:
            try:
                out, err = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                out, err = process.communicate()
                raise AssertionError(f"{arguments} did not end in {seconds} s:\n{err}") from None
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def document(self, *arguments: str) -> dict[str, Any]:
        """The one JSON document that a command with ``--json`` writes."""
        ended = self.run(*arguments)
        assert ended.stdout, ended.stderr
        found: dict[str, Any] = json.loads(ended.stdout)
        return found

    def status(self, mailing: str) -> dict[str, Any]:
        return self.document("status", mailing, "--json")
