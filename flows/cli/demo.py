"""The demo: a live mailing in a world of its own, var/demo, where nothing leaves the machine."""

import os
import shutil
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import select

from flows import settings
from flows.cli import console, demo_answers
from flows.cli import mailings_output as output
from flows.cli.answer import Answer, attention
from flows.counted import counted
from flows.errors import ConfigurationError
from flows.operations import approve, came_back, draft, prepare, send
from flows.operations.ledger import open_ledger
from flows.operations.new import samples
from flows.post import status
from flows.post.ledger import schema
from flows.post.ledger.database import Ledger
from flows.post.mailing import mailing as mailings
from flows.post.mailing.frozen_letter import documents
from flows.post.mailing.mailing import Mailing
from flows.post.smtp.mailbox import mailbox
from flows.post.smtp.server import Server
from flows.post.states import TO_SEE_TO, State
from flows.settings import Settings

CAMPAIGN = "r2p-dialogue-2013"
SIGNED_BY = "Demo (nobody signed this: a real mailing waits for a person)"
_STARTUP_SECONDS = 180
_L = schema.letter.c


def demo(*, fresh: bool) -> Answer:
    """Run the whole path once more. Raises ConfigurationError."""
    began = time.monotonic()
    here = _var() / "demo"
    if fresh:
        _forget(here)
    console.say(f"A world of its own in {here}/; no mail leaves this machine.")
    if (here / "ledger.db").exists():
        console.say("It is there from an earlier run and goes on from where that ended; what was")
        console.say("sent is not sent again. To start over:  dear-minister demo --fresh")
    with mailbox(here / "mailbox") as server:
        world = _world(here, server)
        with settings.using(world), closing(open_ledger(world)) as ledger:
            mailing = _prepare(world, ledger)
            if status.by_mail(ledger, mailing.id).keys() & {State.READY, State.DEFERRED}:
                _sign_off(ledger, mailing)
                _run_flow(here, mailing)
            else:
                _send_again(world, ledger, mailing)
            letters = _letters(ledger, mailing, here / "letters")
            demo_answers.answer(ledger, mailing, here / "answers")
            return _shown(ledger, mailing, here, letters, _since(began))


def _var() -> Path:
    """Where runtime files go; nothing else of the user's settings matters here."""
    try:
        return settings.load().var
    except ConfigurationError:
        return Path(os.environ.get("DEAR_MINISTER_VAR") or "var")


def _forget(here: Path) -> None:
    if here.exists():
        try:
            shutil.rmtree(here)
        except OSError as error:
            raise ConfigurationError(
                f"{error.filename or here}: cannot be deleted ({error.strerror}); "
                "correct its permissions, or set DEAR_MINISTER_VAR"
            ) from error
        console.say(f"Starting over: {here}/ is deleted.")


def _world(here: Path, server: Server) -> Settings:
    """The demo's settings, whatever .env and the environment say."""
    return Settings.model_construct(
        smtp_host=server.host,
        smtp_port=server.port,
        smtp_security="none",
        mail_bounces_to=demo_answers.BOUNCES,
        office_hours="always",
        dear_minister_var=here.resolve(),
        dear_minister_office=samples(),
    )


def _prepare(world: Settings, ledger: Ledger) -> Mailing:
    order = draft.draft(CAMPAIGN)
    lists = ", ".join(str(path) for path in order.lists)
    console.say(f"1. Contacts: {counted(len(order.readers), 'person')}, one letter each.")
    with console.bar("   Letters") as progress:
        prepared = prepare.prepare(world, ledger, order, progress)
    for row in prepared.refused:
        console.say(str(row))
    mailing = prepared.mailing or next(iter(mailings.every(ledger)), None)
    if mailing is None:
        raise ConfigurationError(f"{lists}: there is nobody to write to")
    if prepared.new and prepared.mailing:
        console.say(f"2. Letters and mails: {mailing.letters} filled and frozen as one mailing,")
        console.say(f"   {mailing.id}, hash {mailing.short_hash}.")
    else:
        console.say(f"2. Nothing new to freeze: mailing {mailing.id} has them all.")
    return mailings.get(ledger, mailing.id)


def _since(began: float) -> str:
    return counted(round(time.monotonic() - began), "second")


def _sign_off(ledger: Ledger, mailing: Mailing) -> None:
    if not mailing.approved_at:
        approve.approve(ledger, mailing.id, SIGNED_BY, mailing.short_hash)
    console.say(f"3. Sign-off of exactly these bytes by: {SIGNED_BY}.")


def _run_flow(here: Path, mailing: Mailing) -> None:
    console.say("4. Prefect runs the campaign. Its own server has to start first: 10 to 30")
    console.say("   seconds in which nothing seems to happen.")
    began = time.monotonic()
    with _embedded_api(here / "prefect"):
        from flows.campaign import campaign
        from flows.orchestration.tasks import Watcher, watching

        console.say(f"   Prefect is up after {_since(began)}.")
        with (
            console.bar("   Letters") as filled,
            console.sending() as happened,
            watching(Watcher(filled, happened)),
        ):
            happened.expect(0, mailing.letters)
            state = campaign(CAMPAIGN, live=True, return_state=True)
    console.say(f"   Flow run ended: {state.name}: {state.message}")


@contextmanager
def _embedded_api(home: Path) -> Iterator[None]:
    """Prefect's embedded API, with its files in ``home``, whatever the user's own Prefect is."""
    for name in [one for one in os.environ if one.startswith("PREFECT_")]:
        del os.environ[name]
    port = _free_port()
    home = home.resolve()
    # The environment wins over a profile and over .env, and the server's process inherits it.
    os.environ |= {
        "PREFECT_HOME": str(home),
        "PREFECT_PROFILES_PATH": str(home / "profiles.toml"),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_API_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home / 'prefect.db'}",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_CLI_COLORS": "false",
        "DO_NOT_TRACK": "1",
    }
    from prefect.server.api.server import SubprocessASGIServer

    server = SubprocessASGIServer(port)
    try:
        server.start(timeout=_STARTUP_SECONDS)
    except Exception as error:
        raise ConfigurationError(
            f"Prefect's embedded API did not start within {_STARTUP_SECONDS} seconds ({error}); "
            "nothing was sent: try once more, on a machine with less to do"
        ) from error
    try:
        yield
    finally:
        server.stop()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _send_again(world: Settings, ledger: Ledger, mailing: Mailing) -> None:
    """A second sending of the same mailing: the ledger has nothing to give it."""
    with send.sender(world, ledger, mailing, live=True) as sender:
        tally = sender.run()
    tried = counted(sum(tally.counts.values()), "letter")
    console.say(f"3. Sent once more: {tried} to send. Nobody gets the same letter twice,")
    console.say("   so Prefect is not even started.")


def _letters(ledger: Ledger, mailing: Mailing, folder: Path) -> Sequence[Path]:
    """The letters as files, taken out of the frozen mails."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    with ledger.read() as connection:
        rows = connection.execution_options(yield_per=50).execute(
            select(_L.contact, _L.email, _L.content).where(_L.mailing == mailing.id)
        )
        for row in rows:
            for name, content in documents(row.contact, row.email, row.content).items():
                path = folder / name
                if not path.exists():
                    path.write_bytes(content)
                files.append(path)
    return files


def _shown(
    ledger: Ledger, mailing: Mailing, here: Path, letters: Sequence[Path], took: str
) -> Answer:
    now = status.status(ledger, mailing.id)
    sent = now.counts.get(State.SENT, 0)
    by_post = sum(1 for one in now.dispatches if not one.email)
    post = f", {by_post} to be posted on paper" if by_post else ""
    came = came_back.desk(ledger, mailing.campaign)
    places = {
        "letters": here / "letters",
        "mailbox": here / "mailbox",
        "ledger": here / "ledger.db",
    }
    return Answer(
        {
            "mailing": mailing.id,
            "hash": mailing.hash,
            "counts": now.counts,
            **places,
            "answers": demo_answers.documents(came),
        },
        [
            *output.troubles(now),
            f"{sent} of {len(now.dispatches)} letters sent{post}. Where to look:",
            f"   letters (.docx)  {places['letters']}/  for example {letters[0].name}",
            f"   mails (.eml)     {places['mailbox']}/",
            f"   the ledger       {places['ledger']}",
            *demo_answers.lines(came),
        ],
        [f"{took}. Your own letters:  dear-minister init FOLDER"],
        attention(any(now.counts.get(state) for state in TO_SEE_TO)),
    )
