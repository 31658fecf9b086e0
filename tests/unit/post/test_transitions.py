"""A transition is a conditional update and an event, written together or not at all."""

import pytest

from flows.post.ledger import holds, transitions
from flows.post.ledger.database import Ledger
from flows.post.ledger.errors import LostHoldError
from flows.post.ledger.transitions import Transition
from flows.post.resolution import find
from flows.post.smtp.reply import Reply
from flows.post.states import State
from tests.unit.post.ledger_fixtures import bring, freeze, history, live, row, walk


@pytest.fixture
def dispatches(ledger: Ledger) -> list[str]:
    return list(live(ledger, freeze(ledger, ["hague", "warsi"]).id))


def apply(ledger: Ledger, *wanted: Transition) -> list[transitions.DispatchRow]:
    with ledger.write() as connection:
        return transitions.apply(connection, wanted)


def test_a_transition_from_a_state_that_has_passed_is_refused_and_writes_nothing(
    ledger: Ledger, dispatches: list[str]
) -> None:
    before = find(ledger, dispatches[0])
    walk(ledger, dispatches[0], State.CLAIMED)
    events = history(ledger)
    with pytest.raises(LostHoldError, match="no longer ready"):
        apply(ledger, Transition(before, State.CLAIMED, worker="another"))
    assert row(ledger, dispatches[0])["worker"] == "w"
    assert history(ledger) == events


def test_a_dispatch_that_another_worker_holds_cannot_be_changed(
    ledger: Ledger, dispatches: list[str]
) -> None:
    mine = walk(ledger, dispatches[0], State.CLAIMED, worker="mine")
    apply(ledger, Transition(mine, State.READY))
    walk(ledger, dispatches[0], State.CLAIMED, worker="theirs")
    with pytest.raises(LostHoldError):
        apply(ledger, Transition(mine, State.HANDING_OVER, worker="mine"))
    assert row(ledger, dispatches[0])["state"] == "claimed"


def test_one_move_that_fails_undoes_those_made_with_it(
    ledger: Ledger, dispatches: list[str]
) -> None:
    first, second = (find(ledger, one) for one in dispatches)
    bring(ledger, second.id, State.WITHDRAWN)
    events = history(ledger)
    with pytest.raises(LostHoldError):
        apply(ledger, *(Transition(one, State.CLAIMED, worker="w") for one in (first, second)))
    assert row(ledger, first.id)["state"] == "ready"
    assert history(ledger) == events


def test_a_dispatch_that_is_not_there_cannot_be_changed(ledger: Ledger) -> None:
    nobody = transitions.DispatchRow(
        "no:1", "no", 1, "p", "p@example.org", State.READY, None, 0, None
    )
    with pytest.raises(LostHoldError):
        apply(ledger, Transition(nobody, State.CLAIMED, worker="w"))


def test_an_event_keeps_who_did_what_and_what_the_server_said(
    ledger: Ledger, dispatches: list[str]
) -> None:
    reply = Reply(250, "2.0.0 Ok: queued as 4SXyZv0jXy")
    bring(ledger, dispatches[0], State.SENT, reply)
    made, claimed, handed, sent = history(ledger, dispatches[0])
    assert (made["old"], made["new"]) == (None, "ready")
    assert (claimed["old"], claimed["new"], claimed["worker"]) == ("ready", "claimed", "w")
    assert (handed["old"], handed["new"], handed["attempt"]) == ("claimed", "handing_over", 0)
    assert (sent["old"], sent["new"], sent["worker"]) == ("handing_over", "sent", "w")
    assert (sent["attempt"], sent["code"], sent["enhanced"]) == (1, 250, "2.0.0")
    assert (sent["text"], sent["queue_id"]) == (reply.text, "4SXyZv0jXy")
    assert sent["mailing"] == row(ledger, dispatches[0])["mailing"]
    assert made["at"] <= claimed["at"] <= handed["at"] <= sent["at"]


def test_the_row_keeps_what_the_server_said_last(ledger: Ledger, dispatches: list[str]) -> None:
    reply = Reply(250, "2.0.0 Ok: queued as 4SXyZv0jXy")
    bring(ledger, dispatches[0], State.SENT, reply)
    sent = row(ledger, dispatches[0])
    assert (sent["code"], sent["enhanced"], sent["text"]) == (250, "2.0.0", reply.text)
    assert (sent["queue_id"], sent["attempts"], sent["worker"]) == ("4SXyZv0jXy", 1, None)


def test_a_letter_of_a_held_mailing_is_not_handed_over_and_goes_nowhere_else(
    ledger: Ledger, dispatches: list[str]
) -> None:
    claimed = walk(ledger, dispatches[0], State.CLAIMED)
    holds.hold(ledger, claimed.mailing, by="E. Marchbank", why="the minister has resigned")
    with pytest.raises(LostHoldError) as error:
        apply(ledger, Transition(claimed, State.HANDING_OVER, worker="w"))
    assert str(error.value) == (
        f"dispatch {claimed.id} is no longer claimed with this worker, or its mailing is held; "
        "another sender or a person has changed it, or stopped it"
    )
    assert row(ledger, dispatches[0])["state"] == "claimed"
    apply(ledger, Transition(claimed, State.READY))
    assert row(ledger, dispatches[0])["state"] == "ready"


def test_what_a_transition_returns_is_the_dispatch_as_it_is_now(
    ledger: Ledger, dispatches: list[str]
) -> None:
    before = find(ledger, dispatches[1])
    claimed = walk(ledger, dispatches[1], State.CLAIMED)
    handed = apply(ledger, Transition(claimed, State.HANDING_OVER, worker="w"))[0]
    kept = row(ledger, dispatches[1])
    assert handed.first_attempt_at == kept["first_attempt_at"] is not None
    assert (handed.ordinal, handed.person, handed.email) == (
        before.ordinal, before.person, before.email,
    )  # fmt: skip
    assert (before.ordinal, before.person, before.email) == (2, "warsi", "warsi@example.org")
    put_off = Transition(handed, State.DEFERRED, attempt=True, due_at="2013-09-04T10:00:00.000000Z")
    deferred = apply(ledger, put_off)[0]
    assert deferred == find(ledger, dispatches[1])
    assert deferred.attempts == 1
    last = history(ledger, dispatches[1])[-1]
    assert last["detail"] == '{"due": "2013-09-04T10:00:00.000000Z"}'
    assert history(ledger, dispatches[1])[-2]["detail"] is None


def test_the_days_begin_anew_where_a_person_has_a_letter_sent_again(
    ledger: Ledger, dispatches: list[str]
) -> None:
    bring(ledger, dispatches[0], State.REFUSED, Reply(550, "no"))
    assert row(ledger, dispatches[0])["first_attempt_at"] is not None
    again = find(ledger, dispatches[0])
    apply(ledger, Transition(again, State.READY, by="E. Marchbank", why="the server is mended"))
    assert row(ledger, dispatches[0])["first_attempt_at"] is None


def test_the_days_go_on_where_a_letter_that_was_put_off_is_claimed_and_given_back(
    ledger: Ledger, dispatches: list[str]
) -> None:
    bring(ledger, dispatches[0], State.DEFERRED, Reply(451, "later"))
    began = row(ledger, dispatches[0])["first_attempt_at"]
    walk(ledger, dispatches[0], State.CLAIMED, State.READY)
    assert row(ledger, dispatches[0])["first_attempt_at"] == began is not None


def test_a_persons_word_is_kept_with_name_and_reason(ledger: Ledger, dispatches: list[str]) -> None:
    at = find(ledger, dispatches[0])
    apply(ledger, Transition(at, State.WITHDRAWN, by="E. Marchbank", why="has left office"))
    last = history(ledger, dispatches[0])[-1]
    assert (last["by"], last["why"]) == ("E. Marchbank", "has left office")


def test_the_first_attempt_is_dated_once_and_later_ones_are_counted(
    ledger: Ledger, dispatches: list[str]
) -> None:
    bring(ledger, dispatches[0], State.DEFERRED, Reply(451, "later"))
    first = row(ledger, dispatches[0])
    bring(ledger, dispatches[0], State.DEFERRED, Reply(451, "later still"))
    again = row(ledger, dispatches[0])
    assert (first["attempts"], again["attempts"]) == (1, 2)
    assert first["first_attempt_at"] == again["first_attempt_at"]
    assert again["text"] == "later still"


def test_a_claim_alone_is_no_attempt(ledger: Ledger, dispatches: list[str]) -> None:
    walk(ledger, dispatches[0], State.CLAIMED, State.READY)
    assert row(ledger, dispatches[0])["attempts"] == 0
    assert row(ledger, dispatches[0])["first_attempt_at"] is None
    assert row(ledger, dispatches[0])["worker"] is None


def test_a_no_leaves_no_queue_id_however_the_server_words_it(
    ledger: Ledger, dispatches: list[str]
) -> None:
    bring(ledger, dispatches[0], State.REFUSED, Reply(550, "5.7.1 not queued as AB12CD34"))
    assert row(ledger, dispatches[0])["queue_id"] is None
    assert history(ledger, dispatches[0])[-1]["queue_id"] is None
