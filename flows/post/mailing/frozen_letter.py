"""A reader's letter as it will leave: what a mailing is made of."""

import json
from dataclasses import dataclass

from flows.people.contact import Reader


@dataclass(frozen=True, slots=True)
class FrozenLetter:
    """One reader's letter as it will leave. ``email`` is empty for a letter by post."""

    contact: str
    person: str
    name: str
    role: str
    email: str
    reference: str
    message_id: str
    content: bytes
    copies: tuple[str, ...] = ()
    """Addresses that get a copy of the mail, in the same handing over."""
    paper: bool = False
    """Whether it is printed and goes by post, with or without an e-mail."""
    reader: str = "{}"
    """JSON: how the envelope is written (``flows.post.mailing.paper`` reads it)."""


def written(reader: Reader) -> str:
    """What an envelope and its place in the pile need of a reader, as JSON."""
    contact = reader.contact
    return json.dumps(
        {
            "name": contact.name,
            "family": contact.family,
            "postcode": contact.postcode,
            "lines": reader.address.lines,
            "salutation": reader.address.salutation,
            "close": reader.address.close,
            "postal": reader.postal,
        },
        ensure_ascii=False,
    )
