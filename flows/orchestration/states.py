"""How a run ends: a state whose name and colour tell what became of the letters.

Prefect colours a state by its type. Green (COMPLETED) is kept for runs that did all they were
asked to; its name says so where less was to be done. Red (FAILED) under the name "Needs
attention" is a run that did its work, but letters are refused or uncertain and wait for a person.
Grey (CANCELLED) is a run that would not begin, or that somebody stopped.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from prefect.client.schemas.objects import State, StateType
from prefect.logging import get_run_logger
from prefect.states import Cancelled, Completed, Failed

from flows.counted import counted
from flows.orchestration import cancelling, form_words, links
from flows.post.delivery.sending import SendResult
from flows.post.ledger.holds import Hold
from flows.post.status import Status, in_words

Ending = State[Any]


def failed(error: Exception) -> Ending:
    """The run could not be done; the log and the state's message have the line a user reads."""
    lines = form_words.of_this_run(str(error)).splitlines()
    for line in lines:
        get_run_logger().error(line)
    return Failed(message="; ".join(lines), data=error)


def done(message: str) -> Ending:
    """The run did what it was asked to."""
    return Completed(message=message)


def nothing(message: str) -> Ending:
    """There was nothing to do, which is no fault."""
    return Completed(name="Nothing to do", message=message)


def not_started(name: str, message: str) -> Ending:
    """The run would not begin: too late after its schedule, or another one is at work."""
    get_run_logger().error(message)
    return Cancelled(name=name, message=message)


def not_signed_off(mailing: str, digest: str) -> Ending:
    """Frozen and waiting for the chair; nothing was sent."""
    return Completed(
        name="Not signed off",
        message=f"nothing was sent; when the chair agrees: dear-minister approve {mailing} "
        f"--by NAME --hash {digest[:12]}, then start this again",
    )


def outside_office_hours(message: str) -> Ending:
    """Signed off, but letters leave in office hours alone."""
    return Completed(name="Held back", message=message)


def held(hold: Hold, before: str = "") -> Ending:
    """A person holds the mailing; nothing more of it is sent."""
    message = f"{before}. {cancelling.held(hold)}" if before else cancelling.held(hold)
    get_run_logger().warning(message)
    return Cancelled(name=cancelling.HELD, message=message)


def stopped(before: str) -> Ending:
    """A rehearsal that was cancelled."""
    return Cancelled(name=cancelling.STOPPED, message=f"{before}. Cancelled; nothing is held")


def of(
    now: Status, result: SendResult, *, handed_back: int = 0, limit: int = 0, todo: str = ""
) -> Ending:
    """The end of a sending, by where its letters stand now.

    ``limit`` is how many it was asked to send at most (0: all), ``todo`` the line to type next.
    """
    line = so_far(now)
    if handed_back:
        line += f"; {counted(handed_back, 'row')} handed back"
    if result.stopped:
        line += f"; stopped: {result.stopped}"
    if now.counts.get("refused") or now.counts.get("uncertain") or result.needs_person:
        return Failed(name="Needs attention", message=f"{line}. {todo}".strip())
    asked = now.rehearsal and limit and sum(result.counts.values()) >= limit
    if result.waiting and not (asked and not result.stopped):
        due = f", next due {result.next_due.astimezone():%d %B %H:%M}" if result.next_due else ""
        return Completed(name="Letters waiting", message=f"{line}{due}. {todo}".strip())
    if handed_back:
        return Completed(name="Rows handed back", message=line)
    return Completed(message=line)


def so_far(now: Status) -> str:
    """Where a sending stands: "live: 3 sent, 61 ready"."""
    what = f"rehearsal {now.rehearsal}" if now.rehearsal else "live"
    return f"{what}: {in_words(now)}"


def with_unsettled(ending: Ending, unsettled: Mapping[str, Mapping[str, int]]) -> Ending:
    """The ending, in red where letters of other sendings still wait for a person.

    ``unsettled`` has by mailing how many are uncertain and refused.
    """
    if not unsettled or ending.type in (StateType.FAILED, StateType.CANCELLED):
        return ending
    told = [
        f"{mailing}: {', '.join(f'{n} {state}' for state, n in counts.items())}"
        for mailing, counts in unsettled.items()
    ]
    message = (
        f"{(ending.message or '').rstrip('.')}. Not settled yet: {'; '.join(told)}. "
        f"Settle them: {links.form('resolve')}"
    )
    return Failed(name="Needs attention", message=message)


def is_cancelled(ending: Ending) -> bool:
    """Whether a person stopped what ended so."""
    return ending.type == StateType.CANCELLED


def beside(ending: Ending, waiting: Sequence[str], others: Sequence[str]) -> Ending:
    """The ending of a sweep, with what it left alone: mailings that are ``waiting`` for a person's
    word, which a green end may not hide, and ``others``."""
    if not waiting and not others:
        return ending
    message = "; ".join((ending.message or "", *waiting, *others))
    completed = ending.type == StateType.COMPLETED
    name = "Letters waiting" if completed and waiting else ending.name
    return State(type=ending.type, name=name, message=message)


def together(ends: Sequence[Ending]) -> Ending:
    """The end of a run over several mailings: the worst one's name, every one's message."""
    worst = next((end for end in ends if end.type == StateType.FAILED), None)
    worst = worst or next((end for end in ends if end.name != "Completed"), ends[0])
    message = "; ".join(end.message or "" for end in ends)
    return State(type=worst.type, name=worst.name, message=message)
