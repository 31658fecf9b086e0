"""Header lines of a message, folded and encoded by ourselves (RFC 5322, RFC 2047).

Python's email package lets a newline in a value start another header (CVE-2024-6923) and takes a
fifth of a millisecond for an address; so control characters are refused here, and a value becomes
plain ASCII in lines of at most 78 characters that every reader decodes to the same text.
"""

import re
from binascii import b2a_base64
from collections.abc import Iterable

from flows.people import email_address

LONGEST_LINE = 998
"""Octets without CRLF (RFC 5322, 2.1.1)."""
_FOLD = 78
_ENCODED_WORD = 75
"""Characters of one encoded-word (RFC 2047, 2)."""

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LITERAL = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
_CODED = tuple(
    chr(octet) if octet in _LITERAL else "_" if octet == 0x20 else f"={octet:02X}"
    for octet in range(256)
)
"""Each octet as the "Q" encoding writes it (RFC 2047, 4.2)."""


class HeaderError(ValueError):
    """A value no header can carry; the text says why."""


def text(name: str, value: str) -> bytes:
    """One header line of free text, "Subject", with CRLF. Raises HeaderError."""
    need_printable(value)
    value = value.strip()
    whole = f"{name}: {value}"
    if value.isascii() and "=?" not in value:
        if len(whole) <= _FOLD:
            return whole.encode() + b"\r\n"
        if _foldable(value, len(name) + 2):
            return _folded(f"{name}:", _tokens(value))
    return _folded(f"{name}:", [f" {word}" for word in _encoded(value, len(name) + 2)])


def mailbox(name: str, display: str, address: str, *, utf8: bool = False) -> bytes:
    """One header line of one mailbox, "To", with CRLF. Raises HeaderError.

    The part before the @ is ASCII, or any text if ``utf8`` (RFC 6532: for servers with SMTPUTF8
    alone); the domain is written in ASCII in either case (RFC 5890).
    """
    return _folded(f"{name}:", _mailbox(display, address, len(name) + 2, utf8=utf8))


def mailboxes(name: str, typed: Iterable[tuple[str, str]]) -> bytes:
    """One header line of several mailboxes, "Cc", with CRLF. Raises HeaderError."""
    tokens: list[str] = []
    for display, address in typed:
        if tokens:
            tokens[-1] += ","
        tokens += _mailbox(display, address, len(name) + 2)
    if not tokens:
        raise HeaderError("names no e-mail address")
    return _folded(f"{name}:", tokens)


def phrase(name: str, display: str, tail: str) -> bytes:
    """One header line of a phrase and what follows it, "List-Id", with CRLF. Raises HeaderError."""
    need_printable(display + tail)
    return _folded(f"{name}:", [*_phrase(display, len(name) + 2), f" {tail}"])


def _mailbox(display: str, address: str, taken: int, *, utf8: bool = False) -> list[str]:
    need_printable(display)
    address = wire_address(address, utf8=utf8)
    words = _phrase(display, taken)
    return [*words, f" <{address}>"] if words else [f" {address}"]


def _phrase(display: str, taken: int) -> list[str]:
    """A name as a header writes it, each word with the space before it; [] where it is blank."""
    plain = display = " ".join(display.split())
    if not display:
        return []
    if display.isascii() and "=?" not in display:
        if not _PHRASE.fullmatch(display):
            display = '"' + re.sub(r'(["\\])', r"\\\1", display) + '"'
        if taken + len(display) <= _FOLD:
            return [f" {display}"]
        if _foldable(display, taken):
            return _tokens(display)
    return [f" {word}" for word in _encoded(plain, taken)]


def need_printable(value: str) -> None:
    """Raise HeaderError for a line break or another control character."""
    if not value.isprintable() and _CONTROL.search(value):
        raise HeaderError("holds a line break or another control character")


def wire_address(address: str, *, utf8: bool = False) -> str:
    """One bare address as a header names it. Raises HeaderError where it is none, or has letters
    outside ASCII before the @ and ``utf8`` is not set."""
    need_printable(address)
    try:
        email_address.parse(address, local_names=True)
    except email_address.AddressError:
        raise HeaderError(f"{address!r} is not one e-mail address") from None
    written = email_address.for_the_wire(address)
    if not (utf8 or written.isascii()):
        raise HeaderError(f"{address!r} needs a mail server with SMTPUTF8")
    return written


def _foldable(value: str, taken: int) -> bool:
    return max(map(len, value.split())) + taken < _FOLD


def _tokens(value: str) -> list[str]:
    """The words, each with the spaces before it."""
    return re.findall(r" +[^ ]+", f" {value}")


def _folded(start: str, tokens: list[str]) -> bytes:
    """The tokens, each with its leading space, on as few lines as the limit allows."""
    lines, line = [], start
    for token in tokens:
        if len(line) + len(token) > _FOLD and line != start:
            lines.append(line)
            line = token
        else:
            line += token
    folded = "\r\n".join((*lines, line)).encode()
    if max(map(len, folded.split(b"\r\n"))) > LONGEST_LINE:
        raise HeaderError("is too long for a header")
    return folded + b"\r\n"


def _encoded(value: str, taken: int) -> list[str]:
    """Encoded-words (RFC 2047), none cut inside a character, in the encoding that is shorter.

    Few words matter: Python's own parser, before 3.13, leaves a space between two in a name.
    """
    octets = value.encode()
    quoted = sum(len(_CODED[octet]) for octet in octets) <= len(octets) * 4 // 3
    words, begin, taken_up = [], 0, 0
    room = _room(min(_ENCODED_WORD, _FOLD - taken), quoted)
    for place, character in enumerate(value):
        size = _size(character, quoted)
        if taken_up + size > room:
            words.append(_word(value[begin:place], quoted))
            begin, taken_up, room = place, 0, _room(_ENCODED_WORD, quoted)
        taken_up += size
    return [*words, _word(value[begin:], quoted)]


def _room(columns: int, quoted: bool) -> int:
    """What an encoded-word of so many columns holds, as ``_size`` counts."""
    inner = columns - len("=?utf-8?q??=")
    return inner if quoted else inner // 4 * 3


def _size(character: str, quoted: bool) -> int:
    """Columns of a character in the "Q" encoding, octets in "B"."""
    octets = character.encode()
    return sum(len(_CODED[octet]) for octet in octets) if quoted else len(octets)


def _word(text: str, quoted: bool) -> str:
    if quoted:
        return f"=?utf-8?q?{''.join(map(_CODED.__getitem__, text.encode()))}?="
    return f"=?utf-8?b?{b2a_base64(text.encode(), newline=False).decode()}?="
