"""The sweep of a real mailbox: everything is filed, once, and nothing in the mailbox changes."""

from collections import Counter
from dataclasses import replace

import pytest
from imap_tools import MailMessageFlags

from flows.post import audit
from flows.post.inbox import items
from flows.post.inbox.items import Item
from flows.post.inbox.kinds import Kind
from flows.post.inbox.sweep import SweepBusyError, Swept, sweep
from flows.post.ledger import schema
from flows.post.ledger.database import Ledger
from flows.post.mailing.mailing import Mailing
from flows.post.smtp.imap import ImapError, ImapFolder
from tests.inbox.corpus import READERS, expected
from tests.inbox.letters_sent import Inbox

KNOWN = [one for one in expected("known") if one.how != "token"]


def by_subject(ledger: Ledger) -> dict[str, Item]:
    return {item.subject: item for item in items.read(ledger)}


def whole(ledger: Ledger) -> bool:
    with ledger.read() as connection:
        return audit.verify(connection).ok


def answer(text: str, number: int = 1, sender: str = "hague@fco.example.org") -> bytes:
    return (
        f"From: {sender}\r\nSubject: Re: {number}\r\nMessage-ID: <{number}@fco.example.org>\r\n"
        f"In-Reply-To: <hague.dialogue@campaign.example.org>\r\n\r\n{text}\r\n"
    ).encode()


REPLY = "I agree with you and will raise it with the Prime Minister."


def test_the_corpus_is_filed_whole_and_the_mailbox_is_as_it_was(
    ledger: Ledger, mailing: Mailing, inbox: Inbox
) -> None:
    inbox.add(*(one.raw for one in KNOWN))
    found = sweep(ledger, inbox.imap)
    assert found.kinds == dict(Counter(one.kind for one in KNOWN))
    filed = items.read(ledger)
    people = {f"{mailing.id}:{n}": one for n, one in enumerate(["", *READERS]) if n}
    assert [(item.kind, people.get(item.dispatch or "", "")) for item in filed] == [
        (one.kind, one.person) for one in KNOWN
    ]
    for item, one in zip(filed, KNOWN, strict=True):
        assert b"".join(items.raw(ledger, item)) == one.raw
    assert whole(ledger)
    with inbox.open() as box:
        there = list(box.fetch(mark_seen=False))
    assert len(there) == len(KNOWN)
    assert {flag for mail in there for flag in mail.flags} <= {r"\Recent"}


def test_a_second_sweep_files_nothing_and_a_new_mail_is_filed_alone(
    ledger: Ledger, mailing: Mailing, inbox: Inbox
) -> None:
    inbox.add(answer(REPLY))
    assert sum(sweep(ledger, inbox.imap).kinds.values()) == 1
    assert sweep(ledger, inbox.imap) == Swept()
    inbox.add(answer("Do not write to me again.", 2))
    second = sweep(ledger, inbox.imap)
    assert second.kinds == {"objection": 1}
    assert [item.kind for item in items.read(ledger)] == [Kind.REPLY, Kind.OBJECTION]


def test_a_mailbox_made_anew_is_noticed_and_nothing_is_filed_twice(
    ledger: Ledger, mailing: Mailing, inbox: Inbox
) -> None:
    folder = replace(inbox.imap, folder="Answers")
    acknowledged = answer("Thank you for your letter, which is receiving attention.", 2)
    with inbox.open() as box:
        box.folder.create("Answers")
        box.append(answer(REPLY), "Answers")
        sweep(ledger, folder)
        box.folder.delete("Answers")
        box.folder.create("Answers")
        box.append(answer(REPLY), "Answers")
        box.append(acknowledged, "Answers")
    again = sweep(ledger, folder)
    assert again.made_anew
    assert (again.known, again.kinds) == (1, {"acknowledgement": 1})
    assert len(items.read(ledger)) == 2


def test_a_mail_deleted_while_the_mailbox_is_read_is_passed_over(
    ledger: Ledger, mailing: Mailing, inbox: Inbox
) -> None:
    inbox.add(*(answer(REPLY, n) for n in range(1, 251)))
    with inbox.open() as other:

        def deletes(done: int, total: int) -> None:
            if done == 100:
                other.delete([str(uid) for uid in range(120, 140)])
                other.append(answer(REPLY, 999), "INBOX")

        found = sweep(ledger, inbox.imap, progress=deletes)
    assert found.kinds == {"reply": 230}
    assert sweep(ledger, inbox.imap).kinds == {"reply": 1}
    assert {item.subject for item in items.read(ledger)} == {
        f"Re: {n}" for n in (*range(1, 120), *range(140, 251), 999)
    }


def test_two_sweeps_at_once_file_each_mail_once(
    ledger: Ledger, mailing: Mailing, inbox: Inbox
) -> None:
    inbox.add(*(answer(REPLY, n) for n in range(1, 151)))

    def meanwhile(done: int, total: int) -> None:
        if done == 100:
            sweep(ledger, inbox.imap)

    with pytest.raises(SweepBusyError, match="another sweep is reading"):
        sweep(ledger, inbox.imap, progress=meanwhile)
    assert Counter(item.subject for item in items.read(ledger)) == Counter(
        f"Re: {n}" for n in range(1, 151)
    )
    assert whole(ledger)


def test_mails_are_marked_as_read_only_when_asked(
    ledger: Ledger, mailing: Mailing, inbox: Inbox
) -> None:
    inbox.add(answer(REPLY))
    sweep(ledger, inbox.imap, mark_read=True)
    with inbox.open() as box:
        (there,) = box.fetch(mark_seen=False)
    assert MailMessageFlags.SEEN in there.flags


def test_our_own_letter_in_the_mailbox_is_no_answer(
    ledger: Ledger, mailing: Mailing, inbox: Inbox
) -> None:
    inbox.add(
        b"From: chair@campaign.example.org\r\nMessage-ID: <hague.dialogue@campaign.example.org>\r\n"
        b"\r\nDear Foreign Secretary\r\n"
    )
    found = sweep(ledger, inbox.imap)
    assert (found.ours, found.kinds) == (1, {})


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"password": "wrong"}, "cannot be read"),
        ({"port": 1}, "cannot be read"),
        ({"folder": "Nowhere"}, "Nowhere"),
    ],
)
def test_a_mailbox_that_cannot_be_opened_is_one_clear_line(
    ledger: Ledger, mailing: Mailing, inbox: Inbox, fields: dict[str, object], said: str
) -> None:
    given = {name: getattr(inbox.imap, name) for name in inbox.imap.__dataclass_fields__}
    with pytest.raises(ImapError, match=said) as raised:
        sweep(ledger, ImapFolder(**{**given, **fields}))
    assert "\n" not in str(raised.value)
    assert "IMAP_PASSWORD" in str(raised.value)
    assert inbox.server.password not in str(raised.value)


def test_a_bounce_marks_the_address_and_one_of_a_full_mailbox_does_not(
    ledger: Ledger, mailing: Mailing, inbox: Inbox
) -> None:
    bounces = {one.file: one.raw for one in KNOWN if one.kind == "bounce"}
    inbox.add(bounces["known/gmail-address-not-found.eml"], bounces["known/m365-mailbox-full.eml"])
    sweep(ledger, inbox.imap)
    bad = items.bad_addresses(ledger)
    assert list(bad) == ["peter.nuttall.mp@parliament.example.org"]
    assert "5.1.1" in bad["peter.nuttall.mp@parliament.example.org"].why


def test_a_forged_bounce_marks_no_address(ledger: Ledger, mailing: Mailing, inbox: Inbox) -> None:
    forged = next(one.raw for one in expected("known") if "token-does-not-match" in one.file)
    never_sent = next(one.raw for one in expected("set_aside") if "never-sent" in one.file)
    inbox.add(forged, never_sent)
    sweep(ledger, inbox.imap)
    assert items.bad_addresses(ledger) == {}


STRANGER = (
    b"From: plumber@example.net\r\nSubject: boiler\r\nMessage-ID: <1@net>\r\n\r\nYour boiler.\r\n"
)


def test_what_came_before_the_first_letter_is_unrelated_and_its_words_are_not_kept(
    ledger: Ledger, inbox: Inbox
) -> None:
    inbox.add(STRANGER)
    assert sweep(ledger, inbox.imap).kinds == {"unrelated": 1}
    (item,) = items.read(ledger)
    assert (item.words, list(items.raw(ledger, item)), item.waits) == ("", [], False)
    assert whole(ledger)


def test_what_belongs_to_no_letter_afterwards_waits_for_a_person(
    ledger: Ledger, mailing: Mailing, inbox: Inbox
) -> None:
    letters_to_a_list = STRANGER.replace(b"\r\n\r\n", b"\r\nList-Id: <news.example.net>\r\n\r\n")
    inbox.add(STRANGER, letters_to_a_list.replace(b"<1@net>", b"<2@net>"))
    found = sweep(ledger, inbox.imap)
    assert (found.kinds, found.waiting) == ({"unsorted": 1, "unrelated": 1}, 1)


@pytest.mark.parametrize(
    "values", [{"kind": "automatic"}, {"dispatch": "elsewhere:1"}, {"sha256": "0" * 64}]
)
def test_an_item_changed_behind_the_programs_back_is_found(
    ledger: Ledger, mailing: Mailing, inbox: Inbox, values: dict[str, str]
) -> None:
    inbox.add(answer(REPLY))
    sweep(ledger, inbox.imap)
    assert whole(ledger)
    with ledger.write() as connection:
        connection.execute(schema.incoming.update().values(**values))
    assert not whole(ledger)


def test_a_raw_mail_changed_behind_the_programs_back_is_found(
    ledger: Ledger, mailing: Mailing, inbox: Inbox
) -> None:
    inbox.add(answer(REPLY))
    sweep(ledger, inbox.imap)
    with ledger.write() as connection:
        connection.execute(schema.incoming_raw.update().values(content=b"forged"))
    assert not whole(ledger)
