"""The kinds of mail that come back, what each means for its letter, and how that was found."""

from enum import StrEnum

PAPER = ("post", "telephone")
"""How an answer comes that is no mail."""


class How(StrEnum):
    """What a match rests on, the sturdiest first."""

    TOKEN = "token"
    MESSAGE_ID = "message-id"
    RECIPIENT = "recipient"
    REFERENCE = "reference"
    ADDRESS = "address"
    NAME = "name"
    PERSON = "person"
    """Somebody said so."""
    CANDIDATES = "candidates"
    """Several letters fit, or only the domain does: a person chooses."""
    NONE = "none"


class Kind(StrEnum):
    """What one mail is. The rules give it, or a person does."""

    BOUNCE = "bounce"
    """A server's report: the letter was not delivered and will not be (RFC 3464: failed)."""
    DELAYED = "delayed"
    """A server's report: not delivered yet, still being tried. No failure."""
    RECEIPT = "receipt"
    """Delivered, or displayed (RFC 3464: relayed; RFC 8098). No answer."""
    AUTOMATIC = "automatic"
    """No person wrote it: out of office, "your message has been received". No answer."""
    ACKNOWLEDGEMENT = "acknowledgement"
    """The office has it; an answer is promised or not."""
    PASSED_ON = "passed-on"
    """Another department or colleague is to answer."""
    ASKS_FOR_MORE = "asks-for-more"
    """The office waits for us: a postal address, usually."""
    REPLY = "reply"
    """A substantive answer."""
    OBJECTION = "objection"
    """Not to be written to again. A person confirms it, then the suppression list has it."""
    UNRELATED = "unrelated"
    """A person says: it has nothing to do with any letter."""
    UNSORTED = "unsorted"
    """No rule is sure. A person says what it is."""


BY_PEOPLE = (
    Kind.ACKNOWLEDGEMENT,
    Kind.PASSED_ON,
    Kind.ASKS_FOR_MORE,
    Kind.REPLY,
    Kind.OBJECTION,
)
"""Kinds that somebody in the office wrote."""

SORTABLE = tuple(kind for kind in Kind if kind is not Kind.UNSORTED)
"""What a person may say that a mail is."""
