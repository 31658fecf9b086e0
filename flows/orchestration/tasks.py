"""The campaign's steps as an operator sees them: Prefect tasks with names that say what they do.

Nothing here is cached, timed out or retried by Prefect except what is safe to repeat: the ledger
alone knows what was sent. A user's mistake ends a task with its line, not with a traceback.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

from prefect.cache_policies import NO_CACHE
from prefect.tasks import Task
from prefect.utilities.annotations import quote

from flows.errors import ConfigurationError
from flows.operations import chase, draft, likeness, prepare, specimens
from flows.operations import review as reviews
from flows.operations.chase import Due
from flows.operations.draft import Draft
from flows.operations.prepare import Prepared
from flows.operations.review import Review
from flows.orchestration import artifacts
from flows.people.lists import table
from flows.post import status
from flows.post.delivery.sender import Sender
from flows.post.delivery.sending import SendEvent, SendResult
from flows.post.ledger.database import Ledger
from flows.settings import load

P = ParamSpec("P")
R = TypeVar("R")


def _task(name: str) -> Callable[[Callable[P, R]], Task[P, R]]:
    """A task with this name; its parameters stand in it in braces."""
    plain = name.partition("{")[0].strip()

    def made(step: Callable[P, R]) -> Task[P, R]:
        return Task(
            step, name=plain, task_run_name=name, cache_policy=NO_CACHE, persist_result=False
        )

    return made


def as_is(value: R) -> R:
    """The value as a task's argument, into which Prefect does not look for other tasks' results:
    with thousands of readers in it that would take longer than the task."""
    return cast(R, quote(value))


@_task("Read the contacts")
def read(campaign: str, contacts: Sequence[Path], as_of: date | None) -> Draft:
    """Return the campaign with its readers."""
    drafted = draft.draft(campaign, contacts, as_of)
    for path in drafted.lists:
        _need_closed(table.sheet_of(path)[0])
    return drafted


def _need_closed(path: Path) -> None:
    """Raise ConfigurationError where an office program has this list open, changed perhaps."""
    for mark in (f".~lock.{path.name}#", f"~${path.name}"):  # LibreOffice, Excel
        if path.with_name(mark).exists():
            raise ConfigurationError(
                f"{path}: is open in another program; save and close it there, then start again "
                f"(if it is not, delete {path.with_name(mark)})"
            )


@_task("Fill and freeze {letters} letters")
def freeze(ledger: Ledger, drafted: Draft, letters: int) -> Prepared:
    """Return the mailing: these readers, these bytes, one hash."""
    return prepare.prepare(load(), ledger, drafted, watcher().filled)


@_task("Lay out PDFs, share {share} of {of}")
def lay_out(ledger: Ledger, drafted: Draft, share: int, of: int) -> int:
    """How many letters were laid out; ``share`` counts from 0. ``freeze`` finds them."""
    return prepare.lay_out(load(), ledger, drafted, share, of)


@_task("Find who has not answered")
def due(ledger: Ledger, campaign: str, contacts: Sequence[Path], after: int) -> Due:
    """Whom a reminder goes to today, and who is left out."""
    return chase.due(ledger, campaign, contacts, after=after)


@_task("Fill and freeze {letters} reminders")
def freeze_chasers(ledger: Ledger, found: Due, letters: int) -> Prepared:
    """The mailing of reminders: these readers, these bytes, one hash."""
    return chase.freeze(load(), ledger, found)


@_task("Write the review")
def review(ledger: Ledger, drafted: Draft, prepared: Prepared) -> None:
    """Show what would be sent, as pages in Prefect's UI and specimens on the disk."""
    mailing = prepared.mailing
    assert mailing is not None
    folder = load().mailing_folder(mailing.id) / "specimens"
    roles, by_post = reviews.counts(ledger, mailing)
    artifacts.review(
        Review(
            mailing,
            status.rehearsals(ledger, mailing.id).get(0, {}),
            roles,
            by_post,
            prepared.refused,
            prepared.refused_file,
            left_out=tuple(
                f"{left.reader.address.lines[0]}: {left.decision.rule}" for left in drafted.left_out
            ),
            odd=(
                *drafted.remarks,
                *drafted.stale,
                *drafted.merge_lines,
                *likeness.likeness(ledger, mailing.id).lines,
            ),
            unsettled=reviews.unsettled(ledger, mailing, drafted.readers),
            changes=reviews.changes(ledger, mailing),
            specimens=tuple(specimens.pack(ledger, mailing, drafted.readers, folder)),
            on_paper=status.on_paper(ledger, mailing.id),
        )
    )


@_task("Send {first}-{last} of {total}")
def send(sender: Sender, first: int, last: int, total: int, patience: float) -> SendResult:
    """The next letters, over the connection that is open already."""
    return sender.run(limit=last - first + 1, patience=patience)


@_task("Send {letters} of the letters that wait")
def send_share(sender: Sender, letters: int, patience: float) -> SendResult:
    """The next letters, of a mailing that other runs are sending too."""
    return sender.run(limit=letters, patience=patience)


@_task("Send again {letters} letters that were put off")
def send_again(sender: Sender, letters: int, patience: float) -> SendResult:
    """Letters that the mail server deferred, as far as they fall due within ``patience``."""
    return sender.run(limit=letters, patience=patience)


@dataclass(frozen=True, slots=True)
class Watcher:
    """Called with letters filled (done, in all) and with each event while sending."""

    filled: Callable[[int, int], None] = lambda done, total: None
    happened: Callable[[SendEvent], None] = lambda event: None


_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)
_NOBODY = Watcher()


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """Within the block ``watcher`` is called with what flows do in this process."""
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)


def watcher() -> Watcher:
    """Return who watches; nobody, usually."""
    return _watcher.get() or _NOBODY
