"""The program as a stranger gets it: built as a wheel and installed away from the checkout."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT, need
from tests.integration.commands.office import Ended, bare_environment


@dataclass(frozen=True)
class Installed:
    """An installed wheel; the libraries are those of the environment that runs the tests."""

    folder: Path

    def run(self, line: str, folder: Path, stdin: str | None = None, **settings: str) -> Ended:
        """A line of shell with ``dear-minister`` on the PATH, run in ``folder``."""
        environment = bare_environment()
        path = os.pathsep.join((str(self.folder / "bin"), environment["PATH"]))
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=folder,
            env={**environment, "PATH": path, "PYTHONPATH": str(self.folder), **settings},
            input=stdin or "",
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)


def install(folder: Path) -> Installed:
    """Build the wheel and install it into ``folder``."""
    uv = need("uv", "pipx && pipx install uv")
    subprocess.run(
        [uv, "build", "-q", "--wheel", "--out-dir", folder / "dist", ROOT],
        check=True,
        capture_output=True,
    )
    (wheel,) = (folder / "dist").glob("*.whl")
    target = folder / "site"
    command = ["pip", "install", "-q", "--no-deps", "--python", sys.executable, "--target", target]
    subprocess.run([uv, *command, wheel], check=True, capture_output=True)
    return Installed(target)
