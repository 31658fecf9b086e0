"""The chair's word is about bytes: what was signed off goes out live, and nothing else does."""

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from sqlalchemy import update

from flows.errors import ConfigurationError
from flows.post.ledger import schema
from flows.post.ledger.database import Ledger
from flows.post.mailing import approval, mailing
from flows.post.mailing.mailing import Mailing
from flows.post.resolution import posted, resolve, withdraw
from flows.post.states import State
from tests.unit.post.ledger_fixtures import (
    SOURCES,
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

L, M = schema.letter, schema.mailing
EDITED = {**SOURCES, "contacts/mps.csv": "c" * 64}


@pytest.fixture
def made(ledger: Ledger) -> Mailing:
    return freeze(ledger, ["hague", "warsi"])


def ready_to_go(ledger: Ledger, found: Mailing, now: Mapping[str, str] = SOURCES) -> list[str]:
    """The edits told where it may go out live; raises where it may not."""
    return approval.need_signed_off(ledger, mailing.get(ledger, found.id), lambda: now)


def test_a_sign_off_is_kept_with_name_time_and_hash(ledger: Ledger, made: Mailing) -> None:
    signed = approve(ledger, made, by="  Eleanor   Marchbank ")
    assert signed.approved_by == "Eleanor Marchbank"
    assert signed.approved_at is not None
    assert signed.approved_sources == SOURCES
    last = history(ledger)[-1]
    assert (last["what"], last["by"], last["why"]) == ("signed off", "Eleanor Marchbank", made.hash)
    assert ready_to_go(ledger, signed) == []


@pytest.mark.parametrize("shown", [8, 12, 64])
def test_eight_digits_of_the_hash_are_enough_however_they_are_typed(
    ledger: Ledger, made: Mailing, shown: int
) -> None:
    typed = f" {made.hash[:shown].upper()} "
    signed = approval.approve(ledger, made.id, by="The Chair", digest=typed, sources=SOURCES)
    assert signed.approved_at


@pytest.mark.parametrize(
    "given", ["", "1234567", "right:7", "0" * 8, "0" * 64, "right:64+0", "é" * 8]
)
def test_another_hash_or_too_little_of_it_signs_nothing_off(
    ledger: Ledger, made: Mailing, given: str
) -> None:
    digest = {"right:7": made.hash[:7], "right:64+0": made.hash + "0"}.get(given, given)
    with pytest.raises(ConfigurationError, match=f"is not the hash of mailing {made.id}"):
        approval.approve(ledger, made.id, by="The Chair", digest=digest, sources=SOURCES)
    assert mailing.get(ledger, made.id).approved_at is None
    assert history(ledger)[-1]["what"] == "frozen"


@pytest.mark.parametrize("name", ["", "   ", "\n", "The\x1b[31m Chair", "Chair\u202e"])
def test_without_a_name_nothing_is_signed_off(ledger: Ledger, made: Mailing, name: str) -> None:
    with pytest.raises(ConfigurationError, match="--by NAME"):
        approve(ledger, made, by=name)
    assert mailing.get(ledger, made.id).approved_at is None


def test_a_mailing_that_is_not_there_cannot_be_signed_off(ledger: Ledger) -> None:
    with pytest.raises(ConfigurationError, match="no mailing m"):
        approval.approve(ledger, "m", by="The Chair", digest="0" * 8, sources={})


def test_a_superseded_mailing_cannot_be_signed_off(ledger: Ledger, made: Mailing) -> None:
    freeze(ledger, ["hague", "warsi"], subject(as_of=date(2013, 9, 5)))
    with pytest.raises(ConfigurationError, match="superseded"):
        approve(ledger, made)


def test_a_mailing_withdrawn_after_the_sign_off_does_not_go(ledger: Ledger, made: Mailing) -> None:
    approve(ledger, made)
    withdraw(ledger, made.id, by="E. Marchbank", why="overtaken by events")
    with pytest.raises(ConfigurationError, match="withdrawn"):
        ready_to_go(ledger, made)


def test_without_a_sign_off_it_does_not_go_and_the_command_is_told(
    ledger: Ledger, made: Mailing
) -> None:
    with pytest.raises(
        ConfigurationError,
        match=f"dear-minister approve {made.id} --by NAME --hash {made.hash[:12]}",
    ):
        ready_to_go(ledger, made)


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (EDITED, "contacts/mps.csv was edited"),
        ({"contacts/mps.csv": "b" * 64}, "templates/dialogue/campaign.toml is gone"),
        ({**SOURCES, "templates/dialogue/email.txt": "d" * 64}, "email.txt is new"),
    ],
)
def test_an_edit_after_the_sign_off_is_refused_until_it_is_signed_off_again(
    ledger: Ledger, made: Mailing, now: dict[str, str], told: str
) -> None:
    approve(ledger, made)
    with pytest.raises(ConfigurationError, match=f"hash differs: .*{told}"):
        ready_to_go(ledger, made, now)
    approve(ledger, made, sources=now)
    assert ready_to_go(ledger, made, now) == []


def test_an_edit_taken_back_does_not_stand_in_the_way(ledger: Ledger, made: Mailing) -> None:
    approve(ledger, made)
    with pytest.raises(ConfigurationError):
        ready_to_go(ledger, made, EDITED)
    assert ready_to_go(ledger, made, SOURCES) == []


def test_an_edit_before_the_sign_off_was_known_to_whoever_gave_it(
    ledger: Ledger, made: Mailing
) -> None:
    approve(ledger, made, sources=EDITED)
    assert ready_to_go(ledger, made, EDITED) == []


def test_once_letters_have_left_an_edit_is_told_and_the_rest_follow_as_frozen(
    ledger: Ledger, made: Mailing
) -> None:
    approve(ledger, made)
    bring(ledger, next(iter(live(ledger, made.id))), State.SENT)
    assert ready_to_go(ledger, made, EDITED) == ["contacts/mps.csv was edited"]


def refused_again(ledger: Ledger, made: Mailing) -> str:
    """Why a second person's sign-off is not taken; that the first one's is as it was."""
    before = mailing.get(ledger, made.id)
    with pytest.raises(ConfigurationError, match="have gone since: that sign-off stands") as told:
        approve(ledger, made, sources=EDITED, by="Somebody Else")
    assert mailing.get(ledger, made.id) == before
    assert [event["by"] for event in history(ledger) if event["what"] == "signed off"] == [
        "Eleanor Marchbank"
    ]
    assert ready_to_go(ledger, made, EDITED) == ["contacts/mps.csv was edited"]  # no dead end
    return str(told.value)


@pytest.mark.parametrize("state", [State.SENT, State.UNCERTAIN, State.HANDING_OVER])
def test_who_signed_off_letters_that_have_gone_is_not_written_over(
    ledger: Ledger, made: Mailing, state: State
) -> None:
    signed = approve(ledger, made, by="Eleanor Marchbank")
    bring(ledger, next(iter(live(ledger, made.id))), state)
    assert signed.approved_at
    at = f"{signed.approved_at:%d %B %Y at %H:%M} UTC"
    assert f"signed off by Eleanor Marchbank on {at}" in refused_again(ledger, made)


def test_who_signed_off_a_letter_that_was_posted_is_not_written_over(ledger: Ledger) -> None:
    made = approve(ledger, freeze(ledger, [letter("hague", paper=True)]), by="Eleanor Marchbank")
    posted(ledger, made.id, on=date.today(), by="Post Room")
    refused_again(ledger, made)


def test_a_letter_that_may_have_gone_counts_as_gone_though_it_is_to_be_sent_again(
    ledger: Ledger, made: Mailing
) -> None:
    approve(ledger, made, by="Eleanor Marchbank")
    first = next(iter(live(ledger, made.id)))
    walk(ledger, first, State.UNCERTAIN)  # as ``recover`` leaves it, without an attempt
    refused_again(ledger, made)
    resolve(ledger, first, answer="resend", by="Jo Wright", why="not in the sent mails")
    refused_again(ledger, made)


@pytest.mark.parametrize("state", [State.CLAIMED, State.DEFERRED, State.REFUSED])
def test_while_no_letter_has_gone_a_new_sign_off_takes_the_place_of_the_earlier(
    ledger: Ledger, made: Mailing, state: State
) -> None:
    approve(ledger, made, by="Eleanor Marchbank")
    bring(ledger, next(iter(live(ledger, made.id))), state)
    assert approve(ledger, made, by="Somebody Else").approved_by == "Somebody Else"


def test_a_ledger_that_has_lost_the_sign_off_takes_one_though_letters_may_have_gone(
    ledger: Ledger, made: Mailing
) -> None:
    walk(ledger, next(iter(live(ledger, made.id))), State.UNCERTAIN)
    assert approve(ledger, made).approved_by == "The Chair"


def _rehashed(ledger: Ledger, made: Mailing) -> None:
    """As somebody would who knows how the mailing's hash is made."""
    with ledger.write() as connection:
        digest = mailing.manifest(connection, made.id)
        connection.execute(update(M).values(hash=digest))


TAMPERED: dict[str, Any] = {
    "the bytes of a letter": {"content": b"Dear Mr Vague"},
    "a letter's hash": {"sha256": "f" * 64},
    "bytes and hash": {
        "content": b"Dear Mr Vague",
        "sha256": hashlib.sha256(b"Dear Mr Vague").hexdigest(),
    },
    "the address": {"email": "somebody.else@example.org"},
    "the Message-ID": {"message_id": "<other@example.org>"},
    "the person": {"person": "vague"},
}


@pytest.mark.parametrize("what", TAMPERED)
@pytest.mark.parametrize("when", ["before the sign-off", "after it"])
def test_what_was_changed_in_the_ledger_does_not_go(
    ledger: Ledger, made: Mailing, what: str, when: str
) -> None:
    if when == "after it":
        approve(ledger, made)
    alter(ledger, update(L).where(L.c.ordinal == 2).values(TAMPERED[what]))
    attempt = ready_to_go if when == "after it" else approve
    with pytest.raises(ConfigurationError, match="hash differs"):
        attempt(ledger, made)


def test_bytes_whose_every_hash_was_made_anew_are_still_not_those_that_were_signed_off(
    ledger: Ledger, made: Mailing
) -> None:
    approve(ledger, made)
    alter(ledger, update(L).where(L.c.ordinal == 2).values(TAMPERED["bytes and hash"]))
    _rehashed(ledger, made)
    with pytest.raises(ConfigurationError, match="hash differs"):
        ready_to_go(ledger, made)


def test_another_reverse_path_is_another_mailing(ledger: Ledger, made: Mailing) -> None:
    approve(ledger, made)
    alter(ledger, update(M).values(sender="somebody.else@example.org"))
    with pytest.raises(ConfigurationError, match="hash differs"):
        ready_to_go(ledger, made)
