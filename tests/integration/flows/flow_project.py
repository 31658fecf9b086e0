"""A project folder without ``serve``: campaigns in this process, or as Prefect's own
processes run them, one at a time."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.client.schemas.sorting import ArtifactSort
from prefect.deployments.runner import RunnerDeployment
from prefect.settings import PREFECT_SERVER_DATABASE_CONNECTION_URL
from prefect.states import Cancelled, Cancelling, Failed, Scheduled
from sqlalchemy.engine import make_url

from flows import settings
from flows.operations import approve, draft, prepare
from flows.orchestration import supervision
from flows.orchestration.notices import Notice
from flows.post import status
from flows.post.ledger.clock import now
from flows.post.ledger.database import Ledger
from flows.post.ledger.opening import open_ledger
from flows.post.mailing import mailing
from flows.post.mailing.mailing import Mailing
from tests.conftest import ROOT
from tests.integration.flows.engine import Engine
from tests.servers.fault import FaultServer

CAMPAIGN = "r2p-dialogue-2013"
CHAIR = "Eleanor Marchbank"
READERS = (
    "hague,William Hague,,yes,sos,Secretary of State for Foreign and Commonwealth Affairs",
    "abbott,Diane Abbott,Ms,,,",
    "leigh,Edward Leigh,Sir,,,",
    "begg,Anne Begg,Dame,,,",
    "clwyd,Ann Clwyd,Ms,yes,,",
    "bradshaw,Ben Bradshaw,Mr,,,",
)
HEADING = "id,name,title,privy_counsellor,rank,office,house,email\n"
_PATIENCE = 120


class FlowProject:
    """One project folder with one small campaign, and its ledger."""

    def __init__(self, folder: Path, api: str, engine: Engine) -> None:
        self.folder = folder
        self.api = api
        self.engine = engine
        self.since = now()
        self.settings = {"OFFICE_HOURS": "always", "DEAR_MINISTER_VAR": str(folder / "var")}
        self.said = ""
        """What the last run that was executed said on its terminal."""
        self._ledger: Ledger | None = None
        model = ROOT / "templates" / CAMPAIGN
        self.templates = folder / "templates" / CAMPAIGN
        self.templates.mkdir(parents=True)
        for path in model.iterdir():
            (self.templates / path.name).write_bytes(path.read_bytes())
        toml = self.templates / "campaign.toml"
        text = toml.read_text(encoding="utf-8")
        toml.write_text(
            text.replace('"contacts/ministers.csv", "contacts/mps.csv"', '"contacts/readers.csv"'),
            encoding="utf-8",
        )
        self.contacts = folder / "contacts" / "readers.csv"
        self.contacts.parent.mkdir()
        self.write(*READERS)

    def write(self, *rows: str) -> None:
        """The contact list, from rows without house and address."""
        lines = [f"{row},commons,{row.partition(',')[0]}@example.org\n" for row in rows]
        self.contacts.write_text(HEADING + "".join(lines), encoding="utf-8")

    def uses(self, server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
        """Live letters go to this server from here on."""
        for name, value in {
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(server.port),
            "SMTP_SECURITY": "none",
            "SMTP_CONNECTIONS": "1",
        }.items():
            monkeypatch.setenv(name, value)

    @property
    def ledger(self) -> Ledger:
        if self._ledger is None:
            self._ledger = open_ledger(f"sqlite:///{self.folder / 'var' / 'ledger.db'}")
        return self._ledger

    def close(self) -> None:
        """Give the ledger's connections back."""
        if self._ledger:
            self._ledger.close()

    @property
    def mailings(self) -> list[Mailing]:
        """The newest first."""
        return mailing.every(self.ledger)

    def counts(self, number: int = 0) -> Mapping[str, int]:
        """The newest mailing's letters by state."""
        return status.status(self.ledger, self.mailings[0].id, number).counts

    @property
    def mailbox(self) -> list[Path]:
        """What rehearsals brought to the built-in mailbox."""
        return sorted((self.folder / "var" / "mailbox").glob("*.eml"))

    def command(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run dear-minister."""
        return self.run([sys.executable, "-m", "flows.cli.main", *arguments], settings)

    def freeze(self) -> Mailing:
        """A mailing that nobody has signed off yet."""
        found = prepare.prepare(settings.load(), self.ledger, draft.draft(CAMPAIGN)).mailing
        assert found
        return found

    def sign_off(self) -> None:
        """A mailing, frozen and signed off."""
        found = self.freeze()
        approve.approve(self.ledger, found.id, CHAIR, found.hash[:12])

    def approve_by_command(self, by: str = CHAIR) -> None:
        """Sign the newest mailing off as somebody without the UI does."""
        found = self.mailings[0]
        done = self.command("approve", found.id, "--by", by, "--hash", found.hash[:12])
        assert done.returncode == 0, done.stderr

    def environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        return {
            **os.environ,
            **self.settings,
            **settings,
            "PREFECT_API_URL": self.api,
            "PREFECT_HOME": str(self.folder / "home"),
            "PYTHONPATH": str(ROOT),
        }

    def run(
        self, command: Sequence[str], settings: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program in this folder, against the tests' Prefect server."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment(settings or {}),
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
        )

    def start(self, deployment: RunnerDeployment, late: Any = None, **parameters: Any) -> UUID:
        """A run of the deployment that waits to be executed; gives its id."""
        deployment.enforce_parameter_schema = parameters.pop("enforced", True)
        identity = deployment.apply()
        with get_client(sync_client=True) as client:
            run = client.create_flow_run_from_deployment(
                identity, parameters=parameters, state=Scheduled(scheduled_time=late)
            )
        return run.id

    def execute(self, run: UUID, **settings: str) -> State[Any]:
        """Execute a run in a process of its own, which is what serve starts; gives its state."""
        # Where nobody watches over that process, Prefect takes a run that was killed for running.
        self.said = self.engine.execute(run, self.folder, self.environment(settings))
        return self.state(run)

    def state(self, run: UUID) -> State[Any]:
        """The run's state at the API."""
        with get_client(sync_client=True) as client:
            found = client.read_flow_run(run).state
        assert found
        return found

    def answer(self, run: UUID, name: str, digest: str) -> str:
        """Fill in the sign-off's form; gives what the server made of it."""
        with get_client(sync_client=True) as client:
            said = client.resume_flow_run(run, run_input={"name": name, "hash": digest})
        return said.status.value

    def again(self, run: UUID) -> None:
        """What Retry in the UI does."""
        with get_client(sync_client=True) as client:
            client.set_flow_run_state(run, Scheduled(), force=True)

    def expire(self, run: UUID) -> None:
        """What the server does to a run whose question was not answered in time."""
        with get_client(sync_client=True) as client:
            client.set_flow_run_state(run, Failed(message="The flow was paused and never resumed."))

    def cancel(self, run: UUID) -> None:
        """What Cancel in the UI does to a run without a process."""
        with get_client(sync_client=True) as client:
            client.set_flow_run_state(run, Cancelling())
            client.set_flow_run_state(run, Cancelled(), force=True)

    def look(self) -> list[Notice]:
        """What serve does every few seconds; returns what the office is to be told."""
        with get_client(sync_client=True) as client:
            return supervision.look(client, self.ledger, set(), self.since)

    def prefect_database(self) -> bytes:
        """Every byte that the Prefect server keeps: parameters, states, logs, artifacts."""
        url = PREFECT_SERVER_DATABASE_CONNECTION_URL.value()
        assert url
        name = Path(make_url(str(url)).database or "")
        files = list(name.parent.glob(f"{name.name}*"))
        assert files, f"no database {name}"
        return b"".join(one.read_bytes() for one in files)

    def logs(self, run: UUID) -> list[str]:
        """What the run's log says."""
        from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId

        with get_client(sync_client=True) as client:
            found = client.read_logs(LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run])))
        return [one.message for one in found]

    def artifacts(self) -> dict[str, Any]:
        """Artifacts' contents by key, the newest of each."""
        with get_client(sync_client=True) as client:
            found = client.read_artifacts(sort=ArtifactSort.CREATED_DESC)
        return {
            str(one.key): json.loads(one.data) if one.type == "table" else one.data
            for one in reversed(found)
        }


def copies(server: FaultServer) -> Counter[str]:
    """How many copies the server holds of each reader's letter."""
    return Counter(one.recipient for one in server.copies.all)
