"""The machine and the office folder looked over, each fault with the line that mends it."""

import os
import platform
import shutil
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flows import settings as settings_module
from flows.counted import counted
from flows.errors import ConfigurationError, DearMinisterError
from flows.letters import libreoffice
from flows.letters.campaign import LETTER
from flows.letters.docx import fonts, guard
from flows.operations.check import PATIENCE
from flows.post.audit import verify
from flows.post.delivery.office_hours import ZONE
from flows.post.ledger.opening import open_ledger
from flows.post.smtp import imap
from flows.post.smtp.imap import ImapFolder
from flows.post.smtp.session import Session
from flows.settings import Settings

ROOM = 500 * 1024 * 1024
"""Bytes of free disk below which a warning is due."""
_SECONDS = 3.0
"""For the answer of the Prefect server."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. ``mend`` is what to type or to change; blank where all is well."""

    what: str
    state: Literal["ok", "warning", "error"]
    found: str
    mend: str = ""


def look() -> list[Finding]:
    """Look at everything; nothing is changed and nothing is sent."""
    findings = [_program(), *_office()]
    try:
        settings = settings_module.load()
    except ConfigurationError as error:
        mend = "correct the line; .env.example shows every setting"
        findings += [Finding("settings", "error", str(fault), mend) for fault in error.faults]
        settings = None
    findings += [
        Finding("settings file", "warning", fault.where, fault.what)
        for fault in settings_module.warnings()
    ]
    if settings:
        file = settings.office.env_file
        found = f"{file} is understood" if file.exists() else f"no {file}: every default holds"
        findings.append(Finding("settings", "ok", found))
        findings += [_ledger(settings), _disk(settings), _mail_server(settings)]
        findings += _imap(settings)
    findings += [_prefect(), _office_program(), _fonts(), _time_zone()]
    return findings


def _program() -> Finding:
    python = f"Python {platform.python_version()} on {platform.system()}"
    found = f"dear-minister {version('dear-minister')}, {python}"
    if os.name != "posix":
        mend = "run it in the Windows Subsystem for Linux (README, Windows)"
        return Finding("program", "error", found, mend)
    return Finding("program", "ok", found)


def _office() -> Iterator[Finding]:
    try:
        office = settings_module.office()
    except ConfigurationError as error:
        yield Finding("office folder", "error", str(error), "dear-minister init FOLDER")
        return
    where = office.folder.resolve()
    campaigns = sorted(toml.parent.name for toml in office.templates.glob("*/campaign.toml"))
    if campaigns:
        yield Finding("office folder", "ok", f"{where}: {', '.join(campaigns)}")
    else:
        mend = "cd into one, name one with --office, or: dear-minister init FOLDER"
        yield Finding("office folder", "warning", f"{where} has no campaign", mend)


def _ledger(settings: Settings) -> Finding:
    if settings.ledger.startswith("sqlite:///") and not Path(settings.ledger[10:]).exists():
        return Finding("ledger", "ok", f"{settings.ledger[10:]}: made by the first prepare")
    try:
        with closing(open_ledger(settings.ledger)) as ledger, ledger.read() as connection:
            verdict = verify(connection)
            name = ledger.name
    except DearMinisterError as error:
        return Finding("ledger", "error", str(error), "correct LEDGER_URL, or what it says")
    if verdict.ok:
        return Finding("ledger", "ok", f"{name}: whole, {counted(verdict.events, 'event')}")
    mend = "stop sending, keep a copy of it, and find out who changed it: dear-minister verify"
    return Finding("ledger", "error", f"{name}: event {verdict.broken_at}: {verdict.why}", mend)


def _disk(settings: Settings) -> Finding:
    there = next((path for path in (settings.var, *settings.var.parents) if path.exists()), Path())
    free = shutil.disk_usage(there).free
    found = f"{free // 2**20} MB free for {settings.var}"
    if not os.access(there, os.W_OK):
        mend = f"chmod u+w {there}, or set DEAR_MINISTER_VAR"
        return Finding("disk", "error", f"{there} cannot be written", mend)
    if free < ROOM:
        return Finding("disk", "warning", found, "make room, or set DEAR_MINISTER_VAR")
    return Finding("disk", "ok", found)


def _mail_server(settings: Settings) -> Finding:
    if not settings.smtp_host:
        mend = "for live sendings set SMTP_HOST, SMTP_USER and SMTP_PASSWORD in .env"
        return Finding("mail server", "warning", "none is named: rehearsals only", mend)

    def greet() -> str:
        server = replace(settings.server, timeout=min(settings.smtp_timeout, PATIENCE))
        Session(server, lambda address: False).quit()
        login = f", login as {server.user}" if server.user else ", without a login"
        return f"{server.name} ({server.security}{login})"

    mend = "check SMTP_HOST, SMTP_PORT, SMTP_SECURITY, SMTP_USER, SMTP_PASSWORD in .env"
    return _tried("mail server", greet, mend)


def _imap(settings: Settings) -> Iterator[Finding]:
    if not settings.imap_host:
        mend = "to file answers, and to find uncertain letters, set IMAP_HOST in .env"
        yield Finding("IMAP", "warning", "no server is named", mend)
        return
    mend = "check IMAP_HOST, IMAP_PORT, IMAP_SECURITY, IMAP_USER, IMAP_PASSWORD in .env"
    for what, read in (
        ("IMAP, answers", lambda: settings.inbox),
        ("IMAP, sent mails", lambda: settings.archive),
    ):
        yield _tried(what, lambda read=read: _opened(read()), mend)  # type: ignore[misc]


def _opened(folder: ImapFolder) -> str:
    with imap.opened(folder):
        return folder.name


def _tried(what: str, attempt: Callable[[], str], mend: str) -> Finding:
    try:
        return Finding(what, "ok", attempt())
    except DearMinisterError as error:
        return Finding(what, "error", str(error), mend)


def _prefect() -> Finding:
    """Prefect is looked at from outside: importing it takes seconds."""
    try:
        found = f"Prefect {version('prefect')}"
    except PackageNotFoundError:
        return Finding("Prefect", "error", "not installed", "install dear-minister again")
    profile, url = _profile()
    url = os.environ.get("PREFECT_API_URL", url)
    if not url:
        return Finding("Prefect", "ok", f"{found}, profile {profile}: serve starts a server")
    import httpx

    with suppress(httpx.HTTPError, httpx.InvalidURL):
        if httpx.get(f"{url.rstrip('/')}/health", timeout=_SECONDS).is_success:
            return Finding("Prefect", "ok", f"{found}, profile {profile}: {url} answers")
    mend = f"start that server, or: unset PREFECT_API_URL; prefect --profile {profile} config unset"
    found = f"{found}, profile {profile}: {url} does not answer"
    return Finding("Prefect", "warning", found, f"{mend} PREFECT_API_URL")


def _profile() -> tuple[str, str]:
    """The active Prefect profile's name and API address; a blank address: none is set."""
    home = Path(os.environ.get("PREFECT_HOME") or Path.home() / ".prefect")
    path = Path(os.environ.get("PREFECT_PROFILES_PATH") or home / "profiles.toml")
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "ephemeral", ""
    name = os.environ.get("PREFECT_PROFILE") or str(table.get("active", "ephemeral"))
    profile = table.get("profiles", {}).get(name, {})
    return name, str(profile.get("PREFECT_API_URL", ""))


def _office_program() -> Finding:
    try:
        return Finding("LibreOffice", "ok", libreoffice.find())
    except ConfigurationError:
        mend = f"apt-get install --no-install-recommends {libreoffice.PACKAGE}"
        return Finding("LibreOffice", "warning", "not installed: no PDF, no print pack", mend)


def _fonts() -> Finding:
    missing: dict[str, fonts.Missing] = {}
    with suppress(ConfigurationError):
        for letter in sorted(settings_module.office().templates.glob(f"*/{LETTER}")):
            with suppress(ConfigurationError):  # check says what is wrong with that letter
                missing |= {font.font: font for font in fonts.missing(guard.read(letter))}
    narrower = [font.font for font in missing.values() if not font.as_wide]
    if narrower:
        mend = "install them, or set the letter in fonts that are here: fc-list : family"
        return Finding("fonts", "warning", f"not installed: {', '.join(narrower)}", mend)
    instead = ", ".join(f"{font.substitute} for {font.font}" for font in missing.values())
    return Finding("fonts", "ok", f"in PDFs {instead}, as wide" if instead else "all are here")


def _time_zone() -> Finding:
    try:
        there = datetime.now(ZoneInfo(ZONE))
    except ZoneInfoNotFoundError:
        return Finding("time zone", "error", f"{ZONE} is not known here", "pip install tzdata")
    here = datetime.now().astimezone()
    return Finding("time zone", "ok", f"{there:%H:%M} in London, {here:%H:%M %Z} on this machine")
