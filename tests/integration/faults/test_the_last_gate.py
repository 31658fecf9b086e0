"""What is asked again at the last moment: who objects, whose letter it is, what the server said."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from flows.errors import ConfigurationError
from flows.post.ledger import database as ledger_module
from flows.post.ledger import schema
from flows.post.ledger.database import Ledger
from flows.post.states import State
from tests.integration.faults.frozen_mailing import FrozenMailing
from tests.servers.fault import FaultServer
from tests.servers.script import Phase

Start = Callable[..., FaultServer]
FIRST, SECOND = "reader1@example.org", "reader2@example.org"


@pytest.fixture
def frozen(tmp_path: Path) -> Iterator[FrozenMailing]:
    made = FrozenMailing(f"sqlite:///{tmp_path / 'ledger.db'}", [FIRST, SECOND])
    yield made
    made.ledger.close()


def test_a_letter_whose_dispatch_names_another_address_goes_nowhere(
    frozen: FrozenMailing, fault_server: Start
) -> None:
    with frozen.ledger.write() as connection:
        connection.execute(
            update(schema.dispatch).where(schema.dispatch.c.ordinal == 1).values(email=SECOND)
        )
    server = fault_server()
    with pytest.raises(ConfigurationError, match="hash differs"):
        frozen.send(server)
    assert server.recipients == []


@pytest.mark.parametrize("pipelining", [False, True])
@pytest.mark.parametrize("change", ["Dear", "ASCII"])
def test_not_a_line_of_a_letter_whose_bytes_were_changed_leaves(
    frozen: FrozenMailing, fault_server: Start, pipelining: bool, change: str
) -> None:
    with frozen.ledger.write() as connection:
        content = connection.execute(
            select(schema.letter.c.content).where(schema.letter.c.ordinal == 2)
        ).scalar_one()
        other = b"Drat" if change == "Dear" else "Gl\u0175r".encode()
        changed = update(schema.letter).where(schema.letter.c.ordinal == 2)
        connection.execute(changed.values(content=content.replace(b"Dear", other)))
    server = fault_server(pipelining=pipelining)
    result = frozen.send(server)
    assert (result.counts, result.needs_person) == ({State.SENT: 1}, True)
    assert "hash differs" in result.stopped
    assert frozen.states == [State.SENT, State.READY]
    assert server.reached(Phase.BODY) == server.reached(Phase.DOT) == 1


def test_an_address_that_is_reader_and_copy_is_named_once(
    frozen: FrozenMailing, fault_server: Start
) -> None:
    with frozen.ledger.write() as connection:
        connection.execute(
            update(schema.letter).values(copies=json.dumps([FIRST, FIRST.upper(), SECOND]))
        )
    server = fault_server()
    frozen.send(server, limit=1)
    assert server.recipients == [FIRST, SECOND]


def test_the_letter_of_one_suppressed_by_the_contacts_id_is_withdrawn_as_it_would_leave(
    frozen: FrozenMailing, fault_server: Start
) -> None:
    server = fault_server()
    contact = "c1"
    tally = frozen.send(
        server, objection=lambda person, email: "objects" if person == contact else None
    )
    assert frozen.states == [State.WITHDRAWN, State.SENT]
    assert tally.counts == {State.WITHDRAWN: 1, State.SENT: 1}
    assert server.recipients == [SECOND]


def test_words_that_come_while_the_ledger_writes_are_no_answer_to_the_dot(
    frozen: FrozenMailing, fault_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = fault_server()
    spoken: list[str] = []
    write = Ledger.write

    def chatty(ledger: Ledger) -> object:
        if server.recipients and not spoken:
            spoken.append("421")
            server.sessions[-1]._reply(421, "4.3.2 shutting down")
        return write(ledger)

    monkeypatch.setattr(ledger_module.Ledger, "write", chatty)
    frozen.send(server, limit=1)
    assert spoken
    assert frozen.states[0] is State.DEFERRED
    assert server.copies.all == []
