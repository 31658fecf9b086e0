"""What a person says of a letter holds for the letter as they saw it, and for nothing else."""

import pytest
from prefect.client.schemas.objects import StateType

from flows.mailing import resolve
from flows.orchestration.choices import open_letters
from flows.post.states import State
from tests.integration.flows.flow_project import CHAIR, FlowProject
from tests.unit.post.ledger_fixtures import bring, live, walk

WHO = {"by": CHAIR, "why": "the server's log"}


@pytest.mark.parametrize("all_alike", [False, True])
def test_a_letter_that_was_refused_when_it_was_chosen_and_is_uncertain_by_now_is_left_alone(
    project: FlowProject, all_alike: bool
) -> None:
    project.sign_off()
    letter = next(iter(live(project.ledger)))
    bring(project.ledger, letter, State.REFUSED)
    (chosen,) = open_letters(project.ledger)
    freed = resolve(chosen, "resend", return_state=True, **WHO)
    assert freed.type == StateType.COMPLETED

    walk(project.ledger, letter, State.CLAIMED, State.HANDING_OVER, State.UNCERTAIN)
    again = resolve(chosen, "resend", all_alike, return_state=True, **WHO)
    assert again.type == StateType.FAILED
    assert "was refused when it was chosen and is uncertain by now" in str(again.message)
    assert live(project.ledger)[letter] == "uncertain"


def test_all_alike_takes_no_letter_that_waits_or_is_under_way(project: FlowProject) -> None:
    project.sign_off()
    first, *_ = live(project.ledger)
    for answer in ("sent", "resend"):
        said = resolve(first, answer, all_alike=True, return_state=True, **WHO)
        assert "letters that are ready are not settled by a person" in str(said.message)
    assert set(live(project.ledger).values()) == {"ready"}
