"""Copies of a letter go in its own handing over; a copy that is refused holds nothing back."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from flows.post.ledger import schema
from flows.post.states import State
from tests.integration.faults.frozen_mailing import FrozenMailing
from tests.servers.fault import FaultServer
from tests.servers.script import Answer, Phase, always

Start = Callable[..., FaultServer]
READER, BRANCH = "reader1@example.org", "branch@example.org"


@pytest.fixture
def frozen(tmp_path: Path) -> Iterator[FrozenMailing]:
    made = FrozenMailing(f"sqlite:///{tmp_path / 'ledger.db'}", [READER])
    with made.ledger.write() as connection:
        connection.execute(update(schema.letter).values(copies=json.dumps([BRANCH])))
    yield made
    made.ledger.close()


def test_reader_and_copy_are_named_in_one_transaction(
    frozen: FrozenMailing, fault_server: Start
) -> None:
    server = fault_server(pipelining=True)
    frozen.send(server)
    assert frozen.states == [State.SENT]
    assert server.recipients == [READER, BRANCH]


def test_a_copy_that_is_refused_is_told_and_the_letter_goes(
    frozen: FrozenMailing, fault_server: Start
) -> None:
    server = fault_server([always(Phase.RCPT, Answer(550, ("5.1.1 nobody",)), to=BRANCH)])
    frozen.send(server)
    assert frozen.states == [State.SENT]
    assert "no copy to branch@example.org: 550 5.1.1 nobody" in str(frozen.rows[0].text)
    assert [copy.recipient for copy in server.copies.all] == [READER]
