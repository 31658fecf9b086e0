"""Notices to the office: one for a matter, not one for a letter, and never a reader's text."""

import hashlib
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid, parseaddr
from pathlib import Path

from fasteners import InterProcessLock

from flows.errors import DearMinisterError
from flows.people.email_address import hidden
from flows.post.ledger.clock import now
from flows.post.smtp.session import Session
from flows.post.states import State
from flows.settings import Settings

_SECONDS = 30.0
"""For each answer of the mail server: a run waits for this."""
_MOST_KEPT = 500


def notify(settings: Settings, matter: str, subject: str, body: str, link: str = "") -> list[str]:
    """Send a notice to everyone in NOTIFY, unless the last one on this ``matter`` said the same
    but for the ``link`` at its end.

    Returns what went wrong, a line each; a notice that fails stops nothing. Addresses in the text
    are left out: servers put readers' into their answers.
    """
    addresses = settings.notify.split()
    if not addresses:
        return []
    subject, body = (hidden(" ".join(subject.split())), "\n".join(map(hidden, body.splitlines())))
    faults: list[str] = []
    try:
        with _said(settings.var / "notified.json") as said:
            digest = hashlib.sha256(f"{subject}\n{body}".encode()).hexdigest()
            if said.get(matter) == digest:
                return []
            body += f"\n{link}" if link else ""
            emails = [one for one in addresses if "://" not in one]
            others = [one for one in addresses if "://" in one]
            if emails:
                faults += _by_mail(settings, emails, subject, body)
            faults += [fault for one in others for fault in _by_apprise(one, subject, body)]
            if len(faults) < len(others) + bool(emails):
                said.pop(matter, None)
                said[matter] = digest
    except OSError as error:
        faults.append(f"NOTIFY: {error.filename}: cannot be written ({error.strerror})")
    return faults


def settled(settings: Settings, matter: str) -> None:
    """Let the next notice on this matter be sent, whatever it says: this one is over."""
    path = settings.var / "notified.json"
    if settings.notify and path.exists():
        with _said(path) as said:
            said.pop(matter, None)


@contextmanager
def _said(path: Path) -> Iterator[dict[str, str]]:
    """What was said last, by matter; kept when the block ends. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with InterProcessLock(path.with_name(f".{path.name}.lock")):
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            said = {}
        yield said
        newest = dict(list(said.items())[-_MOST_KEPT:])
        path.write_text(json.dumps(newest), encoding="utf-8")
        path.chmod(0o600)


def _by_mail(settings: Settings, to: list[str], subject: str, body: str) -> list[str]:
    """Through the office's own mail server, in one transaction."""
    sender = parseaddr(settings.mail_from)[1] or to[0]
    message = EmailMessage(policy=SMTP)
    message["From"] = Address("Dear Minister", addr_spec=sender)
    message["To"] = ", ".join(to)
    message["Subject"] = subject
    message["Date"] = format_datetime(now())
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday answers to this
    message.set_content(body + "\n")
    try:
        server = replace(settings.server, timeout=min(settings.smtp_timeout, _SECONDS))
        session = Session(server, frozenset(to).__contains__)
        outcome = session.deliver(sender, tuple(to), message.as_bytes(), lambda: None)
        session.quit()
    except DearMinisterError as error:
        return [f"NOTIFY: {error}"]
    return [] if outcome.state is State.SENT else [f"NOTIFY: the mail server: {outcome.reply}"]


def _by_apprise(address: str, subject: str, body: str) -> list[str]:
    """Through Apprise; its addresses hold secrets, so only their kind is named."""
    import apprise

    logging.getLogger("apprise").setLevel(logging.CRITICAL)
    kind = address.partition("://")[0]
    made = apprise.Apprise()
    if not made.add(address):
        return [f"NOTIFY: {kind}://...: is not an address that Apprise knows"]
    if not made.notify(title=subject, body=body):
        return [f"NOTIFY: {kind}://...: could not be reached, or refused the notice"]
    return []
