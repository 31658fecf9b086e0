"""Letters on paper: read back from the ledger as they were frozen, for the posting room."""

import json
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

from sqlalchemy import select

from flows.letters.attachment import DOCX_TYPE, PDF_TYPE
from flows.letters.letter import Letter
from flows.people.contact import Address, Contact, Reader
from flows.post.ledger import schema
from flows.post.ledger.database import Ledger
from flows.post.states import State

_D, _L = schema.dispatch.c, schema.letter.c


def letters(ledger: Ledger, mailing: str) -> Iterator[Letter]:
    """The mailing's letters that go by post and were not withdrawn, as they were frozen."""
    statement = (
        select(_L.contact, _L.person, _L.role, _L.email, _L.reference, _L.reader, _L.content)
        .join(schema.dispatch, (_D.mailing == _L.mailing) & (_D.ordinal == _L.ordinal))
        .where(
            _L.mailing == mailing,
            _L.paper == 1,
            _D.rehearsal == 0,
            _D.state != State.WITHDRAWN,
        )
        .order_by(_L.ordinal)
    )
    with ledger.read() as connection:
        for row in connection.execution_options(yield_per=50).execute(statement):
            told = json.loads(row.reader)
            contact = Contact(
                id=row.contact,
                name=told["name"],
                person=row.person,
                family=told["family"],
                postcode=told["postcode"],
                email=row.email,
            )
            address = Address(tuple(told["lines"]), told["salutation"], told["close"])
            reader = Reader(contact, row.role, address, tuple(told["postal"]))
            docx, pdf = _attached(row.content) if row.email else (row.content, b"")
            yield Letter(reader, row.reference, docx, "", "", "", pdf=pdf)


def _attached(message: bytes) -> tuple[bytes, bytes]:
    """The letter in a mail, as DOCX and as PDF, empty where it has none."""
    found: dict[str, bytes] = {}
    parsed = message_from_bytes(message, policy=SMTP)
    assert isinstance(parsed, EmailMessage)
    for part in parsed.iter_attachments():
        if (part.get_filename() or "").startswith("letter-"):
            found.setdefault(part.get_content_type(), part.get_content())
    return found.get(DOCX_TYPE, b""), found.get(PDF_TYPE, b"")
