"""The office folder: where an office keeps its campaigns, its contact lists and its settings."""

import os
from dataclasses import dataclass
from pathlib import Path

from flows.errors import ConfigurationError, Fault

ENV_FILE = ".env"
VARIABLE = "DEAR_MINISTER_OFFICE"
"""The environment variable that names the office folder; --office sets it."""


@dataclass(frozen=True, slots=True)
class Office:
    """The folder that an office works in: campaigns, contact lists and settings."""

    folder: Path

    @property
    def templates(self) -> Path:
        """The campaigns, a folder each."""
        return self.folder / "templates"

    @property
    def contacts(self) -> Path:
        """The contact lists."""
        return self.folder / "contacts"

    @property
    def suppression(self) -> Path:
        """The list of those who are never written to."""
        return self.contacts / "suppression.csv"

    @property
    def distinct(self) -> Path:
        """Persons that somebody listed as different."""
        return self.contacts / "distinct.csv"

    @property
    def tenures(self) -> Path:
        """Who held which office when: from the last refresh or import of dated data."""
        return self.contacts / "offices.csv"

    @property
    def recess(self) -> Path:
        """When each House does not sit."""
        return self.contacts / "recess.csv"

    @property
    def env_file(self) -> Path:
        """The settings file."""
        return self.folder / ENV_FILE

    def name(self, path: Path) -> str:
        """A file's name for the records: from the office folder where it is inside, else whole."""
        whole, office = Path(os.path.abspath(path)), Path(os.path.abspath(self.folder))
        return str(whole.relative_to(office) if whole.is_relative_to(office) else whole)


def find() -> Office:
    """The office folder that ``nearest`` finds, else this folder. Raises ConfigurationError."""
    return nearest() or Office(Path())


def nearest(start: Path | None = None) -> Office | None:
    """DEAR_MINISTER_OFFICE, or the nearest folder from ``start`` (else here) up with campaigns, or
    this folder where it began as an office; None: there is none.

    Raises ConfigurationError where the variable names no folder, or one that is no office folder.
    """
    if named := os.environ.get(VARIABLE):
        if not Path(named).is_dir():
            what = f"there is no such folder; make one with: dear-minister init {named}"
            raise ConfigurationError(Fault(named, what))
        if not (_has_campaigns(Path(named)) or _has_an_offices_files(Path(named))):
            raise ConfigurationError(
                Fault(
                    named,
                    "is no office folder, for it has no templates/ and contacts/; name the one "
                    "that has, or make a new one: dear-minister init FOLDER",
                )
            )
        return Office(Path(named))
    here = Path.cwd() / (start or "")
    for folder in (here, *here.parents):
        if _has_campaigns(folder) and _is_ours(folder):
            return Office(Path(os.path.relpath(folder)))
    return Office(Path()) if start is None and _is_an_office_by_other_signs(here) else None


def around(folder: Path) -> Path | None:
    """The office folder that ``folder``, which need not be there yet, lies in."""
    parents = Path(os.path.abspath(folder)).parents
    return next((one for one in parents if _has_campaigns(one) and _is_ours(one)), None)


def need(campaign: str = "") -> Office:
    """The office folder of a command that reads or writes one.

    Where none is here or above, it is the one around the folder that ``campaign`` names; a
    campaign's folder that lies in no office is worked on from here, as long as it is named by its
    path. Raises ConfigurationError where there is none.
    """
    if found := nearest():
        return found
    if campaign and (Path(campaign) / "campaign.toml").is_file():
        return nearest(Path(campaign).resolve()) or Office(Path())
    raise ConfigurationError(_NONE_HERE)


_NONE_HERE = (
    "there is no office folder here or above: cd into yours, name it with --office DIR, or make "
    "one: dear-minister init FOLDER"
)


def _has_campaigns(folder: Path) -> bool:
    try:
        return next((folder / "templates").glob("*/campaign.toml"), None) is not None
    except OSError:
        return False


def _is_an_office_by_other_signs(folder: Path) -> bool:
    """An office that has no campaign yet, or any more, or whose ledger the environment names."""
    if os.environ.get("LEDGER_URL") or os.environ.get("DEAR_MINISTER_VAR"):
        return True
    return _has_an_offices_files(folder)


def _has_an_offices_files(folder: Path) -> bool:
    office = Office(folder)
    return (office.templates.is_dir() and office.contacts.is_dir()) or (
        folder / "var" / "ledger.db"
    ).is_file()


def _is_ours(folder: Path) -> bool:
    """Whether a folder above is the user's: anybody may put a .env into one that all share."""
    return folder == Path.cwd() or not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()
