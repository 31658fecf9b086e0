"""A project on a work pool: a Prefect server and a ledger on PostgreSQL, workers that are processes
with homes of their own."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import psutil

from tests.bench.people import contact_list
from tests.conftest import ROOT
from tests.integration.served.served_project import CAMPAIGN, ServedProject
from tests.servers.postgres_cluster import PostgresCluster

PREFECT = [sys.executable, "-m", "prefect", "--no-prompt"]


class PooledProject(ServedProject):
    """As a served one, with workers in place of ``serve``."""

    def __init__(self, folder: Path, database: PostgresCluster, **settings: str) -> None:
        super().__init__(folder, **settings)
        shutil.copytree(
            ROOT / "flows", folder / "flows", ignore=shutil.ignore_patterns("__pycache__")
        )
        self.database = database
        self.server: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []
        self._opened = ExitStack()
        for name in ("prefect", "ledger"):
            database.create(name)
        self.environment |= {
            "LEDGER_URL": database.url("ledger", "psycopg"),
            "PREFECT_API_URL": f"{self.url}/api",
            "PREFECT_SERVER_DATABASE_CONNECTION_URL": database.url("prefect", "asyncpg"),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "PREFECT_WORKER_PREFETCH_SECONDS": "1",
        }

    def __enter__(self) -> "PooledProject":
        try:
            self.start_server()
            for command in (
                ["work-pool", "create", "dear-minister", "--type", "process"],
                ["deploy", "--prefect-file", "flows/prefect.yaml", "--all"],
            ):
                subprocess.run(
                    [*PREFECT, *command],
                    cwd=self.folder,
                    env=self.environment,
                    check=True,
                    capture_output=True,
                )
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *ended: object) -> None:
        self.close()

    def close(self) -> None:
        """End every process."""
        for worker in self.workers:
            kill(worker)
        self.stop_server()

    def only_readers(self, count: int) -> None:
        """Let the campaign be for so many invented readers."""
        toml = self.folder / "templates" / CAMPAIGN / "campaign.toml"
        lists = '"contacts/ministers.csv", "contacts/mps.csv"'
        text = toml.read_text("utf-8")
        assert lists in text
        toml.write_text(text.replace(lists, '"contacts/readers.csv"'), "utf-8")
        contact_list(self.folder / "contacts" / "readers.csv", count)

    def start_server(self) -> None:
        """Start Prefect's server, and wait until it answers."""
        self.server = self._started("server", [*PREFECT, "server", "start"])
        self.until(self._answers, 180)

    def stop_server(self) -> None:
        """End Prefect's server at once."""
        if self.server:
            kill(self.server)
            self.server = None

    def start_worker(self, name: str) -> "subprocess.Popen[bytes]":
        """Start a worker that executes two runs at a time."""
        command = [*PREFECT, "worker", "start", "--pool", "dear-minister", "--name", name]
        worker = self._started(name, [*command, "--limit", "2"])
        self.workers.append(worker)
        return worker

    def _started(self, name: str, command: list[str]) -> "subprocess.Popen[bytes]":
        home = self.folder / f"home-{name}"
        home.mkdir(exist_ok=True)
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                env={**self.environment, "PREFECT_HOME": str(home)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def has_its_database(self) -> bool:
        """Whether Prefect's server can read its database."""
        with suppress(httpx.HTTPError):
            found = httpx.post(f"{self.url}/api/deployments/filter", json={}, timeout=5)
            return found.status_code == 200
        return False

    def _answers(self) -> bool:
        assert self.server
        assert self.server.poll() is None, self.said
        with suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/api/health", timeout=5).status_code == 200
        return False


def kill(process: "subprocess.Popen[bytes]") -> None:
    """SIGKILL a process and all that it has started, as the end of a machine does."""
    with suppress(psutil.NoSuchProcess):
        children = psutil.Process(process.pid).children(recursive=True)
        os.kill(process.pid, signal.SIGKILL)
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()
    process.wait()
