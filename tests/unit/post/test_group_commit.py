"""Connections that need a commit at the same moment share one, and none suffers for another."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from flows.post.ledger.database import Ledger
from flows.post.ledger.errors import LostHoldError
from flows.post.ledger.group_commit import GroupCommit
from flows.post.ledger.transitions import DispatchRow, Transition
from flows.post.resolution import find
from flows.post.states import State
from tests.unit.post.ledger_fixtures import freeze, live, walk

READERS = [f"reader{number}" for number in range(8)]


@pytest.fixture
def ready(ledger: Ledger) -> list[DispatchRow]:
    return [find(ledger, one) for one in live(ledger, freeze(ledger, READERS).id)]


def together(ledger: Ledger, wanted: list[Transition]) -> tuple[list[object], int]:
    """Apply all these while a commit is under way; the outcomes, and the commits made."""
    group = GroupCommit(ledger)
    commits = 0

    def count(number: int, digest: str) -> None:
        nonlocal commits
        commits += 1

    def ask(transition: Transition) -> object:
        try:
            return group.apply(transition)[0].state
        except LostHoldError as error:
            return error

    with ThreadPoolExecutor(len(wanted)) as pool:
        with group._committing:
            asked = [pool.submit(ask, one) for one in wanted]
            queued = threading.Event()
            while len(group._queue) < len(wanted):
                queued.wait(0.001)
            ledger.on_events = count
        return [one.result() for one in asked], commits


def test_transitions_that_wait_for_a_commit_share_the_next_one(
    ledger: Ledger, ready: list[DispatchRow]
) -> None:
    done, commits = together(ledger, [Transition(one, State.CLAIMED, worker="w") for one in ready])
    assert done == [State.CLAIMED] * len(READERS)
    assert commits == 1
    assert set(live(ledger).values()) == {"claimed"}


def test_a_transition_that_lost_its_hold_fails_alone(
    ledger: Ledger, ready: list[DispatchRow]
) -> None:
    walk(ledger, ready[3].id, State.CLAIMED, worker="another")
    done, _ = together(ledger, [Transition(one, State.CLAIMED, worker="w") for one in ready])
    assert [isinstance(one, LostHoldError) for one in done] == [n == 3 for n in range(8)]
    assert set(live(ledger).values()) == {"claimed"}
    assert find(ledger, ready[3].id).worker == "another"
