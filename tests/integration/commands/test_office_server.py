"""flows/SERVER.md: its units as systemd reads them, and every command in it, in its order, with
real processes: PostgreSQL, a Prefect server with a login, serve, a worker."""

import configparser
import contextlib
import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import psutil
import pytest

from flows.cli.serve import _SLACK
from flows.settings import Settings
from tests.conftest import ROOT, need
from tests.integration.commands.installed import Installed
from tests.integration.commands.office import CAMPAIGN, Ended, bare_environment
from tests.servers.fault import FaultServer
from tests.servers.postgres_cluster import PostgresCluster, postgres_cluster
from tests.servers.programs import free_port
from tests.servers.script import Phase, Stall, once

PAGE = (ROOT / "flows" / "SERVER.md").read_text(encoding="utf-8")
UNITS = sorted((ROOT / "flows" / "systemd").glob("*.service"))
BIN = Path(sys.executable).parent
OF_THE_SYSTEM = (
    "python3 -m venv",
    "/opt/dear-minister/bin/pip",
    "useradd",
    "sudo -u postgres createuser",
)
"""The wheel is installed already, by the fixture; users and roles are the machine's."""
LOGIN = ("office", "change-this")
_PATIENCE = 240


def until(
    what: Callable[[], Any],
    processes: Iterable["subprocess.Popen[Any]"],
    said: Callable[[], str] = str,
) -> Any:
    """Wait for something that is true, while these processes live, and return it."""
    deadline = time.monotonic() + _PATIENCE
    while not (found := what()):
        assert all(one.poll() is None for one in processes), said()
        assert time.monotonic() < deadline, said()
        time.sleep(0.2)
    return found


def block(heading: str, number: int = 0) -> list[str]:
    """The lines of a section's code block, by its number."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"```(?:sh)?\n(.*?)```", section, re.DOTALL)[number].splitlines()


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_every_unit_is_one_that_systemd_accepts(unit: Path, tmp_path: Path) -> None:
    """Of a copy with this environment's programs, which have to be there."""
    program = need("systemd-analyze", "systemd")
    for path in UNITS:
        text = path.read_text(encoding="utf-8").replace("/opt/dear-minister/bin", str(BIN))
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [program, "verify", "--man=no", tmp_path / unit.name],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_no_unit_may_write_outside_the_office_or_is_ended_before_the_letter_in_hand(
    unit: Path,
) -> None:
    service = section(unit)
    assert service["User"] == "dear-minister"
    assert (service["ProtectSystem"], service["ReadWritePaths"]) == ("strict", "/srv/dear-minister")
    assert (service["KillMode"], service["Restart"]) == ("mixed", "on-failure")
    assert service["EnvironmentFile"] == "/etc/dear-minister/prefect.env"
    if "prefect_app" not in service["ExecStart"]:
        longest = Settings.model_fields["smtp_timeout"].default + _SLACK
        assert float(service["TimeoutStopSec"]) > longest


def section(unit: Path) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(unit.read_text(encoding="utf-8"))
    return parser["Service"]


def test_the_prefect_server_of_the_unit_answers_no_page_of_another_site(tmp_path: Path) -> None:
    unit = section(ROOT / "flows/systemd/dear-minister-prefect.service")
    port = free_port()
    told = unit["ExecStart"].replace("/opt/dear-minister/bin", str(BIN)).replace("4200", str(port))
    environment = {
        **bare_environment(),
        "PREFECT_HOME": str(tmp_path),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_UI_URL": "https://letters.example.org",
        "PYTHONPATH": str(ROOT),
    }
    process = subprocess.Popen(told.split(), cwd=tmp_path, env=environment)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}/api", timeout=60) as browser:

            def answers() -> bool:
                with contextlib.suppress(httpx.HTTPError):
                    return browser.get("/health").status_code == 200
                return False

            until(answers, [process])
            begin = "/deployments/00000000-0000-0000-0000-000000000000/create_flow_run"
            for headers, answer in (
                ({"origin": "https://elsewhere.example.org"}, 403),
                ({"host": "elsewhere.example.org"}, 403),
                ({"origin": f"http://127.0.0.1:{port}"}, 404),
                ({"origin": "https://letters.example.org", "host": "letters.example.org"}, 404),
                ({}, 404),
            ):
                assert browser.post(begin, json={}, headers=headers).status_code == answer, headers
    finally:
        process.terminate()
        assert process.wait(60) is not None


class Machine:
    """A folder that stands for /, and systemctl over the units that were installed there."""

    def __init__(self, root: Path, installed: Installed, cluster: PostgresCluster) -> None:
        self.root = root
        self.port = free_port()
        self.office = root / "srv/dear-minister/office"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.services: dict[str, configparser.SectionProxy] = {}
        shims = root / "shims"
        for folder in (shims, root / "srv/dear-minister", root / "etc/systemd/system"):
            folder.mkdir(parents=True)
        (shims / "sudo").write_text('#!/bin/sh\n[ "$1" = -E ] && shift\nshift 2\nexec "$@"\n')
        (shims / "sudo").chmod(0o755)
        tools = max(Path("/usr/lib/postgresql").glob("*/bin"))
        self.environment = {
            **bare_environment(),
            "PATH": os.pathsep.join(map(str, (shims, BIN, tools, os.environ["PATH"]))),
            "PYTHONPATH": str(installed.folder),
            "PGUSER": "postgres",
            "PGHOST": "127.0.0.1",
            "PGPORT": str(cluster.port),
            "OFFICE_HOURS": "always",
            "PREFECT_SERVER_API_PORT": str(self.port),  # the desk page's is the next
        }
        self.places = {
            "/opt/dear-minister/bin": str(BIN),
            "/srv/dear-minister": str(root / "srv/dear-minister"),
            "/etc/": f"{root}/etc/",
            "--owner dear-minister ": "",
            "host=/var/run/postgresql": "host=127.0.0.1",
            "4200": str(self.port),
            "CHECKOUT/": f"{ROOT}/",
            "NAME": "Eleanor",
            "TEXT": "'the disk was replaced'",
        }

    def here(self, text: str) -> str:
        for name, place in self.places.items():
            text = text.replace(name, place)
        return text

    def run(self, lines: list[str], *, cwd: Path = ROOT) -> Ended:
        """Lines of the page as one script, which stops at the first that fails."""
        script: list[str] = []
        for line in lines:
            if line.startswith("systemctl "):
                self._script(script, cwd)
                script = []
                self._systemctl(line.removeprefix("systemctl ").replace("'", "").split())
            elif not line.startswith(OF_THE_SYSTEM):
                script.append(self.here(line))
        return self._script(script, cwd)

    def _script(self, lines: list[str], cwd: Path) -> Ended:
        done = subprocess.run(
            ["bash", "-c", "\n".join(["set -e", *lines])],
            cwd=cwd,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def _systemctl(self, words: list[str]) -> None:
        verb, *units = [word for word in words if word != "--now"]
        for unit in units:
            if verb in ("start", "enable"):
                self.start(unit)
            elif verb in ("stop", "disable"):
                for name in [name for name in self.processes if Path(name).match(unit)]:
                    self.stop(name)

    def start(self, name: str) -> None:
        """What the installed unit says: its program, environment file and folder."""
        template = re.sub(r"@.*", "@", name)
        text = (self.root / f"etc/systemd/system/{template}.service").read_text(encoding="utf-8")
        told = self.here(text).replace("%H-%i", name)
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read_string(told)
        service = parser["Service"]
        given = dict(
            line.split("=", 1)
            for line in Path(service["EnvironmentFile"]).read_text(encoding="utf-8").splitlines()
            if line and not line.startswith("#")
        )
        with self.log(name).open("ab") as log:
            self.processes[name] = subprocess.Popen(
                service["ExecStart"].split(),
                cwd=service["WorkingDirectory"],
                env={**self.environment, **given},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.services[name] = service
        if name == "dear-minister-prefect":
            self.until(lambda: self.health() == 200)

    def stop(self, name: str, then: Callable[[], None] = lambda: None) -> None:
        """ExecStop where the unit has one; then as KillMode=mixed: SIGTERM to the program alone,
        and SIGKILL to what is left after it. ``then`` is called once this has begun."""
        process = self.processes.pop(name)
        children = psutil.Process(process.pid).children(recursive=True)
        stopping = None
        if asked := self.services[name].get("ExecStop"):
            environment = {**self.environment, "MAINPID": str(process.pid)}
            stopping = subprocess.Popen(shlex.split(asked), env=environment)
        else:
            process.terminate()
        then()
        if stopping:
            stopping.wait(_PATIENCE)
            process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE)
        for one in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        process.kill()
        process.wait()

    def log(self, name: str) -> Path:
        return self.root / f"{name}.log"

    def said(self) -> str:
        return "".join(f"{log}\n{log.read_text()[-3000:]}" for log in self.root.glob("*.log"))

    def until(self, what: Callable[[], Any]) -> Any:
        return until(what, self.processes.values(), self.said)

    def health(self, login: tuple[str, str] | None = LOGIN) -> int:
        try:
            url = f"http://127.0.0.1:{self.port}/api/admin/version"
            return httpx.get(url, auth=login, timeout=30).status_code
        except httpx.HTTPError:
            return 0

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        url = f"http://127.0.0.1:{self.port}/api/{path}"
        if body is None:
            return httpx.get(url, auth=LOGIN, timeout=60).raise_for_status().json()
        return httpx.post(url, json=body, auth=LOGIN, timeout=60).raise_for_status().json()

    def begin(self, deployment: str, **parameters: Any) -> str:
        """A run of this deployment; its id."""
        found = self.until(lambda: self.deployments().get(deployment))
        run = self.ask(f"deployments/{found}/create_flow_run", {"parameters": parameters})
        return str(run["id"])

    def deployments(self) -> dict[str, str]:
        return {one["name"]: one["id"] for one in self.ask("deployments/filter", {})}

    def end_of(self, run: str) -> dict[str, Any]:
        """The state in which a run ended."""

        def ended() -> dict[str, Any] | None:
            state = self.ask(f"flow_runs/{run}")["state"]
            kinds = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
            return dict(state) if state["type"] in kinds else None

        return dict(self.until(ended))

    def office_command(self, line: str) -> Ended:
        return self._script([f"{BIN}/dear-minister {line}"], self.office)

    def states(self, mailing: str) -> dict[str, int]:
        found: dict[str, int] = self.office_command(f"status {mailing} --json").document["live"]
        return found


@pytest.fixture
def machine(installed: Installed, tmp_path: Path) -> Iterator[Machine]:
    with postgres_cluster() as cluster:
        made = Machine(tmp_path, installed, cluster)
        try:
            yield made
        finally:
            for name in list(made.processes):
                made.stop(name)


@pytest.mark.minutes
@pytest.mark.timeout(1800)
def test_the_page_from_the_first_command_to_the_last(
    machine: Machine, fault_server: Callable[..., FaultServer]
) -> None:
    released, reached = Event(), Event()
    server = fault_server([once(Phase.DOT, Stall(released, reached))])

    # Setting up.
    done = machine.run(block("Setting up"))
    assert done.code == 0, done.said
    login = machine.root / "etc/dear-minister/prefect.env"
    login.write_text(machine.here(login.read_text()))
    assert login.stat().st_mode & 0o777 == 0o600
    mail = [
        "SMTP_HOST=127.0.0.1",
        f"SMTP_PORT={server.port}",
        "SMTP_SECURITY=none",
        "SMTP_CONNECTIONS=1",
        "MAIL_FROM=chair@example.org",
    ]
    env = [*map(machine.here, block("Setting up", 1)), *mail]
    (machine.office / ".env").write_text("\n".join(env) + "\n", encoding="utf-8")

    # serve, with its desk page, under a login.
    done = machine.run(block("Setting up", 2))
    machine.until(lambda: "in a browser. Ctrl-C stops" in machine.log("dear-minister").read_text())
    assert {CAMPAIGN, "dispatch", "resolve"} <= set(machine.deployments())
    assert machine.health(login=None) == 401

    # A worker in its place.
    done = machine.run(block("Setting up", 3))
    assert done.code == 0, done.said
    assert set(machine.processes) == {"dear-minister-prefect", "dear-minister-worker@1"}
    ended = machine.end_of(machine.begin(CAMPAIGN, limit=3))
    assert (ended["type"], ended["message"][:9]) == ("COMPLETED", "rehearsal"), machine.said()
    assert len(list((machine.office / "var/mailbox").glob("*.eml"))) == 3

    # Stopped while a letter is handed over: that one is finished, the others wait.
    made = machine.office_command(f"prepare {CAMPAIGN} --json").document
    mailing = made["mailing"]
    machine.office_command(f"approve {mailing} --by Chair --hash {made['hash']}")
    run = machine.begin("dispatch", mailing=mailing)
    assert reached.wait(_PATIENCE), machine.said()
    machine.stop("dear-minister-worker@1", released.set)
    sent = len(server.copies.all)
    assert machine.states(mailing) == {"sent": sent, "ready": made["ready"] - sent}, machine.said()
    assert sent < made["ready"], (run, machine.said())

    # A backup, and letters sent after it.
    done = machine.run([*block("Backing up"), "chmod -R u+rwX ."], cwd=machine.root)
    assert done.code == 0, done.said
    dump = machine.root / "ledger.dump"
    assert (dump.stat().st_mode & 0o777, dump.stat().st_size > 1000) == (0o600, True)
    listed = machine.run(["tar -tzf office.tar.gz"], cwd=machine.root).out
    assert "./templates/" in listed
    assert "witness" not in listed
    assert machine.office_command(f"send {mailing} --live --limit 2").code == 1
    assert len(server.copies.all) == sent + 2

    # The backup put back: it sends nothing until it is signed, and no letter twice.
    done = machine.run(block("Restoring"), cwd=machine.root)
    assert done.code == 0, done.said
    assert machine.states(mailing) == {"sent": sent, "ready": made["ready"] - sent}
    refused = machine.office_command(f"send {mailing} --live")
    assert refused.code == 2
    assert "was restored from a backup, or cut short" in refused.err
    recover, verify, *start = block("Restoring", 1)
    assert machine.run([verify]).code == 1
    recovered = machine.run([recover])
    assert recovered.code == 1, recovered.said  # no mailbox to ask: they are uncertain
    assert machine.run([verify]).code == 0
    machine.office_command(f"send {mailing} --live")
    assert machine.states(mailing) == {"sent": sent, "uncertain": made["ready"] - sent}
    copies = [copy.recipient for copy in server.copies.all]
    assert len(copies) == len(set(copies)) == sent + 2
    assert start == ["systemctl start dear-minister"]

    # An upgrade, from a ledger of an older version, of an office that had no other.
    again = ["dropdb dear_minister", "createdb dear_minister", "rm ../witness/*"]
    older = machine.run([*again, "python3 - <<'END'", OLDER, "END"], cwd=machine.office)
    assert older.code == 0, older.said
    assert (
        "back it up, then run: dear-minister upgrade-ledger" in machine.office_command("status").err
    )
    *upgrade, doctor = block("Upgrading")
    done = machine.run(upgrade)
    assert done.code == 0, done.said
    machine.until(
        lambda: machine.log("dear-minister").read_text().count("in a browser. Ctrl-C stops") == 2
    )
    looked = machine.run([doctor])
    assert "Traceback" not in looked.said
    assert json.loads(machine.run([f"{doctor} --json"]).out)
    assert machine.run([verify]).code == 0


OLDER = """
from flows import settings
from flows.post.ledger.database import Ledger, parse_url
from flows.post.ledger.opening import run_migrations
with Ledger(parse_url(settings.load().ledger)).write() as connection:
    run_migrations(connection, "0004")
"""
