"""Forget: remove personal data from the ledger, and from the files that were made of it."""

import re
import shutil
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from email import message_from_binary_file
from email.policy import compat32
from pathlib import Path

from flows.counted import counted
from flows.errors import ConfigurationError
from flows.letters import libreoffice
from flows.letters.message import token
from flows.operations.record import record
from flows.operations.sample import MAILING as SAMPLE
from flows.people.lists import refused
from flows.people.lists.refused import Known
from flows.people.sources import saving
from flows.post import retention
from flows.post.ledger.database import Ledger
from flows.post.retention import Forgotten, NothingKeptError
from flows.settings import Settings, office

_WHOM = "say whom or what to forget: --person ID, or --before DATE"
_HALF = re.compile(r"\..*refused-rows\.(csv|xlsx)\.\w+")
"""What ``files.replace`` leaves where its process is killed as it writes."""


@dataclass(frozen=True, slots=True)
class Removed:
    """What was removed, and what only people can remove."""

    done: Forgotten
    deleted: Mapping[Path, int]
    """How many files were deleted in each folder of the runtime files: for other readers they can
    be made anew."""
    copies: Mapping[Path, int]
    """Kept copies of imported lists, and how many rows of the person were taken out of each."""
    handed_back: Mapping[Path, int]
    """Files of rows that were handed back, and how many of the person's were taken out of each."""
    left: tuple[str, ...]
    """Where the data may still lie."""


def question(settings: Settings, ledger: Ledger, person: str, before: date | None) -> str:
    """What to ask before ``forget``. Raises ConfigurationError where it would remove nothing."""
    if bool(person) == bool(before):
        raise ConfigurationError(_WHOM)
    if before:
        return f"Remove all letters from before {before} for good?"
    try:
        letters = counted(retention.need_forgettable(ledger, person), "letter")
    except NothingKeptError:
        if not (saving.copies(office().contacts) or _handed_back(settings.var)):
            raise
        return (
            f"No letter of the ledger is to {person}. Remove their rows from what was handed back "
            "and from copies of lists, where they have any, for good?"
        )
    return f"Remove the data of {person}, {letters}, for good?"


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
        raise ConfigurationError(_WHOM)
    nothing: NothingKeptError | None = None
    if before is not None:
        done = retention.forget_before(ledger, before, by=by, why=why)
    else:
        try:
            done = retention.forget_person(ledger, person, by=by, why=why)
        except NothingKeptError as error:  # no letter, but rows of theirs may have been handed back
            nothing, done = error, Forgotten((), frozenset(), (), Known(frozenset({person})))
    ledger.compact()
    deleted = {} if nothing else _remove(settings.var, done, whole=not person)
    contacts = office().contacts
    taken = saving.take_out(contacts, person) if person else {}
    handed_back, left_in = _take_out(settings.var, done.known) if person else ({}, [])
    if nothing:
        if not (taken or handed_back):
            raise nothing
        record(ledger, "forgot rows", by=by, why=why)
        deleted = _remove(settings.var, done)
    older = sorted(ledger.path.parent.glob(f"{ledger.path.name}.*.bak")) if ledger.sqlite else []
    demo = settings.var / "demo"
    left = (
        *(f"{copy}: a copy from before an upgrade" for copy in older),
        *left_in,
        *(
            f"{path}: rows that were handed back, to be corrected"
            for path in (() if person else _handed_back(settings.var))
        ),
        *(
            f"{path}: what the source of a list had, kept to tell corrections by hand; delete it "
            "with its list"
            for path in (() if person else saving.copies(contacts))
        ),
        *([f"{demo}: what the demonstration made; delete it"] if demo.is_dir() else []),
        "contact lists and the suppression list",
        "exports, reports and evidence packs that were saved elsewhere",
        "backups of the ledger, and pages of Prefect's runs",
        "the mailboxes of sent mails, of the archive and of answers",
    )
    return Removed(done, deleted, taken, handed_back, left)


def _handed_back(var: Path) -> list[Path]:
    """Files of rows that were handed back by an import, a check or a mailing; an office may have
    its own lists in a folder of the same name."""
    own = office().contacts.resolve()
    folders = (var / "contacts", var / "mailings")
    return sorted(
        path
        for folder in folders
        if folder.resolve() != own
        for path in folder.rglob("*refused-rows.*")
        if path.is_file() and own not in path.resolve().parents
    )


def _take_out(var: Path, known: Known) -> tuple[dict[Path, int], list[str]]:
    """Take their rows out of what was handed back; where data of theirs stay, in words."""
    taken, left = {}, []
    for path in _handed_back(var):
        if _HALF.fullmatch(path.name):
            path.unlink()
            continue
        try:
            rows, named = refused.take_out(path, known)
        except ConfigurationError as error:
            left.append(f"rows that were handed back, and could not be taken out: {error}")
            continue
        if rows:
            taken[path] = rows
        if named:
            left.append(f"{path}: rows that were handed back, of others with that name or address")
    return taken, left


def _remove(var: Path, done: Forgotten, *, whole: bool = False) -> dict[Path, int]:
    """Remove what can be made anew: previews, print packs of these mailings, their mails in the
    built-in mailbox, samples of their letters, and what processes left that were killed.

    Rows of others that these mailings handed back are kept, to be corrected, unless ``whole``.
    Returns how many files went from each folder.
    """
    mailings = [var / "mailings" / mailing for mailing in done.mailings]
    folders = [var / "preview", var / "members-api", *mailings]
    folders += (var / "mailings").glob("*/.pages")
    libreoffice.clear_away()
    deleted: Counter[Path] = Counter()
    for folder in filter(Path.is_dir, folders):
        theirs = folder in mailings and not whole
        kept = set(folder.glob("*refused-rows.*")) if theirs else set()
        deleted[folder] = sum(path.is_file() for path in folder.rglob("*")) - len(kept)
        for path in set(folder.iterdir()) - kept:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        if not kept:
            folder.rmdir()
    tokens = {_token(identity) for identity in done.message_ids}
    tokens |= {token(SAMPLE, person) for person in done.known.ids}
    for path in _mails(var / "mailbox"):
        if _is_one_of(path, tokens):
            path.unlink()
            deleted[path.parent] += 1
    return {folder: count for folder, count in deleted.items() if count}


def _mails(folder: Path) -> Iterator[Path]:
    """The mails of the built-in mailbox, and those of which it was killed as it wrote them."""
    for pattern in ("*.eml", "*.part"):
        yield from folder.glob(pattern)


def _is_one_of(path: Path, tokens: Collection[str]) -> bool:
    """Whether a mail of the built-in mailbox is one of these letters, live or in rehearsal."""
    with path.open("rb") as file:
        return _token(message_from_binary_file(file, policy=compat32)["Message-ID"] or "") in tokens


def _token(message_id: str) -> str:
    """What is the same in the Message-IDs of a letter: "<token.rehearsal1@domain>" and others."""
    return message_id.strip().lstrip("<").partition("@")[0].partition(".")[0]
