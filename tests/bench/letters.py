"""How fast letters are made: DOCX and message, against the tools used as documented."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from email.message import EmailMessage
from email.policy import SMTP
from io import BytesIO
from typing import Any

from docxtpl import DocxTemplate as Docxtpl

from flows.letters import attachment, campaign, message
from flows.letters.filler import Filler
from flows.letters.letter import Letter
from flows.letters.templates import Compiler
from flows.people.contact import Address, Contact, Reader
from tests.bench.measured import Measured, faster, pairwise
from tests.conftest import ROOT
from tests.unit.letters.test_docx_equals_docxtpl import by_docxtpl, parts
from tests.unit.letters.test_message import as_email_message, parsed, shape

CAMPAIGN = ROOT / "templates" / "r2p-dialogue-2013"
ON = date(2013, 9, 4)
ATTACHMENT = 40_000
"""Octets."""


def rows(quick: bool) -> Iterator[Measured]:
    yield docx(quick)
    yield mime(quick)


def reader(number: int) -> Reader:
    """One of many: every third has a paragraph of his or her own."""
    name = f"Siân Reader-{number}"
    return Reader(
        Contact(
            id=f"r{number}",
            name=name,
            person=f"r{number}",
            email=f"r{number}@example.org",
            constituency="Ynys Môn",
            personal="You asked about this on 3 July. " * 4 if number % 3 == 0 else "",
        ),
        "minister" if number % 4 == 0 else "mp",
        Address((f"The Rt Hon {name} MP", "Minister for R&D"), f"Dear Ms Reader-{number}", "Yours"),
        ("House of Commons", "London SW1A 0AA"),
    )


def docx(quick: bool) -> Measured:
    """The model letter, with variables in body, headers, footers and properties."""
    filler = Filler(campaign.load(CAMPAIGN), ON)
    cleaned = Compiler(campaign.load(CAMPAIGN), ON).letter_file.data
    template = CAMPAIGN / "letter.docx"
    contexts = [filler.context(reader(number)) for number in range(40)]
    for context in contexts[:4]:
        assert parts(filler.template.render(context)) == by_docxtpl(cleaned, context)

    def ours() -> None:
        for context in contexts:
            filler.template.render(context)

    some = contexts[:4]

    def theirs() -> None:
        for context in some:
            one = Docxtpl(template)
            one.render(dict(context), autoescape=True)
            one.save(BytesIO())

    measured = pairwise(ours, theirs, pairs=5 if quick else 20, units=(len(contexts), len(some)))
    return faster("DOCX letter", "docxtpl as documented", 40, measured)


def mime(quick: bool) -> Measured:
    """Text, HTML and an attachment of 40 KB to another reader each time."""
    filler = Filler(campaign.load(CAMPAIGN), ON)
    content = bytes(number * 7919 % 251 for number in range(ATTACHMENT))
    letters = [_with(filler.fill(reader(number)), content) for number in range(40)]
    options: dict[str, Any] = {
        "sender": '"UNA Exampleshire" <chair@example.org>',
        "reply_to": "",
        "message_id": "<5f.r1@example.org>",
        "date": datetime(2013, 9, 4, 9, 30, tzinfo=UTC),
    }
    for letter in letters[:4]:
        assert shape(parsed(message.freeze(letter, **options))) == shape(as_email_message(letter))

    def ours() -> None:
        for letter in letters:
            message.freeze(letter, **options)

    def theirs() -> None:
        for letter in letters:
            made = EmailMessage(policy=SMTP)
            contact = letter.reader.contact
            made["From"] = options["sender"]
            made["To"] = f"{contact.name} <{contact.email}>"
            made["Subject"] = letter.subject
            made["Date"] = options["date"]
            made["Message-ID"] = options["message_id"]
            made.set_content(letter.text)
            made.add_alternative(letter.html, subtype="html")
            kind, _, subtype = attachment.DOCX_TYPE.partition("/")
            name = f"letter-{contact.id}.docx"
            made.add_attachment(letter.docx, maintype=kind, subtype=subtype, filename=name)
            made.as_bytes()

    measured = pairwise(ours, theirs, pairs=5 if quick else 20, units=(len(letters),) * 2)
    return faster("MIME message, 40 KB attached", "EmailMessage().as_bytes()", 5, measured)


def _with(letter: Letter, content: bytes) -> Letter:
    return replace(letter, docx=content)
