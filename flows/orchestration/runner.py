"""Prefect's runner, made to stop as an operator expects: the letter in hand is finished first.

Prefect's own kills a run 30 seconds after Cancel, and at once when it is stopped itself. A mail
server may take ten minutes to answer (RFC 5321, 4.5.3.2.6), and a letter whose answer is not read
is uncertain.
"""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.exceptions import PrefectException
from prefect.runner import Runner
from prefect.runner._process_manager import ProcessHandle
from prefect.runner._starter_engine import EngineCommandStarter

from flows.orchestration import cancelling
from flows.orchestration.workers import AT_ONCE

_LOOK_SECONDS = 0.2
_BEGUN = {StateType.PENDING, StateType.RUNNING, StateType.CANCELLING}


class OperatorsRunner(Runner):
    """Executes runs in sessions of their own, out of a terminal's reach, and ends with care."""

    def __init__(self, patience: float, say: Callable[[str], None]) -> None:
        """``patience``: seconds for the letters in hand. ``say`` is called with lines for the
        operator."""
        super().__init__(pause_on_shutdown=False, limit=AT_ONCE)
        self._patience = patience
        self._say = say
        self._asked = asyncio.Event()
        self._asked_again = False

    async def until_stopped(self, beside: Coroutine[Any, Any, None]) -> None:
        """Execute runs until SIGINT or SIGTERM, with ``beside`` at the same time.

        Runs that are under way then finish the letters in hand; a second signal ends them at
        once. Raises what ended the runner or ``beside`` before.
        """
        self._loop = asyncio.get_running_loop()
        # Set by hand: a program started in the background of a script has SIGINT ignored.
        signal.signal(signal.SIGINT, self.handle_sigterm)
        tasks = {asyncio.create_task(self.start()), asyncio.create_task(beside)}
        asked = asyncio.create_task(self._asked.wait())
        try:
            done, _ = await asyncio.wait({*tasks, asked}, return_when=asyncio.FIRST_COMPLETED)
            await self._finish_runs()
            for task in done - {asked}:
                task.result()
        finally:
            for task in (*tasks, asked):
                task.cancel()
            await asyncio.gather(*tasks, asked, return_exceptions=True)

    def handle_sigterm(self, *args: Any, **kwargs: Any) -> None:
        """Ask the runner to stop; Prefect's own handler leaves its runs undone."""
        self._asked_again = self._asked.is_set()
        assert self._loop
        self._loop.call_soon_threadsafe(self._asked.set)

    async def __aenter__(self) -> "OperatorsRunner":
        await super().__aenter__()
        self._scheduled_run_poller._resolve_starter = self._starter
        return self

    def _starter(self, flow_run: FlowRun) -> EngineCommandStarter:
        identity = flow_run.deployment_id
        name = self._deployment_registry.get_deployment_name(identity) if identity else None
        return EngineCommandStarter(
            tmp_dir=self._tmp_dir,
            deployment_name=name,
            control_channel=self._control_channel,
            isolate_process_group=True,
        )

    def executed(self) -> set[UUID]:
        """The runs that this runner has processes for, or is about to."""
        if not self.started:
            return set()
        return self._process_manager.flow_run_ids() | set(
            self._scheduled_run_poller._submitting_flow_run_ids
        )

    def serves(self, deployment: UUID, name: str) -> None:
        """Execute runs of this deployment from now on."""
        self._deployment_registry.register_deployment(deployment, name)

    async def _cancel_run(self, flow_run: FlowRun | UUID, state_msg: str | None = None) -> None:
        """What Cancel in the UI does: the flow finishes its letter, and holds its mailing."""
        run = flow_run if isinstance(flow_run, UUID) else flow_run.id
        handle = self._process_manager.get(run)
        if handle is None or run in self._cancelling_flow_run_ids:
            return
        self._cancelling_flow_run_ids.add(run)
        with suppress(Exception):  # without it the engine takes the signal for a crash, no more
            await self._control_channel.signal(run, "cancel")
        await self._stop([handle])
        await asyncio.to_thread(cancelling.settle, run)
        self._cancelling_flow_run_ids.discard(run)

    async def _finish_runs(self) -> None:
        """Stop what is under way, letters in hand excepted."""
        if not self.started:
            return
        self._scheduled_run_poller.stopping = True
        under_way = []
        for run in self._process_manager.flow_run_ids():
            # One that has just been suspended ends by itself; a signal would make it a crash.
            if (handle := self._process_manager.get(run)) and await self._at_work(run):
                under_way.append(handle)
        if under_way:
            self._say(
                f"{len(under_way)} under way: the letters in hand are finished first; once more "
                "stops at once and may leave one uncertain."
            )
        await self._stop(under_way)
        deadline = time.monotonic() + 10  # for their last states to reach the server
        while self._process_manager.flow_run_ids() and time.monotonic() < deadline:
            await asyncio.sleep(_LOOK_SECONDS)

    async def _at_work(self, run: UUID) -> bool:
        """Whether the server has a run as begun and not yet suspended or ended."""
        try:
            async with get_client() as client:
                state = (await client.read_flow_run(run)).state
        except (httpx.HTTPError, PrefectException):
            return True
        return state is None or state.type in _BEGUN

    async def _stop(self, handles: list[ProcessHandle]) -> None:
        for handle in handles:
            if handle.pid:
                with suppress(ProcessLookupError):
                    os.kill(handle.pid, signal.SIGTERM)  # its helpers end when it does
        deadline = time.monotonic() + self._patience
        while any(handle.returncode is None for handle in handles):
            if self._asked_again or time.monotonic() > deadline:
                for handle in handles:
                    with suppress(ProcessLookupError):
                        handle.hard_kill()
                return
            await asyncio.sleep(_LOOK_SECONDS)
