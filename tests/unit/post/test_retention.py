"""Personal data leave the ledger for good, it still verifies, and nobody is written to again."""

import json
import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from flows.errors import ConfigurationError
from flows.people.contact import RejectedRow
from flows.post import audit, retention
from flows.post.ledger import schema
from flows.post.ledger.database import Ledger
from flows.post.ledger.errors import AlreadyLiveError
from flows.post.ledger.events import Verdict
from flows.post.ledger.opening import open_ledger
from flows.post.mailing import approval, freezing, mailing, rehearsal
from flows.post.mailing.mailing import Mailing
from flows.post.mailing.paper import letters as on_paper
from flows.post.mailing.paper import waiting
from flows.post.resolution import withdraw
from flows.post.smtp.reply import Reply
from flows.post.states import State
from flows.post.status import status
from tests.unit.post.ledger_fixtures import SOURCES, approve, bring, freeze, letter, live, subject

WHO = {"by": "E. Marchbank", "why": "asked to be forgotten"}
SECRETS = ("hague", "Hague", "warsi", "Warsi")


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_server").fresh()
    opened = open_ledger(url)
    yield opened
    opened.close()


@pytest.fixture
def sent(ledger: Ledger) -> Mailing:
    """Three letters: one sent, one refused in words that name its reader, one still to go."""
    row = RejectedRow("c.csv", 7, "email", "warsi: no", {"id": "x", "email": "warsi@example.org"})
    people = [letter("hague", copies=("hague.office@example.org",)), "warsi", "green", row]
    made = approve(ledger, freeze(ledger, people))
    hague, warsi, _ = live(ledger, made.id)
    bring(ledger, hague, State.SENT, Reply(250, "2.0.0 queued for hague@example.org"))
    bring(ledger, warsi, State.REFUSED, Reply(550, "5.1.1 <warsi@example.org> unknown"))
    rehearsal.begin(ledger, made)
    return made


def verdict(ledger: Ledger) -> Verdict:
    with ledger.read() as connection:
        return audit.verify(connection)


def everything(ledger: Ledger) -> str:
    """Every value of every table, as text."""
    with ledger.read() as connection:
        return "\n".join(
            repr(tuple(row))
            for table in schema.metadata.sorted_tables
            for row in connection.execute(select(table))
        )


def test_one_person_is_gone_from_every_table_and_the_log_verifies(
    ledger: Ledger, sent: Mailing
) -> None:
    done = retention.forget_person(ledger, "hague", **WHO)
    assert done.letters == ((sent.id, 1),)
    kept = everything(ledger)
    assert "ague" not in kept
    assert "warsi" in kept
    assert verdict(ledger).ok, verdict(ledger)
    first = next(one for one in status(ledger, sent.id).dispatches if one.id.endswith(":1"))
    assert (first.state, first.code, first.name) == (State.SENT, 250, retention.NAME)
    assert len(first.sha256) == 64
    retention.forget_person(ledger, "warsi-mp", **WHO)
    assert "arsi" not in everything(ledger)
    assert verdict(ledger).ok


def test_a_person_is_gone_from_mailings_too_in_which_they_have_no_letter(
    ledger: Ledger, sent: Mailing
) -> None:
    rows = (
        RejectedRow("c.csv", 2, "email", "no", {"id": "hague-2", "person": "hague", "name": "H"}),
        RejectedRow("c.csv", 3, "email", "no", {"id": "lucas", "name": "Caroline Lucas"}),
    )
    other = freeze(ledger, ["clwyd", *rows], subject(edition=2), passed_over=("hague", "begg"))
    done = retention.forget_person(ledger, "hague", **WHO)
    assert done.mailings == (sent.id,)
    assert "ague" not in everything(ledger)
    assert verdict(ledger).ok, verdict(ledger)
    found = mailing.get(ledger, other.id)
    assert [row.cells["id"] for row in found.refused] == ["lucas"]
    assert (len(found.passed_over), found.passed_over[1]) == (2, "begg")
    assert found.hash == other.hash
    retention.forget_person(ledger, "lucas", **WHO)  # who has no letter at all
    assert "ucas" not in everything(ledger)
    assert verdict(ledger).ok
    with pytest.raises(retention.NothingKeptError):
        retention.forget_person(ledger, "lucas", **WHO)


def test_what_is_left_of_the_mailing_is_still_signed_off_and_can_be_sent(
    ledger: Ledger, sent: Mailing
) -> None:
    retention.forget_person(ledger, "hague", **WHO)
    found = mailing.get(ledger, sent.id)
    assert found.hash == sent.hash
    assert approval.need_signed_off(ledger, found, lambda: SOURCES) == []
    assert rehearsal.begin(ledger, found) == 1
    assert list(waiting(ledger, sent.id)) == []
    assert list(on_paper(ledger, sent.id, range(1, sent.letters + 1))) == []


def test_a_letter_withdrawn_since_the_pack_was_begun_is_not_printed(ledger: Ledger) -> None:
    about = {"name": "A", "family": "", "postcode": "", "lines": ["A"], "salutation": "Dear A"}
    told = json.dumps({**about, "close": "Yours", "postal": ["London"]})
    people = ("hague", "warsi", "green")
    made = freeze(ledger, [letter(one, email="", paper=True, reader=told) for one in people])
    numbers = [number for number, _, _ in waiting(ledger, made.id)]
    begun = on_paper(ledger, made.id, reversed(numbers))
    withdraw(ledger, f"{made.id}:2", **WHO)
    assert [one.reader.contact.person for one in begun] == ["green", "hague"]


def test_the_forgotten_reader_is_not_written_to_again(ledger: Ledger, sent: Mailing) -> None:
    retention.forget_person(ledger, "hague", **WHO)
    taken = freezing.taken(ledger, "dialogue", 1)
    assert "hague" in taken
    assert "green" in taken
    assert "lucas" not in taken
    with pytest.raises(AlreadyLiveError, match="before their data was forgotten"):
        freeze(ledger, ["hague"], subject(as_of=date(2013, 9, 5)))
    assert freeze(ledger, ["hague"], subject(edition=2)).letters == 1


def test_a_letter_that_is_not_at_its_end_is_not_forgotten(ledger: Ledger, sent: Mailing) -> None:
    before = everything(ledger)
    with pytest.raises(
        ConfigurationError, match=r"is ready; nothing was forgotten: first .*withdraw"
    ):
        retention.forget_person(ledger, "green", **WHO)
    with pytest.raises(ConfigurationError, match="no letter of the ledger is to nobody"):
        retention.forget_person(ledger, "nobody", **WHO)
    with pytest.raises(ConfigurationError, match=f"not at their end: {sent.id}"):
        retention.forget_before(ledger, date(2099, 1, 1), **WHO)
    assert everything(ledger) == before


def test_old_mailings_are_forgotten_whole(ledger: Ledger, sent: Mailing) -> None:
    withdraw(ledger, sent.id, **WHO)
    young = freeze(ledger, ["lucas"], subject(edition=2))
    with ledger.write() as connection:
        connection.execute(
            update(schema.mailing)
            .where(schema.mailing.c.id == young.id)
            .values(frozen_at="2099-01-01T00:00:00.000000Z")
        )
    with pytest.raises(ConfigurationError, match="no mailing from before 2000-01-01"):
        retention.forget_before(ledger, date(2000, 1, 1), **WHO)
    done = retention.forget_before(ledger, date(2098, 1, 1), **WHO)
    assert done.letters == ((sent.id, 1), (sent.id, 2), (sent.id, 3))
    kept = everything(ledger)
    assert not any(word in kept for word in (*SECRETS, "green"))
    assert "lucas" in kept


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE letter SET forgotten = NULL WHERE ordinal = 1",
        "UPDATE letter SET forgotten = 3 WHERE ordinal = 2",
        "UPDATE letter SET name = 'Another' WHERE ordinal = 1",
        "UPDATE letter SET sha256 = 'f' WHERE ordinal = 1",
        "UPDATE dispatch SET person = 'forgotten:0' WHERE ordinal = 1 AND rehearsal = 0",
        "UPDATE event SET code = 251 WHERE forgotten IS NOT NULL AND code = 250",
        "UPDATE event SET forgotten = NULL WHERE forgotten IS NOT NULL",
        "UPDATE ledger SET salt = 'x'",
    ],
)
def test_what_remains_cannot_be_changed_unseen(ledger: Ledger, sent: Mailing, change: str) -> None:
    retention.forget_person(ledger, "hague", **WHO)
    with ledger.write() as connection:
        assert connection.execute(text(change)).rowcount
    assert not verdict(ledger).ok


def test_the_file_itself_holds_nothing_of_the_person(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger = open_ledger(f"sqlite:///{path}")
    made = approve(ledger, freeze(ledger, ["hague", "warsi"]))
    for dispatch in live(ledger, made.id):
        bring(ledger, dispatch, State.SENT, Reply(250, f"2.0.0 queued for {dispatch}"))
    assert b"hague@example.org" in contents(tmp_path)
    retention.forget_person(ledger, "hague", **WHO)
    ledger.compact()
    assert b"hague" not in contents(tmp_path)
    assert b"warsi@example.org" in contents(tmp_path)
    assert verdict(ledger).ok
    ledger.close()
    with sqlite3.connect(path) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def contents(folder: Path) -> bytes:
    return b"".join(
        path.read_bytes() for path in sorted(folder.rglob("ledger.db*")) if path.is_file()
    )
