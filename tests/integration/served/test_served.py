"""``dear-minister serve``: what it needs, what it offers, and a restart in mid-day."""

import http.server
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from flows.errors import ConfigurationError
from flows.orchestration import server as prefect_server
from tests.integration.served.served_project import CAMPAIGN, SCHEDULES, ServedProject
from tests.servers.fault import FaultServer
from tests.servers.programs import free_port

PASSWORD = "Quince-and-Medlar-7719"


@pytest.fixture
def served(tmp_path: Path) -> ServedProject:
    return ServedProject(tmp_path)


def test_a_restart_while_the_run_waits_loses_nothing(served: ServedProject) -> None:
    broken = served.folder / "templates" / "broken" / "campaign.toml"
    broken.parent.mkdir()
    broken.write_text("x = [", encoding="utf-8")
    with FaultServer(users={"chair": PASSWORD}) as server:
        served.environment |= {
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(server.port),
            "SMTP_SECURITY": "none",
            "SMTP_USER": "chair",
            "SMTP_PASSWORD": PASSWORD,
        }
        served.environment |= SCHEDULES
        with served.serving():
            run = served.start(campaign=CAMPAIGN, live=True)
            assert served.wait(run, types=("PAUSED", "FAILED"))["name"] == "Suspended"
            review = served.artifacts(run)[f"{CAMPAIGN}-review"]["data"]
            served.turn_on_mornings()
        with served.serving():
            digest = re.search(r"sign off: \*\*`([0-9a-f]{12})`", review)
            assert digest
            served.resume(run, name="Eleanor Marchbank", hash=digest[1])
            ended = served.wait(run)
            deployments = served.deployments()
            upcoming = served.upcoming()
        letters = [one.recipient for one in server.copies.all]

    assert "Not offered: templates/broken/letter.docx: " in served.log.read_text("utf-8")
    assert ended["name"] == "Completed", ended
    assert len(letters) == len(set(letters)) == 64
    # What was switched on in the UI is still on, and both schedules show what comes next.
    assert deployments[CAMPAIGN]["schedules"][0]["active"] is True
    assert {CAMPAIGN, "dispatch"} <= upcoming
    kept = b"".join(
        one.read_bytes() for one in (served.folder / "var" / "prefect").rglob("*") if one.is_file()
    )
    assert CAMPAIGN.encode() in kept
    assert PASSWORD.encode() not in kept + served.log.read_bytes()


def test_a_port_that_is_taken_is_one_line(served: ServedProject) -> None:
    with socket.create_server(("127.0.0.1", served.port)):
        done = served.command("serve")

    said = [
        line
        for line in done.stderr.splitlines()
        if not line.startswith(("Starting.", "office folder"))
    ]
    assert (done.returncode, len(said)) == (2, 1), done.stderr
    assert f"port {served.port} is taken by another program" in said[0]


def test_the_servers_login_is_enough_and_what_it_keeps_is_its_owners_alone(
    served: ServedProject,
) -> None:
    served.asks_for("office", PASSWORD)
    with served.serving():
        assert httpx.post(f"{served.url}/api/deployments/filter", json={}).status_code == 401
        assert httpx.get(served.desk).status_code == 401
        assert httpx.get(served.desk, auth=served.login).status_code == 200
        foreign = {"origin": "https://elsewhere.example.org"}
        page = httpx.get(f"{served.url}/api/health", auth=served.login, headers=foreign)
        assert page.status_code == 403
        ended = served.wait(served.start())
        home = served.folder / "var" / "prefect"
        readable = [
            path.name
            for path in (home, *home.glob("*.db*"), *home.glob("*.json"))
            if path.stat().st_mode & 0o077 and (path == home or not path.is_dir())
        ]
    assert ended["name"] == "Completed", served.said
    assert "Traceback" not in served.said
    assert PASSWORD not in served.said
    assert readable == []


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
