"""XOAUTH2, as Microsoft 365 and Gmail want it: the token from a file or from a command."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.errors import ConfigurationError
from flows.post.smtp.server import Server
from flows.post.smtp.session import LoginRefusedError, Session
from flows.post.smtp.token import TokenSource
from tests.servers.fault import FaultServer
from tests.servers.script import PATIENCE

Start = Callable[..., FaultServer]
USER, TOKEN = "chair@example.org", "ya29.A-token_of/several=signs"


def log_in(server: FaultServer, source: TokenSource) -> None:
    where = Server("127.0.0.1", server.port, "none", user=USER, timeout=PATIENCE, token=source)
    Session(where, allowed=lambda _: True).quit()


def printing(text: str, code: int = 0) -> str:
    program = f"import sys; print({text!r}); print('why', file=sys.stderr); sys.exit({code})"
    return f'"{sys.executable}" -c "{program}"'


@pytest.mark.parametrize("kind", ["file", "command"])
def test_a_token_logs_in_and_is_read_anew_for_each_connection(
    fault_server: Start, tmp_path: Path, kind: str
) -> None:
    server = fault_server(tokens={USER: TOKEN})
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    read = f'"{sys.executable}" -c "print(open(\'{path}\').read())"'
    source = TokenSource("SMTP", path) if kind == "file" else TokenSource("SMTP", command=read)
    log_in(server, source)
    path.write_text("another\n")
    server.tokens[USER] = "another"
    log_in(server, source)
    assert "AUTH" in server.sessions[-1].commands


def test_a_refused_token_is_a_refused_login_that_says_what_to_look_at(
    fault_server: Start, tmp_path: Path
) -> None:
    path = tmp_path / "token"
    path.write_text("expired-token")
    server = fault_server(tokens={USER: TOKEN})
    with pytest.raises(LoginRefusedError, match="SMTP_TOKEN_FILE") as error:
        log_in(server, TokenSource("SMTP", path))
    assert "expired-token" not in str(error.value)
    assert "5.7.3 Authentication unsuccessful" in str(error.value)


def test_a_server_without_xoauth2_is_told_as_a_setting_and_hears_no_token(
    fault_server: Start, tmp_path: Path
) -> None:
    path = tmp_path / "token"
    path.write_text(TOKEN)
    server = fault_server(users={USER: "password"})
    with pytest.raises(ConfigurationError, match="SMTP_AUTH"):
        log_in(server, TokenSource("SMTP", path))
    assert server.wait_idle()
    assert "AUTH" not in server.sessions[0].commands


def test_a_password_for_a_server_that_wants_a_token_says_so(fault_server: Start) -> None:
    server = fault_server(tokens={USER: TOKEN})
    where = Server("127.0.0.1", server.port, "none", user=USER, password="p", timeout=PATIENCE)
    with pytest.raises(ConfigurationError, match="xoauth2"):
        Session(where, allowed=lambda _: True)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (TokenSource("SMTP", Path("/nowhere/token")), "SMTP_TOKEN_FILE: /nowhere/token: cannot be"),
        (TokenSource("SMTP", command="no-such-program-here"), "SMTP_TOKEN_COMMAND: cannot be"),
        (TokenSource("SMTP", command='"half a quote'), "SMTP_TOKEN_COMMAND: cannot be started"),
        (TokenSource("SMTP", command=printing("secret", 3)), r"exit code 3 \(why\)"),
        (TokenSource("SMTP", command=printing("two secret words")), "gives no access token"),
        (TokenSource("IMAP", command=printing("")), "IMAP_TOKEN_COMMAND: gives no access token"),
    ],
)
def test_a_token_that_cannot_be_had_is_one_line_without_what_was_printed(
    fault_server: Start, source: TokenSource, said: str
) -> None:
    server = fault_server(tokens={USER: TOKEN})
    with pytest.raises(ConfigurationError, match=said) as error:
        log_in(server, source)
    assert "secret" not in str(error.value)
    assert "\n" not in str(error.value)
