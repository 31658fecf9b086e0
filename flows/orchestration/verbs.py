"""One way to run what an operator does with a form: done, recorded with the name, shown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prefect.states import Failed

from flows.errors import DearMinisterError
from flows.operations.record import record
from flows.orchestration import artifacts, flow_runs, states
from flows.orchestration.states import Ending
from flows.post.ledger.database import Ledger


@dataclass(frozen=True, slots=True)
class Done:
    """What a verb came to."""

    message: str
    """A line for the run's state."""
    text: str = ""
    """Markdown for the artifact; the message alone where it is blank."""
    table: Sequence[Mapping[str, Any]] = ()
    mailing: str = ""
    attention: bool = False
    """Whether something is left for a person to see to."""


def perform(verb: str, by: str, step: Callable[[Ledger], Done]) -> Ending:
    """Do ``step``, record who did it, and show what it came to.

    Returns the run's last state: red under "Needs attention" where the step says so, Failed with
    a line for a user's mistake.
    """
    try:
        with flow_runs.at_work() as ledger:
            done = step(ledger)
            if by:
                record(ledger, verb, by=by, why=done.message, mailing=done.mailing)
    except DearMinisterError as error:
        return states.failed(error)
    artifacts.of_verb(verb, done.message, done.text, done.table)
    if done.attention:
        return Failed(name="Needs attention", message=done.message)
    return states.done(done.message)
