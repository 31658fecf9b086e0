"""From readers to frozen letters: each its own Message-ID, in order, whatever does the work."""

import re
from collections.abc import Sequence
from dataclasses import replace
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path

from flows.letters.campaign import Campaign
from flows.people.contact import Reader, RejectedRow
from flows.post.mailing.frozen_letter import FrozenLetter
from flows.post.mailing.rendering import render
from tests.unit.post.ledger_fixtures import MARK, ON


def frozen(campaign: Campaign, chosen: Sequence[Reader], processes: int = 1) -> list[FrozenLetter]:
    made = list(render(campaign, ON, chosen, MARK, processes))
    assert all(isinstance(one, FrozenLetter) for one in made), made
    return [one for one in made if isinstance(one, FrozenLetter)]


def test_letters_come_in_the_order_of_their_readers(
    campaign: Campaign, everyone: tuple[Reader, ...]
) -> None:
    assert [one.contact for one in frozen(campaign, everyone)] == [
        one.contact.id for one in everyone
    ]


def test_two_processes_make_the_bytes_that_one_makes(
    campaign: Campaign, everyone: tuple[Reader, ...]
) -> None:
    assert frozen(campaign, everyone, 2) == frozen(campaign, everyone, 1)


def test_each_letter_has_a_message_id_of_its_own_under_the_senders_domain(
    campaign: Campaign, everyone: tuple[Reader, ...]
) -> None:
    ids = [one.message_id for one in frozen(campaign, everyone)]
    assert len(set(ids)) == len(everyone)
    assert all(re.fullmatch(r"<[0-9a-f]{32}@example\.org>", one) for one in ids)
    for one in frozen(campaign, everyone):
        assert message_from_bytes(one.content, policy=SMTP)["Message-ID"] == one.message_id


def test_another_mailing_to_the_same_person_has_another_message_id() -> None:
    other = replace(MARK, mailing="dialogue-2-abcd")
    assert other.message_id("hague") != MARK.message_id("hague")
    assert MARK.message_id("hague") == MARK.message_id("hague")


def test_who_has_no_address_gets_a_document_for_the_post(
    campaign: Campaign, everyone: tuple[Reader, ...]
) -> None:
    reader = replace(everyone[0], contact=replace(everyone[0].contact, email=""))
    (letter,) = frozen(campaign, [reader])
    assert (letter.email, letter.message_id) == ("", "")
    assert letter.content.startswith(b"PK")


def test_a_reader_who_cannot_be_written_to_is_handed_back_and_the_others_go_on(
    campaign: Campaign, everyone: tuple[Reader, ...]
) -> None:
    first, bad, last = everyone[:3]
    bad = replace(bad, contact=replace(bad.contact, personal="half a letter \ud83d"))
    made = list(render(campaign, ON, [first, bad, last], MARK))
    refused = [one for one in made if isinstance(one, RejectedRow)]
    assert [one.contact for one in made if isinstance(one, FrozenLetter)] == [
        first.contact.id,
        last.contact.id,
    ]
    assert [(one.row, Path(one.file).name) for one in refused] == [(bad.contact.row, "mps.csv")]
    assert refused[0].cells["id"] == bad.contact.id
