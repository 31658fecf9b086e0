"""Serve the deployments: a Prefect server where none is set, and the runs that operators start."""

import asyncio
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import httpx
from fasteners import InterProcessLock

from flows import settings
from flows.cli import console
from flows.errors import ConfigurationError, DearMinisterError

# Before Prefect is imported: its server would report to a host outside, and a run would wait for
# ten seconds until it is looked for.
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_RUNNER_POLL_FREQUENCY", "2")

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectNotFound
from prefect.settings import (
    PREFECT_API_AUTH_STRING,
    PREFECT_API_URL,
    PREFECT_SERVER_API_PORT,
    get_current_settings,
    temporary_settings,
)

from flows.deployments import deployments
from flows.desk.app import app as desk_app
from flows.desk.running import served as desk_served
from flows.operations.ledger import open_ledger
from flows.orchestration import links, server, supervision
from flows.orchestration.choices import campaign_folders
from flows.orchestration.flow_runs import TAG
from flows.orchestration.notices import Notice
from flows.orchestration.runner import OperatorsRunner
from flows.post.ledger.clock import now

_LOOK_SECONDS = 4.0
_MOST_RESTARTS = 3
"""A server that dies more often than this within one serve has a fault of its own."""
_SLACK = 60.0
"""Seconds beyond the mail server's time-out that a run has to finish the letter in hand."""


def serve() -> None:
    """Start what is needed and serve until stopped. Raises ConfigurationError."""
    chosen = settings.load()
    home = chosen.var / "prefect"
    login = _login()
    with _alone(home), _logged_in(login):
        console.say("Starting. Prefect's server takes 10 to 30 seconds.")
        with server.running(home, console.say) as prefect, _against(prefect.url):
            runner = OperatorsRunner(chosen.smtp_timeout + _SLACK, console.say)
            watch = _Watch(runner, prefect)
            desk = desk_app(settings.load, watch.form, lambda: campaign_folders()[0], login)
            with desk_served(desk, PREFECT_SERVER_API_PORT.value() + 1) as address:
                os.environ[links.DESK] = address
                watch.begin()
                console.say(f"The desk page is {address}")
                page = prefect.url.removesuffix("/api")
                console.say(f"Open {page} in a browser. Ctrl-C stops.")
                asyncio.run(runner.until_stopped(watch.run()))
                console.say("Stopping.")


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """One ``serve`` on a folder. Raises ConfigurationError where there is another."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = InterProcessLock(home / "serve.lock")
        first = lock.acquire(blocking=False)
    except OSError as error:
        raise ConfigurationError(
            f"{error.filename or home}: cannot be written ({error.strerror}); set DEAR_MINISTER_VAR"
        ) from error
    owner = home / "serve.pid"
    if not first:
        pid = owner.read_text(encoding="utf-8").strip() if owner.exists() else "?"
        raise ConfigurationError(
            f"{home.parent}: another serve is at work in this folder (process {pid}); "
            "use that one, or stop it first"
        )
    owner.write_text(str(os.getpid()), encoding="utf-8")
    try:
        yield
    finally:
        owner.unlink(missing_ok=True)
        lock.release()


def _login() -> str:
    """The login of the Prefect server, as "name:password"; blank where there is none.

    Prefect reads it from the environment, from .env and from files of its own; one of its two names
    is enough for the server, its runs and the desk page.
    """
    found = get_current_settings()
    given = found.server.api.auth_string or found.api.auth_string
    return given.get_secret_value() if given else ""


@contextmanager
def _logged_in(login: str) -> Iterator[None]:
    """This process and the runs it starts log in with ``login``."""
    if not login or PREFECT_API_AUTH_STRING.value():
        yield
        return
    os.environ["PREFECT_API_AUTH_STRING"] = login
    with temporary_settings({PREFECT_API_AUTH_STRING: login}):
        yield


@contextmanager
def _against(url: str) -> Iterator[None]:
    """This process and the runs it starts talk to the server at ``url``."""
    os.environ["PREFECT_API_URL"] = url
    with temporary_settings({PREFECT_API_URL: url}):
        yield


class _Watch:
    """Every few seconds: runs that died or were cancelled, sign-offs, new choices, the server."""

    def __init__(self, runner: OperatorsRunner, prefect: server.Server) -> None:
        self._runner = runner
        self._server = prefect
        self._restarts = 0
        self._offered: dict[str, Any] = {}
        """What was last given to the server, by name."""
        self._faults: list[str] = []
        self._trouble = ""
        self._forms: dict[str, tuple[UUID, dict[str, Any]]] = {}
        """Deployments' ids and the schemas of their forms, by name."""
        self._since = now()
        self._told: set[Notice] = set()
        self._post = ThreadPoolExecutor(1, "notices")

    def begin(self) -> None:
        """What has to be done before the first run. Raises ConfigurationError."""
        with (
            get_client(sync_client=True) as client,
            closing(open_ledger(settings.load())) as ledger,
        ):
            self._tell(supervision.drop_missed(client, ledger))
            self._tell(supervision.look(client, ledger, set(), self._since))
        self._offer()

    async def run(self) -> None:
        """Look until cancelled. Raises ConfigurationError where the server cannot be kept up."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if self._server.gone:
                await asyncio.to_thread(self._restart)
                continue
            executed = self._runner.executed()
            try:
                await asyncio.to_thread(self._look, executed)
                self._trouble = ""
            except (DearMinisterError, httpx.HTTPError, OSError) as error:
                self._say_once(" ".join(str(error).split()) or type(error).__name__)

    def form(self, deployment: str, **values: str) -> str:
        """The form that starts a deployment, with these fields filled in, for the desk page; all
        deployments where there is no such one."""
        page = f"{self._server.url.removesuffix('/api')}/v2/deployments"
        if not (found := self._forms.get(deployment)):
            return page
        identity, schema = found
        return links.filled_in(f"{page}/deployment/{identity}/run", schema, values)

    def _look(self, executed: set[Any]) -> None:
        with (
            get_client(sync_client=True) as client,
            closing(open_ledger(settings.load())) as ledger,
        ):
            self._tell(supervision.look(client, ledger, executed, self._since))
        self._offer()

    def _tell(self, notices: Sequence[Notice]) -> None:
        """Send notices beside everything else, each once: a mail server may take its time."""
        for notice in notices:
            if notice not in self._told:
                self._told.add(notice)
                self._post.submit(self._send, notice)

    def _send(self, notice: Notice) -> None:
        for fault in notice.send():
            console.say(f"{notice.subject}: {fault}")

    def _restart(self) -> None:
        self._restarts += 1
        if self._restarts > _MOST_RESTARTS:
            raise ConfigurationError(
                f"the Prefect server ended {self._restarts} times; its words are in "
                f"{self._server.home}/server.log; stopping"
            )
        console.say("The Prefect server has ended; starting it again.")
        self._server.restart()
        console.say(f"Open {self._server.url.removesuffix('/api')} in a browser again.")

    def _offer(self) -> None:
        """Give the server every deployment that is new or has changed, and take back the others."""
        current = {f"{one.flow_name}/{one.name}": one for one in deployments()}
        with get_client(sync_client=True) as client:
            for name, deployment in current.items():
                form = deployment._parameter_openapi_schema.model_dump()
                if self._offered.get(name) == form:
                    continue
                _as_the_operator_left_it(client, deployment)
                identity = cast(UUID, deployment.apply())  # awaitable only where a loop runs
                self._runner.serves(identity, deployment.name)
                self._offered[name] = form
                self._forms[deployment.name] = (identity, form)
            _take_back(client, set(current))
        faults = campaign_folders()[1]
        for fault in faults:
            if fault not in self._faults:
                console.say(f"Not offered: {fault}")
        self._faults = faults

    def _say_once(self, trouble: str) -> None:
        if trouble != self._trouble:
            console.say(f"Trouble: {trouble}; trying again.")
        self._trouble = trouble


def _take_back(client: SyncPrefectClient, current: set[str]) -> None:
    """Delete deployments of campaigns whose folder is gone; a folder at fault keeps its own."""
    for there in client.read_deployments():
        if TAG not in there.tags or (there.parameters or {}).get("campaign") != there.name:
            continue
        if (
            f"campaign/{there.name}" not in current
            and not (settings.office().templates / there.name).is_dir()
        ):
            client.delete_deployment(there.id)


def _as_the_operator_left_it(client: SyncPrefectClient, ours: RunnerDeployment) -> None:
    """Keep schedules that were turned on, off or changed in the UI; parameters are the
    deployment's own."""
    try:
        there = client.read_deployment_by_name(f"{ours.flow_name}/{ours.name}")
    except ObjectNotFound:
        return
    ours.paused = there.paused
    if there.schedules:
        ours.schedules = [
            DeploymentScheduleCreate(
                schedule=one.schedule,
                active=one.active,
                parameters=one.parameters,
                slug=one.slug,
            )
            for one in there.schedules
        ]
