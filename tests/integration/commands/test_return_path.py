"""MAIL_BOUNCES_TO: what a live sending tells the server its letters come from."""

from typing import Any

from flows.post.mailing import return_path
from tests.integration.commands.office import READERS, Office
from tests.servers.fault import FaultServer


def senders(server: FaultServer) -> list[str]:
    return [one.sender for one in server.copies.all]


def test_each_live_letter_has_an_envelope_sender_with_its_own_token(
    prepared: tuple[Office, dict[str, Any]], fault_server: Any
) -> None:
    office, made = prepared
    server = fault_server()
    office.to(server, MAIL_BOUNCES_TO="bounce@example.org", MAIL_REDIRECT_TO="me@example.org")
    assert office.run("send", made["mailing"]).code == 0
    assert senders(server) == ["chair@example.org"] * len(READERS)  # a rehearsal's is the sender's
    office.approve(made)
    server = fault_server()
    office.to(server)
    assert office.run("send", made["mailing"], "--live").code == 0
    dispatches = [one["id"] for one in office.json("status", made["mailing"])["dispatches"]]
    assert senders(server) == [
        return_path.address("bounce@example.org", made["hash"], one) for one in dispatches
    ]


def test_an_address_too_long_for_a_token_is_refused_before_anything_begins(office: Office) -> None:
    office.set(MAIL_BOUNCES_TO=f"{'b' * 50}@example.org")
    ended = office.run("status")
    assert ended.code == 2
    assert "MAIL_BOUNCES_TO" in ended.line
