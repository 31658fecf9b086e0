"""A campaign: the folder an operator copies and edits, read once, never changed afterwards."""

import datetime
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from flows.errors import ConfigurationError, Fault
from flows.letters import campaign_toml, libreoffice
from flows.letters.campaign_toml import Ask, Chase, Enclosure, Picture, Signatory
from flows.people.style import Style

SETTINGS = "campaign.toml"
LETTER, HTML, TEXT = "letter.docx", "email.html", "email.txt"

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class TemplateNames:
    """The files of the folder that letter and mail are made from."""

    letter: str = LETTER
    html: str = HTML
    text: str = TEXT


@dataclass(frozen=True, slots=True)
class Campaign:
    """What is said, by whom, to which readers: all that a mailing needs but the contacts."""

    key: str
    """The folder's name; part of every reference and file name."""
    folder: Path
    title: str
    edition: int
    date: datetime.date | None
    """Printed on the letter; None prints the day the mailing is prepared."""
    country: str
    language: str
    """A locale as babel names it, "en_GB": how dates are written."""
    subject: str
    """Jinja, filled for each reader."""
    contacts: tuple[str, ...]
    """Paths of contact lists, relative to the project's root."""
    letter: Literal["docx", "pdf", "both"]
    """What is attached: PDF where campaign.toml says nothing and LibreOffice is there."""
    signature: Picture | None
    """The picture that ``{{ signature }}`` prints in the letter."""
    attachments: tuple[Enclosure, ...]
    cc: str
    """Jinja: mailboxes that get a copy, separated by commas; blank for none."""
    post: bool
    """Whether every letter goes by post too, e-mail or not."""
    facts: Mapping[str, Any]
    sender: Signatory
    asks: tuple[Ask, ...]
    audience: Mapping[str, Any]
    forms: Style
    fingerprint: str
    """SHA-256 (hex) over the names and bytes of the folder's files, office programs' lock files
    and hidden files excepted."""
    chase: Chase = field(default_factory=Chase)
    names: TemplateNames = field(default_factory=TemplateNames)


def is_key(text: str) -> bool:
    """Whether a campaign's folder may be called so: the name is part of every reference."""
    return _KEY.fullmatch(text) is not None


def load(folder: Path) -> Campaign:
    """The campaign in this folder.

    Raises ConfigurationError, naming file and key, for whatever an operator has to put right.
    """
    _need_files(folder)
    path = folder / SETTINGS
    read = campaign_toml.read(path)
    try:
        forms = Style.from_table(read.forms)
    except ConfigurationError as error:
        raise ConfigurationError(Fault(str(path), f"[forms]: {error}")) from error
    return Campaign(
        key=folder.resolve().name,
        folder=folder,
        title=read.title,
        edition=read.edition,
        date=read.date,
        country=read.country,
        language=read.language,
        subject=read.subject,
        contacts=read.contacts,
        letter=read.letter or ("pdf" if libreoffice.installed() else "docx"),
        signature=read.signature,
        attachments=read.attachments,
        cc=read.cc,
        post=read.post,
        facts=MappingProxyType(read.facts),
        sender=read.sender,
        asks=read.asks,
        audience=MappingProxyType(read.audience),
        forms=forms,
        fingerprint=fingerprint(folder),
        chase=read.chase,
    )


def fingerprint(folder: Path) -> str:
    """SHA-256 (hex) over the folder's files, so that an edit after sign-off is noticed."""
    total = hashlib.sha256()
    for name, path in sorted((path.relative_to(folder).as_posix(), path) for path in files(folder)):
        try:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise ConfigurationError(
                Fault(str(path), f"cannot be read ({error.strerror})")
            ) from error
        total.update(f"{content} {name}\n".encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def files(folder: Path) -> Iterator[Path]:
    """The campaign's files, without the lock files that office programs keep beside an open one."""
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part.startswith((".", "~$")) for part in parts):
            yield path


def _need_files(folder: Path) -> None:
    if not folder.is_dir():
        raise ConfigurationError(
            Fault(
                str(folder),
                "there is no such campaign folder; copy one under templates/ and edit it",
            )
        )
    if not is_key(folder.resolve().name):
        raise ConfigurationError(
            Fault(
                str(folder), "rename the folder: letters, digits, '-', '_' and '.' only, 64 at most"
            )
        )
    for name in (SETTINGS, LETTER, HTML, TEXT):
        if not (folder / name).is_file():
            raise ConfigurationError(
                Fault(
                    str(folder / name),
                    "this file is missing; copy it from another campaign and edit it",
                )
            )
