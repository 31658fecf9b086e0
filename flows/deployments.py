"""What Prefect's UI offers: the deployments, their schedules, and the server where none is set."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from typing import Any, cast

from flows import settings, terminal

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
from prefect.schedules import Cron, Schedule
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Cancelled, Crashed
from prefect.types import DateTime

from flows import prefect_server, turns
from flows.campaign import campaign
from flows.contacts import contacts
from flows.dispatch import dispatch
from flows.fields import campaign_folders, valid_campaigns
from flows.office_hours import ZONE
from flows.post.clock import now
from flows.post.opening import open_ledger

SWEEP = Cron("*/15 * * * *", timezone=ZONE, slug="sweep")
REFRESH = Cron("0 6 * * 1", timezone=ZONE, active=False, slug="refresh")
"""Off until an operator turns it on."""
_MISSED = timedelta(minutes=15)
AT_ONCE = 4
"""Runs at the same time; the others wait their turn."""


def deployments() -> list[RunnerDeployment]:
    """A letter to write, the sweep that sends what is due, the refresh of the lists."""
    made = [
        campaign.to_deployment(
            "campaign",
            schedules=_mornings(),
            description="Write to everyone a campaign is for: review, sign-off, send, report.",
        ),
        dispatch.to_deployment(
            "dispatch",
            schedules=[SWEEP],
            description="Send what is due of every mailing that was signed off.",
        ),
        contacts.to_deployment(
            "contacts",
            schedules=[REFRESH],
            description="Fetch MPs, peers and government posts from the UK Parliament.",
        ),
    ]
    return cast(list[RunnerDeployment], made)  # awaitable only where a loop runs


def _mornings() -> list[Schedule]:
    """Off until an operator turns it on: who was added to the lists since gets a letter too."""
    first = next(iter(valid_campaigns()), None)
    if first is None:
        return []
    return [
        Cron(
            "0 9 * * 1-5",
            timezone=ZONE,
            active=False,
            parameters={"campaign": first},
            slug="mornings",
        )
    ]


def serve() -> None:
    """Start what is needed and serve until stopped. Raises ConfigurationError."""
    terminal.say("Starting. Prefect's server takes 10 to 30 seconds.")
    with prefect_server.running(settings.load().var / "prefect") as url, _against(url):
        runner = _Runner(pause_on_shutdown=False, limit=AT_ONCE)
        with get_client(sync_client=True) as client:
            _drop_missed_sweeps(client)
            tell_broken_off(client)
            for one in deployments():
                _as_the_operator_left_it(client, one)
                runner.add_deployment(one)
        for fault in campaign_folders()[1]:
            terminal.say(f"Not offered: {fault}")
        terminal.say(f"Open {url.removesuffix('/api')} in a browser. Ctrl-C stops.")
        with suppress(KeyboardInterrupt):
            asyncio.run(runner.start())
        terminal.say("Stopping.")


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
    with closing(open_ledger(settings.load().ledger)) as ledger:
        for one in there:
            if turns.broken_off(ledger, str(one.id)):
                state: State[Any] = Crashed(
                    message="broken off: its process is gone. Retry goes on with what was frozen; "
                    "letters that were signed off go with the next sweep"
                )
                client.set_flow_run_state(one.id, state, force=True)


def _drop_missed_sweeps(client: SyncPrefectClient) -> None:
    """Sweeps that fell due while nobody served would all start now; one sends what is due."""
    missed = client.read_flow_runs(
        deployment_filter=DeploymentFilter(name=DeploymentFilterName(any_=["dispatch"])),
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
