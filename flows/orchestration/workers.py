"""Several runs that send one mailing at the same time: ``workers`` runs of ``dispatch``; and that
lay out its PDFs: runs of ``render``.

The run that was started is one of them, so that it never waits for a run that finds no place to
begin in. The ledger shares the letters out; what became of them is read there, not in what the
other runs say.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import UUID

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.logging import get_run_logger
from prefect.runtime import flow_run

from flows.orchestration import flow_runs
from flows.post import status
from flows.post.delivery.outcomes import open_question
from flows.post.ledger.database import Ledger
from flows.post.ledger.workers import alive, recover
from flows.settings import load

DEPLOYMENT = "dispatch/dispatch"
AT_ONCE = 6
"""Runs that ``serve`` executes at the same time; the others wait."""
RENDER = "render/render"
LETTERS_A_WORKER = 20
"""A run needs some seconds to start: for fewer letters none is started."""
PDFS_A_WORKER = 200
"""Some more than one call of LibreOffice lays out."""
_LOOK_SECONDS = 1.0


def start(ledger: Ledger, mailing: str, limit: int, patience: float, workers: int) -> "Workers":
    """Start the other runs, as far as they are worth it; ``workers`` 1: none.

    Of ``limit`` letters (0: no limit) each run has its share, also where it could not be started:
    Prefect's server may have it all the same. A run that an earlier attempt of this one has
    started, and that has not ended, is found again and not started twice. Raises
    LedgerUnavailableError.
    """
    letters = status.due(ledger, mailing) if workers > 1 else 0
    count = _worth(workers, min(letters, limit or letters), LETTERS_A_WORKER, DEPLOYMENT)
    shares = [limit * (n + 1) // count - limit * n // count for n in range(count)]
    others = _started(
        DEPLOYMENT,
        [
            _Asked(
                f"dispatch {mailing}, worker {number}",
                f"{mailing}-{number}",
                {"mailing": mailing, "limit": share, "patience": int(patience // 60), "workers": 1},
            )
            for number, share in enumerate(shares[1:], 2)
            if share or not limit
        ],
    )
    if others:
        get_run_logger().info(f"{len(others) + 1} runs send mailing {mailing} at the same time")
    return Workers(shares[0], others)


def lay_out(
    campaign: str, contacts: Sequence[Path], as_of: date | None, letters: int, workers: int
) -> "Workers":
    """Start the runs that lay out PDFs beside this one, whose share is the first.

    As ``start``; what a run did not get to is left to ``prepare``.
    """
    count = _worth(workers, letters, PDFS_A_WORKER, RENDER)
    about = {
        "campaign": campaign,
        "contacts": [str(path) for path in contacts],
        "as_of": as_of.isoformat() if as_of else "",
        "of": count,
    }
    others = _started(
        RENDER,
        [
            _Asked(
                f"render {Path(campaign).name}, share {number + 1} of {count}",
                f"render-{number}-{count}",
                {**about, "share": number},
            )
            for number in range(1, count)
        ],
    )
    if others:
        get_run_logger().info(f"{count} runs lay out {letters} letters at the same time")
    return Workers(0, others)


def _worth(workers: int, letters: int, each: int, deployment: str) -> int:
    """How many runs are to work on so many letters, this one included."""
    count = min(workers, -(-letters // each))
    if count < 2:
        return 1
    logger = get_run_logger()
    if not flow_runs.deployed():
        logger.warning("workers: only a deployment's run can start others; this one works alone")
        return 1
    try:
        with get_client(sync_client=True) as client:
            served = client.read_deployment_by_name(deployment).work_pool_name is None
    except ObjectNotFound:
        logger.warning(f"workers: there is no deployment {deployment}; this run works alone")
        return 1
    except httpx.HTTPError as error:
        logger.warning(f"workers: Prefect's server does not answer ({error}); this run works alone")
        return 1
    if served and count >= AT_ONCE:
        count = AT_ONCE - 1
        logger.info(
            f"{count} workers: serve executes {AT_ONCE} runs at once, and one place stays free for "
            "a hold; a work pool has as many as its workers"
        )
    return count


@dataclass(frozen=True, slots=True)
class _Asked:
    """A run that is to be started. ``key`` tells it from the others of this run."""

    name: str
    key: str
    parameters: dict[str, object]


def _started(deployment: str, runs: Sequence[_Asked]) -> list[UUID]:
    """Runs of the deployment, as many as Prefect's server takes."""
    started = []
    try:
        for asked in runs:
            started.append(_one(deployment, asked))
    except httpx.HTTPError as error:
        get_run_logger().warning(
            f"workers: Prefect's server does not answer ({error}); this run works with "
            f"{len(started)} others"
        )
    return started


def _one(deployment: str, asked: _Asked) -> UUID:
    """The run with this key: one that is there already, or a new one."""
    attempt = 0
    while True:
        attempt += 1
        run = run_deployment(
            deployment,
            parameters=asked.parameters,
            timeout=0,
            idempotency_key=f"{flow_runs.identity()}-{asked.key}-{attempt}",
            flow_run_name=asked.name,
        )
        assert isinstance(run, FlowRun)  # awaitable only where a loop runs
        if run.state is None or not run.state.is_final():
            return run.id


class Workers:
    """The other runs that send a mailing beside this one, none usually, and this one's share."""

    def __init__(self, limit: int, others: Sequence[UUID] = ()) -> None:
        """``limit``: letters that this run itself may try, 0: all."""
        self._limit = limit
        self._tried = 0
        self._others = others
        self.several = bool(others or flow_run.parent_flow_run_id)
        """Whether this run is one of several on its mailing, first or not."""

    @property
    def count(self) -> int:
        """How many runs there are, this one included."""
        return len(self._others) + 1

    @property
    def left_of_limit(self) -> int | None:
        """How many letters this run may still try; None: all."""
        return self._limit - self._tried if self._limit else None

    def tried(self, letters: int) -> None:
        """Count what this run has tried."""
        self._tried += letters

    def question(self, ledger: Ledger, mailing: str) -> str:
        """What made one of the runs stop that all of them have to wait for; blank: nothing."""
        return open_question(ledger, mailing, load().mail_same_refusals)

    def left(self, ledger: Ledger, mailing: str, stop: threading.Event) -> bool:
        """Wait until the others have ended; True where they have left letters to this run.

        What a run held whose process has died is taken back. Ends early, with False, once ``stop``
        is set. Raises LedgerUnavailableError.
        """
        while self._others and self.left_of_limit != 0 and not stop.is_set():
            working = self._at_work(ledger)
            recover(ledger)
            if status.due(ledger, mailing):
                return True
            if not working:
                break
            stop.wait(_LOOK_SECONDS)
        return False

    def finish(self, ledger: Ledger) -> None:
        """Wait until the others have ended, and take back what a dead one held.

        Raises LedgerUnavailableError.
        """
        while self._at_work(ledger):
            time.sleep(_LOOK_SECONDS)
        if self._others:
            recover(ledger)

    def _at_work(self, ledger: Ledger) -> bool:
        """Whether another run has begun and not ended: one that waits for a place will find
        nothing to do."""
        with ledger.read() as connection:
            return any(
                alive(ledger, connection, flow_runs.worker(str(run))) for run in self._others
            )
