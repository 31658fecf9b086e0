"""Records of a mailing for others: spreadsheet, report page, evidence pack; the ledger verified."""

from dataclasses import asdict
from typing import Annotated, Literal

from prefect import flow

from flows.counted import counted
from flows.errors import ConfigurationError
from flows.operations import export as exporting
from flows.operations.outcomes import ATTENTION
from flows.operations.report.write import report as write_report
from flows.orchestration import artifacts, flow_runs, verbs
from flows.orchestration.parameters import By, MailingId, text
from flows.orchestration.states import Ending
from flows.orchestration.verbs import Done
from flows.post import audit
from flows.post.ledger.database import Ledger
from flows.settings import load

flow_runs.one_line_each()

Kind = Annotated[Literal["xlsx", "csv", "json"], text("Kind of file", "xlsx: for Excel.")]


@flow(name="export", persist_result=False)
def export(mailing: MailingId = "", kind: Kind = "xlsx", by: By = "") -> Ending:
    """Write who got what and when to a file, for trustees."""
    return verbs.perform("export", by, lambda ledger: _exported(ledger, mailing, kind))


@flow(name="evidence", persist_result=False)
def evidence(mailing: MailingId = "", by: By = "") -> Ending:
    """Write the evidence pack: letters, mails and log as a ZIP that anybody can check."""
    return verbs.perform("evidence", by, lambda ledger: _exported(ledger, mailing, "zip"))


@flow(name="report", persist_result=False)
def report(mailing: MailingId = "", by: By = "") -> Ending:
    """Write the report: what became of the letters, as a page with pictures and tables."""

    def step(ledger: Ledger) -> Done:
        _need(mailing)
        written = write_report(load(), ledger, mailing)
        counts = ", ".join(f"{n} {outcome}" for outcome, n in written.counts.items())
        what = f"rehearsal {written.rehearsal}" if written.rehearsal else "the live sending"
        message = f"{what} of {mailing}: {counts or 'no letters'}"
        return Done(
            message,
            f"{message}\n\n{artifacts.file_link(written.file)}",
            mailing=mailing,
            attention=any(written.counts.get(outcome) for outcome in ATTENTION),
        )

    return verbs.perform("report", by, step)


@flow(name="verify", persist_result=False)
def verify(by: By = "") -> Ending:
    """Replay the ledger's chain of hashes, and hold every letter against its hash."""

    def step(ledger: Ledger) -> Done:
        with ledger.read() as connection:
            found = audit.verify(connection)
        if not found.ok:
            raise ConfigurationError(
                f"the ledger was changed: event {found.broken_at}: {found.why}"
            )
        return Done(
            f"the ledger is whole: {counted(found.events, 'event')}, the last one's hash "
            f"{found.head}",
            table=[{"what": name, "value": str(value)} for name, value in asdict(found).items()],
        )

    return verbs.perform("verify", by, step)


def _exported(ledger: Ledger, mailing: str, kind: str) -> Done:
    _need(mailing)
    name = "evidence.zip" if kind == "zip" else f"who-got-what.{kind}"
    target = load().mailing_folder(mailing) / name
    done = exporting.export(ledger, mailing, target)
    what = f"rehearsal {done.rehearsal}" if done.rehearsal else "the live sending"
    message = f"{counted(done.dispatches, 'letter')} of {what} of {mailing} written to {target}"
    return Done(message, f"{message}\n\n{artifacts.file_link(target)}", mailing=mailing)


def _need(mailing: str) -> None:
    if not mailing:
        raise ConfigurationError("no mailing was chosen; nothing was done: choose one in the form")
