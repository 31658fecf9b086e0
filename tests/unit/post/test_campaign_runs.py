"""One run at a time on a campaign's edition, as the ledger remembers it."""

from collections.abc import Iterator
from contextlib import suppress

import pytest

from flows.post.ledger import campaign_runs, events
from flows.post.ledger.database import Ledger
from flows.post.ledger.opening import open_ledger


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    made = open_ledger(ledger_url)
    yield made
    with made.read() as connection:
        assert events.verify(connection).ok
    made.close()


class Suspended(BaseException):
    """What suspends a run: no Exception, like Prefect's own."""


def gone(run: str) -> bool:
    return False


def goes_on(run: str) -> bool:
    return True


def suspend(ledger: Ledger, run: str, mailing: str = "") -> None:
    """Begin a run, which freezes a mailing where one is named, and suspend it."""
    with suppress(Suspended), campaign_runs.run_lock(ledger, "dialogue", 1, run, gone):
        if mailing:
            campaign_runs.link_mailing(ledger, run, mailing)
        raise Suspended


def test_while_one_run_is_at_work_another_is_refused(ledger: Ledger) -> None:
    with (
        campaign_runs.run_lock(ledger, "dialogue", 1, "first", gone),
        pytest.raises(campaign_runs.CampaignBusyError, match="is at work") as refused,
        campaign_runs.run_lock(ledger, "dialogue", 1, "second", gone),
    ):
        pass
    assert refused.value.run == "first"


def test_another_edition_or_campaign_does_not_wait(ledger: Ledger) -> None:
    with (
        campaign_runs.run_lock(ledger, "dialogue", 1, "first", gone),
        campaign_runs.run_lock(ledger, "dialogue", 2, "second", gone),
        campaign_runs.run_lock(ledger, "other", 1, "third", gone),
    ):
        pass


def test_a_run_that_ended_by_itself_or_by_an_error_leaves_the_campaign_free(ledger: Ledger) -> None:
    with campaign_runs.run_lock(ledger, "dialogue", 1, "first", goes_on):
        pass
    with (
        pytest.raises(ValueError, match="x"),
        campaign_runs.run_lock(ledger, "dialogue", 1, "next", goes_on),
    ):
        raise ValueError("x")
    with campaign_runs.run_lock(ledger, "dialogue", 1, "third", goes_on):
        pass


def test_a_suspended_run_keeps_the_campaign_and_goes_on(ledger: Ledger) -> None:
    suspend(ledger, "first")
    with (
        pytest.raises(campaign_runs.CampaignBusyError, match="waits for its sign-off"),
        campaign_runs.run_lock(ledger, "dialogue", 1, "second", goes_on),
    ):
        pass
    assert campaign_runs.begun(ledger, "first")
    assert not campaign_runs.begun(ledger, "second")
    with campaign_runs.run_lock(ledger, "dialogue", 1, "first", goes_on):
        pass


def test_a_run_that_is_gone_leaves_the_campaign_to_the_next(ledger: Ledger) -> None:
    suspend(ledger, "first")
    with campaign_runs.run_lock(ledger, "dialogue", 1, "second", gone):
        assert campaign_runs.running(ledger, campaign_runs.last(ledger, "dialogue", 1))


def test_a_run_knows_its_mailing_again_after_it_was_suspended(ledger: Ledger) -> None:
    assert campaign_runs.mailing_of(ledger, "first") is None
    suspend(ledger, "first", "dialogue-1-abc")
    with campaign_runs.run_lock(ledger, "dialogue", 2, "second", gone):
        campaign_runs.link_mailing(ledger, "second", "dialogue-2-def")
    with campaign_runs.run_lock(ledger, "dialogue", 1, "first", gone):
        assert campaign_runs.mailing_of(ledger, "first") == "dialogue-1-abc"


def test_a_run_is_at_work_as_long_as_its_process_holds_it(ledger: Ledger) -> None:
    assert not campaign_runs.running(ledger, campaign_runs.last(ledger, "dialogue", 1))
    with campaign_runs.run_lock(ledger, "dialogue", 1, "first", gone):
        assert campaign_runs.running(ledger, campaign_runs.last(ledger, "dialogue", 1))
    suspend(ledger, "second")
    left = campaign_runs.last(ledger, "dialogue", 1)
    assert left
    assert (left.run, left.ended_at) == ("second", None)
    assert not campaign_runs.running(ledger, left)


def test_a_limit_holds_until_a_run_without_one(ledger: Ledger) -> None:
    assert not campaign_runs.limited(ledger, "dialogue-1-abc")
    campaign_runs.limit(ledger, "dialogue-1-abc", 10)
    assert campaign_runs.limited(ledger, "dialogue-1-abc")
    campaign_runs.limit(ledger, "dialogue-1-abc", 0)
    assert not campaign_runs.limited(ledger, "dialogue-1-abc")
