"""One mail's bytes as a value that rules and matching read. Nothing here trusts the mail.

Only the first megabyte is parsed, few parts, little text: a mail built to exhaust a parser (bombs,
endless nesting) is kept, but shown with its headers alone.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses

from flows.post.inbox import html_text, own_words

LARGEST_PARSED = 1_000_000
"""Octets of a mail that are looked at."""
_MOST_BOUNDARIES = 40
_MOST_SEPARATORS = 5000
_MOST_PARTS = 500
_LONGEST_HEADER = 20_000
_LONGEST_TEXT = 100_000
_ID = re.compile(r"<[^<>\s]{1,250}>")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
_SURROGATES = re.compile("[\ud800-\udfff]")
_RECIPIENTS = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to", "cc")


@dataclass(frozen=True, slots=True)
class File:
    """An attachment, by name and media type; its content stays in the raw mail."""

    name: str
    media_type: str


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that came in. All texts are free of control characters and half characters."""

    sender: str
    """From's address, in lower case; blank where there is none."""
    sender_name: str
    subject: str
    message_id: str
    """With its angle brackets; blank where there is none."""
    references: tuple[str, ...]
    """In-Reply-To and References, in the order of the mail, each once."""
    recipients: str
    """Every header that names a recipient, Delivered-To first, as one text."""
    headers: Mapping[str, str] = field(repr=False)
    """The other headers' first values, by name in lower case."""
    text: str = field(repr=False)
    """The words of the mail, as it shows them."""
    own: str = field(repr=False)
    """Those of them that are not quoted."""
    body: str = field(repr=False)
    """Those without signature and disclaimer."""
    files: tuple[File, ...] = ()
    media_types: frozenset[str] = frozenset()
    fault: str = ""
    """Why not all of the mail was read; blank where it was."""
    parsed: Message | None = field(default=None, repr=False, compare=False)


def parse(raw: bytes, size: int | None = None) -> Mail:
    """The mail whose first octets these are; ``size`` is the whole mail's. Raises nothing."""
    head = raw[:LARGEST_PARSED]
    fault = (
        f"only its first {LARGEST_PARSED // 1000} kB were read" if _longer(head, raw, size) else ""
    )
    try:
        message = _message(head)
        text, files, types = _content(message)
    except _TooComplexError as error:
        message, fault = BytesHeaderParser().parsebytes(head[:_LONGEST_HEADER]), str(error)
        text, files, types = "", (), frozenset()
    own = own_words.without_quotes(text)
    name, address = _mailbox(_header(message, "from"))
    return Mail(
        sender=address.lower(),
        sender_name=name,
        subject=_header(message, "subject")[:500],
        message_id=next(iter(_ids(message, "message-id")), ""),
        references=tuple(
            dict.fromkeys((*_ids(message, "in-reply-to"), *_ids(message, "references")))
        ),
        recipients="\n".join(
            value for header in _RECIPIENTS for value in _headers(message, header)
        ),
        headers=_others(message),
        text=text,
        own=own,
        body=own_words.without_signature(own),
        files=files,
        media_types=types,
        fault=fault,
        parsed=message,
    )


class _TooComplexError(ValueError):
    """A mail whose structure nobody means."""


def _longer(head: bytes, raw: bytes, size: int | None) -> bool:
    return len(raw) > len(head) or (size is not None and size > len(head))


def _message(head: bytes) -> Message:
    if head.lower().count(b"boundary") > _MOST_BOUNDARIES:
        raise _TooComplexError("its parts are nested beyond all use; only its headers were read")
    if head.count(b"\n--") > _MOST_SEPARATORS:
        raise _TooComplexError("it has more parts than anybody means; only its headers were read")
    try:
        return message_from_bytes(head)
    except (RecursionError, ValueError, LookupError) as error:
        raise _TooComplexError("it cannot be parsed; only its headers were read") from error


def _content(message: Message) -> tuple[str, tuple[File, ...], frozenset[str]]:
    """The text that is shown, the attachments, and every media type in the mail."""
    plain: list[str] = []
    markup: list[str] = []
    files: list[File] = []
    types = set()
    for number, part in enumerate(_parts(message)):
        if number >= _MOST_PARTS:
            break
        kind = part.get_content_type()
        types.add(kind)
        if part.is_multipart():
            continue
        name = _file_name(part)
        attached = part.get_content_disposition() == "attachment" or bool(name)
        if kind in ("text/plain", "text/html") and not attached:
            (plain if kind == "text/plain" else markup).append(decoded(part)[:_LONGEST_TEXT])
        elif kind not in ("message/delivery-status", "text/rfc822-headers"):
            files.append(File(name, kind))
    text = "\n".join(plain)
    if not text.strip() and markup:
        text = html_text.text("\n".join(markup)[:_LONGEST_TEXT])
    return clean(text)[:_LONGEST_TEXT], tuple(files), frozenset(types)


def _parts(message: Message) -> Iterator[Message]:
    """The mail's own parts; what is inside a mail that it carries is another mail's."""
    yield message
    if message.get_content_maintype() == "message" or not message.is_multipart():
        return
    for part in message.get_payload():
        if isinstance(part, Message):
            yield from _parts(part)


def decoded(part: Message) -> str:
    """A part's text; octets that its charset does not know become U+FFFD."""
    try:
        payload = part.get_payload(decode=True)
    except (ValueError, LookupError):
        payload = None
    if not isinstance(payload, bytes):
        return ""
    payload = payload[: 4 * _LONGEST_TEXT]
    for charset in (str(part.get_content_charset("utf-8")), "utf-8"):
        try:
            return payload.decode(charset).replace("\r\n", "\n")
        except (LookupError, ValueError):
            continue
    return payload.decode("cp1252", "replace").replace("\r\n", "\n")


def clean(text: str) -> str:
    """The text without control, invisible and half characters; line breaks and tabs stay."""
    return _INVISIBLE.sub("", _SURROGATES.sub("\ufffd", text.replace("\r", "\n")))


def _headers(message: Message, name: str) -> list[str]:
    return [_decoded_header(str(value)) for value in (message.get_all(name) or [])[:20]]


def _header(message: Message, name: str) -> str:
    return next(iter(_headers(message, name)), "")


def _decoded_header(value: str) -> str:
    value = value[:_LONGEST_HEADER]
    pieces = []
    try:
        for piece, charset in decode_header(value):
            if isinstance(piece, str):
                pieces.append(piece)
                continue
            try:
                pieces.append(piece.decode(charset or "ascii"))
            except (LookupError, ValueError):
                pieces.append(piece.decode("utf-8", "replace"))
    except (HeaderParseError, ValueError):
        pieces = [value]
    octets = "".join(pieces).encode("utf-8", "surrogateescape")
    return " ".join(clean(octets.decode("utf-8", "replace")).split())


def _ids(message: Message, name: str) -> list[str]:
    return _ID.findall(" ".join(_headers(message, name)))[:100]


def _mailbox(value: str) -> tuple[str, str]:
    # Not getaddresses first: BEGG, Anne <begga@parliament.example.org> would be two mailboxes. The
    # last address counts, lest a display name pretend to be one.
    if found := re.fullmatch(r"(.*)<\s*([^<>\s]+@[^<>\s]+)\s*>[^<>]*", value):
        return found[1].strip(' "'), found[2]
    for name, address in getaddresses([value]):
        if "@" in address:
            return name, address
    return value, ""


def _others(message: Message) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in message.items()[:300]:
        if (key := name.lower()) not in found:
            found[key] = _decoded_header(str(value))[:1000]
    return found


def _file_name(part: Message) -> str:
    try:
        name = part.get_filename()
    except (ValueError, LookupError):
        name = None
    return _decoded_header(name)[:200] if name else ""
