"""``verify`` is about the letters too: whoever was sent what stays provable."""

import hashlib

import pytest
from sqlalchemy import delete, insert, select, update

from flows.post import audit
from flows.post.ledger import schema
from flows.post.ledger.database import Ledger
from flows.post.ledger.events import Verdict
from flows.post.ledger.opening import open_ledger
from flows.post.smtp.reply import Reply
from flows.post.states import State
from tests.unit.post.ledger_fixtures import alter, approve, bring, freeze, history, live, subject

L, M = schema.letter, schema.mailing


@pytest.fixture
def sent(ledger: Ledger) -> Ledger:
    """Two mailings; the first is signed off and its first letter has left."""
    made = approve(ledger, freeze(ledger, ["hague", "warsi"]))
    bring(ledger, next(iter(live(ledger, made.id))), State.SENT)
    freeze(ledger, ["hague", "green"], subject("other"))
    return ledger


def verdict(ledger: Ledger) -> Verdict:
    with ledger.read() as connection:
        return audit.verify(connection)


def test_a_ledger_as_the_program_left_it_is_whole(sent: Ledger) -> None:
    found = verdict(sent)
    assert (found.ok, found.events) == (True, len(history(sent)))


@pytest.mark.parametrize("ordinal", [1, 2])
@pytest.mark.parametrize("campaign", ["dialogue", "other"])
def test_a_letter_changed_after_it_was_frozen_is_found_at_the_event_that_froze_it(
    sent: Ledger, campaign: str, ordinal: int
) -> None:
    chosen = L.c.mailing.startswith(f"{campaign}-") & (L.c.ordinal == ordinal)
    alter(sent, update(L).where(chosen).values(content=b"Dear Mr Vague"))
    found = verdict(sent)
    assert not found.ok
    (event,) = (
        one
        for one in history(sent)
        if one["what"] == "frozen" and one["mailing"].startswith(f"{campaign}-")
    )
    assert found.broken_at == event["seq"]
    assert f"letter {ordinal} is not what was frozen" in found.why


@pytest.mark.parametrize("column", ["email", "person", "contact", "message_id"])
def test_another_reader_in_the_place_of_one_is_found(sent: Ledger, column: str) -> None:
    alter(sent, update(L).where(L.c.ordinal == 1).values({column: "vague@example.org"}))
    assert not verdict(sent).ok


def test_a_letter_changed_together_with_its_hash_is_found(sent: Ledger) -> None:
    other = b"Dear Mr Vague"
    values = {"content": other, "sha256": hashlib.sha256(other).hexdigest()}
    alter(sent, update(L).where(L.c.ordinal == 2).values(values))
    assert not verdict(sent).ok


def test_a_letter_taken_out_or_slipped_in_is_found(sent: Ledger) -> None:
    with sent.read() as connection:
        copied = dict(connection.execute(select(L)).first()._mapping)  # type: ignore[union-attr]
    alter(sent, insert(L).values({**copied, "ordinal": 3}))
    assert not verdict(sent).ok
    alter(sent, delete(L).where(L.c.ordinal == 3))
    assert verdict(sent).ok
    alter(sent, delete(L).where(L.c.ordinal == 2))
    assert not verdict(sent).ok


@pytest.mark.parametrize("column", ["sender", "campaign", "as_of", "frozen_at"])
def test_what_a_mailing_says_of_itself_cannot_be_changed(sent: Ledger, column: str) -> None:
    alter(sent, update(M).where(M.c.campaign == "dialogue").values({column: "2013-09-05"}))
    assert not verdict(sent).ok


def test_a_broken_chain_is_told_first(sent: Ledger) -> None:
    alter(sent, update(schema.event).where(schema.event.c.seq == 2).values(by="somebody"))
    alter(sent, update(L).values(content=b"x"))
    assert verdict(sent).broken_at == 2


def test_it_is_the_same_on_either_database(ledger_url: str) -> None:
    ledger = open_ledger(ledger_url)
    made = approve(ledger, freeze(ledger, [f"reader{number}" for number in range(60)]))
    for one in live(ledger, made.id):
        bring(ledger, one, State.SENT, Reply(250, "2.0.0 Ok: queued as 4SXyZv0jXy"))
    assert verdict(ledger).ok
    alter(ledger, update(L).where(L.c.ordinal == 57).values(content=b"x"))
    assert "letter 57" in verdict(ledger).why
    alter(ledger, update(schema.dispatch).values(queue_id="OTHER"))
    assert not verdict(ledger).ok
    ledger.close()
