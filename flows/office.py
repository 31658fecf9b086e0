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
    """DEAR_MINISTER_OFFICE, or the nearest folder above that has campaigns, or this folder.

    Raises ConfigurationError where the variable names no folder.
    """
    if named := os.environ.get(VARIABLE):
        if not Path(named).is_dir():
            what = f"there is no such folder; make one with: dear-minister init {named}"
            raise ConfigurationError(Fault(named, what))
        return Office(Path(named))
    here = Path.cwd()
    for folder in (here, *here.parents):
        if _has_campaigns(folder) and _is_ours(folder):
            return Office(Path(os.path.relpath(folder)))
    return Office(Path())


def _has_campaigns(folder: Path) -> bool:
    try:
        return next((folder / "templates").glob("*/campaign.toml"), None) is not None
    except OSError:
        return False


def _is_ours(folder: Path) -> bool:
    """Whether a folder above is the user's: anybody may put a .env into one that all share."""
    return folder == Path.cwd() or not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()
