"""Every problem a campaign would meet, found before anything is frozen or sent."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from flows import settings as settings_module
from flows.errors import ConfigurationError, DearMinisterError, Fault
from flows.letters import check as template_check
from flows.letters.filler import Filler, files, filled
from flows.operations import chase, draft
from flows.operations.new import unwritten
from flows.operations.prepare import postmark
from flows.people.contact import RejectedRow
from flows.post.ledger.clock import now
from flows.post.ledger.opening import open_ledger
from flows.post.smtp.session import LoginRefusedError, Session, UnavailableError
from flows.settings import Settings

_ROOM = 500 * 1024 * 1024
PATIENCE = 30.0
"""Seconds for each answer of the mail server: whoever checks sits there and waits."""


def problems(campaign: str, contacts: Sequence[Path], as_of: date | None) -> list[Fault]:
    """Try everything that a sending needs, short of freezing and sending."""
    found = list(settings_module.warnings())
    settings = None
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
        found += _letters(settings, order)
    except ConfigurationError as error:
        found += [replace(fault, where=fault.where or campaign) for fault in error.faults]
    if settings:
        found += _house(settings)
        found += _server(settings)
    return found


def _letters(settings: Settings | None, order: draft.Draft) -> list[Fault]:
    templates = template_check.check(order.campaign, order.on)
    if settings is None or any(one.severity == "error" for one in templates):
        return templates
    templates += _follow_ups(order)
    stamp = postmark(settings, order.campaign, "check", now().replace(microsecond=0))
    filler = Filler(order.campaign, order.on)
    tried = (
        one if isinstance(one, RejectedRow) else files(one, order.campaign, stamp)
        for one in filled(filler, order.readers)
    )
    return templates + [
        Fault(f"{one.file}:{one.row}", f"{one.column}: {one.reason}", "row")
        for one in tried
        if isinstance(one, RejectedRow)
    ]


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
        open_ledger(settings.ledger).close()
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
