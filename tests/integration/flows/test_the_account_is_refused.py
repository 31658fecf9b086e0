"""A refusal of the account, and one that meets every reader, as a run in Prefect ends."""

import pytest
from prefect.client.schemas.objects import StateType

from flows.campaign import campaign
from flows.dispatch import dispatch
from tests.integration.flows.flow_project import CAMPAIGN, READERS, FlowProject
from tests.servers.fault import FaultServer
from tests.servers.script import Answer, Phase, always

EVERYONE = len(READERS)


def test_a_question_about_repeated_refusals_waits_for_a_person_and_not_for_the_sweep(
    project: FlowProject, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with FaultServer([always(Phase.DOT, Answer(554, ("5.7.1 no",)))]) as server:
        project.uses(server, monkeypatch)
        project.sign_off()
        monkeypatch.setenv("MAIL_SAME_REFUSALS", "2")
        stopped = campaign(CAMPAIGN, live=True, return_state=True)
        assert stopped.name == "Needs attention"
        assert "the last 2 readers in a row" in str(stopped.message)
        swept = dispatch(return_state=True)
        assert len(server.copies.all) == 0
    assert swept.name != "Completed"
    assert project.counts() == {"refused": 2, "ready": EVERYONE - 2}
    assert "the last 2 readers in a row" in caplog.text


def test_an_account_that_is_refused_is_red_and_the_letters_wait(
    project: FlowProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = Answer(550, ("5.4.5 Daily user sending limit exceeded",))
    with FaultServer([always(Phase.DOT, over, to="[c-z]*")]) as server:
        project.uses(server, monkeypatch)
        project.sign_off()
        monkeypatch.setenv("SMTP_CONNECTIONS", "1")
        stopped = campaign(CAMPAIGN, live=True, return_state=True)
    assert stopped.type == StateType.FAILED
    assert "5.4.5 Daily user sending limit exceeded" in str(stopped.message)
    assert project.counts().keys() <= {"sent", "ready"}
