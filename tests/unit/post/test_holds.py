"""A held mailing: nothing of it goes out live until a person releases it, and the chain says so."""

from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import delete, select, update

from flows.errors import ConfigurationError
from flows.operations import appointment
from flows.operations import hold as holding
from flows.post.delivery.claims import Claims
from flows.post.delivery.sending import Sending, Stop
from flows.post.ledger import holds, schema, witness, workers
from flows.post.ledger.clock import now
from flows.post.ledger.database import Ledger
from flows.post.ledger.errors import LedgerUnavailableError, LostHoldError
from flows.post.mailing import rehearsal
from flows.post.mailing.mailing import Mailing
from flows.post.resolution import withdraw
from flows.post.states import State
from tests.unit.post.ledger_fixtures import (
    SENDER,
    approve,
    bring,
    freeze,
    history,
    live,
    row,
    subject,
    verdict,
    walk,
)

WHO = {"by": "E. Marchbank", "why": "the date is wrong"}


@pytest.fixture
def mailing(ledger: Ledger) -> Mailing:
    return approve(ledger, freeze(ledger, ["hague", "warsi", "green"]))


def claimed(ledger: Ledger, mailing: Mailing, number: int = 0) -> str | None:
    """The letter that a new worker would get, its claim given back."""
    with workers.hold(ledger) as worker:
        claims = Claims(ledger, Sending(mailing.id, SENDER, number), worker, 1, Stop())
        claim = claims.take()
        if claim:
            claims.give_back(claim)
        claims.release()
    return claim.dispatch.id if claim else None


def test_no_worker_gets_a_letter_of_a_held_mailing_until_it_is_released(
    ledger: Ledger, mailing: Mailing
) -> None:
    holding.hold(ledger, mailing.id, **WHO)
    assert claimed(ledger, mailing) is None

    holding.release(ledger, mailing.id, by="Chair", why="the date is right")
    assert claimed(ledger, mailing) == f"{mailing.id}:1"
    assert verdict(ledger).ok


def test_another_mailing_goes_on(ledger: Ledger, mailing: Mailing) -> None:
    other = approve(ledger, freeze(ledger, ["hague"], subject("other")))
    holding.hold(ledger, mailing.id, **WHO)
    assert claimed(ledger, other)


def test_a_held_mailing_may_be_rehearsed(ledger: Ledger, mailing: Mailing) -> None:
    holding.hold(ledger, mailing.id, **WHO)
    assert claimed(ledger, mailing, rehearsal.begin(ledger, mailing))


def test_a_letter_that_was_claimed_before_the_hold_is_not_handed_over(
    ledger: Ledger, mailing: Mailing
) -> None:
    dispatch = next(iter(live(ledger, mailing.id)))
    with workers.hold(ledger) as worker:
        walk(ledger, dispatch, State.CLAIMED, worker=worker)
        holding.hold(ledger, mailing.id, **WHO)
        with pytest.raises(LostHoldError, match="or its mailing is held"):
            walk(ledger, dispatch, State.HANDING_OVER, worker=worker)
        walk(ledger, dispatch, State.READY, worker=worker)


def test_an_answer_that_comes_after_the_hold_is_kept(ledger: Ledger, mailing: Mailing) -> None:
    dispatch = next(iter(live(ledger, mailing.id)))
    with workers.hold(ledger) as worker:
        walk(ledger, dispatch, State.CLAIMED, State.HANDING_OVER, worker=worker)
        holding.hold(ledger, mailing.id, **WHO)
        walk(ledger, dispatch, State.SENT, worker=worker)
    assert row(ledger, dispatch)["state"] == "sent"


def test_the_ledger_says_who_when_why_and_after_which_letter(
    ledger: Ledger, mailing: Mailing
) -> None:
    first = next(iter(live(ledger, mailing.id)))
    bring(ledger, first, State.SENT)
    held = holding.hold(ledger, mailing.id, **WHO)
    again = holding.hold(ledger, mailing.id, by="Somebody Else", why="to be sure")

    assert again == held == holds.find(ledger, mailing.id)
    assert (held.by, held.why, held.dispatch) == (WHO["by"], WHO["why"], first)
    assert "after letter 1: the date is wrong" in str(held)
    holding.release(ledger, mailing.id, by="Chair", why="put right")
    assert holds.every(ledger) == {}
    said = [(one["what"], one["by"], one["why"]) for one in history(ledger)[-2:]]
    assert said == [("held", *WHO.values()), ("released", "Chair", "put right")]
    # It may be held again.
    assert holding.hold(ledger, mailing.id, **WHO).at > held.at


def test_whoever_says_stop_while_a_sending_waits_for_its_time_stops_it_for_good(
    ledger: Ledger,
) -> None:
    mailing = approve(ledger, freeze(ledger, ["hague"]), sources={})

    def stop(line: str) -> None:
        held = holding.hold(ledger, mailing.id, **WHO)
        assert (held.by, held.why) == (WHO["by"], WHO["why"])

    at = now() + timedelta(seconds=0.1)
    with pytest.raises(ConfigurationError, match=r"is held by E\. Marchbank"):
        appointment.wait(ledger, mailing, at, Event(), stop)
    assert claimed(ledger, mailing) is None
    assert verdict(ledger).ok

    holding.release(ledger, mailing.id, by="Chair", why="the date is right")
    assert appointment.wait(ledger, mailing, at, Event())
    assert claimed(ledger, mailing)
    assert verdict(ledger).ok


@pytest.mark.parametrize("missing", ["by", "why"])
def test_neither_is_done_without_a_name_and_a_reason(
    ledger: Ledger, mailing: Mailing, missing: str
) -> None:
    for verb in (holding.hold, holding.release):
        with pytest.raises(ConfigurationError, match=f"--{missing}"):
            verb(ledger, mailing.id, **{**WHO, missing: " "})
    assert holds.every(ledger) == {}


def test_what_is_not_there_or_not_held_is_said(ledger: Ledger, mailing: Mailing) -> None:
    with pytest.raises(ConfigurationError, match="there is no mailing other-1"):
        holding.hold(ledger, "other-1", **WHO)
    with pytest.raises(ConfigurationError, match="is not held"):
        holding.release(ledger, mailing.id, **WHO)


@pytest.mark.parametrize("tampering", ["deleted", "released", "renamed"])
def test_a_hold_taken_out_of_the_ledger_by_hand_is_found(
    ledger: Ledger, mailing: Mailing, tampering: str
) -> None:
    holding.hold(ledger, mailing.id, **WHO)
    with ledger.write() as connection:
        if tampering == "deleted":
            connection.execute(delete(schema.hold))
        elif tampering == "released":
            at = connection.execute(select(schema.hold.c.at)).scalar()
            values = {"released_at": at, "released_by": "x", "released_why": "y"}
            connection.execute(update(schema.hold).values(**values))
        else:
            connection.execute(update(schema.hold).values(by="Somebody Else"))
    assert not verdict(ledger).ok


def test_a_hold_whose_witness_cannot_be_written_stands_and_the_error_says_so(
    ledger: Ledger, mailing: Mailing, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.write_text("a file in place of the folder")
    ledger.witness_folder = outside
    with pytest.raises(LedgerUnavailableError, match=r"is held by E. Marchbank.*which stands; but"):
        holding.hold(ledger, mailing.id, **WHO)
    assert holds.find(ledger, mailing.id)
    assert claimed(ledger, mailing) is None
    assert verdict(ledger).ok
    assert holding.hold(ledger, mailing.id, **WHO).why == WHO["why"]


def test_a_hold_stands_where_the_witness_that_is_there_can_no_longer_be_written(
    ledger: Ledger, mailing: Mailing
) -> None:
    witness.begin(ledger)
    holding.hold(ledger, mailing.id, **WHO)
    holding.release(ledger, mailing.id, by="Chair", why="the date is right")
    (kept,) = witness.files(ledger)
    kept.unlink()
    kept.mkdir()
    with pytest.raises(LedgerUnavailableError, match="which stands; but"):
        holding.hold(ledger, mailing.id, **WHO)
    assert holds.find(ledger, mailing.id)
    with pytest.raises(LedgerUnavailableError, match="is released, which stands; but"):
        holding.release(ledger, mailing.id, by="Chair", why="the date is right")
    assert not holds.find(ledger, mailing.id)


def test_a_withdrawal_whose_witness_cannot_be_written_stands(
    ledger: Ledger, mailing: Mailing, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.write_text("a file in place of the folder")
    ledger.witness_folder = outside
    with pytest.raises(LedgerUnavailableError, match="3 withdrawn, which stands; but"):
        withdraw(ledger, mailing.id, **WHO)
    assert set(live(ledger).values()) == {State.WITHDRAWN}
