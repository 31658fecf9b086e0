"""The design's table of states, held against the code, and walked at random."""

from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.post.ledger import transitions
from flows.post.ledger.database import Ledger
from flows.post.ledger.errors import LostHoldError
from flows.post.mailing import mailing
from flows.post.resolution import find
from flows.post.states import HELD, RECOVERED, SETTLED_BY_A_PERSON, TRANSITIONS, State, check
from tests.unit.post.ledger_fixtures import freeze, history, verdict

DESIGN = {
    "ready": {"claimed", "sent", "uncertain", "withdrawn"},
    "claimed": {"ready", "handing_over", "deferred", "refused", "withdrawn"},
    "handing_over": {"sent", "deferred", "refused", "uncertain", "ready"},
    "deferred": {"claimed", "sent", "uncertain", "withdrawn"},
    "uncertain": {"sent", "ready"},
    "refused": {"ready", "withdrawn"},
    "sent": {"withdrawn"},
    "withdrawn": set(),
}
EVERY = [(old, new) for old in State for new in State]


def test_the_transitions_are_those_of_the_design_and_no_others() -> None:
    assert {old.value: {new.value for new in news} for old, news in TRANSITIONS.items()} == DESIGN


@pytest.mark.parametrize(("old", "new"), EVERY)
def test_a_transition_outside_the_table_cannot_be_made(old: State, new: State) -> None:
    held = transitions.DispatchRow("m:1", "m", 1, "p", "p@example.org", old, None, 0, None)
    if new in DESIGN[old]:
        check(old, new)
        assert transitions.Transition(held, new).new is new
    else:
        with pytest.raises(ValueError, match=f"from {old} to {new}"):
            transitions.Transition(held, new)


@pytest.mark.parametrize("state", SETTLED_BY_A_PERSON)
def test_nothing_the_program_does_leads_from_there_to_another_attempt(state: State) -> None:
    """Only a person's word does: recovery, deferral and claims start elsewhere."""
    assert State.CLAIMED not in TRANSITIONS[state]
    assert state not in RECOVERED


def test_a_dead_workers_dispatches_go_where_the_contract_says_by_transitions_that_exist() -> None:
    assert set(RECOVERED) == set(HELD)
    assert RECOVERED[State.CLAIMED] is State.READY
    assert RECOVERED[State.HANDING_OVER] is State.UNCERTAIN
    assert all(new in TRANSITIONS[old] for old, new in RECOVERED.items())


_rehearsals = count(1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(wishes=st.lists(st.sampled_from(State), max_size=12))
def test_a_random_walk_never_leaves_the_table(ledger: Ledger, wishes: list[State]) -> None:
    if not history(ledger):
        freeze(ledger, ["hague"])
    made = mailing.every(ledger)[0]
    number = next(_rehearsals)
    with ledger.write() as connection:
        mailing.dispatch(connection, made.id, made.campaign, made.edition, rehearsal=number)
    name = f"{made.id}:r{number}:1"
    stale = find(ledger, name)
    walked = [State.READY]
    for wish in wishes:
        at = find(ledger, name)
        if wish.value not in DESIGN[at.state]:
            with pytest.raises(ValueError, match="cannot go"):
                transitions.Transition(at, wish)
            continue
        with ledger.write() as connection:
            transitions.apply(
                connection, [transitions.Transition(at, wish, worker="w" if wish in HELD else None)]
            )
        walked.append(wish)
    assert find(ledger, name).state is walked[-1]
    assert [one["new"] for one in history(ledger, name)] == walked
    if walked[-1] is not State.READY:
        with pytest.raises(LostHoldError), ledger.write() as connection:
            transitions.apply(connection, [transitions.Transition(stale, State.WITHDRAWN)])
    assert verdict(ledger).ok
