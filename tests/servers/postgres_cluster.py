"""PostgreSQL as Debian packages it, on a port of the loopback, that a test may restart.

Prefect's server needs the extension pg_trgm, which the PostgreSQL from PyPI does not have.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import need
from tests.servers.programs import free_port


class PostgresCluster:
    """A cluster of databases with a server over it."""

    def __init__(self, binaries: Path, data: Path, user: str | None) -> None:
        self.port = free_port()
        self._binaries = binaries
        self._data = data
        self._user = user
        self._run("initdb", "--auth=trust", "--username=postgres", "--no-sync")
        self.start()

    def url(self, database: str, driver: str) -> str:
        """SQLAlchemy's URL of a database."""
        return f"postgresql+{driver}://postgres@127.0.0.1:{self.port}/{database}"

    def create(self, database: str) -> None:
        """A new, empty database."""
        where = ("--host=127.0.0.1", f"--port={self.port}", "--username=postgres")
        subprocess.run([self._binaries / "createdb", *where, database], check=True)

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        options = f"-h 127.0.0.1 -p {self.port} -k {self._data}"
        self._run("pg_ctl", "start", "-w", "-o", options, "-l", str(self._data / "log"))

    def stop(self) -> None:
        """Stop at once, as a crash does: sessions are cut, nothing is finished."""
        self._run("pg_ctl", "stop", "-w", "-m", "immediate")

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._binaries / program, "-D", self._data, *arguments],
            check=True,
            user=self._user,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd="/",
        )


@contextmanager
def postgres_cluster() -> Iterator[PostgresCluster]:
    """Start one and stop it; skips where the package is not installed."""
    need("pg_lsclusters", "postgresql")
    binaries = max(Path("/usr/lib/postgresql").glob("*/bin"))
    # As root the server has to run as somebody else, who may not enter pytest's own folders.
    data = Path(tempfile.mkdtemp(prefix="dm-cluster-"))
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        os.chown(data, pwd.getpwnam(user).pw_uid, -1)
    try:
        cluster = PostgresCluster(binaries, data, user)
        try:
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(data, ignore_errors=True)
