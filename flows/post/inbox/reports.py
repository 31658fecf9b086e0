"""Reports of mail systems: what a server says became of a letter.

RFC 3464 and 8098 reports are read by the standard library, older dialects (Exim, qmail, Exchange)
by flufl.bounce. Action counts before Status: an expired letter has Action failed and Status 4.x.x.
"""

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email import message_from_string
from email.message import Message
from enum import StrEnum

from flufl.bounce import all_failures

from flows.post.inbox.message import Mail, clean, decoded

_ID = re.compile(r"^Message-ID:\s*(<[^<>\s]{1,250}>)", re.MULTILINE | re.IGNORECASE)
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_MAIL_SYSTEM = re.compile(
    r"mailer-?daemon|post-?master|mail delivery (sub)?system|system administrator|^mdaemon",
    re.IGNORECASE,
)
_FAILED = re.compile(
    r"undeliver(able|ed)|not (be )?delivered|deliver(y|ed)? (has )?failed|delivery failure"
    r"|delivery status notification \(failure\)|failure notice|returned mail|returning message",
    re.IGNORECASE,
)
_DELAYED = re.compile(
    r"delayed|still being retried|could not send message for past|not yet been delivered"
    r"|delivery incomplete|will (keep trying|retry|be retried)|\(delay\)|warning message only",
    re.IGNORECASE,
)
# qmail and its relations send no MIME; the library's own loggers would write to the terminal.
logging.getLogger("flufl.bounce").addHandler(logging.NullHandler())


class Action(StrEnum):
    """What became of the letter (RFC 3464, 2.3.3), or of its display (RFC 8098)."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    DISPLAYED = "displayed"


@dataclass(frozen=True, slots=True)
class Report:
    """What a mail system reports."""

    action: Action
    recipients: tuple[str, ...] = ()
    """Addresses that the action is about, as the letter and as the last server had them."""
    status: str = ""
    """Enhanced code (RFC 3463), "5.1.1"; blank where the report has none."""
    diagnostic: str = ""
    """The last server's own words."""
    original_ids: tuple[str, ...] = ()
    """Message-IDs of the letter that the report is about."""
    dialect: str = "RFC 3464"

    @property
    def about_the_address(self) -> bool:
        """Whether the failure means that nobody is there to be written to (RFC 3463, 3.2):
        not a full mailbox, a policy, or a server that was away for days."""
        if self.action is not Action.FAILED or self.dialect == "unknown":
            return False
        if self.status.startswith("4."):
            return False
        _, _, detail = self.status.partition(".")
        if detail and not detail.startswith(("1.", "0.")) and detail not in ("2.1", "4.4"):
            return False
        return bool(detail and detail != "0.0") or not re.search(
            r"full|quota|spam|block|policy|reject(ed)? .*content|reputation|authentic|too large",
            self.diagnostic,
            re.IGNORECASE,
        )


def report(mail: Mail) -> Report | None:
    """The report in this mail, None where it is none."""
    if mail.parsed is None:
        return None
    if (found := _displayed(mail)) or (found := _delivery_status(mail)):
        return found
    return _old_dialect(mail) if from_a_mail_system(mail) else None


def from_a_mail_system(mail: Mail) -> bool:
    """Whether the writer is a mail server: a null reverse-path, or a name that servers use."""
    null_path = mail.headers.get("return-path", "?").strip() in ("<>", "")
    named = bool(_MAIL_SYSTEM.search(mail.sender_name)) or bool(
        _MAIL_SYSTEM.search(mail.sender.partition("@")[0])
    )
    # RFC 3834 gives answers of people who are away a null reverse-path too.
    return named or (
        null_path and bool(_FAILED.search(mail.subject) or _DELAYED.search(mail.subject))
    )


def _displayed(mail: Mail) -> Report | None:
    part = _part(mail, "message/disposition-notification")
    if part is None:
        return None
    fields = _blocks(part)
    block = next((block for block in fields if block["Disposition"]), None)
    if block is None:
        return None
    said = str(block["Disposition"])
    return Report(
        Action.DISPLAYED,
        _addresses(block, ("Original-Recipient", "Final-Recipient")),
        diagnostic=clean(said)[:200].strip(),
        original_ids=tuple(re.findall(r"<[^<>\s]+>", str(block["Original-Message-ID"] or ""))),
        dialect="RFC 8098",
    )


def _delivery_status(mail: Mail) -> Report | None:
    part = _part(mail, "message/delivery-status")
    if part is None:
        return None
    about = [(block, action) for block in _blocks(part) if (action := _action(block))]
    if not about:
        return None
    worst = min((action for _, action in about), key=list(Action).index)
    blocks = [block for block, action in about if action is worst]
    addresses = [
        address
        for block in blocks
        for address in _addresses(block, ("Original-Recipient", "Final-Recipient"))
    ]
    said = _diagnostic(blocks)
    status = next(
        iter(_STATUS.findall(" ".join(str(block["Status"] or "") for block in blocks))), ""
    )
    if status.endswith(".0.0") and (better := _STATUS.search(said)):
        status = better[1]
    return Report(worst, tuple(dict.fromkeys(addresses)), status, said, _original_ids(mail))


def _action(block: Message) -> Action | None:
    said = str(block["Action"] or "").strip().lower().split(" ")[0]
    if said in ("relayed", "expanded"):
        return Action.DELIVERED
    if said in ("failed", "delayed", "delivered"):
        return Action(said)
    by_class = {"5": Action.FAILED, "4": Action.DELAYED, "2": Action.DELIVERED}
    return by_class.get(str(block["Status"] or "").strip()[:1])


def _old_dialect(mail: Mail) -> Report | None:
    assert mail.parsed is not None
    try:
        delayed, failed = all_failures(mail.parsed)
    except Exception:  # a heuristic of the library's met a mail that it does not expect
        delayed, failed = frozenset(), frozenset()
    listed = re.findall(r"[^\s,;<>]+@[^\s,;<>]+", mail.headers.get("x-failed-recipients", ""))
    words = f"{mail.subject}\n{mail.text[:4000]}"
    delayed_words = _DELAYED.search(mail.subject) or (
        _DELAYED.search(words) and not _FAILED.search(mail.subject)
    )
    failed_addresses = (*(address.decode("ascii", "replace") for address in failed), *listed)
    if delayed_words or (delayed and not failed):
        action, dialect = Action.DELAYED, "an older form"
    elif failed_addresses:
        action, dialect = Action.FAILED, "an older form"
    elif _FAILED.search(words):
        action, dialect = Action.FAILED, "unknown"
    else:
        return None
    addresses = failed_addresses or tuple(address.decode("ascii", "replace") for address in delayed)
    status = _STATUS.search(mail.text[:4000])
    return Report(
        action,
        tuple(dict.fromkeys(address.lower() for address in addresses)),
        status[1] if status else "",
        _said(mail.text, addresses),
        _original_ids(mail),
        dialect,
    )


def _said(text: str, addresses: Sequence[str]) -> str:
    """The lines that follow the first failed address."""
    lines = text[:4000].split("\n")
    for number, line in enumerate(lines):
        if any(address.lower() in line.lower() for address in addresses):
            return " ".join(" ".join(lines[number + 1 : number + 4]).split())[:300]
    return ""


def _diagnostic(blocks: Sequence[Message]) -> str:
    said = next((str(block["Diagnostic-Code"]) for block in blocks if block["Diagnostic-Code"]), "")
    return " ".join(clean(said.partition(";")[2] or said).split())[:300]


def _addresses(block: Message, names: Sequence[str]) -> tuple[str, ...]:
    found = []
    for name in names:
        address = str(block[name] or "").rpartition(";")[2].strip().strip("<>").lower()
        if "@" in address:
            found.append(clean(address)[:320])
    return tuple(dict.fromkeys(found))


def _original_ids(mail: Mail) -> tuple[str, ...]:
    """Message-IDs of what the report returns: whole, its headers alone, or as text."""
    found: list[str] = []
    assert mail.parsed is not None
    for part in mail.parsed.walk():
        kind = part.get_content_type()
        if kind == "text/rfc822-headers":
            found += _ID.findall(decoded(part)[:50_000])
        elif kind == "message/rfc822" and part.is_multipart():
            inner = part.get_payload(0)
            if isinstance(inner, Message) and inner["Message-ID"]:
                found += re.findall(r"<[^<>\s]+>", str(inner["Message-ID"]))
        elif kind == "message/delivery-status":
            found += re.findall(r"^X-Original-Message-ID:\s*(<[^<>\s]+>)", _raw(part), re.M | re.I)
    return tuple(dict.fromkeys(found or _ID.findall(mail.text[:50_000])))


def _part(mail: Mail, kind: str) -> Message | None:
    assert mail.parsed is not None
    return next((part for part in mail.parsed.walk() if part.get_content_type() == kind), None)


def _blocks(part: Message) -> list[Message]:
    """The groups of fields in a report's machine-readable part."""
    return list(_parsed_blocks(_raw(part)))


def _parsed_blocks(text: str) -> Iterator[Message]:
    for block in re.split(r"\n\s*\n", text[:50_000].replace("\r\n", "\n")):
        if block.strip():
            yield message_from_string(block.strip("\n"))


def _raw(part: Message) -> str:
    """The part's text: the standard library takes it for messages, and leaves its coding alone."""
    payload = part.get_payload()
    text = (
        "\n".join(part.as_string() for part in payload if isinstance(part, Message))
        if isinstance(payload, list)
        else str(payload)
    )
    if str(part["Content-Transfer-Encoding"] or "").strip().lower() in (
        "base64",
        "quoted-printable",
    ):
        coded = message_from_string(
            f"Content-Transfer-Encoding: {part['Content-Transfer-Encoding']}\n\n{text.strip()}"
        )
        return decoded(coded)
    return text
