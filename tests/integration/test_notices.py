"""Notices to the office, by a real mail server and a real web hook: one for a matter."""

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows.errors import ConfigurationError
from flows.operations.notify import notify, settled
from flows.settings import Settings, load
from tests.servers.fault import FaultServer
from tests.servers.script import Answer, Phase, always

Start = Callable[..., FaultServer]


@pytest.fixture
def hook() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A web hook's address for Apprise, and what came there."""
    came: list[dict[str, str]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"json://127.0.0.1:{server.server_port}/secret", came
        server.shutdown()


def settings(tmp_path: Path, server: FaultServer | None, to: str) -> Settings:
    return Settings.model_construct(
        dear_minister_var=tmp_path / "var",
        dear_minister_office=Path(),
        smtp_host="127.0.0.1",
        smtp_port=server.port if server else 9,
        smtp_security="none",
        mail_from="chair@example.org",
        notify=to,
    )


def test_it_goes_to_everyone_named_and_says_no_readers_address(
    tmp_path: Path, fault_server: Start, hook: tuple[str, list[dict[str, str]]]
) -> None:
    address, came = hook
    server = fault_server()
    chosen = settings(tmp_path, server, f"one@example.org two@example.org {address}")
    body = "live: 3 sent, 1 refused; stopped: 550 no <hague@example.org> here"
    assert notify(chosen, "sweep", "Dear Minister: needs attention", body, "http://run/1") == []

    assert sorted(one.recipient for one in server.copies.all) == [
        "one@example.org",
        "two@example.org",
    ]
    mail = (server.copies.all[0].content or b"").decode()
    for text in (mail, came[0]["message"]):
        assert "1 refused" in text
        assert "http://run/1" in text
        assert "hague" not in text
    assert "Auto-Submitted: auto-generated" in mail


def test_the_same_matter_is_told_once_until_it_changes_or_is_over(
    tmp_path: Path, fault_server: Start
) -> None:
    server = fault_server()
    chosen = settings(tmp_path, server, "one@example.org")

    def told(body: str, link: str = "") -> int:
        before = len(server.copies.all)
        assert notify(chosen, "sweep", "needs attention", body, link) == []
        return len(server.copies.all) - before

    assert [told("1 uncertain", "run/1"), told("1 uncertain", "run/2")] == [1, 0]
    assert told("2 uncertain") == 1
    settled(chosen, "sweep")
    assert told("2 uncertain") == 1
    assert (tmp_path / "var" / "notified.json").stat().st_mode & 0o077 == 0


def test_what_cannot_be_delivered_is_a_line_without_the_secret_and_is_tried_again(
    tmp_path: Path, fault_server: Start
) -> None:
    server = fault_server([always(Phase.RCPT, Answer(550, ("5.1.1 no",)))])
    chosen = settings(tmp_path, server, "one@example.org json://127.0.0.1:9/secret nonsense://x")
    for _ in range(2):
        faults = notify(chosen, "sweep", "x", "y")
        assert len(faults) == 3
        assert "secret" not in " ".join(faults)
    gone = settings(tmp_path, None, "one@example.org")
    assert "NOTIFY: " in notify(gone, "sweep", "x", "y")[0]


def test_without_notify_nothing_is_done(tmp_path: Path) -> None:
    assert notify(settings(tmp_path, None, ""), "sweep", "x", "y") == []
    assert not (tmp_path / "var").exists()


def test_an_address_that_is_none_stops_before_anything_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NOTIFY", "office@example.org somebody")
    with pytest.raises(ConfigurationError, match="NOTIFY: 'somebody' is neither"):
        load()
