"""Mail goes unencrypted to this machine alone."""

import pytest

from flows.errors import ConfigurationError
from flows.post.smtp.server import Server, loopback


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.8.8.8", "::1"])
def test_this_machine_is_known_by_name_and_number(host: str) -> None:
    assert loopback(host)
    assert Server(host, 25, "none").name == f"{host}:25"


@pytest.mark.parametrize(
    "host",
    [
        "mail.example.org",
        "192.0.2.1",
        "0.0.0.0",
        "2001:db8::1",
        "localhost.example.org",
        "127.0.0.1.example.org",
        "127.1",
        "",
    ],
)
def test_to_any_other_nothing_goes_unencrypted(host: str) -> None:
    assert not loopback(host)
    with pytest.raises(ConfigurationError, match="SMTP_SECURITY: none is allowed only to this"):
        Server(host, 25, "none")
    assert Server(host, 587, "starttls").security == "starttls"


def test_a_password_does_not_show_in_a_trace() -> None:
    assert "hidden" not in repr(Server("mail.example.org", 465, "tls", "chair", "hidden"))
