"""By what a reader is remembered, so that another list of another day finds the same person.

What is kept are hashes, salted with campaign and edition: they find a person again and, after the
letter's own words have been removed from the ledger, name nobody by themselves.
"""

import hashlib
from collections.abc import Iterable

from flows.people import email_address
from flows.people.contact import Contact, Reader
from flows.people.identity.evidence import keys
from flows.people.identity.spelling import fold

_HEX_DIGITS = 24
"""96 bits of SHA-256: no two keys of a campaign meet by chance."""


def certain(reader: Reader, salt: str) -> tuple[str, ...]:
    """Return hashes of all that is enough to know this reader by: ids, seat, peerage."""
    return hashed((key for contact in _rows(reader) for key in keys(contact)), salt)


def possible(reader: Reader, salt: str) -> tuple[str, ...]:
    """Return hashes of what may be another person's too: the name, the e-mail address."""
    found = [f"name {fold(contact.name)}" for contact in _rows(reader)]
    found += [
        f"mail {email_address.key(contact.email)}" for contact in _rows(reader) if contact.email
    ]
    return hashed(found, salt)


def hashed(found: Iterable[str], salt: str) -> tuple[str, ...]:
    """Return the keys' hashes in hex, sorted, each once."""
    return tuple(
        sorted(
            {hashlib.sha256(f"{salt}\n{key}".encode()).hexdigest()[:_HEX_DIGITS] for key in found}
        )
    )


def salt(campaign: str, edition: int) -> str:
    """Return what the hashes of an edition are salted with."""
    return f"{campaign}/{edition}"


def _rows(reader: Reader) -> tuple[Contact, ...]:
    return (reader.contact, *reader.others)
