"""Commands that show others what became of a mailing: the record as a file, the report."""

from pathlib import Path
from typing import Annotated

from flows import settings
from flows.cli import options
from flows.cli.answer import Answer, attention
from flows.cli.command import Commands

app = Commands("What became of it")


@app.command()
def export(
    mailing: options.MailingId,
    to: Annotated[
        Path,
        options.target("Ending in .xlsx, .csv, .json, or .zip for all evidence."),
    ],
) -> Answer:
    """Who got what and when, for trustees; as a .zip every mail, letter, sign-off and log line."""
    from flows.operations.export import export as write

    with options.ledger() as ledger:
        written = write(ledger, mailing, to)
    what = f"rehearsal {written.rehearsal}" if written.rehearsal else "the live sending"
    return Answer(
        {"file": written.file, "rehearsal": written.rehearsal, "dispatches": written.dispatches},
        [f"{written.dispatches} dispatches of {what}: {written.file}"],
    )


@app.command()
def report(
    mailing: options.MailingId,
    to: Annotated[
        Path | None,
        options.target("Default: var/mailings/MAILING/report.html.", show_default=False),
    ] = None,
) -> Answer:
    """The outcome as one page with pictures and tables, for a browser or for print."""
    from flows.operations.outcomes import ATTENTION
    from flows.operations.report.write import report as write

    with options.ledger() as ledger:
        written = write(settings.load(), ledger, mailing, to)
    what = f"rehearsal {written.rehearsal}" if written.rehearsal else "the live sending"
    counts = ", ".join(f"{letters} {outcome}" for outcome, letters in written.counts.items())
    return Answer(
        {
            "file": written.file,
            "mailing": written.mailing,
            "rehearsal": written.rehearsal,
            "outcomes": written.counts,
        },
        [f"{what}: {counts or 'no letters'}", str(written.file)],
        code=attention(any(written.counts.get(outcome) for outcome in ATTENTION)),
    )
