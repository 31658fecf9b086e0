"""Where everything stands: uncertain ones first, and nothing left out."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import update

from flows.operations.outcomes import counted, outcomes
from flows.post.ledger import schema
from flows.post.ledger.clock import stamp
from flows.post.ledger.database import Ledger
from flows.post.ledger.transitions import Transition, apply
from flows.post.mailing import mailing
from flows.post.mailing.mailing import Mailing
from flows.post.resolution import posted, resolve
from flows.post.smtp.reply import Reply
from flows.post.states import State
from flows.post.status import (
    by_mail,
    in_words,
    message_id,
    next_due,
    rehearsals,
    shown,
    status,
)
from tests.unit.post.ledger_fixtures import (
    alter,
    approve,
    bring,
    freeze,
    history,
    letter,
    live,
    subject,
    walk,
)

FATES = [
    State.READY,
    State.SENT,
    State.DEFERRED,
    State.WITHDRAWN,
    State.REFUSED,
    State.CLAIMED,
    State.UNCERTAIN,
    State.HANDING_OVER,
    State.SENT,
    State.UNCERTAIN,
]


@pytest.fixture
def made(ledger: Ledger) -> Mailing:
    """One letter of each fate, in the order above."""
    found = approve(ledger, freeze(ledger, [f"reader{n}" for n in range(len(FATES))]))
    for dispatch, fate in zip(live(ledger, found.id), FATES, strict=True):
        bring(ledger, dispatch, fate, Reply(451, "4.7.1 later"))
    return found


def test_uncertain_ones_come_first_then_refused_then_deferred_then_the_rest_by_number(
    ledger: Ledger, made: Mailing
) -> None:
    shown_states = [one.state for one in status(ledger, made.id).dispatches]
    first, rest = shown_states[:4], shown_states[4:]
    assert first == [State.UNCERTAIN, State.UNCERTAIN, State.REFUSED, State.DEFERRED]
    assert rest == [fate for fate in FATES if fate not in first]
    numbers = [int(one.id.rpartition(":")[2]) for one in status(ledger, made.id).dispatches]
    assert numbers[:2] == [7, 10]
    assert numbers[4:] == sorted(numbers[4:])


def test_each_dispatch_is_counted_in_one_state(ledger: Ledger, made: Mailing) -> None:
    counts = status(ledger, made.id).counts
    assert sum(counts.values()) == len(FATES)
    assert counts == {state: FATES.count(state) for state in set(FATES)}
    assert rehearsals(ledger, made.id) == {0: counts}


def test_of_a_long_mailing_those_to_see_to_are_listed_and_all_are_counted(
    ledger: Ledger, made: Mailing
) -> None:
    whole, few = status(ledger, made.id), status(ledger, made.id, most=3)
    assert [one.state for one in few.dispatches] == [
        State.UNCERTAIN,
        State.UNCERTAIN,
        State.REFUSED,
    ]
    assert few.dispatches == whole.dispatches[:3]
    assert (few.counts, few.letters) == (whole.counts, len(FATES))
    assert len(status(ledger, made.id, most=9).dispatches) == 4
    assert status(ledger, made.id, most=len(FATES)) == whole


def test_letters_on_paper_that_wait_are_to_print(ledger: Ledger) -> None:
    found = freeze(ledger, ["hague", letter("post", email=""), letter("other", email="")])
    assert status(ledger, found.id).to_print == 2
    assert in_words(status(ledger, found.id)) == "1 ready, 2 to print"
    bring(ledger, next(iter(live(ledger, found.id))), State.SENT)
    assert in_words(status(ledger, found.id, most=1)) == "1 sent, 2 to print"


def test_letters_on_paper_that_went_are_posted_as_the_report_says_it(ledger: Ledger) -> None:
    found = approve(
        ledger, freeze(ledger, ["hague", letter("post", email=""), letter("other", email="")])
    )
    bring(ledger, next(iter(live(ledger, found.id))), State.SENT)
    posted(ledger, found.id, on=date(2013, 9, 5), by="Post Room", excepted=["other-mp"])
    now = status(ledger, found.id)
    assert in_words(now) == "1 posted, 1 sent, 1 to print"
    reported = {outcome.value: n for outcome, n in counted(outcomes(ledger, found.id)).items() if n}
    assert reported == {"to be posted": 1, "posted": 1, "sent": 1}
    assert now.counts == {"sent": 2, "ready": 1}  # as the ledger has them


def test_the_first_letter_that_was_put_off_says_when_the_next_is_due(
    ledger: Ledger, made: Mailing
) -> None:
    due = datetime(2013, 9, 4, 9, 5, tzinfo=UTC)
    deferred = schema.dispatch.c.state == State.DEFERRED
    alter(ledger, update(schema.dispatch).where(deferred).values(due_at=stamp(due)))
    assert next_due(ledger, made.id) == due
    assert next_due(ledger, freeze(ledger, ["clegg"], subject("other")).id) is None


def test_a_standing_tells_what_to_look_for(ledger: Ledger) -> None:
    found = freeze(ledger, [letter("hague", name="Rt Hon William Hague MP", role="minister")])
    (dispatch,) = live(ledger, found.id)
    bring(ledger, dispatch, State.SENT, Reply(250, "2.0.0 Ok: queued as 4SXyZv0jXy"))
    (one,) = status(ledger, found.id).dispatches
    assert (one.id, one.contact, one.person) == (f"{found.id}:1", "hague-mp", "hague")
    assert (one.name, one.role) == ("Rt Hon William Hague MP", "minister")
    assert (one.email, one.message_id) == ("hague@example.org", "<hague@example.org>")
    assert (one.attempts, one.code, one.enhanced) == (1, 250, "2.0.0")
    assert (one.reply, one.queue_id) == ("2.0.0 Ok: queued as 4SXyZv0jXy", "4SXyZv0jXy")
    assert one.due_at is None
    assert message_id(ledger, found.id, 1) == "<hague@example.org>"


def test_letters_by_post_are_not_among_those_by_mail(ledger: Ledger) -> None:
    found = freeze(ledger, ["hague", letter("post", email="")])
    assert by_mail(ledger, found.id) == {"ready": 1}
    assert status(ledger, found.id).counts == {"ready": 2}


def test_the_live_sending_is_shown_once_signed_off_before_that_the_last_rehearsal(
    ledger: Ledger,
) -> None:
    found = freeze(ledger, ["hague"])
    assert shown(found, {0: {"ready": 1}}) == 0
    assert shown(found, {0: {"ready": 1}, 1: {"sent": 1}, 2: {"ready": 1}}) == 2
    approve(ledger, found)
    assert shown(mailing.get(ledger, found.id), {0: {}, 2: {}}) == 0
    assert shown(found, {}) == 0


def stopped_and_taken_up(ledger: Ledger, dispatch: str) -> None:
    """A worker claimed the letter and died; the ledger took it back."""
    held = walk(ledger, dispatch, State.CLAIMED)
    with ledger.write() as connection:
        apply(connection, [Transition(held, State.READY, why="its worker died")])


def test_why_a_letter_was_taken_back_is_shown_until_it_has_gone_on_and_kept_in_the_log(
    ledger: Ledger,
) -> None:
    found = approve(ledger, freeze(ledger, ["hague", "warsi"]))
    hague, warsi = live(ledger, found.id)
    for dispatch in (hague, warsi):
        stopped_and_taken_up(ledger, dispatch)
    walk(ledger, hague, State.CLAIMED, State.HANDING_OVER, State.SENT, reply=Reply(250, "2.0.0 Ok"))
    reasons = {one.id: one.reason for one in status(ledger, found.id).dispatches}
    assert reasons == {hague: "", warsi: "ready: its worker died"}
    assert {one.dispatch: one.why for one in outcomes(ledger, found.id)} == {
        hague: "",
        warsi: "its worker died",
    }
    assert "its worker died" in [event["why"] for event in history(ledger, hague)]


def test_a_persons_reason_stays_beside_a_letter_that_went_though_a_worker_died_since(
    ledger: Ledger,
) -> None:
    found = approve(ledger, freeze(ledger, ["hague"]))
    (hague,) = live(ledger, found.id)
    bring(ledger, hague, State.REFUSED, Reply(550, "5.2.2 mailbox full"))
    resolve(ledger, hague, answer="resend", by="E. Marchbank", why="room was made")
    stopped_and_taken_up(ledger, hague)
    walk(ledger, hague, State.CLAIMED, State.HANDING_OVER, State.SENT, reply=Reply(250, "2.0.0 Ok"))
    (one,) = status(ledger, found.id).dispatches
    assert one.reason == "ready by E. Marchbank: room was made"
    (outcome,) = outcomes(ledger, found.id)
    assert (outcome.by, outcome.why) == ("E. Marchbank", "room was made")
