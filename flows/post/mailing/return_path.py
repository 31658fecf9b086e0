"""Envelope senders that tell bounces apart: ``bounce+TOKEN@example.org``, one a dispatch (VERP).

Every server sends its report to the envelope sender, whatever form the report has. The token is
made from the mailing's hash, which no mail carries, so that nobody can make one up.
"""

import hashlib
from base64 import b32encode

TOKEN_LENGTH = 16
LONGEST_LOCAL_PART = 64 - TOKEN_LENGTH - 1
"""Characters before the plus sign (RFC 5321, 4.5.3.1.1: 64 in all)."""


def token(mailing_hash: str, dispatch: str) -> str:
    """The token of one dispatch: 16 characters of a-z and 2-7, which survive any change of case."""
    digest = hashlib.sha256(f"{mailing_hash}\n{dispatch}".encode()).digest()
    return b32encode(digest[:10]).decode().lower()


def address(base: str, mailing_hash: str, dispatch: str) -> str:
    """``base`` (MAIL_BOUNCES_TO) with the dispatch's token behind its local part."""
    local, _, domain = base.rpartition("@")
    return f"{local}+{token(mailing_hash, dispatch)}@{domain}"


def tokens(base: str, recipients: str) -> list[str]:
    """The tokens in a header's text that stand behind ``base``'s local part, in lower case."""
    local, _, domain = base.lower().rpartition("@")
    found, text = [], recipients.lower()
    start, end = f"{local}+", f"@{domain}"
    at = text.find(start)
    while at >= 0:
        word = text[at + len(start) : at + len(start) + TOKEN_LENGTH]
        if text.startswith(end, at + len(start) + len(word)) and word.isalnum():
            found.append(word)
        at = text.find(start, at + 1)
    return found
