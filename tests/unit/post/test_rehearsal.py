"""A rehearsal walks in rows of its own, may be repeated, and never counts as the live sending."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flows.post.ledger.database import Ledger
from flows.post.mailing import mailing, rehearsal
from flows.post.mailing.mailing import Mailing
from flows.post.mailing.rehearsal import redirected
from flows.post.states import State
from flows.post.status import rehearsals, status
from tests.unit.post.ledger_fixtures import approve, bring, freeze, letter, live, subject, verdict


@pytest.fixture
def made(ledger: Ledger) -> Mailing:
    return freeze(ledger, ["hague", "warsi", letter("post", email="", message_id="")])


def rows(ledger: Ledger, found: Mailing, number: int) -> dict[str, str]:
    return {one.id: one.state for one in status(ledger, found.id, number).dispatches}


def finish(ledger: Ledger, found: Mailing, number: int) -> None:
    for one in rows(ledger, found, number):
        bring(ledger, one, State.SENT)


def test_it_has_rows_of_its_own_for_letters_that_go_by_mail(ledger: Ledger, made: Mailing) -> None:
    assert rehearsal.begin(ledger, made) == 1
    assert rows(ledger, made, 1) == {f"{made.id}:r1:1": "ready", f"{made.id}:r1:2": "ready"}
    assert list(live(ledger, made.id)) == [f"{made.id}:{number}" for number in (1, 2, 3)]


def test_it_needs_no_sign_off_and_gives_none(ledger: Ledger, made: Mailing) -> None:
    finish(ledger, made, rehearsal.begin(ledger, made))
    assert mailing.get(ledger, made.id).approved_at is None
    assert list(live(ledger, made.id).values()) == [State.READY] * 3


@pytest.mark.parametrize("state", [State.READY, State.CLAIMED, State.HANDING_OVER, State.DEFERRED])
def test_an_unfinished_one_is_gone_on_with(ledger: Ledger, made: Mailing, state: State) -> None:
    first, second = rows(ledger, made, rehearsal.begin(ledger, made))
    bring(ledger, first, State.SENT)
    bring(ledger, second, state)
    assert rehearsal.begin(ledger, made) == 1


@pytest.mark.parametrize("state", [State.SENT, State.REFUSED, State.UNCERTAIN, State.WITHDRAWN])
def test_after_a_finished_one_another_begins(ledger: Ledger, made: Mailing, state: State) -> None:
    for one in rows(ledger, made, rehearsal.begin(ledger, made)):
        bring(ledger, one, state)
    assert rehearsal.begin(ledger, made) == 2
    assert list(rows(ledger, made, 2).values()) == ["ready", "ready"]
    assert list(rows(ledger, made, 1).values()) == [state, state]


def test_it_may_be_repeated_before_and_after_the_live_sending(
    ledger: Ledger, made: Mailing
) -> None:
    for number in (1, 2):
        assert rehearsal.begin(ledger, made) == number
        finish(ledger, made, number)
    approve(ledger, made)
    for one in list(live(ledger, made.id))[:2]:
        bring(ledger, one, State.SENT)
    assert rehearsal.begin(ledger, made) == 3
    assert rehearsals(ledger, made.id) == {
        0: {"sent": 2, "ready": 1},
        1: {"sent": 2},
        2: {"sent": 2},
        3: {"ready": 2},
    }
    assert verdict(ledger).ok


def test_it_does_not_stand_in_the_way_of_another_mailing_to_the_same_people(
    ledger: Ledger, made: Mailing
) -> None:
    finish(ledger, made, rehearsal.begin(ledger, made))
    freeze(ledger, ["hague", "warsi"], subject(sources={"contacts/mps.csv": "c" * 64}))
    assert rehearsal.begin(ledger, made) == 2
    assert set(live(ledger, made.id).values()) == {"withdrawn"}


def test_one_that_was_never_begun_has_nothing_to_show(ledger: Ledger, made: Mailing) -> None:
    assert rows(ledger, made, 7) == {}


def mail(subject_line: str = "The dialogue", name: str = "William Hague") -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"] = '"UNA Exampleshire" <chair@example.org>'
    message["To"] = f'"{name}" <hague@example.org>' if name.isascii() else "hague@example.org"
    message["Subject"] = subject_line
    message["Message-ID"] = "<0123456789abcdef@example.org>"
    message["Date"] = "Wed, 04 Sep 2013 09:00:00 +0000"
    message.set_content("Dear Foreign Secretary,\n\nŴ & <b>\n")
    message.add_alternative("<p>Dear Foreign Secretary, Ŵ &amp; &lt;b&gt;</p>", subtype="html")
    message.add_attachment(
        b"PK\x03\x04 letter", maintype="application", subtype="zip", filename="letter-hague.docx"
    )
    return message.as_bytes()


def parsed(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=SMTP)
    assert isinstance(message, EmailMessage)
    return message


def test_a_redirected_mail_names_the_real_reader_in_its_subject_alone() -> None:
    was = parsed(mail())
    now = parsed(
        redirected(mail(), "proof@example.org", "Rt Hon William Hague MP <hague@example.org>", 3)
    )
    assert now["Subject"] == (
        "[Rehearsal, would go to Rt Hon William Hague MP <hague@example.org>] The dialogue"
    )
    assert now["To"] == "proof@example.org"
    assert now["Message-ID"] == "<0123456789abcdef.rehearsal3@example.org>"
    for name in ("From", "Date"):
        assert now[name] == was[name]
    parts = [list(one.walk()) for one in (was, now)]
    assert [one.get_content_type() for one in parts[1]] == [
        one.get_content_type() for one in parts[0]
    ]
    for before, after in zip(*parts, strict=True):
        if not before.is_multipart():
            assert after.get_payload(decode=True) == before.get_payload(decode=True)


@pytest.mark.parametrize("header", ["Subject", "To", "Message-ID", "From", "Date"])
def test_a_redirected_mail_has_each_header_once(header: str) -> None:
    assert len(parsed(redirected(mail(), "p@example.org", "X", 1)).get_all(header)) == 1


# A ledger's names have no control or format characters; anything else may be among them.
NAMES = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=150).map(
    lambda name: " ".join(name.split()) or "X"
)


@settings(max_examples=20)
@example(name='O"Brien, <x@example.org>', line="a" * 300)
@example(name="Ŵ" * 150, line="ŵ" * 150)
@given(name=NAMES, line=NAMES)
def test_whatever_the_readers_name_a_redirected_mail_goes_to_one_address(
    name: str, line: str
) -> None:
    content = redirected(mail(line), "proof@example.org", f"{name} <hague@example.org>", 1)
    now = parsed(content)
    assert [one.addr_spec for one in now["To"].addresses] == ["proof@example.org"]
    assert " ".join(str(now["Subject"]).split()) == (
        f"[Rehearsal, would go to {name} <hague@example.org>] {line}"
    )
    assert set(now.keys()) == set(parsed(mail()).keys())
    head = content.split(b"\r\n\r\n", 1)[0]
    assert all(len(one) <= 998 for one in head.split(b"\r\n"))
    assert head.isascii()
