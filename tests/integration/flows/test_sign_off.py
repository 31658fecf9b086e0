"""The sign-off of a deployment's run: suspended until name and hash are given, whatever happens
meanwhile. Each run is executed in a process of its own, as ``serve`` and workers do."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.deployments.runner import RunnerDeployment

from flows.campaign import campaign
from flows.cli.serve import tell_broken_off
from flows.deployments import deployments
from tests.integration.flows.desk import CAMPAIGN, CHAIR, READERS, Desk, copies
from tests.servers.fault import FaultServer
from tests.servers.script import Answer, Phase, always

EVERYONE = len(READERS)
ONE_EACH = {f"{row.partition(',')[0]}@example.org": 1 for row in READERS}


@pytest.fixture
def deployment(desk: Desk) -> RunnerDeployment:
    """The campaign as the UI offers it."""
    return next(one for one in deployments() if one.name == "campaign")


def test_a_wrong_hash_is_refused_with_the_reason_and_the_right_one_sends(
    desk: Desk, deployment: RunnerDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer() as server:
        desk.uses(server, monkeypatch)
        run = desk.start(deployment, campaign=CAMPAIGN, live=True)
        assert desk.execute(run).name == "Suspended"
        digest = desk.mailings[0].hash[:12]
        assert digest in desk.artifacts()[f"{CAMPAIGN}-review"]

        assert desk.answer(run, CHAIR, "a1") == "REJECT"
        assert desk.answer(run, "", digest) == "REJECT"
        assert desk.answer(run, CHAIR, "feedfeedfeed") == "ACCEPT"
        assert desk.execute(run).name == "Suspended"
        assert "feedfeedfeed is not this mailing's hash" in desk.said
        assert not copies(server)
        assert desk.mailings[0].approved_at is None

        assert desk.answer(run, f"  {CHAIR} ", digest.upper()) == "ACCEPT"
        assert desk.execute(run).name == "Completed"

    assert copies(server) == ONE_EACH
    assert (desk.mailings[0].approved_by, len(desk.mailings)) == (CHAIR, 1)


def test_a_second_start_is_answered_at_once_while_the_first_waits(
    desk: Desk, deployment: RunnerDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = desk.start(deployment, campaign=CAMPAIGN, live=True)
    desk.execute(run)
    desk.write(*READERS[:-1])  # which would make another mailing
    second = campaign(CAMPAIGN, return_state=True)

    assert (second.type, second.name) == (StateType.CANCELLED, "Already running")
    assert str(run) in str(second.message)
    assert "waits for its sign-off" in str(second.message)
    assert len(desk.mailings) == 1

    # The operator gives the first one up.
    desk.cancel(run)
    assert campaign(CAMPAIGN, return_state=True).name == "Completed"


def test_edits_after_the_freeze_change_nothing_that_was_frozen_and_are_told(
    desk: Desk, deployment: RunnerDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer() as server:
        desk.uses(server, monkeypatch)
        run = desk.start(deployment, campaign=CAMPAIGN, live=True)
        desk.execute(run)
        frozen = desk.mailings[0]
        desk.write(READERS[0])
        desk.answer(run, CHAIR, frozen.hash[:12])
        assert desk.execute(run).name == "Completed"

    assert [one.id for one in desk.mailings] == [frozen.id]
    assert copies(server) == ONE_EACH
    assert "readers.csv was edited since the letters were frozen; they go as" in desk.said


def test_a_run_killed_between_freeze_and_sign_off_goes_on_with_the_same_mailing(
    desk: Desk, deployment: RunnerDeployment
) -> None:
    run = desk.start(deployment, campaign=CAMPAIGN, live=True)
    desk.execute(run, DEAR_MINISTER_FAILPOINT="after-freeze")
    frozen = desk.mailings[0]

    desk.again(run)
    assert desk.execute(run).name == "Suspended"
    assert [one.id for one in desk.mailings] == [frozen.id]


def test_a_run_killed_while_sending_leaves_one_uncertain_letter_and_no_second_copy(
    desk: Desk, deployment: RunnerDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer() as server:
        desk.uses(server, monkeypatch)
        desk.sign_off()
        run = desk.start(deployment, campaign=CAMPAIGN, live=True)
        desk.execute(run, DEAR_MINISTER_FAILPOINT="after-answer:3")
        assert sum(copies(server).values()) == 3
        with get_client(sync_client=True) as client:
            tell_broken_off(client)  # as serve does when it starts
        assert desk.state(run).type == StateType.CRASHED

        desk.again(run)
        ended = desk.execute(run)

    assert (ended.type, ended.name) == (StateType.FAILED, "Needs attention")
    assert copies(server) == ONE_EACH
    assert desk.counts() == {"sent": EVERYONE - 1, "uncertain": 1}


def test_a_sign_off_by_the_command_while_the_run_waits_is_as_good(
    desk: Desk, deployment: RunnerDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer() as server:
        desk.uses(server, monkeypatch)
        run = desk.start(deployment, campaign=CAMPAIGN, live=True)
        desk.execute(run)
        desk.approve_by_command()
        desk.cancel(run)  # the laptop is closed, the run is given up
        state = campaign(CAMPAIGN, live=True, return_state=True)

    assert state.name == "Completed"
    assert copies(server) == ONE_EACH


def test_a_sign_off_given_elsewhere_is_not_waited_for_by_a_second_start(
    desk: Desk, deployment: RunnerDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer() as server:
        desk.uses(server, monkeypatch)
        run = desk.start(deployment, campaign=CAMPAIGN, live=True)
        desk.execute(run)
        desk.approve_by_command()
        second = campaign(CAMPAIGN, live=True, return_state=True)
        assert second.name == "Completed"

        # The run that still waits finds nothing left to do.
        assert desk.answer(run, CHAIR, desk.mailings[0].hash[:12]) == "ACCEPT"
        assert desk.execute(run).name == "Completed"

    assert copies(server) == ONE_EACH


def test_a_sign_off_that_nobody_gives_in_time_is_asked_for_by_the_next_run(
    desk: Desk, deployment: RunnerDeployment
) -> None:
    first = desk.start(deployment, campaign=CAMPAIGN, live=True)
    desk.execute(first)
    desk.expire(first)

    second = desk.start(deployment, campaign=CAMPAIGN, live=True)
    assert desk.execute(second).name == "Suspended"
    assert len(desk.mailings) == 1


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"campaign": "no-such"}, "there is no campaign no-such under templates/"),
        ({"contacts": ["contacts/none.csv"]}, "contacts/none.csv: no such file"),
        ({"as_of": "yesterday"}, "as_of: Input should be a valid date"),
        ({"limit": -1}, "limit: Input should be greater than or equal to 0"),
    ],
)
def test_what_the_form_would_not_let_through_is_one_line_and_no_traceback(
    desk: Desk, deployment: RunnerDeployment, wrong: dict[str, Any], line: str
) -> None:
    # Operators can switch the form's own checks off.
    run = desk.start(deployment, **{"campaign": CAMPAIGN, "enforced": False, **wrong})
    state = desk.execute(run)

    assert state.type == StateType.FAILED
    assert line in str(state.message)
    lines = desk.said.splitlines()
    told = [one for one in lines if "| ERROR   | Flow run" in one]
    assert len(told) == 1, desk.said
    assert line in told[0]
    assert "Traceback" not in desk.said
    assert not desk.mailings


def test_a_run_that_is_not_green_has_no_traceback_in_its_log(
    desk: Desk, deployment: RunnerDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    no = Answer(550, ("5.1.1 no such user",))
    with FaultServer([always(Phase.RCPT, no, "begg@*")]) as server:
        desk.uses(server, monkeypatch)
        desk.sign_off()
        run = desk.start(deployment, campaign=CAMPAIGN, live=True)
        assert desk.execute(run).name == "Needs attention"

    assert "refused: 550 5.1.1" in desk.said
    assert "Traceback" not in desk.said


def test_a_run_that_starts_long_after_its_schedule_refuses_and_does_nothing(
    desk: Desk, deployment: RunnerDeployment
) -> None:
    due = datetime.now(UTC) - timedelta(hours=3, minutes=10)
    run = desk.start(deployment, late=due, campaign=CAMPAIGN)
    state = desk.execute(run)

    assert (state.type, state.name) == (StateType.CANCELLED, "Too late")
    assert "starts 3 hours 10 minutes after its time, more than 2 hours" in str(state.message)
    assert not desk.mailings
    assert not desk.mailbox
