"""A sending in batches, so that an operator sees it move: which letters, how fast, how long yet."""

import logging
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from types import FrameType
from typing import Any, TypeAlias

from prefect.logging import get_run_logger

from flows.counted import counted
from flows.operations import send
from flows.orchestration import artifacts, cancelling, flow_runs, links, states, tasks
from flows.orchestration import workers as working
from flows.orchestration.flow_runs import settings
from flows.orchestration.states import Ending
from flows.orchestration.tasks import watcher
from flows.orchestration.workers import Workers
from flows.people.email_address import hidden
from flows.post import status
from flows.post.delivery.office_hours import OfficeHours, when
from flows.post.delivery.sender import Sender
from flows.post.delivery.sending import SendEvent, SendResult
from flows.post.ledger import campaign_runs, holds
from flows.post.ledger.clock import now
from flows.post.ledger.database import Ledger
from flows.post.mailing import mailing as mailings
from flows.post.mailing.mailing import Mailing
from flows.post.states import TO_SEE_TO, State

Logger: TypeAlias = "logging.Logger | logging.LoggerAdapter[Any]"
BATCH = 20
MOST_BATCHES = 150
"""With the other tasks fewer than 200 task runs a mailing, whatever its length."""
SWIFT = 3.0
"""Seconds that a task may well take: one of twenty takes a fast server less time than Prefect."""
MOST_GROWN = 8
"""Times as many letters as the task before: no faster, since the first ones may have been lucky."""


def waits(ledger: Ledger, found: Mailing) -> bool:
    """Whether letters of the mailing still have to go by mail, now or later."""
    return waiting(ledger, found) > 0


def waiting(ledger: Ledger, found: Mailing) -> int:
    """How many letters of the mailing still have to go by mail, now or later."""
    counts = status.by_mail(ledger, found.id)
    return counts.get(State.READY, 0) + counts.get(State.DEFERRED, 0)


def unfinished(ledger: Ledger, campaign: str, edition: int) -> Mailing | None:
    """A mailing of this edition that is signed off and not yet sent to everyone."""
    for mailing in mailings.every(ledger):
        same = (mailing.campaign, mailing.edition) == (campaign, edition)
        if same and mailing.approved_at and waits(ledger, mailing):
            return mailing
    return None


def deliver(
    ledger: Ledger,
    found: Mailing,
    *,
    live: bool,
    limit: int,
    patience: float,
    workers: int = 1,
) -> Ending:
    """Send what is due of the mailing and show what became of it.

    ``limit`` letters at most (0: all); ``patience`` in seconds for letters that are put off;
    ``workers`` runs send live letters at the same time, this one among them. Live letters leave in
    office hours alone, and not where a person holds the mailing. Raises ConfigurationError,
    LedgerUnavailableError.
    """
    chosen = settings()
    hours = OfficeHours.parse(chosen.office_hours)
    if live:
        if hold := holds.find(ledger, found.id):
            return states.held(hold)
        campaign_runs.limit(ledger, found.id, limit)
        if not hours.open_at(now()):
            return _closed(found, hours)
    stop, closed = threading.Event(), threading.Event()
    report = _reporting(get_run_logger())

    def watch_hours(event: SendEvent) -> None:
        report(event)
        if live and not hours.open_at(now()):
            closed.set()
            stop.set()

    def held_where_cancelled() -> bool:
        cancelled = stop.is_set() and not closed.is_set() and cancelling.asked()
        if cancelled and live:
            cancelling.hold(ledger, found.id, flow_runs.name())
        return cancelled

    sender_of = partial(
        send.sender, chosen, ledger, found, live=live, report=watch_hours, stop=stop
    )
    with (
        finishing(stop),
        cancelling.watching(stop, found.id if live else None),
        artifacts.progress(found, "live" if live else "rehearsal") as moved,
    ):
        with sender_of() as sender:
            number = sender.sending.rehearsal
            team = working.start(ledger, found.id, limit, patience, workers if live else 1)
            result = _send_due(sender, found, team, patience, moved, stop)
            cancelled = held_where_cancelled()
        # Its connections are closed while it waits: the others may want them.
        while not result.stopped and team.left(ledger, found.id, stop):
            with sender_of() as sender:
                result = _send_due(sender, found, team, 0.0, moved, stop)
        cancelled = cancelled or held_where_cancelled()
        if cancelled or closed.is_set() or not stop.is_set():
            team.finish(ledger)
    if closed.is_set():
        result = replace(result, stopped="")
    standing = status.status(ledger, found.id, number, most=artifacts.MOST_ROWS)
    if team.several:
        result = _with_the_others(ledger, found, result)
    ending = states.of(
        standing,
        result,
        handed_back=len(found.refused),
        limit=limit,
        todo=f"See: {links.mailing(found.id)}",
    )
    if closed.is_set() and result.waiting:
        ending = _closed(found, hours, ending.message or "")
    if live and (hold := holds.find(ledger, found.id)):
        ending = states.held(hold, states.so_far(standing))
    elif cancelled:
        ending = states.stopped(states.so_far(standing))
    mailbox = "" if live or chosen.mail_redirect_to else f"The mails: `{chosen.var / 'mailbox'}`. "
    artifacts.outcome(
        found,
        standing,
        ending.message or "",
        f"{mailbox}Every attempt and answer: `{ledger.name}`, `dear-minister status {found.id}`.",
    )
    return ending


def _with_the_others(ledger: Ledger, found: Mailing, result: SendResult) -> SendResult:
    """The result of all runs that sent the mailing: what waits is what the ledger says now."""
    left = waiting(ledger, found)
    return replace(
        result,
        waiting=left,
        next_due=status.next_due(ledger, found.id),
        stopped=result.stopped if left or result.needs_person else "",
    )


def _closed(found: Mailing, hours: OfficeHours, before: str = "") -> Ending:
    """It is outside office hours."""
    opening = when(hours.next_opening(now()))
    line = (
        f"{before} held back until {opening} (OFFICE_HOURS: {hours}). The dispatch deployment "
        f"goes on then by itself; without it: dear-minister send {found.id} --live"
    )
    get_run_logger().warning(line.strip())
    return states.outside_office_hours(line.strip())


def _send_due(
    sender: Sender,
    mailing: Mailing,
    team: Workers,
    patience: float,
    moved: Callable[[int, int], None],
    stop: threading.Event,
) -> SendResult:
    """Send all that is due, or this run's share of it, in batches that are tasks.

    ``moved`` is called with letters done and letters in all. No batch begins after ``stop``.
    """
    logger = get_run_logger()
    number = sender.sending.rehearsal
    attempts: Counter[State] = Counter()
    began, deadline = time.monotonic(), None
    result, size = SendResult({}, 0), 0
    while (left := team.left_of_limit) is None or left:
        counts = status.by_mail(sender.ledger, mailing.id, number)
        total = sum(counts.values()) - counts.get(State.WITHDRAWN, 0)
        ready, put_off = counts.get(State.READY, 0), counts.get(State.DEFERRED, 0)
        if not ready and not put_off:
            break
        most = ready or put_off
        if left is not None:
            most = min(most, left)
        if ready:
            first = total - ready + 1
            size = size or batch(total)
            last = first + min(most, size) - 1
            sending = time.monotonic()
            result = (
                tasks.send_share(sender, min(most, size), patience)
                if team.several
                else tasks.send(sender, first, last, total, patience)
            )
            size *= grown(time.monotonic() - sending)
        else:
            deadline = deadline or time.monotonic() + patience
            result = tasks.send_again(sender, most, max(0.0, deadline - time.monotonic()))
        tried = sum(result.counts.values())
        attempts.update(result.counts)
        team.tried(tried)
        done = total - result.waiting
        moved(done, total)
        if result.stopped or not tried:
            break
        if stop.is_set():
            break
        if team.several and (asked := team.question(sender.ledger, mailing.id)):
            result = replace(result, stopped=asked, needs_person=True)
            break
        logger.info(_pace(done, total, sum(attempts.values()), time.monotonic() - began))
    return replace(result, counts=dict(attempts))


def batch(total: int) -> int:
    """Letters in the first task, of so many in all."""
    return max(BATCH, -(-total // MOST_BATCHES))


def grown(seconds: float) -> int:
    """How many times as many letters the next task may have, after one that took so long."""
    return max(1, min(MOST_GROWN, int(SWIFT / max(seconds, 0.001))))


def _pace(done: int, total: int, tried: int, seconds: float) -> str:
    a_minute = tried / max(seconds, 0.001) * 60
    left = (total - done) / max(a_minute, 0.001)
    soon = "less than a minute" if left < 1 else f"about {counted(round(left), 'minute')}"
    tail = f", {soon} left" if done < total else ""
    return f"{done} of {total} done, {a_minute:.0f} letters a minute{tail}"


def _reporting(logger: Logger) -> Callable[[SendEvent], None]:
    """Return what writes a line in the run's log for every event but a letter sent."""
    happened = watcher().happened  # read now: the sender reports from threads of its own

    def report(event: SendEvent) -> None:
        happened(event)
        if event.state is not State.SENT and not event.counted:
            logger.log(logging.WARNING if event.state in TO_SEE_TO else logging.INFO, line(event))

    return report


def line(event: SendEvent) -> str:
    """An event as one line of a log: dispatch, state and the server's words, without addresses."""
    parts = (event.dispatch, event.state or "", hidden(event.text))
    return ": ".join(part for part in parts if part)


_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def finishing(stop: threading.Event) -> Iterator[None]:
    """Within the block SIGTERM (Prefect's Cancel, the end of ``serve``) and Ctrl-C set ``stop``.

    A deployment's run goes on to its end then, and says what is left; whoever stopped it kills it
    if it has to be at once. Elsewhere a second signal is not held up. Outside the main thread,
    which gets no signals, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {one: signal.getsignal(one) for one in _SIGNALS}

    def restore() -> None:
        for one, handler in before.items():
            signal.signal(one, handler)

    def ask(number: int, frame: FrameType | None) -> None:
        stop.set()
        if not flow_runs.deployed():
            restore()

    for one in _SIGNALS:
        signal.signal(one, ask)
    try:
        yield
    finally:
        restore()
