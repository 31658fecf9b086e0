"""Every problem a campaign would meet, found before anything is frozen or sent."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from flows import settings as settings_module
from flows.errors import ConfigurationError, DearMinisterError, Fault
from flows.letters import check as template_check
from flows.letters.filler import Filler, files, filled
from flows.operations import chase, draft
from flows.operations.ledger import open_ledger
from flows.operations.new import unwritten
from flows.operations.overview import Overview, overview
from flows.operations.prepare import postmark
from flows.people.contact import RejectedRow
from flows.post.ledger.clock import now
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
    settings = numbers = None
    language = "en_GB"
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
        templates, letterless = _letters(settings, order)
        found += templates
        numbers = overview(
            order, [one for one in order.readers if one.contact.id not in letterless]
        )
        language = order.campaign.language
    except ConfigurationError as error:
        found += [replace(fault, where=fault.where or campaign) for fault in error.faults]
    if settings:
        found += _house(settings)
        found += _server(settings)
    return Checked(tuple(found), numbers, language)


def _letters(settings: Settings | None, order: draft.Draft) -> tuple[list[Fault], set[str]]:
    """What is wrong with the templates, and the ids of readers whose letters cannot be filled."""
    templates = template_check.check(order.campaign, order.on)
    if settings is None or any(fault.severity == "error" for fault in templates):
        return templates, set()
    templates += _follow_ups(order)
    headers = postmark(settings, order.campaign, "check", now().replace(microsecond=0))
    filler = Filler(order.campaign, order.on)
    letterless = set()
    for reader, letter in zip(order.readers, filled(filler, order.readers), strict=True):
        made = letter if isinstance(letter, RejectedRow) else files(letter, order.campaign, headers)
        if isinstance(made, RejectedRow):
            letterless.add(reader.contact.id)
            what = f"{made.column}: {made.reason}"
            templates.append(Fault(f"{made.file}:{made.row}", what, "row"))
    return templates, letterless


def _follow_ups(order: draft.Draft) -> list[Fault]:
    """What is wrong with the templates of the campaign's chasers, as far as there are any."""
    found: list[Fault] = []
    for number in chase.rounds(order.campaign):
        try:
            Filler(chase.follow_up(order.campaign, number), order.on)
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


def _server(settings: Settings) -> list[Fault]:
    if not settings.smtp_host:
        line = "not set: rehearsals work, a live sending needs it"
        return [Fault("SMTP_HOST", line, "warning")]
    try:
        server = replace(settings.server, timeout=min(settings.smtp_timeout, PATIENCE))
        Session(server, lambda address: False).quit()
    except (ConfigurationError, LoginRefusedError, UnavailableError) as error:
        return [Fault("mail server", str(error), "error")]
    return []
