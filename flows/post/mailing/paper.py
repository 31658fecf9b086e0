"""Letters on paper: read back from the ledger as they were frozen, for the posting room."""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, exists, select, true

from flows.letters.letter import Letter
from flows.people.contact import Address, Contact, Reader
from flows.post.ledger import events, schema
from flows.post.ledger.database import Ledger
from flows.post.mailing.frozen_letter import documents
from flows.post.states import State

_D, _L, _E = schema.dispatch.c, schema.letter.c, schema.event.c
POSTED = exists().where(_E.dispatch == _D.id, _E.what == events.POSTED)
"""SQL: a dispatch's letter went by post, whatever became of its mail."""
DELIVERED = POSTED & ~exists().where(_E.dispatch == _D.id, _E.what == events.BROUGHT_BACK)
"""SQL: it went by post, and nobody said that the post brought it back and to write again."""


_FEW = 50
"""Letters that are read at a time."""


def waiting(
    ledger: Ledger, mailing: str, *, by_mail: bool = False
) -> Iterator[tuple[int, Reader, str]]:
    """Number in the mailing, reader and reference of every letter that still has to go by post:
    neither withdrawn nor recorded as posted.

    With ``by_mail`` of every letter that was not withdrawn.
    """
    statement = _statement(*_ABOUT).where(*_still(mailing, by_mail)).order_by(_L.ordinal)
    with ledger.read() as connection:
        for row in connection.execution_options(yield_per=1000).execute(statement):
            yield row.ordinal, _reader(row), row.reference


def letters(
    ledger: Ledger, mailing: str, numbers: Iterable[int], *, by_mail: bool = False
) -> Iterator[Letter]:
    """The letters with these ``numbers``, in their order, as they were frozen.

    A letter that was withdrawn or posted since ``waiting`` is left out. Few are in memory at a
    time, and no transaction is open while they are used.
    """
    wanted = iter(numbers)
    statement = _statement(*_ABOUT, _L.content).where(*_still(mailing, by_mail))
    while some := list(islice(wanted, _FEW)):
        with ledger.read() as connection:
            rows = connection.execute(statement.where(_L.ordinal.in_(some)))
            found = {row.ordinal: row for row in rows}
        for number in some:
            if row := found.get(number):
                yield _letter(row)


_ABOUT = (_L.ordinal, _L.contact, _L.person, _L.role, _L.email, _L.reference, _L.reader)


def _statement(*columns: ColumnElement[Any]) -> Select[Any]:
    together = (_D.mailing == _L.mailing) & (_D.ordinal == _L.ordinal)
    return select(*columns).join(schema.dispatch, together)


def _still(mailing: str, by_mail: bool) -> tuple[ColumnElement[bool], ...]:
    """SQL: the letter is still to be printed."""
    return (
        _L.mailing == mailing,
        true() if by_mail else (_L.paper == 1) & ~POSTED,
        _L.forgotten.is_(None),
        _D.rehearsal == 0,
        _D.state != State.WITHDRAWN,
    )


def _reader(row: Row[Any]) -> Reader:
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
    return Reader(contact, row.role, address, tuple(written["postal"]))


def _letter(row: Row[Any]) -> Letter:
    files = documents(row.contact, row.email, row.content)
    docx = files.get(f"letter-{row.contact}.docx", b"")
    pdf = files.get(f"letter-{row.contact}.pdf", b"")
    return Letter(_reader(row), row.reference, docx, "", "", "", pdf=pdf)
