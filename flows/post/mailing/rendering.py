"""From readers to frozen letters, in the order of the readers, on as many processes as pay."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import TypeVar

from flows.errors import ConfigurationError, RowError
from flows.letters.attachment import Attachment
from flows.letters.campaign import Campaign, load
from flows.letters.filler import Filler, filled, handed_back, laid_out
from flows.letters.letter import Letter
from flows.letters.message import MailHeaders, carrying
from flows.letters.paper.envelope import goes_by_post
from flows.letters.pdf.kept import KeptPages
from flows.letters.processes import answers, can_fork
from flows.people.contact import Reader, RejectedRow
from flows.people.identity import memory
from flows.post.mailing.frozen_letter import FrozenLetter, written

T = TypeVar("T")
_CHUNK = 25
"""Letters of one answer: as many as a pipe holds (processes), so that the next are begun."""
_AHEAD = 8
"""Chunks that wait to be stored: what is filled while the database writes some hundred letters."""
_WORTH_A_PROCESS = 2000
"""Readers below which starting processes takes longer than filling the letters."""
_WORTH_A_COPY = 200
"""The same where this process is copied."""
_MOST_COPIED = 20_000
"""Readers above which copies, which keep them in memory as they were, need more than new processes
do."""


def render(
    campaign: Campaign,
    on: date,
    readers: Sequence[Reader],
    postmark: MailHeaders,
    processes: int = 0,
    kept: KeptPages | None = None,
) -> Iterator[FrozenLetter | RejectedRow]:
    """Each reader's frozen letter, or that reader handed back; the bytes do not depend on
    ``processes`` (0: as many as the machine has, where the list is long enough). ``kept`` as in
    ``filler.laid_out``.

    Raises ConfigurationError: a template at fault, no LibreOffice for a campaign that sends PDF.
    """
    filler = Filler(campaign, on)  # a template at fault is told before any process starts
    if campaign.letter != "docx":
        for one in laid_out(filled(filler, readers), processes, kept):
            yield one if isinstance(one, RejectedRow) else frozen(one, campaign, postmark)
        return
    copied = filler.may_be_copied and len(readers) <= _MOST_COPIED and can_fork()
    if not processes:
        worth = _WORTH_A_COPY if copied else _WORTH_A_PROCESS
        processes = (os.cpu_count() or 1) if len(readers) >= worth else 1
    parts = [slice(n, n + _CHUNK) for n in range(0, len(readers), _CHUNK)]
    many = _many(filler, campaign, postmark)
    if processes > 1:
        prepare = (campaign.folder, campaign.fingerprint, on, postmark)
        chunks = (
            answers(begin, prepare, parts, processes, here=lambda part: many(readers[part]))
            if copied
            else answers(begin, prepare, (readers[part] for part in parts), processes)
        )
    else:
        chunks = (many(readers[part]) for part in parts)
    for some in _beside(chunks):
        yield from some


def _beside(chunks: Iterator[T]) -> Iterator[T]:
    """The chunks, of which a thread gets the next few while one is stored: the database, while it
    waits for the disk, does not need the interpreter, and nobody who fills letters waits for it."""
    first = next(chunks, None)  # not in the thread: processes are copied before there is one
    if first is None:
        return
    thread = ThreadPoolExecutor(1)
    try:
        coming = deque(thread.submit(next, chunks, None) for _ in range(_AHEAD))
        yield first
        while (chunk := coming.popleft().result()) is not None:
            coming.append(thread.submit(next, chunks, None))
            yield chunk
    finally:
        thread.shutdown(cancel_futures=True)


def begin(prepare: tuple[Path, str, date, MailHeaders]) -> Callable[[Sequence[Reader]], object]:
    """What each job does in a process of its own; compiled templates do not travel there.

    Raises ConfigurationError where the campaign is no longer what the parent has.
    """
    folder, fingerprint, on, postmark = prepare
    campaign = load(folder)
    if campaign.fingerprint != fingerprint:
        raise ConfigurationError(
            f"{folder} was edited while letters were being filled; prepare again"
        )
    return _many(Filler(campaign, on), campaign, postmark)


def _many(
    filler: Filler, campaign: Campaign, postmark: MailHeaders
) -> Callable[[Sequence[Reader]], list[FrozenLetter | RejectedRow]]:
    def many(readers: Sequence[Reader]) -> list[FrozenLetter | RejectedRow]:
        return [
            one if isinstance(one, RejectedRow) else frozen(one, campaign, postmark)
            for one in filled(filler, readers)
        ]

    return many


def frozen(
    letter: Letter,
    campaign: Campaign,
    postmark: MailHeaders,
    *,
    references: Sequence[str] = (),
    beside: Sequence[Attachment] = (),
) -> FrozenLetter | RejectedRow:
    """The letter as it will leave, or its row handed back; the rest as ``message.carrying``."""
    reader, contact = letter.reader, letter.reader.contact
    try:
        content = (
            carrying(letter, campaign.letter, postmark, references=references, beside=beside)
            if contact.email
            else letter.docx
        )
    except RowError as error:
        return handed_back(contact, error.column, error.reason)
    return FrozenLetter(
        contact=contact.id,
        person=contact.person,
        name=reader.address.lines[0],
        role=reader.role,
        email=contact.email,
        reference=letter.reference,
        message_id=postmark.message_id(contact.person) if contact.email else "",
        content=content,
        copies=tuple(copy.address for copy in letter.cc) if contact.email else (),
        paper=goes_by_post(reader, campaign.post),
        reader=written(reader, memory.salt(campaign.key, campaign.edition)),
    )
