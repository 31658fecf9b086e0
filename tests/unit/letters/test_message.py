"""The frozen message, read back by Python's email package and set beside its EmailMessage."""

import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.headerregistry import Address as Mailbox
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import dkim
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.errors import ConfigurationError, RowError
from flows.letters import attachment, message
from flows.letters.copies import Mailbox as Copied
from flows.letters.dkim_signing import Signer
from flows.letters.letter import Letter
from tests.servers.dkim_key import dkim_key
from tests.unit.letters.small_campaign import reader

SENDER = '"UNA Exampleshire" <chair@example.org>'
ID = "<5f.r1@example.org>"
AT = datetime(2013, 9, 4, 9, 30, tzinfo=UTC)


def letter(**fields: Any) -> Letter:
    return Letter(
        reader=reader(**{k: v for k, v in fields.items() if k in {"name", "email", "id"}}),
        reference="clean-rivers/1/r1",
        docx=fields.get("docx", bytes(range(256)) * 160),
        subject=fields.get("subject", "Rivers"),
        text=fields.get("text", "Dear Minister,\n\nWater – «clean».\n.\nFrom here\n"),
        html=fields.get("html", "<p>Dear Minister,</p>\n"),
    )


def frozen(one: Letter, **options: Any) -> bytes:
    given = {"sender": SENDER, "reply_to": "", "message_id": ID, "date": AT}
    return message.freeze(one, **{**given, **options})


def parsed(data: bytes) -> EmailMessage:
    return email.message_from_bytes(data, policy=email.policy.SMTP)  # type: ignore[return-value]


def as_email_message(one: Letter) -> EmailMessage:
    made = EmailMessage(policy=email.policy.SMTP)
    made["From"] = Mailbox("UNA Exampleshire", "chair", "example.org")
    contact = one.reader.contact
    made["To"] = Mailbox(contact.name, addr_spec=contact.email)
    made["Subject"] = one.subject
    made["Date"] = AT
    made["Message-ID"] = ID
    made.set_content(one.text, cte="quoted-printable")
    made.add_alternative(one.html, subtype="html", cte="quoted-printable")
    kind, _, subtype = attachment.DOCX_TYPE.partition("/")
    name = f"letter-{contact.id}.docx"
    made.add_attachment(one.docx, maintype=kind, subtype=subtype, filename=name)
    return parsed(made.as_bytes())


def to(data: bytes) -> tuple[str, str]:
    """Display name and address of the reader, as RFC 2047 reads them.

    Not through the policy's own parser, which puts a space between two encoded-words of a name.
    """
    raw = email.message_from_bytes(data, policy=email.policy.compat32)["To"]
    name, address = parseaddr(" ".join(raw.split()))
    return str(make_header(decode_header(name))), address


def shape(made: EmailMessage) -> Any:
    """Everything a mail program can tell about a message, but for the boundaries."""
    parts = []
    for part in made.walk():
        about = (
            part.get_content_type(),
            part.get_content_charset(),
            part.get_content_disposition(),
            part.get_filename(),
            part["Content-Transfer-Encoding"],
        )
        content = None if part.is_multipart() else part.get_payload(decode=True)
        parts.append((about, content))
    # EmailMessage folds a subject that is as long as a line so that a space stays in front.
    names = {"From", "Subject", "Date", "Message-ID", "MIME-Version"}
    headers = {name: str(made[name]).strip() for name in names}
    return to(made.as_bytes()), headers, parts, made.defects


NAMES = [
    "William Hague",
    "Siân Zöe Glyndŵr-ap-Rhys",
    "O'Brien, Patrick (Paddy)",
    'Alex "Lex" Smith',
    "back\\slash",
    "Baroness Royall of Blaisdon and of a territorial designation that goes on and on and on",
    "Müller, Jürgen; <nobody@example.org>",
    "日本語の名前がとても長い場合にも正しく折り返されることを確かめるための名前です",
    "👩🏽‍⚖️ Justice",
]
STRANGER = ["=?utf-8?q?x?=", "x" * 120, "日本語の名前がとても長い場合にも正しく " * 4]
"""Names of which EmailMessage makes something else."""
SUBJECTS = [
    "Rivers",
    "Responsibility to Protect: United Nations General Assembly dialogue, 11 September 2013 at 10",
    "Prévention – « responsabilité » et dialogue de l’Assemblée générale, le 11 septembre 2013",
    "x" * 120,
    "=?utf-8?q?not_encoded?=",
    "two  spaces   inside a subject that is long enough to need to be folded at one of them",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_message_reads_as_email_message_would_write_it_whatever_the_name(name: str) -> None:
    one = letter(name=name)
    assert shape(parsed(frozen(one))) == shape(as_email_message(one))


@pytest.mark.parametrize("name", [*NAMES, *STRANGER])
def test_a_name_of_any_kind_is_read_back_as_it_was(name: str) -> None:
    data = frozen(letter(name=name))
    assert to(data) == (name.strip(), "r1@example.org")
    assert all(len(line) <= 78 for line in head(data).split(b"\r\n"))


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_subject_of_any_kind_is_read_back_as_it_was(subject: str) -> None:
    data = frozen(letter(subject=subject))
    assert parsed(data)["Subject"] == subject
    assert all(len(line) <= 78 for line in head(data).split(b"\r\n"))


def head(data: bytes) -> bytes:
    return data.split(b"\r\n\r\n", 1)[0]


PRINTABLE = st.text(
    st.characters(exclude_categories=("C", "Z"), include_characters=" "), min_size=1
)


@settings(deadline=None)
@given(name=PRINTABLE, subject=PRINTABLE, text=st.text(st.characters(exclude_categories=("Cs",))))
def test_whatever_stands_in_it_a_message_keeps_the_rules_and_is_read_back(
    name: str, subject: str, text: str
) -> None:
    data = frozen(letter(name=name, subject=subject, text=text))
    made = parsed(data)
    assert not made.defects
    assert to(data) == (" ".join(name.split()), "r1@example.org")
    assert made["Subject"] == subject.strip()
    body = made.get_body(("plain",)).get_payload(decode=True).decode()
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    assert body == (lines if lines.endswith("\n") else lines + "\n").replace("\n", "\r\n")
    assert data.isascii()
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", data)
    assert max(map(len, data.split(b"\r\n"))) <= 998


@pytest.mark.parametrize("evil", ["a\r\nBcc: x@example.org", "a\nb", "a\rb", "a\x00b", "a\u2028b"])
def test_a_line_break_in_a_header_value_is_refused(evil: str) -> None:
    with pytest.raises(RowError, match="name: holds a line break"):
        frozen(letter(name=evil))
    with pytest.raises(RowError, match="subject: holds a line break"):
        frozen(letter(subject=evil))
    with pytest.raises(RowError, match="email: "):
        frozen(letter(email=f"{evil}@example.org"))
    for key in ("sender", "reply_to"):
        with pytest.raises(ConfigurationError, match="control character"):
            frozen(letter(), **{key: f"{evil} <chair@example.org>"})
    with pytest.raises(ValueError, match="Message-ID"):
        frozen(letter(), message_id=f"<{evil}@example.org>")


@pytest.mark.parametrize("address", ["", "nobody", "a@b@c", "a b@example.org", "a@x, b@x"])
def test_what_is_not_one_address_is_refused(address: str) -> None:
    with pytest.raises(RowError, match=r"email: .*not one e-mail address"):
        frozen(letter(email=address))


def test_an_address_outside_ascii_needs_the_callers_word() -> None:
    one = letter(email="siân@example.org")
    with pytest.raises(RowError, match=r"email: .*SMTPUTF8"):
        frozen(one)
    data = frozen(one, smtputf8=True)
    assert "To: Siân O’Brien <siân@example.org>\r\n".encode() not in data
    assert "<siân@example.org>\r\n".encode() in head(data)


def test_real_looking_addresses_of_shared_data_are_taken() -> None:
    assert b"<w.hague.mp@parliament.example>" in frozen(
        letter(email="w.hague.mp@parliament.example")
    )


def test_reply_to_and_copies_are_headers_of_their_own() -> None:
    copied = replace(letter(), cc=(Copied("Local", "l@example.org"),))
    made = parsed(frozen(copied, reply_to="office@example.org"))
    assert made["Reply-To"] == "office@example.org"
    assert made["Cc"] == "Local <l@example.org>"
    assert parsed(frozen(letter()))["Reply-To"] is None


def test_a_domain_in_its_own_letters_needs_no_smtputf8() -> None:
    data = frozen(letter(email="chair@exämple.org"), smtputf8=True)
    assert data.isascii()
    assert parsed(data)["To"].addresses[0].addr_spec == "chair@xn--exmple-cua.org"
    assert not frozen(letter(email="zoë@exämple.org"), smtputf8=True).isascii()


def test_list_headers_are_there_where_they_are_wanted_and_nowhere_else() -> None:
    wanted = message.ListHeaders("Clean rivers, all <rivers.example.org>", "https://example.org/no")
    made = parsed(frozen(letter(), list_headers=wanted))
    assert made["List-Id"] == '"Clean rivers, all" <rivers.example.org>'
    assert made["List-Unsubscribe"] == "<https://example.org/no>"
    assert made["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    by_mail = message.ListHeaders(unsubscribe="mailto:office@example.org?subject=stop")
    assert b"List-Unsubscribe-Post" not in frozen(letter(), list_headers=by_mail)
    assert b"List-" not in frozen(letter())


@pytest.mark.parametrize(
    "lists",
    [
        message.ListHeaders(identity="rivers"),
        message.ListHeaders(identity="x\r\nBcc: evil@example.org <a.example.org>"),
        message.ListHeaders(unsubscribe="office@example.org"),
        message.ListHeaders(unsubscribe="http://example.org/no"),
        message.ListHeaders(unsubscribe="https://example.org/>\r\nBcc: evil@example.org"),
    ],
)
def test_list_headers_that_make_no_sense_stop_the_campaign(lists: message.ListHeaders) -> None:
    with pytest.raises(ConfigurationError, match="MAIL_LIST_ID, MAIL_LIST_UNSUBSCRIBE"):
        frozen(letter(), list_headers=lists)


def test_a_signed_message_verifies_with_the_public_key_and_is_the_same_each_time(
    tmp_path: Path,
) -> None:
    path, public = dkim_key(tmp_path)
    record = "".join(public.split('"')[1::2]).encode()
    signer = Signer.load("example.org", "letters", path)
    data = frozen(letter(name="Zoë Ŵyn"), signer=signer)
    assert data == frozen(letter(name="Zoë Ŵyn"), signer=signer)
    asked: list[bytes] = []

    def answer(name: bytes, **_: Any) -> bytes:
        asked.append(name)
        return record

    assert dkim.verify(data, dnsfunc=answer)
    assert asked == [b"letters._domainkey.example.org."]
    assert f"t={int(AT.timestamp())};" in parsed(data)["DKIM-Signature"]
    for line in (b"Subject: ", b"To: ", b"Message-ID: <", b"Dear Minister"):
        assert not dkim.verify(data.replace(line, line + b"x", 1), dnsfunc=answer)
    assert parsed(data)["Subject"] == "Rivers"


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_a_key_that_cannot_sign_is_told_before_anything_is_frozen(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "dkim.pem"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"MAIL_DKIM_KEY.*openssl genrsa"):
        Signer.load("example.org", "letters", path)
    with pytest.raises(ConfigurationError, match=r"MAIL_DKIM_KEY.*cannot be read"):
        Signer.load("example.org", "letters", tmp_path / "none.pem")


def test_equal_arguments_give_equal_bytes_and_another_id_other_boundaries() -> None:
    one = letter()
    assert frozen(one) == frozen(one)
    other = frozen(one, message_id="<other@example.org>")
    assert parsed(other).get_boundary() != parsed(frozen(one)).get_boundary()


def test_attachments_replace_the_letters_own_and_keep_their_names() -> None:
    one = letter()
    paper = attachment.Attachment("Überblick – Prävention.pdf", b"%PDF-1.7", attachment.PDF_TYPE)
    made = parsed(frozen(one, attachments=[message.letter_docx(one), paper]))
    first, second = made.iter_attachments()
    assert (first.get_filename(), first.get_content()) == ("letter-r1.docx", one.docx)
    assert (second.get_filename(), second.get_content()) == (
        "Überblick – Prävention.pdf",
        b"%PDF-1.7",
    )
    assert list(parsed(frozen(one, attachments=[])).iter_attachments()) == []
