"""Serve the deployments: a Prefect server where none is set, and the runs that operators start."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from typing import Any, cast

from flows import settings
from flows.cli import console

# Before Prefect is imported: its server would report to a host outside, and a run would wait for
# ten seconds until it is looked for.
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_RUNNER_POLL_FREQUENCY", "2")

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import State, StateType
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectNotFound
from prefect.runner import Runner
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Cancelled, Crashed
from prefect.types import DateTime

from flows.deployments import deployments
from flows.operations.ledger import open_ledger
from flows.orchestration import server
from flows.orchestration.parameters import campaign_folders
from flows.post.ledger import campaign_runs
from flows.post.ledger.clock import now

_MISSED = timedelta(minutes=15)
AT_ONCE = 4
"""Runs at the same time; the others wait their turn."""


def serve() -> None:
    """Start what is needed and serve until stopped. Raises ConfigurationError."""
    console.say("Starting. Prefect's server takes 10 to 30 seconds.")
    with server.running(settings.load().var / "prefect") as url, _against(url):
        runner = _Runner(pause_on_shutdown=False, limit=AT_ONCE)
        with get_client(sync_client=True) as client:
            _drop_missed_sweeps(client)
            tell_broken_off(client)
            for one in deployments():
                _as_the_operator_left_it(client, one)
                runner.add_deployment(one)
        for fault in campaign_folders()[1]:
            console.say(f"Not offered: {fault}")
        console.say(f"Open {url.removesuffix('/api')} in a browser. Ctrl-C stops.")
        with suppress(KeyboardInterrupt):
            asyncio.run(runner.start())
        console.say("Stopping.")


class _Runner(Runner):
    """Prefect's, but told to stop it ends as by Ctrl-C: its own way leaves its work undone."""

    def handle_sigterm(self, *args: Any, **kwargs: Any) -> None:
        signal.raise_signal(signal.SIGINT)


@contextmanager
def _against(url: str) -> Iterator[None]:
    """This process and the runs it starts talk to the server at ``url``."""
    os.environ["PREFECT_API_URL"] = url
    with temporary_settings({PREFECT_API_URL: url}):
        yield


def _as_the_operator_left_it(client: SyncPrefectClient, ours: RunnerDeployment) -> None:
    """Keep schedules that were turned on, off or changed in the UI over a restart."""
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


def tell_broken_off(client: SyncPrefectClient) -> None:
    """Campaign runs that ended with the last `serve`, or with the machine, are not running."""
    there = client.read_flow_runs(
        deployment_filter=DeploymentFilter(name=DeploymentFilterName(any_=["campaign"])),
        flow_run_filter=FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.RUNNING]))
        ),
    )
    with closing(open_ledger(settings.load())) as ledger:
        for one in there:
            if campaign_runs.is_crashed(ledger, str(one.id)):
                state: State[Any] = Crashed(
                    message="broken off: its process is gone. Retry goes on with what was frozen; "
                    "letters that were signed off go with the next sweep"
                )
                client.set_flow_run_state(one.id, state, force=True)


def _drop_missed_sweeps(client: SyncPrefectClient) -> None:
    """Sweeps that fell due while nobody served would all start now; one sends what is due."""
    missed = client.read_flow_runs(
        deployment_filter=DeploymentFilter(name=DeploymentFilterName(any_=["dispatch", "inbox"])),
        flow_run_filter=FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
            expected_start_time=FlowRunFilterExpectedStartTime(
                before_=cast(DateTime, now() - _MISSED)
            ),
        ),
    )
    for one in missed:
        if one.auto_scheduled:
            state: State[Any] = Cancelled(name="Missed", message="nobody served when it was due")
            client.set_flow_run_state(one.id, state, force=True)
