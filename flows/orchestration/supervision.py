"""What ``serve`` sees to while it runs: runs whose process died, cancelled runs, sign-offs.

Everything here may be done at any time, by any number of processes, and again.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.objects import State as RunState
from prefect.states import Cancelled, Crashed
from prefect.types import DateTime

from flows.orchestration import cancelling, flow_runs
from flows.orchestration.flow_runs import OURS
from flows.post import status
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
_SETTLED = {State.SENT.value, State.WITHDRAWN.value}
_MISSED = timedelta(minutes=15)


def look(client: SyncPrefectClient, ledger: Ledger, executed: set[UUID]) -> None:
    """Settle what was cancelled, end what is dead, let go on what was signed off elsewhere.

    ``executed`` are the runs that the caller's own runner has processes for. Raises
    LedgerUnavailableError, and httpx's errors where the server does not answer.
    """
    cancelling.settle_all(client, ledger, executed)
    end_dead(client, ledger, executed)
    resume_signed_off(client, ledger)


def settle_cancelled(client: SyncPrefectClient, ledger: Ledger) -> None:
    """Hold the mailings of runs that were cancelled, this process's own run excepted."""
    cancelling.settle_all(client, ledger, {UUID(flow_runs.identity())})


def end_dead(client: SyncPrefectClient, ledger: Ledger, executed: set[UUID]) -> None:
    """End runs whose process is gone, whatever their flow, saying what became of the letters."""
    for run in _of_type(client, *_STARTING):
        assert run.state
        young = now() - run.state.timestamp < _STARTING[run.state.type]
        if young or run.id in executed:
            continue
        with ledger.read() as connection:
            if workers.alive(ledger, connection, flow_runs.worker(str(run.id))):
                continue
        state: RunState[Any] = Crashed(message=_epitaph(ledger, run))
        client.set_flow_run_state(run.id, state, force=True)


def _epitaph(ledger: Ledger, run: FlowRun) -> str:
    assert run.state
    if run.state.type == StateType.PENDING:
        return "never begun: what was to execute it ended before. Retry begins it"
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
    told = "".join(f"Mailing {one.id}: {status.words(counts)}. " for one, counts in about)
    signed = any(one.approved_at for one, _ in about)
    next_ = "What is ready goes with the next sweep; " if signed else ""
    return f"broken off: its process is gone. {told}{next_}Retry goes on, and sends nothing twice"


def resume_signed_off(client: SyncPrefectClient, ledger: Ledger) -> None:
    """Let suspended runs go on whose mailing was signed off elsewhere: ``dear-minister approve``,
    another run."""
    for run in _of_type(client, StateType.PAUSED):
        found = campaign_runs.mailing_of(ledger, str(run.id))
        signed = _signed(ledger).get(found or "")
        if signed:
            answer = {"name": signed.approved_by, "hash": signed.hash[:12]}
            client.resume_flow_run(run.id, run_input=answer)


def _signed(ledger: Ledger) -> Mapping[str, Mailing]:
    return {one.id: one for one in mailings.every(ledger) if one.approved_at}


def drop_missed_sweeps(client: SyncPrefectClient) -> None:
    """Cancel sweeps that fell due while nobody served; one later sweep sends what is due."""
    missed = client.read_flow_runs(
        flow_run_filter=FlowRunFilter(
            tags=OURS,
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
            expected_start_time=FlowRunFilterExpectedStartTime(
                before_=cast(DateTime, now() - _MISSED)
            ),
        ),
    )
    for run in missed:
        if run.auto_scheduled and not (run.parameters or {}).get("campaign"):
            state: RunState[Any] = Cancelled(name="Missed", message="nobody served when it was due")
            client.set_flow_run_state(run.id, state, force=True)


def _of_type(client: SyncPrefectClient, *types: StateType) -> list[FlowRun]:
    wanted = FlowRunFilterState(type=FlowRunFilterStateType(any_=list(types)))
    return client.read_flow_runs(flow_run_filter=FlowRunFilter(state=wanted, tags=OURS))
