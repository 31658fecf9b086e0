"""How a run ends: a state whose name and colour tell what became of the letters.

Prefect colours a state by its type. Green (COMPLETED) is kept for runs that did all they were
asked to; its name says so where less was to be done. Red (FAILED) under the name "Needs
attention" is a run that did its work but left letters refused or uncertain for a person to see to.
Grey (CANCELLED) is a run that would not begin.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from prefect.client.schemas.objects import State, StateType
from prefect.logging import get_run_logger
from prefect.states import Cancelled, Completed, Failed

from flows.post.delivery.sending import SendResult
from flows.post.status import words

Ending = State[Any]


def failed(error: Exception) -> Ending:
    """The run could not be done; the log and the state's message have the line a user reads."""
    lines = str(error).splitlines()
    for line in lines:
        get_run_logger().error(line)
    return Failed(message="; ".join(lines), data=error)


def nothing(message: str) -> Ending:
    """There was nothing to do, which is no fault."""
    return Completed(name="Nothing to do", message=message)


def not_started(name: str, message: str) -> Ending:
    """The run would not begin: too late after its schedule, or another one is at it."""
    get_run_logger().error(message)
    return Cancelled(name=name, message=message)


def not_signed_off(mailing: str, digest: str) -> Ending:
    """Frozen and waiting for the chair; nothing was sent."""
    return Completed(
        name="Not signed off",
        message=f"nothing was sent; when the chair agrees: dear-minister approve {mailing} "
        f"--by NAME --hash {digest[:12]}, then start this again",
    )


def held(message: str) -> Ending:
    """Signed off, but not now: outside office hours."""
    return Completed(name="Held back", message=message)


def of(
    counts: Mapping[str, int], tally: SendResult, *, what: str, handed_back: int = 0, todo: str = ""
) -> Ending:
    """The end of a sending, by where its letters stand now; ``todo`` is the line to type next."""
    line = f"{what}: {words(counts)}"
    if handed_back:
        line += f"; {handed_back} rows handed back"
    if tally.stopped:
        line += f"; stopped: {tally.stopped}"
    if counts.get("refused") or counts.get("uncertain") or tally.needs_person:
        return Failed(name="Needs attention", message=f"{line}. {todo}".strip())
    if tally.waiting:
        due = f", next due {tally.next_due.astimezone():%d %B %H:%M}" if tally.next_due else ""
        return Completed(name="Letters waiting", message=f"{line}{due}. {todo}".strip())
    if handed_back:
        return Completed(name="Rows handed back", message=line)
    return Completed(message=line)


def together(ends: Sequence[Ending]) -> Ending:
    """The end of a run over several mailings: the worst one's name, every one's message."""
    worst = next((one for one in ends if one.type == StateType.FAILED), None)
    worst = worst or next((one for one in ends if one.name != "Completed"), ends[0])
    message = "; ".join(one.message or "" for one in ends)
    return State(type=worst.type, name=worst.name, message=message)
