"""What only a person decides: an uncertain letter's fate, and a withdrawal; both with a name."""

import sqlite3
from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import event

from flows.errors import ConfigurationError
from flows.operations.replies import again
from flows.post.ledger.database import Ledger
from flows.post.ledger.workers import hold
from flows.post.mailing import freezing, rehearsal, served
from flows.post.mailing.mailing import Mailing
from flows.post.resolution import (
    find,
    posted,
    resolve,
    resolve_alike,
    resolve_all,
    withdraw,
    withdrawable,
)
from flows.post.smtp.reply import Reply
from flows.post.states import SETTLED_BY_A_PERSON, State
from flows.post.status import status
from tests.unit.post.ledger_fixtures import (
    WAYS,
    approve,
    bring,
    freeze,
    history,
    letter,
    live,
    row,
    subject,
    verdict,
    walk,
)

WHO = {"by": "E. Marchbank", "why": "the server's log has it"}


@pytest.fixture
def made(ledger: Ledger) -> Mailing:
    return approve(ledger, freeze(ledger, ["hague", "warsi", "green"]))


@pytest.fixture
def uncertain(ledger: Ledger, made: Mailing) -> str:
    dispatch = next(iter(live(ledger, made.id)))
    bring(ledger, dispatch, State.UNCERTAIN)
    return dispatch


@pytest.mark.parametrize(("answer", "state"), [("sent", State.SENT), ("resend", State.READY)])
def test_an_uncertain_letter_is_settled_by_a_persons_word(
    ledger: Ledger, uncertain: str, answer: str, state: State
) -> None:
    assert resolve(ledger, uncertain, answer=answer, **WHO).state is state
    last = history(ledger, uncertain)[-1]
    assert (last["old"], last["new"]) == ("uncertain", state)
    assert (last["by"], last["why"]) == (WHO["by"], WHO["why"])
    assert verdict(ledger).ok


@pytest.mark.parametrize("second", ["sent", "resend"])
@pytest.mark.parametrize("first", ["sent", "resend"])
def test_a_second_word_on_the_same_letter_changes_nothing(
    ledger: Ledger, uncertain: str, first: str, second: str
) -> None:
    resolve(ledger, uncertain, answer=first, **WHO)
    before = history(ledger)
    with pytest.raises(ConfigurationError, match="not uncertain or refused; nothing was changed"):
        resolve(ledger, uncertain, answer=second, **WHO)
    assert history(ledger) == before


@pytest.mark.parametrize("state", [state for state in State if state not in SETTLED_BY_A_PERSON])
def test_what_is_not_uncertain_cannot_be_settled(
    ledger: Ledger, made: Mailing, state: State
) -> None:
    dispatch = next(iter(live(ledger, made.id)))
    with hold(ledger) as worker:
        walk(ledger, dispatch, *WAYS[state], worker=worker)
        with pytest.raises(ConfigurationError, match=f"is {state}, not uncertain or refused"):
            resolve(ledger, dispatch, answer="resend", **WHO)
        assert row(ledger, dispatch)["state"] == state


@pytest.mark.parametrize("answer", ["sent", "resend"])
@pytest.mark.parametrize("state", [state for state in State if state not in SETTLED_BY_A_PERSON])
def test_nor_can_all_that_are_alike(
    ledger: Ledger, made: Mailing, state: State, answer: str
) -> None:
    with hold(ledger) as worker:
        for dispatch in live(ledger, made.id):
            walk(ledger, dispatch, *WAYS[state], worker=worker)
        before = history(ledger)
        with pytest.raises(ConfigurationError, match=f"that are {state} are not settled"):
            resolve_alike(ledger, next(iter(live(ledger, made.id))), answer=answer, **WHO)
        assert history(ledger) == before


def test_a_word_on_a_rehearsal_settles_no_letter_to_a_reader(ledger: Ledger, made: Mailing) -> None:
    assert rehearsal.begin(ledger, made) == 1
    rehearsed = f"{made.id}:r1:1"
    for dispatch in (rehearsed, *live(ledger, made.id)):
        bring(ledger, dispatch, State.UNCERTAIN)
    with pytest.raises(ConfigurationError, match="is rehearsal 1's"):
        resolve_alike(ledger, rehearsed, answer="resend", **WHO)
    assert set(live(ledger, made.id).values()) == {"uncertain"}
    assert len(resolve_alike(ledger, f"{made.id}:1", answer="sent", **WHO)) == 3


def test_what_a_dead_sender_was_handing_over_can_be_settled_at_once(
    ledger: Ledger, made: Mailing
) -> None:
    dispatch = next(iter(live(ledger, made.id)))
    walk(ledger, dispatch, State.CLAIMED, State.HANDING_OVER, worker="1-of-nobody-alive")
    assert resolve(ledger, dispatch, answer="sent", **WHO).state is State.SENT
    assert [one["new"] for one in history(ledger, dispatch)][-2:] == ["uncertain", "sent"]


@pytest.mark.parametrize("answer", ["", "maybe", "SENT"])
def test_an_answer_that_is_neither_is_told_the_two(
    ledger: Ledger, uncertain: str, answer: str
) -> None:
    with pytest.raises(ConfigurationError, match="sent or resend"):
        resolve(ledger, uncertain, answer=answer, **WHO)


@pytest.mark.parametrize(
    ("missing", "option"), [({"by": " "}, "--by NAME"), ({"why": ""}, "--why TEXT")]
)
def test_nobody_settles_or_withdraws_without_a_name_and_a_reason(
    ledger: Ledger, uncertain: str, missing: dict[str, str], option: str
) -> None:
    with pytest.raises(ConfigurationError, match=option):
        resolve(ledger, uncertain, answer="sent", **{**WHO, **missing})
    with pytest.raises(ConfigurationError, match=option):
        withdraw(ledger, uncertain, **{**WHO, **missing})
    assert row(ledger, uncertain)["state"] == "uncertain"


def test_a_dispatch_that_is_not_there_is_told_with_the_command_that_lists_them(
    ledger: Ledger,
) -> None:
    with pytest.raises(ConfigurationError, match=r"no dispatch x:1; .* dear-minister status"):
        find(ledger, "x:1")
    with pytest.raises(ConfigurationError, match=r"no mailing or dispatch x; .*status"):
        withdraw(ledger, "x", **WHO)


def test_withdrawing_a_mailing_leaves_alone_what_left_or_may_have_left(
    ledger: Ledger, made: Mailing
) -> None:
    first, second, third = live(ledger, made.id)
    bring(ledger, first, State.SENT)
    bring(ledger, second, State.UNCERTAIN)
    assert [one.id for one in withdraw(ledger, made.id, **WHO)] == [third]
    assert list(live(ledger, made.id).values()) == ["sent", "uncertain", "withdrawn"]
    with pytest.raises(ConfigurationError, match="nothing to withdraw"):
        withdraw(ledger, made.id, **WHO)


def test_withdrawing_a_mailing_takes_what_a_sender_has_claimed_but_not_handed_over(
    ledger: Ledger, made: Mailing
) -> None:
    first, second, _ = live(ledger, made.id)
    with hold(ledger) as worker:
        walk(ledger, first, State.CLAIMED, worker=worker)
        given = walk(ledger, second, State.CLAIMED, State.HANDING_OVER, worker=worker)
        assert len(withdraw(ledger, made.id, **WHO)) == 2
        assert find(ledger, first).state is State.WITHDRAWN
        assert find(ledger, second) == given


@pytest.mark.parametrize("state", [State.READY, State.DEFERRED, State.REFUSED])
def test_one_letter_can_be_withdrawn_by_itself(ledger: Ledger, made: Mailing, state: State) -> None:
    first, *others = live(ledger, made.id)
    bring(ledger, first, state)
    assert [one.state for one in withdraw(ledger, first, **WHO)] == [State.WITHDRAWN]
    assert [row(ledger, one)["state"] for one in others] == ["ready", "ready"]


def test_a_refused_letter_stays_on_record_when_its_mailing_is_withdrawn(
    ledger: Ledger, made: Mailing
) -> None:
    first, *_ = live(ledger, made.id)
    bring(ledger, first, State.REFUSED)
    withdraw(ledger, made.id, **WHO)
    assert row(ledger, first)["state"] == "refused"


def test_a_withdrawn_mailings_rehearsal_ends_with_it(ledger: Ledger, made: Mailing) -> None:
    assert rehearsal.begin(ledger, made) == 1
    assert len(withdraw(ledger, made.id, **WHO)) == 6


def _steps(ledger: Ledger, act: Callable[[], object]) -> int:
    """How many hundreds of SQLite's steps this takes: rows read, not the machine's speed."""
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    def watch(raw: sqlite3.Connection, record: object) -> None:
        raw.set_progress_handler(count, 100)

    ledger.engine.dispose()
    event.listen(ledger.engine, "connect", watch)
    act()
    event.remove(ledger.engine, "connect", watch)
    ledger.engine.dispose()
    return steps


@pytest.mark.parametrize(
    "act",
    [
        lambda ledger, mailing: posted(ledger, mailing, on=date(2013, 9, 5), by="Post Room"),
        lambda ledger, mailing: status(ledger, mailing),
    ],
    ids=["posted", "status"],
)
def test_twice_the_letters_take_twice_the_steps_and_not_four_times(
    ledger: Ledger, act: Callable[[Ledger, str], object]
) -> None:
    taken = []
    for edition, number in ((1, 150), (2, 300)):
        letters = [letter(f"p{n}", email="", paper=True) for n in range(number)]
        made = approve(ledger, freeze(ledger, letters, subject(edition=edition)))
        taken.append(_steps(ledger, lambda made=made: act(ledger, made.id)))
    assert taken[1] < 3.2 * taken[0], taken


REFUSALS = {
    "hague": Reply(550, "5.7.1 Relaying denied"),
    "warsi": Reply(550, "5.1.1 no such user"),
    "green": Reply(550, "5.7.1 Relaying denied"),
}


@pytest.fixture
def refused(ledger: Ledger, made: Mailing) -> Mailing:
    for dispatch, reply in zip(live(ledger, made.id), REFUSALS.values(), strict=True):
        bring(ledger, dispatch, State.REFUSED, reply)
    return made


@pytest.mark.parametrize(
    ("reply", "states"),
    [
        ("", ["ready", "ready", "ready"]),
        ("5.7.1 relaying  DENIED", ["ready", "refused", "ready"]),
        ("550 5.1.1", ["refused", "ready", "refused"]),
    ],
)
def test_refused_letters_go_again_all_or_those_that_share_a_reply(
    ledger: Ledger, refused: Mailing, reply: str, states: list[str]
) -> None:
    again = resolve_all(
        ledger, refused.id, state=State.REFUSED, answer="resend", reply=reply, **WHO
    )
    assert {dispatch.state for dispatch in again} == {State.READY}
    assert list(live(ledger, refused.id).values()) == states
    assert {(one["by"], one["why"]) for one in history(ledger, again[0].id)[-1:]} == {
        (WHO["by"], WHO["why"])
    }
    assert {dispatch.first_attempt_at for dispatch in again} == {None}
    assert verdict(ledger).ok


def test_one_refused_letter_goes_again_but_cannot_be_called_sent(
    ledger: Ledger, refused: Mailing
) -> None:
    first, *_ = live(ledger, refused.id)
    with pytest.raises(ConfigurationError, match="can only be sent again"):
        resolve(ledger, first, answer="sent", **WHO)
    assert resolve(ledger, first, answer="resend", **WHO).state is State.READY


def test_every_uncertain_letter_of_a_mailing_is_settled_at_once(
    ledger: Ledger, made: Mailing
) -> None:
    first, second, _ = live(ledger, made.id)
    for dispatch in (first, second):
        bring(ledger, dispatch, State.UNCERTAIN)
    resolve_all(ledger, made.id, state=State.UNCERTAIN, answer="sent", **WHO)
    assert list(live(ledger, made.id).values()) == ["sent", "sent", "ready"]


def test_where_nothing_is_refused_or_shares_the_reply_nothing_is_changed(
    ledger: Ledger, refused: Mailing
) -> None:
    before = history(ledger)
    with pytest.raises(ConfigurationError, match=r"no letter that is uncertain; nothing"):
        resolve_all(ledger, refused.id, state=State.UNCERTAIN, answer="sent", **WHO)
    with pytest.raises(ConfigurationError, match=r"refused with 'quota' in its reply; nothing"):
        resolve_all(ledger, refused.id, state=State.REFUSED, answer="resend", reply="quota", **WHO)
    with pytest.raises(ConfigurationError, match="no mailing x-1"):
        resolve_all(ledger, "x-1", state=State.REFUSED, answer="resend", **WHO)
    assert history(ledger) == before


@pytest.fixture
def mixed(ledger: Ledger) -> Mailing:
    """By mail; by post; by both."""
    letters = [
        letter("mailed"),
        letter("posted", email="", message_id="", paper=True),
        letter("both", paper=True),
    ]
    return approve(ledger, freeze(ledger, letters))


def test_a_withdrawal_can_leave_letters_by_post_as_they_are(ledger: Ledger, mixed: Mailing) -> None:
    found = withdrawable(ledger, mixed.id)
    assert (found.mailing, len(found.mail), len(found.post), found.paper) == (True, 2, 1, 1)
    withdraw(ledger, mixed.id, only_mail=True, **WHO)
    assert list(live(ledger, mixed.id).values()) == ["withdrawn", "ready", "withdrawn"]
    with pytest.raises(ConfigurationError, match="only letters by post are left"):
        withdraw(ledger, mixed.id, only_mail=True, **WHO)
    withdraw(ledger, mixed.id, **WHO)
    assert set(live(ledger, mixed.id).values()) == {"withdrawn"}


def test_status_has_the_reason_of_every_withdrawal_resolution_and_posting(
    ledger: Ledger, mixed: Mailing
) -> None:
    mailed, by_post, both = live(ledger, mixed.id)
    bring(ledger, mailed, State.UNCERTAIN)
    resolve(ledger, mailed, answer="resend", by="E. Marchbank", why="not in the server's log")
    withdraw(ledger, mailed, by="R. Hope", why="left office")
    posted(ledger, mixed.id, on=date(2013, 9, 5), by="Post Room")
    reasons = {one.id: one.reason for one in status(ledger, mixed.id).dispatches}
    assert reasons == {
        mailed: "ready by E. Marchbank: not in the server's log; withdrawn by R. Hope: left office",
        by_post: "posted by Post Room: posted on 2013-09-05",
        both: "posted by Post Room: posted on 2013-09-05",
    }


@pytest.mark.parametrize("state", [State.READY, State.REFUSED, State.WITHDRAWN, State.SENT])
def test_whoever_was_posted_the_letter_is_in_no_further_mailing_of_the_edition(
    ledger: Ledger, state: State
) -> None:
    made = approve(ledger, freeze(ledger, [letter("hague", paper=True), "warsi"]))
    first, second = live(ledger, made.id)
    posted(ledger, made.id, on=date(2013, 9, 5), by="Post Room")
    bring(ledger, first, state)
    bring(ledger, second, State.REFUSED)
    known = served.served(ledger, made.campaign, made.edition)
    assert set(known.persons()) == {"hague"}
    assert set(freezing.taken(ledger, made.campaign, made.edition)) == {"hague"}
    with pytest.raises(ConfigurationError, match="would be a second copy"):
        again(ledger, first, **WHO)
