"""The print pack of a mailing: letters, labels and the posting sheet, as files."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

from flows.errors import ConfigurationError
from flows.letters.paper import labels, window
from flows.letters.paper import pack as printpack
from flows.letters.paper.envelope import Posted
from flows.letters.paper.pack import PrintPack
from flows.letters.pdf.kept import KeptPages
from flows.operations.approve import edited_since, need_signed_off
from flows.operations.draft import suppressions
from flows.operations.hold import need_free
from flows.people.contact import Reader
from flows.post.ledger import witness
from flows.post.ledger.database import Ledger
from flows.post.mailing import mailing as mailings
from flows.post.mailing import paper
from flows.settings import Settings


def pack(
    settings: Settings,
    ledger: Ledger,
    mailing: str,
    *,
    out: Path | None = None,
    sheet: str = "a4-21",
    first_label: int = 1,
    envelope: str = "uk",
) -> PrintPack:
    """Write letters.pdf, labels.pdf and posting-sheet.xlsx for the letters that wait for the post.

    Before the sign-off they are a proof, and every page of the letters says so.

    Raises ConfigurationError: held, edited since the sign-off and nothing has left, nothing to
    post, an unknown sheet or envelope, no LibreOffice; BehindWitnessError where the ledger may have
    forgotten letters that were posted.
    """
    found = mailings.get(ledger, mailing)
    if sheet not in labels.LAYOUTS:
        raise ConfigurationError(f"--labels {sheet}: use {', '.join(labels.LAYOUTS)}")
    if envelope not in (*window.WINDOWS, "none"):
        raise ConfigurationError(f"--envelope {envelope}: use {', '.join(window.WINDOWS)} or none")
    need_free(ledger, mailing)
    edits: list[str] = []
    if found.approved_at:
        witness.check(ledger)
        edits = need_signed_off(ledger, found)
    objections = suppressions().now()
    objected: list[tuple[str, str]] = []
    dispatches: list[str] = []

    def allowed() -> Iterator[tuple[int, Reader, str]]:
        for number, reader, reference in paper.waiting(ledger, mailing):
            if why := objections.of(reader):
                objected.append((reference, f"not printed: {why}"))
                dispatches.append(f"{mailing}:{number}")
            else:
                yield number, reader, reference

    numbers = _in_envelope_order(allowed())
    if objected and not numbers:
        raise ConfigurationError(
            f"mailing {mailing}: whoever is to get a letter by post objects, {objected[0][0]} the "
            f"first ({objected[0][1]}); withdraw each that is not to go: dear-minister withdraw "
            f"{dispatches[0]} --by NAME --why TEXT"
        )
    if not numbers:
        raise ConfigurationError(
            f"mailing {mailing} has no letter that waits for the post: each was posted, or has an "
            "e-mail address; write post = true in campaign.toml to print those too"
        )
    kept = KeptPages.of_mailing(settings.mailing_folder(mailing))
    made = printpack.make(
        paper.letters(ledger, mailing, numbers),
        _folder(settings, mailing, out),
        title=_title(found),
        on=date.today(),
        sheet=labels.LAYOUTS[sheet],
        first_label=first_label,
        envelope=window.WINDOWS.get(envelope),
        processes=settings.letter_processes,
        proof=found.approved_at is None,
        kept=kept,
    )
    kept.remove()
    return replace(made, faults=(*objected, *made.faults), edits=tuple(edits))


def every_letter(
    settings: Settings, ledger: Ledger, mailing: str, out: Path | None = None
) -> PrintPack:
    """Write every letter of the mailing, those by mail too, as PDF for whoever signs it off.

    Before the sign-off every page is marked as a proof. An edit since refuses nothing: to sign off
    once more, the letters have to be read. Raises ConfigurationError: no such mailing,
    no LibreOffice.
    """
    found = mailings.get(ledger, mailing)
    kept = KeptPages.of_mailing(settings.mailing_folder(mailing))
    numbers = _in_envelope_order(paper.waiting(ledger, mailing, by_mail=True))
    made = printpack.bind(
        paper.letters(ledger, mailing, numbers, by_mail=True),
        _folder(settings, mailing, out),
        "all-letters",
        title=_title(found),
        on=date.today(),
        processes=settings.letter_processes,
        proof=found.approved_at is None,
        kept=kept,
    )
    kept.remove()
    return replace(made, edits=tuple(edited_since(found)))


def _in_envelope_order(waiting: Iterable[tuple[int, Reader, str]]) -> list[int]:
    """Numbers of the letters, by postcode and then by name."""
    ordered = sorted(
        (Posted.of(reader, reference).order, number) for number, reader, reference in waiting
    )
    return [number for _, number in ordered]


def _folder(settings: Settings, mailing: str, out: Path | None) -> Path:
    return out or settings.mailing_folder(mailing) / "print"


def _title(found: mailings.Mailing) -> str:
    proof = "" if found.approved_at else ": PROOF, not signed off"
    return f"{found.campaign}, edition {found.edition}{proof}"
