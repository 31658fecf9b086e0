"""What a campaign sends beside the letter: enclosures for all or for some, copies to others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from flows.errors import ConfigurationError, Fault, RowError
from flows.letters import attachment
from flows.letters.attachment import Attachment
from flows.letters.copies import Mailbox, copies
from flows.letters.jinja_environment import TemplateText, ValueFaultError, inside
from flows.people.contact import Reader
from flows.people.criteria import Criteria


@dataclass(frozen=True, slots=True)
class EnclosureTemplate:
    """One enclosure of campaign.toml, its file name compiled."""

    file: TemplateText
    """Its path in the campaign's folder; with tags, another file for each reader."""
    name: str
    """What it is called in the mail; blank: as the file."""
    terms: Criteria
    optional: bool
    """Whether a reader for whom there is no file gets the letter without it."""


class Enclosures:
    """The enclosures of a campaign; those that are the same for all are read once."""

    def __init__(
        self, folder: Path, enclosures: Sequence[EnclosureTemplate], cc: TemplateText | None
    ) -> None:
        """Raises ConfigurationError for an enclosure for all that cannot be attached."""
        self._folder, self._enclosures, self._cc = folder, enclosures, cc
        self._load = lru_cache(maxsize=32)(attachment.load)
        for enclosure in enclosures:
            if enclosure.file.constant:
                self._file(enclosure, enclosure.file.filled({}))

    @property
    def texts(self) -> list[TemplateText]:
        """The texts in which tags may stand."""
        return [enclosure.file for enclosure in self._enclosures] + ([self._cc] if self._cc else [])

    def attachments(self, reader: Reader, context: Mapping[str, Any]) -> tuple[Attachment, ...]:
        """This reader's enclosures. Raises RowError where the reader's own is missing."""
        found = []
        for enclosure in self._enclosures:
            if enclosure.terms.unmet(reader) is not None:
                continue
            file = enclosure.file.filled(context).strip()
            if enclosure.file.constant:
                found.append(self._file(enclosure, file))
                continue
            try:
                if enclosure.optional and not (file and _is_file(inside(self._folder, file))):
                    continue
                found.append(self._file(enclosure, file))
            except (ConfigurationError, ValueFaultError) as error:
                raise RowError("attachments", str(error)) from error
        return tuple(found)

    def copies(self, context: Mapping[str, Any]) -> tuple[Mailbox, ...]:
        """Mailboxes that get a copy; () where campaign.toml names none for this reader."""
        return copies(self._cc, context) if self._cc else ()

    def _file(self, enclosure: EnclosureTemplate, file: str) -> Attachment:
        try:
            return self._load(inside(self._folder, file), enclosure.name)
        except ValueFaultError as error:
            raise ConfigurationError(Fault(str(self._folder), f"attachments: {error}")) from error


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name longer than any file may have
        return False
