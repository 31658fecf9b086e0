"""One filled letter, on its way from a template to a frozen message."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flows.letters.attachment import Attachment
from flows.people.contact import Reader

if TYPE_CHECKING:
    from flows.letters.copies import Mailbox  # loads Jinja, which a look at replies can spare


@dataclass(frozen=True, slots=True)
class Letter:
    """One reader's letter and the words of the e-mail that carries it."""

    reader: Reader
    reference: str
    """campaign/edition/contact id; unique in a mailing and printed on the letter."""
    docx: bytes = field(repr=False)
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    enclosed: tuple[Attachment, ...] = ()
    """The campaign's papers for this reader, beside the letter."""
    cc: "tuple[Mailbox, ...]" = ()
    """Mailboxes that get a copy of the mail."""
    pdf: bytes = field(default=b"", repr=False)
    """Empty until it is laid out."""
