"""The sign-off of a deployment's run: suspended until name and hash are given, whatever happens
meanwhile. Each run is executed in a process of its own, as ``serve`` and workers do."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prefect.client.schemas.objects import StateType
from prefect.deployments.runner import RunnerDeployment

from flows.campaign import campaign
from flows.deployments import deployments
from flows.dispatch import dispatch
from flows.mailing import release
from flows.operations import hold as holding
from flows.orchestration import supervision
from flows.post.ledger import holds
from flows.post.ledger.clock import now
from tests.integration.flows.flow_project import CAMPAIGN, CHAIR, READERS, FlowProject, copies
from tests.servers.fault import FaultServer
from tests.servers.script import Answer, Phase, always

EVERYONE = len(READERS)
ONE_EACH = {f"{row.partition(',')[0]}@example.org": 1 for row in READERS}


@pytest.fixture
def deployment(project: FlowProject) -> RunnerDeployment:
    """The campaign as the UI offers it."""
    return next(one for one in deployments() if one.name == CAMPAIGN)


def test_a_wrong_hash_is_refused_with_the_reason_and_the_right_one_sends(
    project: FlowProject, deployment: RunnerDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer() as server:
        project.uses(server, monkeypatch)
        run = project.start(deployment, campaign=CAMPAIGN, live=True)
        assert project.execute(run).name == "Suspended"
        digest = project.mailings[0].hash[:12]
        assert digest in project.artifacts()[f"{CAMPAIGN}-review"]

        assert project.answer(run, CHAIR, "a1") == "REJECT"
        assert project.answer(run, "", digest) == "REJECT"
        assert project.answer(run, CHAIR, "feedfeedfeed") == "ACCEPT"
        assert project.execute(run).name == "Suspended"
        assert "feedfeedfeed is not this mailing's hash" in project.said
        assert not copies(server)
        assert project.mailings[0].approved_at is None

        assert project.answer(run, f"  {CHAIR} ", digest.upper()) == "ACCEPT"
        assert project.execute(run).name == "Completed"

    assert copies(server) == ONE_EACH
    assert (project.mailings[0].approved_by, len(project.mailings)) == (CHAIR, 1)


def test_a_second_start_is_answered_at_once_while_the_first_waits(
    project: FlowProject, deployment: RunnerDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = project.start(deployment, campaign=CAMPAIGN, live=True)
    project.execute(run)
    project.write(*READERS[:-1])  # which would make another mailing
    second = campaign(CAMPAIGN, return_state=True)

    assert (second.type, second.name) == (StateType.CANCELLED, "Already running")
    assert str(run) in str(second.message)
    assert "waits for its sign-off" in str(second.message)
    assert len(project.mailings) == 1

    # The operator gives the first one up.
    project.cancel(run)
    assert campaign(CAMPAIGN, return_state=True).name == "Completed"


def test_edits_after_the_freeze_change_nothing_that_was_frozen_and_are_told(
    project: FlowProject, deployment: RunnerDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer() as server:
        project.uses(server, monkeypatch)
        run = project.start(deployment, campaign=CAMPAIGN, live=True)
        project.execute(run)
        frozen = project.mailings[0]
        project.write(READERS[0])
        project.answer(run, CHAIR, frozen.hash[:12])
        assert project.execute(run).name == "Completed"

    assert [one.id for one in project.mailings] == [frozen.id]
    assert copies(server) == ONE_EACH
    assert "readers.csv was edited since the letters were frozen; they go as" in project.said


@pytest.mark.minutes
def test_a_run_killed_between_freeze_and_sign_off_goes_on_with_the_same_mailing(
    project: FlowProject, deployment: RunnerDeployment
) -> None:
    run = project.start(deployment, campaign=CAMPAIGN, live=True)
    project.execute(run, DEAR_MINISTER_FAILPOINT="after-freeze")
    frozen = project.mailings[0]

    project.again(run)
    assert project.execute(run).name == "Suspended"
    assert [one.id for one in project.mailings] == [frozen.id]


@pytest.mark.minutes
def test_a_run_killed_while_sending_leaves_one_uncertain_letter_and_no_second_copy(
    project: FlowProject, deployment: RunnerDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer() as server:
        project.uses(server, monkeypatch)
        project.sign_off()
        run = project.start(deployment, campaign=CAMPAIGN, live=True)
        project.execute(run, DEAR_MINISTER_FAILPOINT="after-answer:3")
        assert sum(copies(server).values()) == 3
        monkeypatch.setattr(supervision, "now", lambda: now() + timedelta(minutes=1))
        project.look()  # as serve does every few seconds
        broken_off = project.state(run)
        assert broken_off.type == StateType.CRASHED
        assert "2 sent, 1 uncertain" in str(broken_off.message)

        project.again(run)
        ended = project.execute(run)

    assert (ended.type, ended.name) == (StateType.FAILED, "Needs attention")
    assert copies(server) == ONE_EACH
    assert project.counts() == {"sent": EVERYONE - 1, "uncertain": 1}


def test_after_a_sign_off_by_the_command_the_waiting_run_goes_on_by_itself(
    project: FlowProject, deployment: RunnerDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer() as server:
        project.uses(server, monkeypatch)
        run = project.start(deployment, campaign=CAMPAIGN, live=True)
        waiting = project.execute(run)
        assert f"Waits for the sign-off of {EVERYONE} letters" in str(waiting.message)
        project.look()
        assert project.state(run).name == "Suspended"
        project.approve_by_command()
        project.look()
        assert project.execute(run).name == "Completed"

    assert copies(server) == ONE_EACH
    assert project.mailings[0].approved_by == CHAIR
    assert f"was signed off by {CHAIR}" in project.said


def test_after_a_sign_off_elsewhere_resume_takes_no_other_hash(
    project: FlowProject, deployment: RunnerDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer() as server:
        project.uses(server, monkeypatch)
        run = project.start(deployment, campaign=CAMPAIGN, live=True)
        project.execute(run)
        project.approve_by_command()
        project.answer(run, "Somebody Else", "feedfeedfeed")
        again = project.execute(run)

    assert again.name == "Suspended"
    assert str(again.message).startswith("feedfeedfeed is not this mailing's hash")
    assert not copies(server)


def test_a_limit_holds_for_the_sweep_from_the_moment_of_a_sign_off_given_elsewhere(
    project: FlowProject, deployment: RunnerDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer() as server:
        project.uses(server, monkeypatch)
        run = project.start(deployment, campaign=CAMPAIGN, live=True, limit=2)
        assert project.execute(run).name == "Suspended"
        project.approve_by_command(by="E")  # shorter than the form has it
        swept = dispatch(return_state=True)
        assert (swept.name, copies(server)) == ("Letters waiting", {})

        project.look()
        assert project.execute(run).name == "Letters waiting"
        mailing = project.mailings[0].id
        holding.hold(project.ledger, mailing, by=CHAIR, why="a question")
        freed = release(mailing=mailing, by=CHAIR, why="answered", return_state=True)
        assert "its last run was limited" in str(freed.message)
    assert sum(copies(server).values()) == 2


def test_cancelling_the_run_that_waits_holds_its_mailing_until_somebody_releases_it(
    project: FlowProject, deployment: RunnerDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer() as server:
        project.uses(server, monkeypatch)
        run = project.start(deployment, campaign=CAMPAIGN, live=True)
        project.execute(run)
        mailing = project.mailings[0].id
        project.cancel(run)
        project.look()
        stopped = project.state(run)
        assert (stopped.type, stopped.name) == (StateType.CANCELLED, "Held")
        assert f"mailing {mailing} is held by Cancel, in the Prefect UI" in str(stopped.message)

        project.approve_by_command()
        again = campaign(CAMPAIGN, live=True, return_state=True)
        sent = project.command("send", mailing, "--live")
        swept = dispatch(return_state=True)
        assert (again.name, sent.returncode) == ("Held", 2)
        assert "dear-minister release" in sent.stderr
        assert (swept.name, "is held by" in str(swept.message)) == ("Nothing to do", True)
        assert not copies(server)

        done = release(mailing=mailing, by=CHAIR, why="the letter is right", return_state=True)
        project.look()  # which does not hold again what a person has released
        assert done.name == "Completed"
        assert dispatch(return_state=True).name == "Completed"

    assert copies(server) == ONE_EACH


def test_cancelling_a_rehearsal_holds_nothing(
    project: FlowProject, deployment: RunnerDeployment
) -> None:
    project.sign_off()
    run = project.start(deployment, campaign=CAMPAIGN)
    project.cancel(run)
    project.look()
    assert project.state(run).name == "Stopped"
    assert not holds.every(project.ledger)


def test_cancelling_a_rehearsal_that_died_leaves_the_letters_it_froze_free_to_go(
    project: FlowProject, deployment: RunnerDeployment
) -> None:
    """Its form was left as it is: no parameter says that it was not to send."""
    run = project.start(deployment, campaign=CAMPAIGN)
    project.execute(run, DEAR_MINISTER_FAILPOINT="after-freeze")
    project.again(run)
    project.execute(run, DEAR_MINISTER_FAILPOINT="after-sent:2")
    project.approve_by_command()
    project.cancel(run)
    project.look()
    assert project.state(run).name == "Stopped"
    assert not holds.every(project.ledger)


def test_a_sign_off_given_elsewhere_is_not_waited_for_by_a_second_start(
    project: FlowProject, deployment: RunnerDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer() as server:
        project.uses(server, monkeypatch)
        run = project.start(deployment, campaign=CAMPAIGN, live=True)
        project.execute(run)
        project.approve_by_command()
        second = campaign(CAMPAIGN, live=True, return_state=True)
        assert second.name == "Completed"

        # The run that still waits finds nothing left to do.
        assert project.answer(run, CHAIR, project.mailings[0].hash[:12]) == "ACCEPT"
        assert project.execute(run).name == "Completed"

    assert copies(server) == ONE_EACH


def test_a_sign_off_that_nobody_gives_in_time_is_asked_for_by_the_next_run(
    project: FlowProject, deployment: RunnerDeployment
) -> None:
    first = project.start(deployment, campaign=CAMPAIGN, live=True)
    project.execute(first)
    project.expire(first)

    second = project.start(deployment, campaign=CAMPAIGN, live=True)
    assert project.execute(second).name == "Suspended"
    assert len(project.mailings) == 1


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"campaign": "no-such"}, "there is no campaign no-such under templates/"),
        ({"contacts": ["contacts/none.csv"]}, "contacts/none.csv: no such file"),
        (
            {"as_of": "yesterday"},
            "as_of: Value error, 'yesterday' is not a date; write it as 2013-09-04",
        ),
        ({"limit": -1}, "limit: Input should be greater than or equal to 0"),
    ],
)
def test_what_the_form_would_not_let_through_is_one_line_and_no_traceback(
    project: FlowProject, deployment: RunnerDeployment, wrong: dict[str, Any], line: str
) -> None:
    # Operators can switch the form's own checks off.
    run = project.start(deployment, **{"campaign": CAMPAIGN, "enforced": False, **wrong})
    state = project.execute(run)

    assert state.type == StateType.FAILED
    assert line in str(state.message)
    lines = project.said.splitlines()
    told = [one for one in lines if "| ERROR   | Flow run" in one]
    assert len(told) == 1, project.said
    assert line in told[0]
    assert "Traceback" not in project.said
    assert not project.mailings


def test_a_run_that_is_not_green_has_no_traceback_in_its_log(
    project: FlowProject, deployment: RunnerDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    no = Answer(550, ("5.1.1 no such user",))
    with FaultServer([always(Phase.RCPT, no, "begg@*")]) as server:
        project.uses(server, monkeypatch)
        project.sign_off()
        run = project.start(deployment, campaign=CAMPAIGN, live=True)
        assert project.execute(run).name == "Needs attention"

    assert "refused: 550 5.1.1" in project.said
    assert "Traceback" not in project.said


def test_a_run_that_starts_long_after_its_schedule_refuses_and_does_nothing(
    project: FlowProject, deployment: RunnerDeployment
) -> None:
    due = datetime.now(UTC) - timedelta(hours=3, minutes=10)
    run = project.start(deployment, late=due, campaign=CAMPAIGN)
    state = project.execute(run)

    assert (state.type, state.name) == (StateType.CANCELLED, "Too late")
    assert "starts 3 hours 10 minutes after its time, more than 2 hours" in str(state.message)
    assert not project.mailings
    assert not project.mailbox
