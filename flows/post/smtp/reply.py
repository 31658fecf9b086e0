"""What a mail server answered, and what that means for the letter (RFC 5321 4.2, RFC 3463)."""

import re
from dataclasses import dataclass

from flows.post.states import State

_ENHANCED = re.compile(r"^([245]\.\d{1,3}\.\d{1,3})(?:\s|$)")
_QUEUE_ID = re.compile(
    r"(?:queued as|queued mail for delivery, id|message id|\b(?:Internal)?id=)"
    r"\s*[:=]?\s*<?([\w.@+-]{4,100})"
    r"|^(?:2\.\d\.\d )?([\w-]{8,40}) message accepted"
    r"|^(?:2\.\d\.\d )?ok\s+(\S{6,60}(?:\s\S+)?) - gsmtp",
    re.IGNORECASE,
)
_LONGEST = 500
_LONGEST_ID = 120


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply: three-digit code (0 where the server made no sense) and its words on one line."""

    code: int
    text: str

    @classmethod
    def read(cls, code: int, raw: bytes) -> "Reply":
        """The reply with control characters and line breaks taken out, at most 500 characters."""
        words = raw.decode("utf-8", "replace")
        # Printable as a rule; a look at every character costs more than the rest of this.
        shown = words if words.isprintable() else _shown(words)
        return cls(code if 200 <= code <= 599 else 0, " ".join(shown.split())[:_LONGEST])

    @property
    def enhanced(self) -> str | None:
        """The enhanced status code (RFC 3463), where the server gives one."""
        found = _ENHANCED.match(self.text)
        return found.group(1) if found else None

    @property
    def queue_id(self) -> str | None:
        """The server's own name for the mail it took: Postfix, Exim, Sendmail, Exchange, Gmail."""
        found = _QUEUE_ID.search(self.text)
        named = next((group for group in found.groups() if group), None) if found else None
        return named[:_LONGEST_ID] if named else None

    @property
    def agrees(self) -> bool:
        """Whether the enhanced code, where there is one, is of the basic code's class."""
        found = _ENHANCED.match(self.text)
        return not found or found[1][0] == str(self.code)[0]

    @property
    def accepted(self) -> bool:
        """A yes to MAIL, RSET or the final dot (RFC 5321 4.3.2)."""
        return self.code == 250 and self.agrees

    @property
    def recipient_accepted(self) -> bool:
        """A yes to RCPT; 251 and 252 take the letter without vouching for the address."""
        return self.code in (250, 251, 252) and self.agrees

    @property
    def closing(self) -> bool:
        """421: the server closes the channel and wants to be left alone for a while."""
        return self.code == 421

    def __str__(self) -> str:
        return f"{self.code} {self.text}".strip() if self.code else self.text


def _shown(words: str) -> str:
    return "".join(c if c.isprintable() else " " for c in words)


def before_dot(reply: Reply) -> State:
    """What a no to MAIL, RCPT or DATA means: deferred or refused.

    The enhanced code's class decides where there is one. 552 without one means "too many
    recipients" to RCPT and is temporary (RFC 5321 4.5.3.1.10).
    """
    if reply.enhanced and reply.enhanced[0] in "45":
        return State.REFUSED if reply.enhanced[0] == "5" and not reply.closing else State.DEFERRED
    return State.REFUSED if reply.code >= 500 and reply.code != 552 else State.DEFERRED


def after_dot(reply: Reply) -> State:
    """What the answer to the final dot means: sent, deferred, refused.

    Uncertain where it makes no sense: a code that RFC 5321 4.3.2 does not allow there (220, 221,
    251), or a yes whose enhanced code says no, or a no whose enhanced code says yes.
    """
    if reply.accepted:
        return State.SENT
    if not 400 <= reply.code <= 599 or (reply.enhanced or "5")[0] == "2":
        return State.UNCERTAIN
    if reply.code == 552 and not reply.enhanced:
        return State.REFUSED
    return before_dot(reply)
