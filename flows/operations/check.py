"""Every problem a campaign would meet, found before anything is frozen or sent."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from email.utils import parseaddr
from pathlib import Path

from flows import settings as settings_module
from flows.errors import ConfigurationError, DearMinisterError, Fault
from flows.letters import check as template_check
from flows.letters import placeholders
from flows.letters.filler import Filler, files, filled
from flows.letters.templates import Compiler
from flows.operations import chase, draft
from flows.operations.ledger import open_ledger
from flows.operations.new import unwritten
from flows.operations.overview import Overview, overview
from flows.operations.prepare import postmark
from flows.people.contact import RejectedRow
from flows.post.ledger.clock import now
from flows.post.smtp.server import loopback
from flows.post.smtp.session import LoginRefusedError, Session, UnavailableError
from flows.settings import Settings

_ROOM = 500 * 1024 * 1024
PATIENCE = 30.0
"""Seconds for each answer of the mail server: whoever checks sits there and waits."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Every problem, and the letters in numbers where the campaign can be read."""

    problems: tuple[Fault, ...]
    overview: Overview | None
    language: str = "en_GB"


def check(campaign: str, contacts: Sequence[Path], as_of: date | None) -> Checked:
    """Try everything that a sending needs, short of freezing and sending."""
    found = list(settings_module.warnings())
    settings = numbers = order = None
    largest, language = 0, "en_GB"
    try:
        settings = settings_module.load()
    except ConfigurationError as error:
        found += error.faults
    try:
        order = draft.draft(campaign, contacts, as_of)
        found += [
            Fault(f"{r.file}:{r.row}", f"{r.column}: {r.reason}", "row") for r in order.refused
        ]
        found += [Fault("", line, "warning") for line in (*order.remarks, *order.stale)]
        if not order.readers:
            found.append(Fault(campaign, "there is nobody to write to", "error"))
        found += unwritten(order.campaign)
        templates, letterless, largest = _letters(settings, order)
        found += templates
        numbers = overview(
            order, [one for one in order.readers if one.contact.id not in letterless]
        )
        language = order.campaign.language
    except ConfigurationError as error:
        found += [replace(fault, where=fault.where or campaign) for fault in error.faults]
    if settings:
        found += _house(settings)
        found += _server(settings, largest)
        found += _domain(settings, order)
    return Checked(tuple(found), numbers, language)


def _letters(settings: Settings | None, order: draft.Draft) -> tuple[list[Fault], set[str], int]:
    """What is wrong with the templates, the ids of readers whose letters cannot be filled, and the
    largest mail in octets."""
    templates = template_check.check(order.campaign, order.on)
    if settings is None or any(fault.severity == "error" for fault in templates):
        return templates, set(), 0
    templates += _follow_ups(order)
    headers = postmark(settings, order.campaign, "check", now().replace(microsecond=0))
    filler = Filler(order.campaign, order.on)
    letterless, largest = set(), 0
    for reader, letter in zip(order.readers, filled(filler, order.readers), strict=True):
        made = letter if isinstance(letter, RejectedRow) else files(letter, order.campaign, headers)
        if isinstance(made, RejectedRow):
            letterless.add(reader.contact.id)
            what = f"{made.column}: {made.reason}"
            templates.append(Fault(f"{made.file}:{made.row}", what, "row"))
        else:
            mails = (len(made[name]) for name in made if name.endswith(".eml"))
            largest = max(largest, *mails, 0)
    return templates, letterless, largest


def _follow_ups(order: draft.Draft) -> list[Fault]:
    """What is wrong with the templates of the campaign's chasers, as far as there are any."""
    found: list[Fault] = []
    for number in chase.rounds(order.campaign):
        try:
            campaign = chase.follow_up(order.campaign, number)
            Filler(campaign, order.on)
            letter = str(campaign.folder / campaign.names.letter)
            inspected = Compiler(campaign, order.on).letter_file.findings
            found += [Fault(letter, one.what, one.severity) for one in inspected]
            found += placeholders.in_texts(campaign, of_settings=False)
        except ConfigurationError as error:
            found += error.faults
    return found


def _house(settings: Settings) -> list[Fault]:
    found = []
    try:
        open_ledger(settings).close()
        settings.var.mkdir(parents=True, exist_ok=True)
        if (free := shutil.disk_usage(settings.var).free) < _ROOM:
            line = f"only {free // 2**20} MB are free on this disk"
            found.append(Fault(str(settings.var), line, "warning"))
    except (DearMinisterError, OSError) as error:
        found.append(Fault("ledger", str(error), "error"))
    return found


def _server(settings: Settings, largest: int) -> list[Fault]:
    if not settings.smtp_host:
        line = "not set: rehearsals work, a live sending needs it"
        return [Fault("SMTP_HOST", line, "warning")]
    try:
        server = replace(settings.server, timeout=min(settings.smtp_timeout, PATIENCE))
        session = Session(server, lambda address: False)
        session.quit()
    except (ConfigurationError, LoginRefusedError, UnavailableError) as error:
        return [Fault("mail server", str(error), "error")]
    if 0 < session.largest < largest:
        line = (
            f"takes mails of {_size(session.largest)} at most (SIZE); the largest of this "
            f"campaign has {_size(largest)}: leave out enclosures, or make pictures smaller"
        )
        return [Fault("mail server", line, "error")]
    return []


def _domain(settings: Settings, order: draft.Draft | None) -> list[Fault]:
    """What the DNS says of the sender's domain; nothing for this machine's own test server."""
    sender = settings.mail_from or (order.campaign.sender.email if order else "")
    address = parseaddr(sender)[1]
    if not (settings.smtp_host and address):
        return []
    from flows.post.smtp import deliverability  # the DNS library is slow to load

    domain = address.rpartition("@")[2]
    resolver = deliverability.Resolver(settings.dns_resolver)
    if loopback(settings.smtp_host) and not resolver.address and deliverability.is_example(domain):
        return []
    try:
        found = deliverability.problems(address, settings.signer, resolver)
        return [Fault("deliverability", line, "warning") for line in found]
    except ConfigurationError as error:
        return list(error.faults)


def _size(octets: int) -> str:
    return f"{octets / 1e6:.1f} MB" if octets >= 1e6 else f"{octets / 1e3:.0f} kB"
