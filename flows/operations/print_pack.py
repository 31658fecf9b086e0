"""The print pack of a mailing: letters, labels and the posting sheet, as files."""

from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import BinaryIO

from flows.errors import ConfigurationError
from flows.letters.paper import labels, window
from flows.letters.paper import pack as printpack
from flows.letters.paper.proof import marked
from flows.letters.pdf.convert import Failed
from flows.letters.pdf.kept import KeptPages
from flows.operations.draft import suppressions
from flows.operations.hold import need_free
from flows.people.lists import files
from flows.post.ledger.database import Ledger
from flows.post.mailing import mailing as mailings
from flows.post.mailing import paper
from flows.post.mailing.mailing import Mailing
from flows.settings import Settings


@dataclass(frozen=True, slots=True)
class Packed:
    """The files written, what is wrong with single letters, and those that are in none."""

    files: tuple[Path, ...]
    letters: int
    faults: tuple[tuple[str, str], ...]
    """Reference and what is wrong: outside the window, too long for a label."""
    failed: tuple[Failed, ...]
    proof: bool = False
    """Not signed off: every page of the letters is marked as a proof."""


def pack(
    settings: Settings,
    ledger: Ledger,
    mailing: str,
    *,
    out: Path | None = None,
    sheet: str = "a4-21",
    first_label: int = 1,
    envelope: str = "uk",
) -> Packed:
    """Write letters.pdf, labels.pdf and posting-sheet.xlsx for the letters that wait for the post.

    Before the sign-off they are a proof, and every page of the letters says so.

    Raises ConfigurationError: held, nothing to post, an unknown sheet or envelope, no LibreOffice.
    """
    found = mailings.get(ledger, mailing)
    if sheet not in labels.LAYOUTS:
        raise ConfigurationError(f"--labels {sheet}: use {', '.join(labels.LAYOUTS)}")
    if envelope not in (*window.WINDOWS, "none"):
        raise ConfigurationError(f"--envelope {envelope}: use {', '.join(window.WINDOWS)} or none")
    need_free(ledger, mailing)
    layout = labels.LAYOUTS[sheet]
    objections = suppressions().now()
    everyone = list(paper.letters(ledger, mailing))
    letters = [letter for letter in everyone if not objections.of(letter.reader)]
    objected = tuple(
        (letter.reference, f"not printed: {why}")
        for letter in everyone
        if (why := objections.of(letter.reader))
    )
    if objected and not letters:
        raise ConfigurationError(
            f"mailing {mailing}: whoever is to get a letter by post objects, {objected[0][0]} the "
            f"first ({objected[0][1]}); withdraw what is not to go: dear-minister withdraw DISPATCH"
        )
    if not letters:
        raise ConfigurationError(
            f"mailing {mailing} has no letter that waits for the post: each was posted, or has an "
            "e-mail address; write post = true in campaign.toml to print those too"
        )
    kept = KeptPages.of_mailing(settings.mailing_folder(mailing))
    proof = found.approved_at is None
    made = printpack.make(
        letters,
        title=_title(found),
        on=date.today(),
        sheet=layout,
        first_label=first_label,
        envelope=window.WINDOWS.get(envelope),
        kept=kept,
    )
    folder = out or settings.mailing_folder(mailing) / "print"
    written = []
    for name, content in (
        ("letters.pdf", marked(made.letters) if proof else made.letters),
        ("labels.pdf", made.labels),
        ("posting-sheet.xlsx", made.sheet),
    ):
        path = folder / name
        files.replace(path, partial(_fill, content))
        written.append(path)
    kept.remove()
    return Packed(tuple(written), len(made.posted), (*objected, *made.faults), made.failed, proof)


def every_letter(
    settings: Settings, ledger: Ledger, mailing: str, out: Path | None = None
) -> Packed:
    """Write every letter of the mailing, those by mail too, into one PDF for whoever signs it off.

    Before the sign-off every page is marked as a proof. Raises ConfigurationError: no such mailing,
    no LibreOffice.
    """
    found = mailings.get(ledger, mailing)
    kept = KeptPages.of_mailing(settings.mailing_folder(mailing))
    made = printpack.make(
        paper.letters(ledger, mailing, by_mail=True),
        title=_title(found),
        on=date.today(),
        envelope=None,
        processes=settings.letter_processes,
        kept=kept,
    )
    path = (out or settings.mailing_folder(mailing) / "print") / "all-letters.pdf"
    proof = found.approved_at is None
    files.replace(path, partial(_fill, marked(made.letters) if proof else made.letters))
    kept.remove()
    return Packed((path,), len(made.posted), (), made.failed, proof)


def _title(mailing: Mailing) -> str:
    proof = "" if mailing.approved_at else ": PROOF, not signed off"
    return f"{mailing.campaign}, edition {mailing.edition}{proof}"


def _fill(content: bytes, file: BinaryIO) -> None:
    file.write(content)
