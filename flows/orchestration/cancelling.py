"""Cancel means stop: a live run that is cancelled holds its mailing in the ledger.

A run under way looks every second, whether or not a runner is there to signal it. For a run
without a process (it waits for its sign-off, or was killed) whoever looks next does it: ``serve``
every few seconds, each sweep before it sends.
"""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from contextvars import copy_context
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateName,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.exceptions import ObjectNotFound, PrefectException
from prefect.runtime import flow_run
from prefect.states import Cancelled

from flows.errors import DearMinisterError
from flows.operations.ledger import open_ledger
from flows.orchestration import links
from flows.orchestration.flow_runs import OURS
from flows.post import status
from flows.post.ledger import campaign_runs, holds
from flows.post.ledger.database import Ledger
from flows.post.ledger.holds import Hold
from flows.settings import load

BY = "Cancel, in the Prefect UI"
HELD, STOPPED = "Held", "Stopped"
"""Names of a cancelled run's last state, once what was cancelled is settled."""
_CANCELS = (StateType.CANCELLING, StateType.CANCELLED)
_LOOK_SECONDS = 1.0


def asked() -> bool:
    """Whether this flow run is being cancelled; False outside of a deployment, and where Prefect's
    server does not answer: letters do not wait for it."""
    with suppress(httpx.HTTPError):
        return bool(flow_run.id) and _cancelled(UUID(str(flow_run.id)))
    return False


def _cancelled(run: UUID) -> bool:
    with get_client(sync_client=True) as client:
        try:
            state = client.read_flow_run(run).state
        except ObjectNotFound:
            return False
    return state is not None and state.type in _CANCELS


@contextmanager
def watching(stop: threading.Event, mailing: str | None) -> Iterator[None]:
    """Within the block a cancellation of this run holds ``mailing``, then sets ``stop``.

    None where the letters are a rehearsal's: there is nothing to hold. Senders in other processes
    stop by the hold too, while this one waits for the answer to its letter in hand.
    """
    if not flow_run.id:
        yield
        return
    run, name, done = UUID(str(flow_run.id)), str(flow_run.name), threading.Event()

    def look() -> None:
        while not done.wait(_LOOK_SECONDS):
            try:
                if not _cancelled(run):
                    continue
                if mailing:
                    with closing(open_ledger(load())) as ledger:
                        hold(ledger, mailing, name)
            except (httpx.HTTPError, PrefectException, DearMinisterError):
                continue  # the server or the ledger may be back in a second
            stop.set()
            return

    # Prefect keeps its settings in the context, which a new thread does not have: without them
    # it would start a server of its own and ask that one.
    here = copy_context()
    watcher = threading.Thread(target=here.run, args=(look,), name="cancellation", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def hold(ledger: Ledger, mailing: str, run_name: str) -> Hold:
    """Hold the mailing of a cancelled run."""
    return holds.hold(ledger, mailing, by=BY, why=f"the run {run_name!r} was cancelled")


def settle(run: UUID) -> None:
    """Hold what a cancelled run was about, and let its last state say so.

    Does nothing for a run that is not cancelled, or was settled before. Raises
    LedgerUnavailableError.
    """
    with closing(open_ledger(load())) as ledger, get_client(sync_client=True) as client:
        _settle(client, ledger, client.read_flow_run(run))


def settle_all(client: SyncPrefectClient, ledger: Ledger, executed: set[UUID]) -> None:
    """Settle every cancelled run but those ``executed`` at this moment by the caller's runner."""
    names = FlowRunFilterStateName(any_=["Cancelling", "Cancelled"])
    found = client.read_flow_runs(
        flow_run_filter=FlowRunFilter(state=FlowRunFilterState(name=names), tags=OURS)
    )
    for one in found:
        if one.id not in executed:
            _settle(client, ledger, one)


def _settle(client: SyncPrefectClient, ledger: Ledger, run: FlowRun) -> None:
    if run.state is None or run.state.type not in _CANCELS or run.state.name in (HELD, STOPPED):
        return
    name, message = STOPPED, "cancelled; no live letter was waiting on this run"
    if mailing := _about(client, ledger, run):
        found = hold(ledger, mailing, run.name)
        name, message = HELD, held(found)
    state: State[Any] = Cancelled(name=name, message=message)
    client.set_flow_run_state(run.id, state, force=True)


def _about(client: SyncPrefectClient, ledger: Ledger, run: FlowRun) -> str | None:
    """The mailing that the run would have sent live; None for a rehearsal, which a run of a
    campaign is unless its parameters say otherwise."""
    parameters = run.parameters or {}
    if client.read_flow(run.flow_id).name != "dispatch":
        return campaign_runs.mailing_of(ledger, str(run.id)) if parameters.get("live") else None
    # It sends live letters alone, and may be one of several workers that came to none yet.
    named = str(parameters.get("mailing") or "").partition(",")[0]
    return named if status.unfinished(ledger, named) else None


def held(found: Hold) -> str:
    """What a held mailing's state says."""
    return (
        f"mailing {found.mailing} is {found}. Nothing of it is sent until somebody releases it: "
        f"{links.form('release')}"
    )
