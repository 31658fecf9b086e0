"""The evidence pack: a mailing as a ZIP that anybody can check without this program."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from sqlalchemy import RowMapping, select

from flows.operations.outcomes import ReaderOutcome, outcomes
from flows.operations.report.answers import answers
from flows.operations.report.write import page
from flows.operations.who_got_what import (
    TRUSTEES,
    comma_separated,
    spreadsheet,
    trustee_row,
)
from flows.people.lists import files
from flows.post import status
from flows.post.ledger import events, schema
from flows.post.ledger.database import Ledger
from flows.post.mailing.frozen_letter import documents
from flows.post.mailing.mailing import Mailing, manifest_lines

_L, _E, _A = schema.letter.c, schema.event.c, schema.approval.c
_EVENT = tuple(column.name for column in schema.event.columns)
_DATE = (1980, 1, 1, 0, 0, 0)
"""Of every entry, so that the same evidence makes the same bytes."""
_HOW_TO_CHECK = (Path(__file__).with_name("evidence.txt")).read_text(encoding="utf-8")


def pack(ledger: Ledger, mailing: Mailing, target: Path) -> int:
    """Write the evidence of the live sending to ``target``; return the number of letters.

    Letters and mails are read one at a time, so memory does not grow with the mailing. Raises
    ConfigurationError where the file cannot be written, LedgerUnavailableError.
    """
    rows = outcomes(ledger, mailing.id)

    def fill(file: BinaryIO) -> None:
        with ZipFile(file, "w", ZIP_DEFLATED) as archive:
            sums = []
            for name, content in _entries(ledger, mailing, rows):
                entry = ZipInfo(name, _DATE)
                entry.compress_type = ZIP_DEFLATED
                entry.external_attr = 0o600 << 16
                archive.writestr(entry, content)
                sums.append(f"{hashlib.sha256(content).hexdigest()}  {name}\n")
            archive.writestr(ZipInfo("SHA256SUMS", _DATE), "".join(sums))

    files.replace(target, fill)
    return len(rows)


def _entries(
    ledger: Ledger, mailing: Mailing, rows: Sequence[ReaderOutcome]
) -> Iterator[tuple[str, bytes]]:
    yield "HOW-TO-CHECK.txt", _how_to_check(mailing).encode()
    yield "report.html", page(mailing, 0, tuple(rows), came=answers(ledger, mailing)).encode()
    yield "who-got-what.xlsx", spreadsheet(mailing, status.status(ledger, mailing.id), rows)
    yield "who-got-what.csv", comma_separated(TRUSTEES, (trustee_row(mailing, row) for row in rows))
    with ledger.read() as connection:
        yield "signed-off.jsonl", b"".join(manifest_lines(connection, mailing.id))
        signed = connection.execute(
            select(_A.at, _A.by, _A.hash).where(_A.mailing == mailing.id).order_by(_A.ordinal)
        ).all()
        yield "sign-offs.csv", comma_separated(("at", "by", "hash"), signed)
        log = connection.execute(
            select(schema.event).where(_E.mailing == mailing.id).order_by(_E.seq)
        ).all()
        yield "log.csv", comma_separated(_EVENT, log)
        yield "log.jsonl", b"".join(_proof(event._mapping) for event in log)
        letters = connection.execution_options(yield_per=20).execute(
            select(_L.ordinal, _L.contact, _L.email, _L.content)
            .where(_L.mailing == mailing.id)
            .order_by(_L.ordinal)
        )
        for letter in letters:
            name = f"{letter.ordinal:05}-{letter.contact}"
            if letter.email:
                yield f"mails/{name}.eml", letter.content
            for file, content in documents(letter.contact, letter.email, letter.content).items():
                yield f"letters/{name}{Path(file).suffix}", content


def _how_to_check(mailing: Mailing) -> str:
    signed = (
        f"signed off by {mailing.approved_by} on {mailing.approved_at:%d %B %Y at %H:%M} UTC"
        if mailing.approved_at
        else "not signed off"
    )
    return _HOW_TO_CHECK.format(mailing=mailing.id, hash=mailing.hash, signed=signed)


def _proof(event: RowMapping) -> bytes:
    """An event's text and its hash; of one whose personal data were removed, the hash alone."""
    text = None if event["forgotten"] is not None else events.canonical(event)
    return json.dumps([text, event["hash"]], ensure_ascii=False).encode() + b"\n"
