"""Letters and mails as files to look at; nothing is frozen."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flows.counted import counted
from flows.errors import ConfigurationError
from flows.letters import libreoffice
from flows.letters.filler import Filler, files, filled, laid_out
from flows.operations.draft import Draft
from flows.operations.prepare import postmark
from flows.people.contact import RejectedRow
from flows.people.lists.files import write
from flows.post.ledger.clock import now
from flows.settings import Settings


@dataclass(frozen=True, slots=True)
class Preview:
    """The files written and the rows that could not be."""

    folder: Path
    files: tuple[Path, ...]
    refused: tuple[RejectedRow, ...]
    note: str = ""
    """Why there is no PDF, where there is none."""


def preview(settings: Settings, draft: Draft, only: Sequence[str], out: Path | None) -> Preview:
    """Write ``letter-ID.docx``, its PDF and ``mail-ID.eml`` for each reader, or for ``only`` these.

    Raises ConfigurationError: an unknown contact, a folder that cannot be written.
    """
    chosen = draft.only(only)
    folder = out or settings.var / "preview" / draft.campaign.key
    headers = postmark(settings, draft.campaign, "preview", now().replace(microsecond=0))
    letters = filled(Filler(draft.campaign, draft.on), chosen)
    note = ""
    try:
        libreoffice.find()
    except ConfigurationError as error:
        if draft.campaign.letter == "pdf":
            raise
        note = f"no PDF: {error}"
    else:
        letters = laid_out(letters, settings.letter_processes)
    written: list[Path] = []
    refused = [] if only else list(draft.refused)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for letter in letters:
            made = (
                letter
                if isinstance(letter, RejectedRow)
                else files(letter, draft.campaign, headers)
            )
            if isinstance(made, RejectedRow):
                refused.append(made)
                continue
            for name, content in made.items():
                path = folder / name
                write(path, content, durable=False)
                written.append(path)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"{counted(len(written), 'file')} written to {folder}, each whole; others there are "
            "from before"
        ) from None
    except OSError as error:
        raise ConfigurationError(
            f"{error.filename or folder}: cannot be written ({error.strerror}); name another --out"
        ) from error
    return Preview(folder, tuple(written), tuple(refused), note)
