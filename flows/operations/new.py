"""An office folder, and a campaign in it, made from what the program carries."""

import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import flows
from flows import settings
from flows.errors import ConfigurationError, Fault
from flows.letters import campaign as campaigns
from flows.letters.campaign import Campaign
from flows.office import around
from flows.operations import draft
from flows.people import email_address

STARTER = Path(flows.__file__).with_name("starter")
"""The campaign that a new one begins with, and the README of an office folder."""
_IGNORED = "# personal data, and what the program makes\nvar/\n.env\ncontacts/\n"


@dataclass(frozen=True, slots=True)
class Words:
    """What a new campaign says of itself and of whoever signs; blank keeps what is there."""

    subject: str = ""
    sender: str = ""
    position: str = ""
    organisation: str = ""
    email: str = ""

    def missing(self) -> list[str]:
        """The fields that a campaign cannot do without and that are blank."""
        needed = ("subject", "sender", "organisation", "email")
        return [name for name in needed if not getattr(self, name)]


def samples() -> Path:
    """The folder with the sample templates, lists and .env.example, installed or in a clone."""
    root = Path(flows.__file__).parent
    installed = root / "samples"
    return installed if installed.is_dir() else root.parent


def init(folder: Path) -> list[Path]:
    """Make an office folder: templates, contacts, .env, README.md; returns what it made.

    Raises ConfigurationError where one of them is there already or cannot be written, and where the
    folder lies in an office folder: which of the two a command works in would be easily mistaken.
    """
    if outer := around(folder):
        raise ConfigurationError(
            Fault(str(folder), f"lies in the office folder {outer}; name a folder outside it")
        )
    source = samples()
    made = [folder / name for name in ("README.md", "templates", "contacts", ".env", ".gitignore")]
    for path in made:
        if path.exists():
            raise ConfigurationError(
                Fault(str(path), "is there already; name a new folder, or an empty one")
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source / "templates", folder / "templates")
        shutil.copytree(source / "contacts", folder / "contacts")
        shutil.copyfile(STARTER / "README.md", folder / "README.md")
        (folder / ".gitignore").write_text(_IGNORED, encoding="utf-8")
        (folder / ".env").touch(mode=0o600)  # before the password is in it
        shutil.copyfile(source / ".env.example", folder / ".env")
    except OSError as error:
        raise _cannot_be_written(error, folder) from error
    return made


def words_of(source: str) -> Words:
    """Who signs a campaign; blank for the starter's. Raises ConfigurationError."""
    if not source:
        return Words()
    sender = campaigns.load(draft.folder(source)).sender
    return Words(
        sender=sender.name,
        position=sender.office,
        organisation=sender.organisation,
        email=sender.email,
    )


def new(key: str, source: str, words: Words, on: date) -> Path:
    """Make the campaign templates/KEY with these words, dated ``on``; returns its folder.

    ``source`` is the campaign it is a copy of; blank: the starter. Raises ConfigurationError.
    """
    folder = settings.office().templates / key
    if Path(key).name != key or not campaigns.is_key(key):
        raise ConfigurationError(
            Fault(key, "cannot be a campaign's name: letters, digits, '-', '_' and '.', 64 at most")
        )
    if folder.exists():
        raise ConfigurationError(Fault(str(folder), "is there already; choose another name"))
    if missing := words.missing():
        raise ConfigurationError(
            "a new campaign needs " + ", ".join(f"--{name}" for name in missing)
        )
    try:
        email_address.sender(words.email)
    except email_address.AddressError as error:
        raise ConfigurationError(Fault("--email", str(error))) from error
    origin = draft.folder(source) if source else STARTER
    try:
        shutil.copytree(origin, folder, ignore=shutil.ignore_patterns("README.md", "~*", ".*"))
        path = folder / campaigns.SETTINGS
        path.write_text(_worded(path.read_text("utf-8-sig"), words, on), encoding="utf-8")
    except OSError as error:
        raise _cannot_be_written(error, folder) from error
    campaigns.load(folder)
    return folder


def _worded(text: str, words: Words, on: date) -> str:
    """campaign.toml with these words and this date, its comments kept."""
    import tomlkit

    table = tomlkit.parse(text)
    table["title"] = table["subject"] = words.subject
    table["edition"] = 1
    if "date" in table:
        table["date"] = on
    sender = table["sender"]
    for key, value in (
        ("name", words.sender),
        ("office", words.position),
        ("organisation", words.organisation),
        ("email", words.email),
    ):
        if value:
            sender[key] = value
    return tomlkit.dumps(table)


def unwritten(campaign: Campaign) -> tuple[Fault, ...]:
    """A fault where the letter is still the starter's, as nobody should send it."""
    path = campaign.folder / campaigns.LETTER
    if path.read_bytes() != (STARTER / campaigns.LETTER).read_bytes():
        return ()
    return (Fault(str(path), "is not written yet: open it in Word or LibreOffice and write it"),)


def _cannot_be_written(error: OSError, folder: Path) -> ConfigurationError:
    what = f"cannot be written ({error.strerror}); choose another folder"
    return ConfigurationError(Fault(str(error.filename or folder), what))
