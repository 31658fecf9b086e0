"""Forget: remove personal data from the ledger, and from the files that were made of it."""

import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from email import message_from_binary_file
from email.policy import compat32
from pathlib import Path

from flows.errors import ConfigurationError
from flows.people.sources import saving
from flows.post import retention
from flows.post.ledger.database import Ledger
from flows.post.retention import Forgotten
from flows.settings import Settings, office


@dataclass(frozen=True, slots=True)
class Removed:
    """What was removed, and what only people can remove."""

    done: Forgotten
    files: int
    """Files under the runtime folder that were deleted: they can be made anew for other readers."""
    copies: Mapping[Path, int]
    """Kept copies of imported lists, and how many rows of the person were taken out of each."""
    left: tuple[str, ...]
    """Where the data may still lie."""


def forget(
    settings: Settings,
    ledger: Ledger,
    *,
    person: str = "",
    before: date | None = None,
    by: str,
    why: str,
) -> Removed:
    """Remove one person's data, or those of all mailings frozen before a day that are at their end.

    Raises ConfigurationError: neither or both named, nothing to forget, letters still under way.
    """
    if bool(person) == bool(before):
        raise ConfigurationError("say whom or what to forget: --person ID, or --before DATE")
    if before is not None:
        done = retention.forget_before(ledger, before, by=by, why=why)
    else:
        done = retention.forget_person(ledger, person, by=by, why=why)
    ledger.compact()
    files = _remove(settings.var, done)
    contacts = office().contacts
    taken = saving.take_out(contacts, person) if person else {}
    older = sorted(ledger.path.parent.glob(f"{ledger.path.name}.*.bak")) if ledger.sqlite else []
    handed_back = sorted((settings.var / "contacts").glob("*refused-rows*"))
    left = (
        *(f"{copy}: a copy from before an upgrade" for copy in older),
        *(f"{path}: rows that were handed back, to be corrected" for path in handed_back),
        *(
            f"{path}: what the source of a list had, kept to tell corrections by hand; delete it "
            "with its list"
            for path in (() if person else saving.copies(contacts))
        ),
        "contact lists and the suppression list",
        "exports, reports and evidence packs that were saved elsewhere",
        "backups of the ledger, and pages of Prefect's runs",
        "the mailboxes of sent mails, of the archive and of answers",
    )
    return Removed(done, files, taken, left)


def _remove(var: Path, done: Forgotten) -> int:
    """Previews and print packs of these mailings, and their mails in the built-in mailbox."""
    folders = [var / "preview", *(var / "mailings" / mailing for mailing in done.mailings)]
    files = 0
    for folder in folders:
        if folder.is_dir():
            files += sum(1 for path in folder.rglob("*") if path.is_file())
            shutil.rmtree(folder)
    for path in (var / "mailbox").glob("*.eml"):
        if _is_one_of(path, done.message_ids):
            path.unlink()
            files += 1
    return files


def _is_one_of(path: Path, message_ids: Collection[str]) -> bool:
    """Whether a mail of the built-in mailbox is one of these letters, live or in rehearsal."""
    with path.open("rb") as file:
        identity = str(message_from_binary_file(file, policy=compat32)["Message-ID"] or "").strip()
    token, _, domain = identity.partition("@")
    plain = f"{token}@{domain.partition('.')[2]}" if domain.startswith("rehearsal") else identity
    return identity in message_ids or plain in message_ids
