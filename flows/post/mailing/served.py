"""Who has an edition already, by all that the ledger remembers of them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, exists, select

from flows.people.contact import Contact
from flows.post.ledger import schema
from flows.post.ledger.database import Ledger
from flows.post.mailing.paper import DELIVERED
from flows.post.mailing.persons import Persons
from flows.post.states import State

_M, _L, _D = schema.mailing.c, schema.letter.c, schema.dispatch.c
_APPROVED = exists().where(schema.approval.c.mailing == _M.id)


@dataclass(frozen=True, slots=True)
class Known:
    """A person of an earlier mailing of this edition."""

    person: str
    name: str
    """As on the envelope."""
    mailing: str
    served: bool
    """Whether the letter is sent, under way, uncertain, or signed off to go. One that was refused
    or withdrawn is not, unless it went by post as well and was not brought back: the next mailing
    has that person again, under the same id."""
    contact: Contact
    """What the ledger kept of the row, to tell two persons apart."""


@dataclass(frozen=True, slots=True)
class Served:
    """The persons of an edition, found by id or by hash (``people.identity.memory``)."""

    by_person: Mapping[str, Known]
    by_certain: Mapping[str, Known]
    by_possible: Mapping[str, Known]
    salt: str
    """The ledger's: forgotten persons are known by a hash of their id."""

    def persons(self) -> Persons:
        """Return the ids of those who have the edition, or are getting it."""
        had = (known.person for known in self.by_person.values() if known.served)
        return Persons(self.salt, had)


def served(ledger: Ledger, campaign: str, edition: int) -> Served:
    """Return whom the live mailings of an edition were for. Raises LedgerUnavailableError."""
    with ledger.read() as connection:
        return read(connection, campaign, edition)


def read(connection: Connection, campaign: str, edition: int, *, but: str = "") -> Served:
    """Return the same within a transaction; the mailing ``but`` is left out."""
    rows = connection.execute(
        select(
            _D.person,
            _D.mailing,
            _D.state,
            _L.name,
            _L.email,
            _L.reader,
            (_APPROVED | (_D.state != State.READY)).label("begun"),
            DELIVERED.label("posted"),
        )
        .join(schema.letter, (_L.mailing == _D.mailing) & (_L.ordinal == _D.ordinal))
        .join(schema.mailing, _M.id == _D.mailing)
        .where(
            _D.campaign == campaign,
            _D.edition == edition,
            _D.rehearsal == 0,
            _D.mailing != but,
        )
        .order_by(_M.frozen_at, _D.ordinal)
    )
    by_person: dict[str, Known] = {}
    by_certain: dict[str, Known] = {}
    by_possible: dict[str, Known] = {}
    for row in rows:
        kept = json.loads(row.reader)
        gone = row.state in (State.WITHDRAWN, State.REFUSED)
        known = Known(
            row.person,
            row.name,
            row.mailing,
            bool(row.posted or (row.begun and not gone)),
            _contact(row.person, row.email, kept),
        )
        before = by_person.get(row.person)
        if before is None or not before.served:
            by_person[row.person] = known
        for found, keys in ((by_certain, "certain"), (by_possible, "possible")):
            for key in kept.get("known_as", {}).get(keys, ()):
                if key not in found or not found[key].served:
                    found[key] = known
    salt = connection.execute(select(schema.ledger.c.salt)).scalar_one()
    return Served(by_person, by_certain, by_possible, salt)


def contacts(ledger: Ledger, mailing: str) -> dict[str, Contact]:
    """Return what the ledger kept of a mailing's readers, by person.

    Enough to find them by id, seat, peerage and name. Raises LedgerUnavailableError.
    """
    with ledger.read() as connection:
        rows = connection.execute(
            select(_L.person, _L.contact, _L.email, _L.reader).where(_L.mailing == mailing)
        )
        found = {}
        for row in rows:
            contact = _contact(row.person, row.email, json.loads(row.reader))
            found[row.person] = replace(contact, id=row.contact)
        return found


def _contact(person: str, email: str, kept: Mapping[str, Any]) -> Contact:
    return Contact(
        id=person,
        person=person,
        name=kept.get("name", ""),
        family=kept.get("family", ""),
        house=kept.get("house", ""),
        constituency=kept.get("constituency", ""),
        gender=kept.get("gender", ""),
        email=email,
        aliases=tuple(kept.get("aliases", ())),
    )
