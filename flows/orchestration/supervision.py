"""What ``serve`` sees to while it runs, and on a work pool each sweep: runs whose process died, or
that were cancelled or have not begun, and sign-offs.

Everything here may be done at any time, by any number of processes, and again.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterEndTime,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.objects import State as RunState
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import PrefectException
from prefect.logging import get_run_logger
from prefect.states import Cancelled, Crashed
from prefect.types import DateTime

from flows.counted import counted
from flows.operations import hold as holding
from flows.orchestration import cancelling, flow_runs, links
from flows.orchestration.flow_runs import OURS
from flows.orchestration.notices import Notice
from flows.post import status
from flows.post.delivery.office_hours import ZONE
from flows.post.ledger import campaign_runs, workers
from flows.post.ledger.clock import now
from flows.post.ledger.database import Ledger
from flows.post.mailing import mailing as mailings
from flows.post.mailing.mailing import Mailing
from flows.post.states import State

_STARTING = {
    StateType.PENDING: timedelta(minutes=2),
    StateType.RUNNING: timedelta(seconds=30),
    StateType.CANCELLING: timedelta(seconds=30),
}
"""How long a state may last before the flow's first line."""
_FINISHING = timedelta(minutes=5)
"""How long a run may take to say how it ended, once it has let go of the ledger: notices too."""
_REMEMBERED = timedelta(days=1)
"""How far back a sweep looks for runs that crashed; the office is told of each once."""
_SETTLED = {State.SENT.value, State.WITHDRAWN.value}
_MISSED = timedelta(minutes=15)
_ENDED = "broken off: "
_NEVER_BEGUN = "never begun: "
_NOT_RESUMED = "The flow was paused and never resumed"
"""What Prefect's server says of a run that waited for its sign-off in vain."""


def look(
    client: SyncPrefectClient, ledger: Ledger, executed: set[UUID], since: datetime
) -> list[Notice]:
    """Settle what was cancelled, end what is dead, let go on what was signed off elsewhere.

    ``executed`` are the runs that the caller's own runner has processes for. Returns what the
    office is to be told: of runs that crashed after ``since`` or were
    not signed off in time, and of runs that are late. Raises
    LedgerUnavailableError, and httpx's errors where the server does not answer.
    """
    cancelling.settle_all(client, ledger, executed)
    end_dead(client, ledger, executed)
    resume_signed_off(client, ledger)
    crashed = _crashed(client, ledger, executed, since)
    return [*crashed, *_never_signed_off(client, since), *_late(client)]


def settle_cancelled(client: SyncPrefectClient, ledger: Ledger) -> None:
    """Hold the mailings of runs that were cancelled, this process's own run excepted."""
    cancelling.settle_all(client, ledger, {UUID(flow_runs.identity())})


def look_from_a_sweep(client: SyncPrefectClient, ledger: Ledger) -> list[Notice]:
    """What a run of the sweep sees to before it sends: on a work pool, where no ``serve`` is, as
    ``look``; else what was cancelled alone.

    What cannot be looked at but cancellations is left to the next sweep: letters do not wait for
    it. Raises as ``look``.
    """
    own = client.read_flow_run(UUID(flow_runs.identity()))
    cancelling.settle_all(client, ledger, {own.id})
    if own.work_pool_name is None:
        return []
    try:
        return look(client, ledger, {own.id}, now() - _REMEMBERED)
    except (httpx.HTTPError, PrefectException) as error:
        get_run_logger().warning(f"other runs were not looked at: {error}")
        return []


def end_dead(client: SyncPrefectClient, ledger: Ledger, executed: set[UUID]) -> None:
    """End runs whose process is gone, whatever their flow, saying what became of the letters."""
    for run in _of_type(client, *_STARTING):
        assert run.state
        young = now() - run.state.timestamp < _STARTING[run.state.type]
        if young or run.id in executed:
            continue
        worker = flow_runs.worker(str(run.id))
        with ledger.read() as connection:
            if workers.alive(ledger, connection, worker):
                continue
            finished = workers.let_go_at(connection, worker)
        if finished and now() - finished < _FINISHING:
            continue
        state: RunState[Any] = Crashed(message=_epitaph(ledger, run))
        client.set_flow_run_state(run.id, state, force=True)


def _crashed(
    client: SyncPrefectClient, ledger: Ledger, executed: set[UUID], since: datetime
) -> list[Notice]:
    """A notice for each run that crashed. Where Prefect's own runner ended it, with no more than
    an exit code, the run's message is what became of the letters instead."""
    found = []
    for run in _of_type(client, StateType.CRASHED, since=since):
        assert run.state
        if run.id in executed:
            continue
        message = run.state.message or ""
        if not message.startswith((_ENDED, _NEVER_BEGUN)):
            message = _epitaph(ledger, run)
            state: RunState[Any] = Crashed(message=message)
            client.set_flow_run_state(run.id, state, force=True)
        found.append(_of_run(run, "Crashed", message))
    return found


def _never_signed_off(client: SyncPrefectClient, since: datetime) -> list[Notice]:
    """A notice for each run that waited for its sign-off in vain: no flow is there to say so."""
    return [
        _of_run(run, "never signed off", f"{run.state.message} What it froze can still be signed.")
        for run in _of_type(client, StateType.FAILED, since=since)
        if run.state and (run.state.message or "").startswith(_NOT_RESUMED)
    ]


def _of_run(run: FlowRun, what: str, body: str) -> Notice:
    return Notice(f"{what} {run.id}", f"{run.name}: {what}", body, links.run(str(run.id)))


def _late(client: SyncPrefectClient) -> list[Notice]:
    """A notice for each deployment whose scheduled run is due and has not begun."""
    oldest: dict[UUID, FlowRun] = {}
    for run in _overdue(client):
        if run.deployment_id:
            oldest.setdefault(run.deployment_id, run)
    return [_not_begun(client, identity, run) for identity, run in oldest.items()]


def _not_begun(client: SyncPrefectClient, deployment: UUID, run: FlowRun) -> Notice:
    name = client.read_deployment(deployment).name
    due = run.expected_start_time
    when = f"{due.astimezone(ZoneInfo(ZONE)):%d %B, %H:%M}" if due else "now"
    return Notice(
        f"late {name}",
        f"{name}: has not begun",
        f"The scheduled run of {name} that was due on {when} has not begun. Other runs may be in "
        "its way, or it waits for a worker.",
        links.run(str(run.id)),
    )


def _epitaph(ledger: Ledger, run: FlowRun) -> str:
    assert run.state
    if run.state.type == StateType.PENDING:
        return f"{_NEVER_BEGUN}what was to execute it ended before. Retry begins it"
    workers.recover(ledger)
    named = campaign_runs.mailing_of(ledger, str(run.id)) or (run.parameters or {}).get("mailing")
    identity = str(named or "").partition(",")[0]
    about = [
        (mailing, counts)
        for mailing in mailings.every(ledger)
        if mailing.id == identity or (mailing.approved_at and not named)
        if (counts := status.rehearsals(ledger, mailing.id).get(0, {})).keys() - _SETTLED
        or mailing.id == identity
    ]
    told = "".join(
        f"Mailing {found.id}: {status.words(counts, status.on_paper(ledger, found.id))}. "
        for found, counts in about
    )
    swept = any(holding.swept(ledger, found) for found, _ in about)
    next_ = "What is ready goes with the next sweep; " if swept else ""
    return f"{_ENDED}its process is gone. {told}{next_}Retry goes on, and sends nothing twice"


def resume_signed_off(client: SyncPrefectClient, ledger: Ledger) -> None:
    """Let suspended runs go on whose mailing was signed off elsewhere: ``dear-minister approve``,
    another run."""
    for run in _of_type(client, StateType.PAUSED):
        found = campaign_runs.mailing_of(ledger, str(run.id))
        signed = _signed(ledger).get(found or "")
        if signed:
            # The form wants two letters at least; the ledger has the name as it was given.
            name = f"{signed.approved_by}, elsewhere"[:200]
            answer = {"name": name, "hash": signed.short_hash}
            client.resume_flow_run(run.id, run_input=answer)


def _signed(ledger: Ledger) -> Mapping[str, Mailing]:
    return {found.id: found for found in mailings.every(ledger) if found.approved_at}


def drop_missed(client: SyncPrefectClient, ledger: Ledger) -> list[Notice]:
    """Cancel runs that fell due while nobody served, but those of campaigns, which say themselves
    that they are late; one later sweep sends what is due.

    Returns a notice where something was missed that no later run makes up for in minutes.
    """
    missed: dict[str, int] = {}
    for run in _overdue(client):
        if (run.parameters or {}).get("campaign"):
            continue
        state: RunState[Any] = Cancelled(name="Missed", message="nobody served when it was due")
        client.set_flow_run_state(run.id, state, force=True)
        if run.deployment_id:
            name = client.read_deployment(run.deployment_id).name
            missed[name] = missed.get(name, 0) + 1
    waiting = sum(status.due(ledger, mailing) for mailing in _signed(ledger))
    told = [
        f"{n} scheduled runs of {name}" if n > 1 else f"The scheduled run of {name}"
        for name, n in missed.items()
        if name != "inbox" and (name != "dispatch" or waiting)
    ]
    if not told:
        return []
    body = f"{', '.join(told)} did not start: nobody served when it was due."
    if waiting:
        body += f" {counted(waiting, 'letter waits', 'letters wait')}; the next sweep sends "
        body += "it." if waiting == 1 else "them."
    return [Notice("missed", "scheduled runs did not start", body)]


def _overdue(client: SyncPrefectClient) -> Sequence[FlowRun]:
    """Scheduled runs whose time has passed by more than a run is ever late, the oldest first."""
    found = client.read_flow_runs(
        flow_run_filter=FlowRunFilter(
            tags=OURS,
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
            expected_start_time=FlowRunFilterExpectedStartTime(
                before_=cast(DateTime, now() - _MISSED)
            ),
        ),
        sort=FlowRunSort.EXPECTED_START_TIME_ASC,
    )
    return [run for run in found if run.auto_scheduled]


def _of_type(
    client: SyncPrefectClient, *types: StateType, since: datetime | None = None
) -> list[FlowRun]:
    """Runs in such a state; with ``since`` those that ended then or later."""
    wanted = FlowRunFilterState(type=FlowRunFilterStateType(any_=list(types)))
    ended = FlowRunFilterEndTime(after_=cast(DateTime, since)) if since else None
    return client.read_flow_runs(
        flow_run_filter=FlowRunFilter(state=wanted, end_time=ended, tags=OURS),
        sort=FlowRunSort.END_TIME_DESC,
    )
