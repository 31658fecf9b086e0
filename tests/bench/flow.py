"""The whole flow against the flow that a user would write: one Prefect task a reader, yagmail.

Both begin with the contact list and end when Prefect has the run completed, in this process, with
a Prefect server up. Ours is a live-like rehearsal: it is redirected to the same sink, walks every
state, and writes its review and its report.
"""

import csv
import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from docxtpl import DocxTemplate as Docxtpl

from flows.letters.filler import Filler
from flows.letters.letter import Letter
from flows.operations import draft
from flows.orchestration.server import running
from tests.bench.measured import Measured, faster, pairwise
from tests.bench.people import contact_list
from tests.bench.preparing import CAMPAIGN
from tests.servers.programs import find, free_port
from tests.servers.sink import sink

if TYPE_CHECKING:  # Prefect reads its settings when it is first imported
    from prefect.client.schemas.objects import State

READERS = 650
BY_HAND = 130
"""Letters of the other flow; the times compared are those of a letter."""


def rows(quick: bool) -> Iterator[Measured]:
    with tempfile.TemporaryDirectory(prefix="dm-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with _mail_server(folder) as port, _settings(folder, port), _prefect(folder):
            yield _flows(folder, port, pairs=1 if quick else 5)
            yield _reviews()


def _flows(folder: Path, port: int, pairs: int) -> Measured:
    from prefect import flow, task

    from flows.campaign import campaign

    people = contact_list(folder / "people.csv", READERS)
    brief = draft.draft(str(CAMPAIGN), [people])
    filler = Filler(brief.campaign, brief.on)
    # The other flow is given for nothing what our forms of address and mail templates work out.
    given = [(filler.context(one), filler.fill(one)) for one in brief.readers[:BY_HAND]]
    runs = iter(range(99))

    @task(task_run_name="letter to {identity}")
    def send(identity: str, place: int) -> None:
        _send(port, *given[place])

    @flow
    def letters() -> None:
        with people.open(newline="", encoding="utf-8") as file:
            identities = [row["id"] for row in csv.DictReader(file)]
        for place, identity in enumerate(identities[:BY_HAND]):
            send(identity, place)

    def ours() -> "State[Any]":
        os.environ["DEAR_MINISTER_VAR"] = str(folder / str(next(runs)))
        return campaign(str(CAMPAIGN), contacts=[people], return_state=True)

    def theirs() -> "State[Any]":
        return letters(return_state=True)

    units = (READERS, BY_HAND)
    measured = pairwise(ours, theirs, pairs=pairs, units=units, seconds=_until_completed)
    work = f"the whole flow, {READERS} readers"
    return faster(work, "a task each: docxtpl, yagmail.send", 14, measured)


def _until_completed(run: "Callable[[], State[Any]]") -> float:
    """Seconds until a run is completed. Only then does Prefect's engine wait for the thread of its
    heartbeat, which sleeps for up to a second: both would be counted in whole seconds."""
    begun = time.time()
    state = run()
    assert state.is_completed(), state
    return state.timestamp.timestamp() - begun


def _reviews() -> Measured:
    """How long the review took in those flows, by Prefect's own clock."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import TaskRunFilter, TaskRunFilterName

    name = TaskRunFilterName(any_=["Write the review"])
    with get_client(sync_client=True) as client:
        runs = client.read_task_runs(task_run_filter=TaskRunFilter(name=name))
    seconds = [run.total_run_time.total_seconds() for run in runs]
    work = f"review of {READERS} letters in a flow"
    return Measured(work, "the task", median(seconds), "s", 3, True, alone=True)


def _send(port: int, context: dict[str, Any], letter: Letter) -> None:
    """One turn of the loop that a user would write."""
    import yagmail

    template = Docxtpl(CAMPAIGN / "letter.docx")
    template.render(dict(context), autoescape=True)
    filled = BytesIO()
    template.save(filled)
    filled.name = f"letter-{letter.reader.contact.id}.docx"
    filled.seek(0)
    server = yagmail.SMTP(
        "chair@example.org",
        host="127.0.0.1",
        port=port,
        smtp_ssl=False,
        smtp_starttls=False,
        smtp_skip_login=True,
    )
    try:
        to, contents = letter.reader.contact.email, [letter.text, letter.html]
        assert server.send(to, letter.subject, contents, attachments=filled) is not False
    finally:
        server.close()


@contextmanager
def _mail_server(folder: Path) -> Iterator[int]:
    """Postfix's smtp-sink, or without it the tests' own server in a process of its own."""
    if find("smtp-sink"):
        with sink(folder) as port:
            yield port
        return
    from tests.bench.post import slow_server

    with slow_server(folder, 0.0) as port:
        yield port


@contextmanager
def _settings(folder: Path, port: int) -> Iterator[None]:
    """Letters are redirected to this server, in the folder as the office's."""
    before, place = dict(os.environ), Path.cwd()
    os.environ |= {
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(port),
        "SMTP_SECURITY": "none",
        "MAIL_FROM": "chair@example.org",
        "MAIL_REDIRECT_TO": "everyone@example.org",
        "OFFICE_HOURS": "always",
    }
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(place)
        os.environ.clear()
        os.environ |= before


@contextmanager
def _prefect(folder: Path) -> Iterator[None]:
    """A Prefect server with its files in the folder."""
    os.environ |= {
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_PROFILES_PATH": str(folder / "profiles.toml"),
        "PREFECT_SERVER_API_PORT": str(free_port()),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
    }
    os.environ.pop("PREFECT_API_URL", None)
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with running(folder / "prefect") as server:
        logging.getLogger("yagmail").setLevel(logging.WARNING)
        with temporary_settings({PREFECT_API_URL: server.url}):
            yield
