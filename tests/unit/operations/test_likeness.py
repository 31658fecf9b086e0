"""Letters too like each other, or too like an earlier one to the same person, are named."""

import os
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from flows.letters.attachment import DOCX_TYPE
from flows.letters.docx.package import ZipPackage
from flows.operations.likeness import TOO_LIKE, likeness
from flows.post.ledger.database import Ledger
from flows.post.mailing.frozen_letter import FrozenLetter
from flows.post.states import State
from tests.unit.post.ledger_fixtures import approve, bring, freeze, letter, subject

BODY = (
    "Dear {name},\n\nWe ask the Government to reaffirm its support for the Responsibility to "
    "Protect at the dialogue in September, to say who answers for it, and to publish a plan.\n"
)


def mail(person: str, body: str = BODY) -> FrozenLetter:
    message = EmailMessage(SMTP)
    message["Message-ID"] = f"<{person}@example.org>"
    message.set_content(body.format(name=person.title()), cte="quoted-printable")
    message.add_attachment(b"%PDF-1.7", "application", "pdf", filename=f"letter-{person}-mp.pdf")
    message.set_boundary("=_0123456789abcdef")
    return letter(person, content=message.as_bytes(), reader=f'{{"name": "{person.title()}"}}')


def with_document(person: str, words: str, *, picture_first: bool) -> FrozenLetter:
    """A letter whose words are in its document, before or behind a large picture."""
    text = f"<w:t>Dear {person.title()},</w:t><w:t xml:space='preserve'> {words} </w:t>"
    parts = [("word/document.xml", text.encode()), ("word/media/a.png", os.urandom(30_000))]
    message = EmailMessage(SMTP)
    message.set_content("See the letter.\n", cte="quoted-printable")
    document = ZipPackage(parts[::-1] if picture_first else parts, ()).pack({})
    name = f"letter-{person}-mp.docx"
    message.add_attachment(document, *DOCX_TYPE.split("/"), filename=name)
    message.set_boundary("=_0123456789abcdef")
    return letter(person, content=message.as_bytes(), reader=f'{{"name": "{person.title()}"}}')


def sent(ledger: Ledger, campaign: str, *letters: FrozenLetter) -> str:
    made = freeze(ledger, letters, subject(campaign))
    approve(ledger, made)
    for number in range(1, len(letters) + 1):
        bring(ledger, f"{made.id}:{number}", State.SENT)
    return made.id


def test_letters_that_differ_in_the_name_alone_are_counted(ledger: Ledger) -> None:
    other = mail("wallace", "Dear {name},\n\nAs the member for your seat you asked of this.\n")
    made = freeze(ledger, [mail("hague"), mail("lucas"), other])
    found = likeness(ledger, made.id)
    assert (found.letters, found.identical, found.texts) == (3, 2, 2)
    assert found.lines == (
        "2 of 3 letters are identical to another but for name and address (2 different texts); "
        "offices set circulars aside",
    )


@pytest.mark.parametrize("picture_first", [False, True])
def test_the_words_of_the_document_count_wherever_they_stand_in_it(
    ledger: Ledger, picture_first: bool
) -> None:
    asked = {"hague": "We ask for a plan.", "lucas": "We ask for  a plan.", "wallace": "Thank you."}
    made = freeze(
        ledger,
        [with_document(who, words, picture_first=picture_first) for who, words in asked.items()],
    )
    found = likeness(ledger, made.id)
    assert (found.letters, found.identical, found.texts) == (3, 2, 2)


def test_a_letter_much_like_one_of_another_campaign_is_named(ledger: Ledger) -> None:
    first = sent(ledger, "spring", mail("hague"), mail("lucas"))
    changed = BODY.replace("in September", "in October")
    made = freeze(ledger, [mail("hague", changed), mail("wallace")], subject("autumn"))
    (earlier,) = likeness(ledger, made.id).earlier
    assert (earlier.person, earlier.mailing) == ("hague", first)
    assert TOO_LIKE < earlier.likeness < 100
    assert str(earlier).startswith("Hague MP: ")


def test_another_letter_to_the_same_person_is_not_named(ledger: Ledger) -> None:
    sent(ledger, "spring", mail("hague"))
    other = "Dear {name},\n\nThank you for your answer of 3 October about the national plan.\n"
    made = freeze(ledger, [mail("hague", other)], subject("autumn"))
    assert likeness(ledger, made.id).earlier == ()


def test_what_was_never_sent_does_not_count(ledger: Ledger) -> None:
    freeze(ledger, [mail("hague")], subject("spring"))
    made = freeze(ledger, [mail("hague")], subject("autumn"))
    assert likeness(ledger, made.id).earlier == ()
