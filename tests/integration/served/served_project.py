"""A project of its own: a project folder, a mail server, and ``dear-minister serve`` over them."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx

from tests.conftest import ROOT
from tests.servers.fault import FaultServer
from tests.servers.programs import free_port

T = TypeVar("T")
CAMPAIGN = "r2p-dialogue-2013"
COMMAND = [sys.executable, "-m", "flows.cli.main"]
CHAIR = "Eleanor Marchbank"
ENDED = ("COMPLETED", "FAILED", "CANCELLED", "CRASHED")
SCHEDULES = {
    "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "true",
    "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "3",
}
"""Settings with which schedules start runs; else a test starts each run itself, and no sweep comes
in between at a quarter of an hour."""
PATIENCE = 90
"""Seconds that a run may take, on a machine with other things to do."""


class ServedProject:
    """Files, settings and commands; ``serving`` adds the Prefect server and the deployments."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.login: tuple[str, str] | None = None
        """What the server asks for, where it does."""
        for name in ("templates", "contacts"):
            shutil.copytree(ROOT / name, folder / name)
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
        self.environment = {
            **kept,
            "PREFECT_SERVER_API_PORT": str(self.port),
            "PREFECT_HOME": str(folder / "home"),
            "PREFECT_RUNNER_POLL_FREQUENCY": "1",
            "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
            "PYTHONPATH": str(ROOT),
            "HOME": str(folder / "home"),
            "OFFICE_HOURS": "always",
            **settings,
        }

    def asks_for(self, name: str, password: str) -> None:
        """Have the server ask for this login, as somebody does who keeps settings in .env."""
        self.login = name, password
        with (self.folder / ".env").open("a", encoding="utf-8") as file:
            file.write(f"\nPREFECT_SERVER_API_AUTH_STRING={name}:{password}\n")

    def uses(self, server: FaultServer) -> None:
        """Live letters go to this server."""
        self.environment |= {
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(server.port),
            "SMTP_SECURITY": "none",
            "SMTP_CONNECTIONS": "1",
        }

    def cancel(self, run: str) -> None:
        """What Cancel in the UI does."""
        self.ask(f"/flow_runs/{run}/set_state", state={"type": "CANCELLING", "name": "Cancelling"})

    def sign_off(self, campaign: str = CAMPAIGN) -> str:
        """Freeze and sign off in a terminal; returns the mailing's id."""
        done = json.loads(self.command("prepare", campaign, "--json").stdout)
        signed = self.command("approve", done["mailing"], "--by", CHAIR, "--hash", done["hash"])
        assert signed.returncode == 0, signed.stderr
        return str(done["mailing"])

    def status(self, mailing: str) -> dict[str, Any]:
        """What ``dear-minister status`` says of a mailing."""
        return dict(json.loads(self.command("status", mailing, "--json").stdout))

    def mailings(self) -> list[dict[str, Any]]:
        """What ``dear-minister status`` says of all mailings, the newest first."""
        return list(json.loads(self.command("status", "--json").stdout)["mailings"])

    @property
    def mailbox(self) -> list[Path]:
        """What the built-in mailbox was given."""
        return sorted((self.folder / "var" / "mailbox").glob("*.eml"))

    @property
    def url(self) -> str:
        """The server's address, UI and API."""
        return f"http://127.0.0.1:{self.port}"

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run dear-minister in this project."""
        return subprocess.run(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    @contextmanager
    def serving(self, **settings: str) -> Iterator["ServedProject"]:
        """``dear-minister serve`` for as long as the block."""
        self.serve(**settings)
        try:
            yield self
        finally:
            self.process.terminate()
            self.process.wait(PATIENCE)

    def serve(self, *before: str, **settings: str) -> "subprocess.Popen[bytes]":
        """``dear-minister serve``, up; ``before`` is a command that starts it."""
        already = len(self.said)
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [*before, *COMMAND, "serve"],
                cwd=self.folder,
                env={**self.environment, **settings},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.process = process
        deadline = time.monotonic() + 180
        while "in a browser. Ctrl-C stops" not in self.said[already:]:
            assert process.poll() is None, self.said
            assert time.monotonic() < deadline, f"serve did not start: {self.said}"
            time.sleep(0.2)
        return process

    @property
    def said(self) -> str:
        """What ``serve`` and its runs have said so far."""
        return self.log.read_text("utf-8") if self.log.exists() else ""

    def until(self, what: Callable[[], T], seconds: float = PATIENCE) -> T:
        """Wait for something that is true, and return it."""
        deadline = time.monotonic() + seconds
        while not (found := what()):
            assert time.monotonic() < deadline, self.said
            time.sleep(0.2)
        return found

    @property
    def log(self) -> Path:
        """Everything that ``serve`` and its runs said."""
        return self.folder / "serve.log"

    def ask(self, path: str, **body: Any) -> Any:
        """POST to the API; the answer as JSON."""
        for _ in range(50):
            answer = httpx.post(f"{self.url}/api{path}", json=body, timeout=30, auth=self.login)
            if answer.status_code != 503:  # its SQLite is busy
                break
            time.sleep(0.2)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def deployments(self) -> dict[str, dict[str, Any]]:
        """The deployments by name."""
        return {one["name"]: one for one in self.ask("/deployments/filter")}

    def field(self, deployment: str, name: str) -> dict[str, Any]:
        """What the form of a deployment says of a field."""
        schema = self.deployments()[deployment]["parameter_openapi_schema"]
        return dict(schema["properties"][name])

    def start(self, deployment: str = CAMPAIGN, **parameters: Any) -> str:
        """Start a run as the form does; gives its id."""
        identity = self.deployments()[deployment]["id"]
        run = self.ask(f"/deployments/{identity}/create_flow_run", parameters=parameters)
        return str(run["id"])

    def state(self, run: str) -> dict[str, Any]:
        """The state of a run."""
        answer = httpx.get(f"{self.url}/api/flow_runs/{run}", timeout=30, auth=self.login).json()
        return dict(answer["state"])

    def wait(self, run: str, *, types: Sequence[str] = ENDED) -> dict[str, Any]:
        """The state of a run as soon as it is of one of these types."""
        deadline = time.monotonic() + PATIENCE
        while (state := self.state(run))["type"] not in types:
            assert time.monotonic() < deadline, f"{state}\n{self.log.read_text()}"
            time.sleep(0.1)
        return state

    def wait_for_question(self, run: str, key: str) -> None:
        """Wait until the run is suspended under this key."""
        deadline = time.monotonic() + PATIENCE
        while self.state(run)["state_details"].get("pause_key") != key:
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)

    def resume(self, run: str, **answers: str) -> dict[str, Any]:
        """Answer a suspended run's form."""
        return dict(self.ask(f"/flow_runs/{run}/resume", run_input=answers))

    def parameters(self, run: str) -> dict[str, Any]:
        """What a run was started with."""
        answer = httpx.get(f"{self.url}/api/flow_runs/{run}", timeout=30, auth=self.login).json()
        return dict(answer["parameters"])

    def newest(self, deployment: str, besides: str = "") -> str:
        """The newest run of a deployment, blank where there is none but ``besides``."""
        found = self.ask(
            "/flow_runs/filter",
            deployments={"name": {"any_": [deployment]}},
            sort="EXPECTED_START_TIME_DESC",
            limit=1,
        )
        return "" if not found or found[0]["id"] == besides else str(found[0]["id"])

    def copy_campaign(self, key: str, contacts: str = "") -> None:
        """What an operator does to begin a campaign, with another list perhaps."""
        folder = self.folder / "templates" / key
        shutil.copytree(self.folder / "templates" / CAMPAIGN, folder)
        if contacts:
            toml = folder / "campaign.toml"
            text = toml.read_text(encoding="utf-8")
            given = '"contacts/ministers.csv", "contacts/mps.csv"'
            assert given in text
            toml.write_text(text.replace(given, f'"{contacts}"'), encoding="utf-8")

    @property
    def desk(self) -> str:
        """The desk page's address, as ``serve`` says it."""
        return self.said.rpartition("The desk page is ")[2].partition("\n")[0].strip()

    def logs(self, run: str) -> list[str]:
        """What the run's log says, a message each."""
        found = self.ask("/logs/filter", logs={"flow_run_id": {"any_": [run]}}, limit=200)
        return [one["message"] for one in found]

    def artifacts(self, run: str) -> dict[str, dict[str, Any]]:
        """The run's artifacts, by key."""
        found = self.ask("/artifacts/filter", artifacts={"flow_run_id": {"any_": [run]}})
        return {one["key"]: one for one in found}

    def turn_on_mornings(self) -> None:
        """Switch the campaign's schedule on, as an operator does in the UI."""
        self.switch_schedule(CAMPAIGN, on=True)

    def switch_schedule(self, name: str, *, on: bool) -> None:
        """Switch a deployment's schedule on or off."""
        deployment = self.deployments()[name]
        schedule = deployment["schedules"][0]
        answer = httpx.patch(
            f"{self.url}/api/deployments/{deployment['id']}/schedules/{schedule['id']}",
            json={"active": on},
            auth=self.login,
            timeout=30,
        )
        assert answer.status_code < 300, answer.text

    def upcoming(self) -> set[str]:
        """The deployments with a next run, as soon as the scheduler has made one for each whose
        schedule is on."""
        deployments = self.deployments()
        names = {one["id"]: name for name, one in deployments.items()}
        on = {
            name
            for name, one in deployments.items()
            if any(schedule["active"] for schedule in one["schedules"])
        }
        deadline = time.monotonic() + PATIENCE
        while True:
            runs = self.ask(
                "/flow_runs/filter", flow_runs={"state": {"name": {"any_": ["Scheduled"]}}}
            )
            found = {names[one["deployment_id"]] for one in runs if one["deployment_id"]}
            if found >= on or time.monotonic() > deadline:
                return found
            time.sleep(0.2)
