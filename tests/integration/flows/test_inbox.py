"""What comes back, in Prefect: the sweep, the forms for what waits, the reminders."""

from datetime import timedelta

import pytest
from prefect.client.schemas.objects import StateType

from flows.campaign import campaign
from flows.chase import chase
from flows.deployments import deployments
from flows.inbox import inbox
from flows.operations import chase as chasing
from flows.orchestration.artifacts import plain
from flows.post.inbox import items
from flows.post.ledger.clock import now
from flows.post.resolution import today
from flows.post.status import status
from flows.replies import add_reply, match_reply, sort_reply
from tests.inbox.letters_sent import Inbox
from tests.integration.flows.flow_project import CAMPAIGN, READERS, FlowProject, copies
from tests.servers.fault import FaultServer
from tests.servers.imap import Dovecot

ANSWER = (
    "From: {contact}@example.org\r\nSubject: Re: your letter\r\nMessage-ID: <{contact}@reply>\r\n"
    "In-Reply-To: {thread}\r\n\r\n{text}\r\n"
)


@pytest.fixture
def mailbox(
    project: FlowProject, dovecot_server: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> Inbox:
    """The campaign's mailbox, set in the environment; the campaign's letters were sent."""
    with FaultServer() as server:
        project.uses(server, monkeypatch)
        project.sign_off()
        campaign(CAMPAIGN, live=True, return_state=True)
    made = Inbox(dovecot_server)
    for name, value in made.settings.items():
        monkeypatch.setenv(name, value)
    return made


def answer(project: FlowProject, contact: str, text: str) -> bytes:
    letters = {
        one.contact: one for one in status(project.ledger, project.mailings[0].id).dispatches
    }
    return ANSWER.format(contact=contact, thread=letters[contact].message_id, text=text).encode()


def test_without_a_mailbox_there_is_nothing_to_do_and_no_schedule(
    project: FlowProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = inbox(return_state=True)
    assert (state.type, state.name) == (StateType.COMPLETED, "Nothing to do")
    by_name = {one.name: one for one in deployments()}
    assert not by_name["inbox"].schedules
    monkeypatch.setenv("IMAP_HOST", "imap.example.org")
    by_name = {one.name: one for one in deployments()}
    assert [one.active for one in by_name["inbox"].schedules or []] == [True]


def test_the_sweep_files_and_shows_what_waits_and_the_forms_settle_it(
    project: FlowProject, mailbox: Inbox
) -> None:
    mailbox.add(
        answer(project, "begg", "I agree with you and will raise it with Ministers."),
        answer(project, "leigh", "Hm."),
        b"From: someone@example.net\r\nMessage-ID: <1@net>\r\nSubject: hello\r\n\r\nHello\r\n",
    )
    state = inbox(return_state=True)
    assert (state.type, state.name) == (StateType.COMPLETED, "To be sorted")
    assert "2 wait for a person" in str(state.message)
    pages = project.artifacts()
    assert [row["item"] for row in pages["replies-waiting"]] == ["2", "3"]
    assert "1 of 6 answered" in pages["replies"]
    assert plain("someone@example.net: hello") in pages["replies"]

    fields = {one.name: one._parameter_openapi_schema.properties for one in deployments()}
    first, second, third = fields["sort-reply"]["item"]["enum"]
    assert first.startswith("2, waits: ")
    assert second == "3, waits: someone@example.net: hello"
    assert third.startswith("1, reply: ")
    begg = next(one for one in fields["match-reply"]["dispatch"]["enum"] if "Begg" in one)
    assert fields["add-reply"]["dispatch"]["enum"] == fields["match-reply"]["dispatch"]["enum"]

    sorted_ = sort_reply(first, kind="acknowledgement", name="Jo Wright", return_state=True)
    assert sorted_.name == "Completed"
    letter = status(project.ledger, project.mailings[0].id).dispatches[0]
    assert begg.startswith(f"{project.mailings[0].id}:")
    matched = match_reply(item=3, dispatch=begg, name="Jo Wright", return_state=True)
    assert matched.name == "Completed"
    sort_reply(item=3, kind="unrelated", name="Jo Wright", return_state=True)
    added = add_reply(
        dispatch=letter.id,
        source="post",
        on=today(),
        kind="reply",
        name="Jo Wright",
        return_state=True,
    )
    assert "is filed on" in str(added.message)
    pages = project.artifacts()
    assert pages["replies-waiting"] == []
    assert "2 of 6 answered" in pages["replies"]
    assert inbox(return_state=True).name == "Completed"
    assert [item.sorted_by for item in items.read(project.ledger)] == ["", *["Jo Wright"] * 3]


def test_a_form_filled_in_wrong_fails_with_its_line_and_changes_nothing(
    project: FlowProject, mailbox: Inbox
) -> None:
    state = sort_reply(item=9, kind="reply", name="Jo Wright", return_state=True)
    assert state.type is StateType.FAILED
    assert "there is no item 9" in str(state.message)


def test_a_mailbox_that_refuses_the_password_fails_with_one_line(
    project: FlowProject, mailbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAP_PASSWORD", "wrong")
    state = inbox(return_state=True)
    assert state.type is StateType.FAILED
    assert "IMAP_PASSWORD" in str(state.message)


def test_the_chase_waits_for_its_sign_off_and_goes_to_those_who_have_not_answered(
    project: FlowProject, mailbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert chase(CAMPAIGN, return_state=True).name == "Nothing to do"
    moment = now() + timedelta(days=60)
    monkeypatch.setattr(chasing, "now", lambda: moment)
    mailbox.add(answer(project, "begg", "I agree with you and will raise it with Ministers."))
    inbox(return_state=True)
    waits = chase(CAMPAIGN, live=True, return_state=True)
    assert waits.name == "Not signed off"
    assert project.mailings[0].campaign == f"{CAMPAIGN}.chase-1"
    assert project.mailings[0].letters == 5
    project.approve_by_command()
    with FaultServer() as server:
        project.uses(server, monkeypatch)
        sent = chase(CAMPAIGN, live=True, return_state=True)
    assert sent.name == "Completed", sent.message
    readers = {row.partition(",")[0] for row in READERS} - {"begg"}
    assert copies(server) == {f"{reader}@example.org": 1 for reader in readers}
