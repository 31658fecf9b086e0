"""Letters on paper: read back from the ledger as they were frozen, for the posting room."""

import json
from collections.abc import Iterator

from sqlalchemy import exists, select, true

from flows.letters.letter import Letter
from flows.people.contact import Address, Contact, Reader
from flows.post.ledger import events, schema
from flows.post.ledger.database import Ledger
from flows.post.mailing.frozen_letter import documents
from flows.post.states import State

_D, _L, _E = schema.dispatch.c, schema.letter.c, schema.event.c
POSTED = exists().where(_E.dispatch == _D.id, _E.what == events.POSTED)
"""SQL: a dispatch's letter went by post, whatever became of its mail."""


def letters(ledger: Ledger, mailing: str, *, by_mail: bool = False) -> Iterator[Letter]:
    """The mailing's letters that still have to go by post, as they were frozen: neither withdrawn
    nor recorded as posted.

    With ``by_mail`` every letter that was not withdrawn.
    """
    statement = (
        select(_L.contact, _L.person, _L.role, _L.email, _L.reference, _L.reader, _L.content)
        .join(schema.dispatch, (_D.mailing == _L.mailing) & (_D.ordinal == _L.ordinal))
        .where(
            _L.mailing == mailing,
            true() if by_mail else (_L.paper == 1) & ~POSTED,
            _L.forgotten.is_(None),
            _D.rehearsal == 0,
            _D.state != State.WITHDRAWN,
        )
        .order_by(_L.ordinal)
    )
    with ledger.read() as connection:
        for row in connection.execution_options(yield_per=50).execute(statement):
            written = json.loads(row.reader)
            contact = Contact(
                id=row.contact,
                name=written["name"],
                person=row.person,
                family=written["family"],
                postcode=written["postcode"],
                email=row.email,
            )
            address = Address(tuple(written["lines"]), written["salutation"], written["close"])
            reader = Reader(contact, row.role, address, tuple(written["postal"]))
            files = documents(row.contact, row.email, row.content)
            docx = files.get(f"letter-{row.contact}.docx", b"")
            pdf = files.get(f"letter-{row.contact}.pdf", b"")
            yield Letter(reader, row.reference, docx, "", "", "", pdf=pdf)
