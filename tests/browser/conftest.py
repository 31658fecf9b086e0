"""The running product, a mail server, and somebody at a browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.browser.ui import Operator, chromium
from tests.conftest import ROOT, need
from tests.integration.served.served_project import ServedProject
from tests.servers.fault import FaultServer

PICTURES = ROOT / "var" / "pictures"
OFFICE = "office@example.org"


@contextmanager
def everything_served(
    folder: Path, mail_server: FaultServer, **settings: str
) -> Iterator[ServedProject]:
    """Everything running that ``serve`` starts."""
    need("chromium", "chromium")
    made = ServedProject(
        folder,
        SMTP_HOST="127.0.0.1",
        SMTP_PORT=str(mail_server.port),
        SMTP_SECURITY="none",
        SMTP_CONNECTIONS="1",
        NOTIFY=OFFICE,
        MAIL_FROM=OFFICE,
        **settings,
    )
    with made.serving():
        yield made


@pytest.fixture
def mail_server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


@pytest.fixture
def served(tmp_path: Path, mail_server: FaultServer) -> Iterator[ServedProject]:
    with everything_served(tmp_path, mail_server) as made:
        yield made


@pytest.fixture
def operator(served: ServedProject) -> Iterator[Operator]:
    """Somebody at a browser."""
    with chromium(need("chromium", "chromium"), served.url, PICTURES) as made:
        yield made
        made.picture("last")  # where it stood, should the test have failed


def letters(mail_server: FaultServer) -> int:
    """How many letters the server holds, each reader's once."""
    readers = [one.recipient for one in mail_server.copies.all if one.recipient != OFFICE]
    assert len(readers) == len(set(readers))
    return len(readers)


def notices(mail_server: FaultServer) -> list[str]:
    """The notices that the office got, as text."""
    return [
        one.content.decode()
        for one in mail_server.copies.all
        if one.recipient == OFFICE and one.content
    ]
