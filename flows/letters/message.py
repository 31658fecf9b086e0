"""The e-mail that carries a letter, frozen to the bytes that every attempt sends."""

import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, getaddresses
from functools import lru_cache
from typing import Literal

from flows.errors import ConfigurationError, Fault, RowError
from flows.letters import headers
from flows.letters.attachment import DOCX_TYPE, PDF_TYPE, Attachment
from flows.letters.dkim_signing import Signer
from flows.letters.headers import HeaderError
from flows.letters.letter import Letter

_LIST_LABEL = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+>")
_UNSUBSCRIBE = re.compile(r"(mailto:|https://)[!-;=?-~]{3,900}")
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+>")


@dataclass(frozen=True, slots=True)
class ListHeaders:
    """Headers of a mailing list (RFC 2919, RFC 2369), for readers who are to see one."""

    identity: str = ""
    """List-Id: "Campaign <campaign.example.org>"; blank: none."""
    unsubscribe: str = ""
    """List-Unsubscribe: a mailto: or https: address; blank: none."""

    def lines(self) -> bytes:
        """The header lines, with CRLF. Raises ConfigurationError."""
        found = b""
        try:
            if self.identity:
                name, _, label = self.identity.rpartition("<")
                if not _LIST_LABEL.fullmatch(label):
                    raise HeaderError("it has no <name.of.the.list> at its end")
                found += headers.phrase("List-Id", name.strip(' "'), f"<{label}")
            if self.unsubscribe:
                if not _UNSUBSCRIBE.fullmatch(self.unsubscribe):
                    raise HeaderError("it is neither mailto:... nor https://...")
                found += f"List-Unsubscribe: <{self.unsubscribe}>\r\n".encode()
                if self.unsubscribe.startswith("https:"):  # RFC 8058
                    found += b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        except HeaderError as error:
            raise ConfigurationError(
                f"MAIL_LIST_ID, MAIL_LIST_UNSUBSCRIBE: cannot be used ({error}); write "
                '"Campaign <campaign.example.org>" and mailto:office@example.org'
            ) from error
        return found


NO_LIST = ListHeaders()


@dataclass(frozen=True, slots=True)
class MailHeaders:
    """What a mailing's messages have in common."""

    mailing: str
    sender: str
    """The From header's mailbox."""
    reply_to: str
    domain: str
    """The right-hand side of Message-IDs: the sender's domain."""
    date: datetime
    list_headers: ListHeaders = NO_LIST
    signer: Signer | None = None
    """Signs each message with DKIM, where the mail server does not."""

    @property
    def fingerprint(self) -> str:
        """Whatever of the settings decides about the bytes, for a mailing's identity."""
        signed = f"{self.signer.selector}._domainkey.{self.signer.domain}" if self.signer else ""
        lists = (self.list_headers.identity, self.list_headers.unsubscribe)
        return "\n".join((self.sender, self.reply_to, *filter(None, (*lists, signed))))

    def message_id(self, person: str) -> str:
        """One Message-ID a mailing and person (RFC 5322 3.6.4)."""
        return f"<{token(self.mailing, person)}@{self.domain}>"


def token(mailing: str, person: str) -> str:
    """The left-hand side of a Message-ID."""
    return hashlib.sha256(f"{mailing}\n{person}".encode()).hexdigest()[:32]


def carrying(
    letter: Letter,
    form: Literal["docx", "pdf", "both"],
    headers: MailHeaders,
    *,
    references: Sequence[str] = (),
    beside: Sequence[Attachment] = (),
) -> bytes:
    """The mail that carries this letter in this form; the DOCX where there is no PDF.

    ``references`` are the Message-IDs of the mails it follows up, the oldest first; ``beside`` are
    files to go with the letter.

    Raises RowError and ConfigurationError as ``freeze`` does.
    """
    attachments = []
    if form != "pdf" or not letter.pdf:
        attachments.append(letter_docx(letter))
    if form != "docx" and letter.pdf:
        attachments.append(letter_pdf(letter))
    return freeze(
        letter,
        sender=headers.sender,
        reply_to=headers.reply_to,
        message_id=headers.message_id(letter.reader.contact.person),
        date=headers.date,
        attachments=[*attachments, *beside],
        list_headers=headers.list_headers,
        signer=headers.signer,
        smtputf8=True,
        references=references,
    )


def letter_docx(letter: Letter) -> Attachment:
    """The filled DOCX under a name made from the contact's id, never from a person's name."""
    return Attachment(f"letter-{letter.reader.contact.id}.docx", letter.docx, DOCX_TYPE)


def letter_pdf(letter: Letter) -> Attachment:
    """The letter's PDF under the same name."""
    return Attachment(f"letter-{letter.reader.contact.id}.pdf", letter.pdf, PDF_TYPE)


def freeze(
    letter: Letter,
    *,
    sender: str,
    reply_to: str,
    message_id: str,
    date: datetime,
    attachments: Sequence[Attachment] | None = None,
    list_headers: ListHeaders = NO_LIST,
    signer: Signer | None = None,
    smtputf8: bool = False,
    references: Sequence[str] = (),
) -> bytes:
    """The message in RFC 5322 form: CRLF lines, text and HTML alternatives, then the attachments.

    Equal arguments give equal bytes. ``sender`` and ``reply_to`` are mailboxes as typed
    ('"UNA Exampleshire" <chair@example.org>'; blank ``reply_to``: none), ``message_id`` stands in
    its angle brackets, ``date`` knows its time zone; without ``attachments`` the letter's DOCX is
    attached. The campaign's own papers and copies (``letter.enclosed``, ``letter.cc``) follow.
    ``signer`` puts a DKIM-Signature before everything else. ``smtputf8`` allows addresses outside
    ASCII, for servers that take them.

    Raises RowError if the reader's name, address or subject cannot stand in a header,
    ConfigurationError if the sender's cannot.
    """
    if not _MESSAGE_ID.fullmatch(message_id):
        raise ValueError(f"{message_id!r} is not a Message-ID in angle brackets")
    if date.tzinfo is None:
        raise ValueError("a message's date needs its time zone")
    head = [_mailboxes("From", sender)]
    if reply_to:
        head.append(_mailboxes("Reply-To", reply_to))
    contact = letter.reader.contact
    try:
        head.append(headers.mailbox("To", contact.name, contact.email, utf8=smtputf8))
    except HeaderError as error:
        column = "email" if headers_allow(contact.name) else "name"
        raise RowError(column, str(error)) from error
    if letter.cc:
        try:
            head.append(headers.mailboxes("Cc", letter.cc))
        except HeaderError as error:
            raise RowError("cc", str(error)) from error
    try:
        head.append(headers.text("Subject", letter.subject))
    except HeaderError as error:
        raise RowError("subject", str(error)) from error
    outer, inner = _boundaries(message_id)
    files = [letter_docx(letter)] if attachments is None else attachments
    files = [*files, *letter.enclosed]
    pieces = [
        *head,
        list_headers.lines(),
        f"Date: {_dated(date)}\r\nMessage-ID: {message_id}\r\n".encode(),
        _thread(references),
        b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="%b"\r\n' % outer,
        b'\r\n--%b\r\nContent-Type: multipart/alternative; boundary="%b"\r\n' % (outer, inner),
        b"\r\n--%b\r\n%b" % (inner, _written("plain", letter.text)),
        b"\r\n--%b\r\n%b" % (inner, _written("html", letter.html)),
        b"\r\n--%b--\r\n" % inner,
    ]
    for file in files:
        pieces += (b"\r\n--%b\r\n" % outer, file.part)
    pieces.append(b"\r\n--%b--\r\n" % outer)
    content = b"".join(pieces)
    return signer.signed(content, date) if signer else content


_dated = lru_cache(maxsize=8)(format_datetime)
"""A mailing's messages have one date."""


def _thread(references: Sequence[str]) -> bytes:
    """In-Reply-To and References, one Message-ID a line (RFC 5322, 3.6.4)."""
    if not references:
        return b""
    for identity in references:
        if not _MESSAGE_ID.fullmatch(identity):
            raise ValueError(f"{identity!r} is not a Message-ID in angle brackets")
    listed = "\r\n ".join(references)
    return f"In-Reply-To: {references[-1]}\r\nReferences: {listed}\r\n".encode()


def headers_allow(value: str) -> bool:
    """Whether a text can stand in a header at all."""
    try:
        headers.need_printable(value)
    except HeaderError:
        return False
    return True


@lru_cache(maxsize=64)
def _mailboxes(name: str, typed: str) -> bytes:
    try:
        headers.need_printable(typed)
        return headers.mailboxes(name, getaddresses([typed]))
    except HeaderError as error:
        raise ConfigurationError(
            Fault(
                name,
                f"{typed!r} cannot be used ({error}); write it as "
                '"Your organisation" <chair@example.org>',
            )
        ) from error


def _boundaries(message_id: str) -> tuple[bytes, bytes]:
    """Derived, so that bytes stay alike; "=_" cannot occur in quoted-printable or base64."""
    digest = hashlib.sha256(message_id.encode()).hexdigest()
    return f"=_{digest[:28]}".encode(), f"=_{digest[28:56]}".encode()


@lru_cache(maxsize=512)
def _quoted(line: bytes) -> bytes:
    """A line in quoted-printable; most lines of a mail are the same for every reader."""
    return binascii.b2a_qp(line, istext=True)


def _written(kind: str, text: str) -> bytes:
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    if not lines.endswith("\n"):
        lines += "\n"
    try:
        content = lines.replace("\n", "\r\n").encode()
    except UnicodeEncodeError as error:
        raise RowError("text", "holds half a character; type the text again") from error
    coded = b"".join(map(_quoted, content.splitlines(keepends=True)))
    return (
        b'Content-Type: text/%b; charset="utf-8"\r\n'
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n%b" % (kind.encode(), coded)
    )
