"""A campaign as a flow, called from Python: what it sends, and what it ends in."""

from datetime import UTC, datetime, timedelta

import pytest
from prefect import flow
from prefect.client.schemas.objects import StateType

from flows.campaign import campaign
from flows.dispatch import dispatch
from flows.errors import ConfigurationError
from flows.orchestration import batches
from tests.integration.flows.flow_project import CAMPAIGN, CHAIR, READERS, FlowProject, copies
from tests.servers.fault import FaultServer
from tests.servers.script import Answer, Drop, Phase, always, once

EVERYONE = len(READERS)
ONE_EACH = {f"{row.partition(',')[0]}@example.org": 1 for row in READERS}


def another_day() -> str:
    """ServedProject hours that this moment is outside of."""
    later = datetime.now(UTC) + timedelta(days=3)
    return f"{later:%a}-{later:%a} 00:00-24:00"


def test_a_rehearsal_brings_every_letter_to_the_mailbox_and_says_so(project: FlowProject) -> None:
    state = campaign(CAMPAIGN, return_state=True)

    assert (state.name, state.message) == ("Completed", f"rehearsal 1: {EVERYONE} sent")
    assert len(project.mailbox) == EVERYONE


def test_live_letters_wait_for_a_sign_off_and_the_end_says_how_to_give_it(
    project: FlowProject,
) -> None:
    state = campaign(CAMPAIGN, live=True, return_state=True)

    found = project.mailings[0]
    assert state.name == "Not signed off"
    assert f"approve {found.id} --by NAME --hash {found.hash[:12]}" in str(state.message)
    assert project.counts() == {"ready": EVERYONE}


def test_a_second_run_of_what_was_sent_sends_nothing(
    project: FlowProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer() as server:
        project.uses(server, monkeypatch)
        project.sign_off()
        first = campaign(CAMPAIGN, live=True, return_state=True)
        second = campaign(CAMPAIGN, live=True, return_state=True)

    assert (first.name, second.name) == ("Completed", "Completed")
    assert copies(server) == ONE_EACH


def test_letters_refused_or_uncertain_are_not_green_and_come_first_in_the_table(
    project: FlowProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = (
        always(Phase.RCPT, Answer(550, ("5.1.1 no such user begg@example.org",)), "begg@*"),
        once(Phase.STORED, Drop(), "clwyd@*"),
    )
    with FaultServer(rules) as server:
        project.uses(server, monkeypatch)
        project.sign_off()
        state = campaign(CAMPAIGN, live=True, return_state=True)

    assert (state.type, state.name) == (StateType.FAILED, "Needs attention")
    assert "4 sent, 1 uncertain" in str(state.message)
    table = project.artifacts()[f"{CAMPAIGN}-outcome"]
    rows = [one["state"] for one in table]
    assert rows == ["uncertain", "refused", "sent", "sent", "sent", "sent"]
    assert table[0]["Message-ID"]


def test_prefect_may_retry_a_run_with_uncertain_letters_and_nothing_is_sent_twice(
    project: FlowProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer([once(Phase.STORED, Drop(), "begg@*")]) as server:
        project.uses(server, monkeypatch)
        project.sign_off()
        tries = []

        @flow(retries=1)
        def week() -> None:
            tries.append(campaign(CAMPAIGN, live=True, return_state=True).name)
            raise RuntimeError("what comes after it fails, too")

        week(return_state=True)

    assert tries == ["Needs attention", "Needs attention"]
    assert copies(server) == ONE_EACH
    assert project.counts() == {"sent": EVERYONE - 1, "uncertain": 1}


def test_the_log_of_a_run_names_no_address(
    project: FlowProject, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    no = Answer(550, ("5.1.1 <begg@example.org> is unknown here",))
    with FaultServer([always(Phase.RCPT, no, "begg@*")]) as server:
        project.uses(server, monkeypatch)
        project.sign_off()
        campaign(CAMPAIGN, live=True, return_state=True)

    line = next(one.getMessage() for one in caplog.records if "refused" in one.getMessage())
    assert "550 5.1.1" in line
    assert not [one for one in caplog.records if "begg@example.org" in one.getMessage()]


def test_outside_office_hours_live_letters_are_held_back_until_a_stated_time(
    project: FlowProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer() as server:
        project.uses(server, monkeypatch)
        monkeypatch.setenv("OFFICE_HOURS", another_day())
        project.sign_off()
        held = campaign(CAMPAIGN, live=True, return_state=True)
        assert not server.sessions

        monkeypatch.setenv("OFFICE_HOURS", "always")
        swept = dispatch(return_state=True)

    opening = datetime.now(UTC) + timedelta(days=3)
    assert held.name == "Held back"
    assert f"held back until {opening:%A} {opening.day} {opening:%B}" in str(held.message)
    assert (swept.name, copies(server)) == ("Completed", ONE_EACH)


def test_a_run_stops_at_closing_time_with_the_letter_in_hand(
    project: FlowProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer() as server:
        project.uses(server, monkeypatch)
        monkeypatch.setenv("OFFICE_HOURS", "Mon-Fri 08:00-18:00")
        project.sign_off()
        friday = datetime(2026, 11, 20, 17, 59, tzinfo=UTC)

        def clock() -> datetime:
            return friday + timedelta(minutes=len(server.copies.all) // 2)

        monkeypatch.setattr(batches, "now", clock)
        state = campaign(CAMPAIGN, live=True, return_state=True)

    assert state.name == "Held back"
    assert "held back until Monday 23 November 2026, 08:00" in str(state.message)
    assert project.counts() == {"sent": 2, "ready": EVERYONE - 2}


@pytest.mark.parametrize("by", ["campaign", "send"])
def test_what_a_limit_leaves_waits_for_a_person_and_the_sweep_says_so(
    project: FlowProject, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    with FaultServer() as server:
        project.uses(server, monkeypatch)
        project.sign_off()
        if by == "send":
            project.command("send", project.mailings[0].id, "--live", "--limit", "2", "--yes")
        else:
            limited = campaign(CAMPAIGN, live=True, limit=2, return_state=True)
            assert limited.name == "Letters waiting"
        assert sum(copies(server).values()) == 2

        swept = dispatch(return_state=True)
        assert (swept.name, sum(copies(server).values())) == ("Letters waiting", 2)
        assert f"{EVERYONE - 2} letters wait for a person" in str(swept.message)

        # Who was refused for a hold has not lifted the limit.
        mailing, who = project.mailings[0].id, ("--by", CHAIR, "--why", "a question")
        project.command("hold", mailing, *who)
        assert project.command("send", mailing, "--live", "--yes").returncode == 2
        project.command("release", mailing, *who)
        assert dispatch(return_state=True).name == "Letters waiting"

        named = dispatch(project.mailings[0].id, return_state=True)
    assert (named.name, copies(server)) == ("Completed", ONE_EACH)


def test_when_the_lists_are_edited_after_the_sign_off_nothing_leaves(
    project: FlowProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer() as server:
        project.uses(server, monkeypatch)
        project.sign_off()
        project.write(*READERS[:-1])
        state = campaign(CAMPAIGN, live=True, return_state=True)

    assert state.type == StateType.FAILED
    assert "readers.csv was edited since it was signed off" in str(state.message)
    assert not copies(server)


def test_a_broken_campaign_ends_the_run_with_one_line(
    project: FlowProject, caplog: pytest.LogCaptureFixture
) -> None:
    (project.templates / "email.txt").write_text("Dear {{ nobody }},", encoding="utf-8")
    state = campaign(CAMPAIGN, return_state=True)

    assert state.type == StateType.FAILED
    assert "email.txt" in str(state.message)
    assert "\n" not in str(state.message)
    assert "Traceback" not in caplog.text
    with pytest.raises(ConfigurationError, match=r"email\.txt"):
        campaign(CAMPAIGN)


def test_a_half_written_contact_list_ends_the_run_with_one_line(project: FlowProject) -> None:
    workbook = project.contacts.with_suffix(".xlsx")
    workbook.write_bytes(b"PK\x03\x04 half a workbook")
    state = campaign(CAMPAIGN, contacts=[workbook], return_state=True)

    assert state.type == StateType.FAILED
    assert "readers.xlsx" in str(state.message)
    assert "\n" not in str(state.message)


@pytest.mark.parametrize("mark", [".~lock.readers.csv#", "~$readers.csv"])
def test_a_contact_list_open_in_another_program_ends_the_run_with_one_line(
    project: FlowProject, mark: str
) -> None:
    project.contacts.with_name(mark).write_text("Eleanor,project,", encoding="utf-8")
    state = campaign(CAMPAIGN, return_state=True)

    assert state.type == StateType.FAILED
    assert "contacts/readers.csv: is open in another program; save and close" in str(state.message)
    assert not project.mailings


def test_settings_that_cannot_be_read_end_the_run_before_anything_is_frozen(
    project: FlowProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OFFICE_HOURS", "nine to five")
    monkeypatch.setenv("MAIL_RATE", "soon")
    state = campaign(CAMPAIGN, live=True, return_state=True)

    assert state.type == StateType.FAILED
    assert "OFFICE_HOURS: 'nine to five' is not understood" in str(state.message)
    assert "MAIL_RATE" in str(state.message)
    assert "\n" not in str(state.message)


def test_the_password_is_nowhere_at_prefect(
    project: FlowProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    password = "Quince-and-Medlar-7719"
    rules = [always(Phase.AUTH, Answer(535, ("5.7.8 no",)))]
    with FaultServer(rules, users={"chair": password}) as server:
        project.uses(server, monkeypatch)
        monkeypatch.setenv("SMTP_USER", "chair")
        monkeypatch.setenv("SMTP_PASSWORD", password)
        project.sign_off()
        state = campaign(CAMPAIGN, live=True, return_state=True)

    assert state.type == StateType.FAILED
    assert "SMTP_PASSWORD" in str(state.message)
    assert "\n" not in str(state.message)
    database = project.prefect_database()
    assert CAMPAIGN.encode() in database
    assert password.encode() not in database


def test_no_run_has_more_than_two_hundred_tasks() -> None:
    for total in (1, 20, 650, 3_001, 46_000, 1_000_003):
        assert -(-total // batches.batch(total)) <= 150
    assert batches.batch(650) == 20


def test_tasks_grow_with_a_swift_server_and_with_no_other() -> None:
    assert [batches.grown(seconds) for seconds in (0.05, 1.4, 2.9, 60)] == [8, 2, 1, 1]
