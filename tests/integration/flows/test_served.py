"""``dear-minister serve``: what it needs, what it offers, and a restart in mid-day."""

import http.server
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flows.errors import ConfigurationError
from flows.orchestration import server as prefect_server
from tests.integration.flows.office import CAMPAIGN, Office, free_port
from tests.servers.fault import FaultServer

PASSWORD = "Quince-and-Medlar-7719"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_a_restart_while_the_run_waits_loses_nothing(office: Office) -> None:
    broken = office.folder / "templates" / "broken" / "campaign.toml"
    broken.parent.mkdir()
    broken.write_text("x = [", encoding="utf-8")
    with FaultServer(users={"chair": PASSWORD}) as server:
        office.environment |= {
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(server.port),
            "SMTP_SECURITY": "none",
            "SMTP_USER": "chair",
            "SMTP_PASSWORD": PASSWORD,
        }
        with office.served():
            run = office.start(campaign=CAMPAIGN, live=True)
            assert office.wait(run, types=("PAUSED", "FAILED"))["name"] == "Suspended"
            review = office.artifacts(run)[f"{CAMPAIGN}-review"]["data"]
            office.turn_on_mornings()
        with office.served():
            digest = re.search(r"sign off: \*\*`([0-9a-f]{12})`", review)
            assert digest
            office.resume(run, name="Eleanor Marchbank", hash=digest[1])
            ended = office.wait(run)
            deployments = office.deployments()
            upcoming = office.upcoming()
        letters = [one.recipient for one in server.copies.all]

    assert "Not offered: templates/broken/letter.docx: " in office.log.read_text("utf-8")
    assert ended["name"] == "Completed", ended
    assert len(letters) == len(set(letters)) == 64
    # What was switched on in the UI is still on, and both schedules show what comes next.
    assert deployments["campaign"]["schedules"][0]["active"] is True
    assert {"campaign", "dispatch"} <= upcoming
    kept = b"".join(
        one.read_bytes() for one in (office.folder / "var" / "prefect").rglob("*") if one.is_file()
    )
    assert CAMPAIGN.encode() in kept
    assert PASSWORD.encode() not in kept + office.log.read_bytes()


def test_a_port_that_is_taken_is_one_line(office: Office) -> None:
    with socket.create_server(("127.0.0.1", office.port)):
        done = office.command("serve")

    said = [
        line
        for line in done.stderr.splitlines()
        if not line.startswith(("Starting.", "office folder"))
    ]
    assert (done.returncode, len(said)) == (2, 1), done.stderr
    assert f"port {office.port} is taken by another program" in said[0]


@contextmanager
def answering(text: str) -> Iterator[str]:
    """A web server that says this to everything."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/api"
        server.shutdown()


@pytest.mark.parametrize(
    ("said", "expected"),
    [('"2.20.1"', r"is too old \(2\.20\.1\)"), ("<html>hello</html>", "is not a Prefect server")],
)
def test_another_or_too_old_a_server_is_refused_with_what_to_do(said: str, expected: str) -> None:
    with answering(said) as url, pytest.raises(ConfigurationError, match=expected):
        prefect_server.need(url)


def test_a_prefect_server_that_does_not_answer_is_named_with_what_to_do() -> None:
    with pytest.raises(ConfigurationError, match=r"no Prefect server answers at .* start it"):
        prefect_server.need(f"http://127.0.0.1:{free_port()}/api")
