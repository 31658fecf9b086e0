"""A reader's letter as it will leave: what a mailing is made of."""

import json
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

from flows.people.contact import Reader
from flows.people.identity import memory


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


def written(reader: Reader, salt: str) -> str:
    """Return what envelope, posting sheet and report need of a reader, as JSON.

    Also by what the reader is known, hashed with ``salt`` (``people.identity.memory``).
    """
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
            "house": contact.house,
            "department": contact.department,
            "party": contact.party,
            "constituency": contact.constituency,
            "gender": contact.gender,
            "aliases": contact.aliases,
            "known_as": {
                "certain": memory.certain(reader, salt),
                "possible": memory.possible(reader, salt),
            },
        },
        ensure_ascii=False,
    )


def read_mail(content: bytes) -> EmailMessage:
    """A frozen e-mail, parsed."""
    message = message_from_bytes(content, policy=SMTP)
    assert isinstance(message, EmailMessage)
    return message


def documents(contact: str, email: str, content: bytes) -> dict[str, bytes]:
    """The letter itself in a frozen dispatch, DOCX and PDF by file name; enclosures left out."""
    if not email:
        return {f"letter-{contact}.docx": content}
    named = ((part.get_filename() or "", part) for part in read_mail(content).iter_attachments())
    return {
        name: part.get_content() for name, part in named if name.startswith(f"letter-{contact}.")
    }
