"""Whoever reads the ledger while letters are sent sees one moment of it, on either database."""

from sqlalchemy import func, select

from flows.post.ledger import schema
from flows.post.mailing import rehearsal
from flows.post.mailing.mailing import get
from tests.integration.faults.frozen_mailing import FrozenMailing


def test_a_reader_sees_nothing_of_what_is_written_meanwhile(ledger_url: str) -> None:
    frozen = FrozenMailing(ledger_url, ["reader@example.org"])
    dispatches = select(func.count()).select_from(schema.dispatch)
    with frozen.ledger.read() as connection:
        before = connection.execute(dispatches).scalar_one()
        rehearsal.begin(frozen.ledger, get(frozen.ledger, frozen.mailing))
        assert connection.execute(dispatches).scalar_one() == before
    with frozen.ledger.read() as connection:
        assert connection.execute(dispatches).scalar_one() == before + 1
    frozen.ledger.close()
