"""A mailing is frozen once: these letters, one hash, each person in one live mailing at most."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from flows.errors import ConfigurationError
from flows.people.contact import RejectedRow
from flows.post.ledger import schema
from flows.post.ledger.database import Ledger
from flows.post.ledger.errors import AlreadyLiveError
from flows.post.mailing import freezing, mailing
from flows.post.mailing.freezing import MailingIdentity
from flows.post.mailing.frozen_letter import FrozenLetter
from flows.post.resolution import withdraw
from flows.post.states import State
from tests.conftest import ROOT
from tests.unit.post.ledger_fixtures import (
    AT,
    approve,
    bring,
    freeze,
    history,
    letter,
    live,
    subject,
    verdict,
)

REFUSED = RejectedRow(
    "contacts/mps.csv", 7, "email", "is not an address", {"id": "x", "email": "x@"}
)


def kept(ledger: Ledger) -> dict[str, int]:
    """How many mailings, letters and dispatches the ledger holds."""
    tables = (schema.mailing, schema.letter, schema.dispatch)
    with ledger.read() as connection:
        return {
            one.name: connection.execute(select(func.count()).select_from(one)).scalar_one()
            for one in tables
        }


def test_letters_are_kept_as_they_were_given_in_their_order(ledger: Ledger) -> None:
    given = [letter("hague"), letter("warsi", content=b"\x00\xff by post", email="")]
    made = freeze(ledger, given)
    with ledger.read() as connection:
        rows = connection.execute(select(schema.letter).order_by(schema.letter.c.ordinal)).all()
    assert [(row.person, row.email, row.content) for row in rows] == [
        (one.person, one.email, one.content) for one in given
    ]
    assert made.letters == 2
    assert list(live(ledger).values()) == [State.READY] * 2


def test_a_mailing_says_what_it_was_made_of(ledger: Ledger) -> None:
    about = subject()
    made = freezing.freeze(ledger, about, "m", AT, [letter("hague"), REFUSED], [], ["warsi"])
    assert made == mailing.get(ledger, "m")
    assert made is not None
    assert (made.campaign, made.edition, made.as_of) == ("dialogue", 1, "2013-09-04")
    assert (made.sender, made.frozen_at, made.sources) == (about.sender, AT, about.sources)
    assert (made.refused, made.passed_over) == ((REFUSED,), ("warsi",))
    assert (made.approved_at, made.approved_by, made.approved_sources) == (None, "", None)
    assert [event["what"] for event in history(ledger) if event["what"]] == ["frozen"]


def test_a_long_mailing_is_stored_whole(ledger: Ledger) -> None:
    people = [f"reader{number}" for number in range(450)]
    made = freeze(ledger, people)
    assert made.letters == 450
    assert len(live(ledger, made.id)) == 450
    assert verdict(ledger).ok


@pytest.mark.parametrize(
    "change",
    [
        {"email": "w.hague@example.org"},
        {"content": b"Dear Mr Hague"},
        {"person": "another"},
        {"contact": "another"},
        {"message_id": "<another@example.org>"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_hash_tells_who_gets_what(ledger: Ledger, change: dict[str, Any]) -> None:
    hashes = set()
    for given in (letter("hague"), replace(letter("hague"), **change)):
        _discarded(ledger)
        made = freezing.freeze(ledger, subject(), "m", AT, [given])
        assert made
        hashes.add(made.hash)
    assert len(hashes) == 2


def _discarded(ledger: Ledger) -> None:
    """So that the same id can be frozen again."""
    with ledger.write() as connection:
        for table in ("dispatch", "letter", "mailing"):
            connection.exec_driver_sql(f"DELETE FROM {table}")


def test_the_hash_tells_the_order_and_the_bytes_alone_tell_the_hash(ledger: Ledger) -> None:
    hashes = []
    for people in (["hague", "warsi"], ["warsi", "hague"], ["hague", "warsi"]):
        _discarded(ledger)
        made = freezing.freeze(ledger, subject(), "m", AT, [letter(one) for one in people])
        assert made
        hashes.append(made.hash)
    assert hashes[0] == hashes[2] != hashes[1]


@pytest.mark.parametrize(
    "other",
    [
        subject(edition=2),
        subject("other"),
        subject(as_of=date(2013, 9, 5)),
        subject(sender="office@example.org"),
        subject(sources={"contacts/mps.csv": "c" * 64}),
        subject(settings='"UNA" <chair@example.org>\n'),
    ],
)
def test_a_mailing_of_anything_else_is_another_mailing(other: MailingIdentity) -> None:
    assert other.fingerprint != subject().fingerprint
    assert subject().fingerprint == subject().fingerprint


def test_the_same_again_is_found_and_not_frozen_a_second_time(ledger: Ledger) -> None:
    made = freeze(ledger, ["hague"])
    assert freezing.same(ledger, subject()) == made
    assert freezing.same(ledger, subject(edition=2)) is None


def test_the_same_is_found_as_long_as_anything_of_it_is_not_withdrawn(ledger: Ledger) -> None:
    made = freeze(ledger, ["hague", "warsi"])
    first, second = live(ledger, made.id)
    withdraw(ledger, first, by="E. Marchbank", why="has resigned")
    assert freezing.same(ledger, subject()) == made
    withdraw(ledger, second, by="E. Marchbank", why="so has she")
    assert freezing.same(ledger, subject()) is None
    again = freeze(ledger, ["hague", "warsi"])
    assert again.id == f"{made.id}-2"


def test_a_newer_mailing_supersedes_one_that_nobody_signed_off(ledger: Ledger) -> None:
    old = freeze(ledger, ["hague", "warsi"])
    new = freeze(ledger, ["hague", "green"], subject(as_of=date(2013, 9, 5)))
    assert list(live(ledger, old.id).values()) == [State.WITHDRAWN] * 2
    assert list(live(ledger, new.id).values()) == [State.READY] * 2
    why = {event["why"] for event in history(ledger) if event["new"] == "withdrawn"}
    assert why == {f"superseded by mailing {new.id}"}


@pytest.mark.parametrize("other", [subject("other"), subject(edition=2)])
def test_another_campaign_or_edition_supersedes_nothing(
    ledger: Ledger, other: MailingIdentity
) -> None:
    old = freeze(ledger, ["hague"])
    freeze(ledger, ["hague"], other)
    assert list(live(ledger, old.id).values()) == [State.READY]


def test_what_was_signed_off_is_not_superseded_and_its_people_not_written_to_twice(
    ledger: Ledger,
) -> None:
    signed = approve(ledger, freeze(ledger, ["hague", "warsi"]))
    before = history(ledger)
    later = subject(as_of=date(2013, 9, 5))
    with pytest.raises(AlreadyLiveError, match="dialogue, edition 1"):
        freeze(ledger, ["green", "warsi"], later)
    assert list(live(ledger).values()) == [State.READY] * 2
    assert history(ledger) == before
    assert mailing.every(ledger) == [signed]
    assert kept(ledger) == {"mailing": 1, "letter": 2, "dispatch": 2}
    assert freeze(ledger, ["green"], later).letters == 1


HOLDING = (State.READY, State.SENT, State.DEFERRED, State.UNCERTAIN, State.CLAIMED)
FREE = (State.WITHDRAWN, State.REFUSED)


@pytest.mark.parametrize("free", FREE)
@pytest.mark.parametrize("state", HOLDING)
def test_of_a_signed_off_mailing_everyone_but_who_was_withdrawn_or_refused_is_taken(
    ledger: Ledger, state: State, free: State
) -> None:
    made = approve(ledger, freeze(ledger, ["hague", "warsi"]))
    first, second = live(ledger, made.id)
    bring(ledger, first, state)
    bring(ledger, second, free)
    assert freezing.taken(ledger, "dialogue", 1) == {"hague"}
    assert freezing.live_persons(ledger, made.id) == {"hague"}
    assert freezing.taken(ledger, "dialogue", 2) == set()
    assert freezing.taken(ledger, "other", 1) == set()


def test_of_a_mailing_that_nobody_signed_off_only_who_had_the_letter_is_taken(
    ledger: Ledger,
) -> None:
    made = freeze(ledger, ["hague", "warsi"])
    bring(ledger, next(iter(live(ledger, made.id))), State.SENT)
    assert freezing.taken(ledger, "dialogue", 1) == {"hague"}


def test_a_rehearsal_takes_nobody(ledger: Ledger) -> None:
    made = freeze(ledger, ["hague"])
    with ledger.write() as connection:
        mailing.dispatch(connection, made.id, "dialogue", 1, rehearsal=1)
    bring(ledger, f"{made.id}:r1:1", State.SENT)
    assert freezing.taken(ledger, "dialogue", 1) == set()
    assert freeze(ledger, ["hague"], subject(as_of=date(2013, 9, 5))).letters == 1


def test_who_was_refused_can_have_a_corrected_letter_and_the_first_is_withdrawn(
    ledger: Ledger,
) -> None:
    made = approve(ledger, freeze(ledger, ["hague", "warsi"]))
    first, second = live(ledger, made.id)
    bring(ledger, first, State.REFUSED)
    bring(ledger, second, State.REFUSED)
    corrected = subject(sources={"contacts/mps.csv": "c" * 64})
    new = freeze(ledger, [letter("hague", email="w.hague@example.org")], corrected)
    assert list(live(ledger, new.id).values()) == [State.READY]
    assert list(live(ledger, made.id).values()) == [State.WITHDRAWN, State.REFUSED]
    assert history(ledger, first)[-1]["why"] == f"refused; written to again in mailing {new.id}"
    assert freezing.superseded(ledger, new) == ()


def test_what_was_superseded_and_who_is_no_longer_in_it_is_known(ledger: Ledger) -> None:
    old = freeze(ledger, ["hague", "warsi", "green"])
    new = freeze(ledger, ["hague", "lucas"], subject(as_of=date(2013, 9, 5)))
    assert freezing.superseded(ledger, new) == (
        freezing.Superseded(old.id, 3, ("Warsi MP", "Green MP")),
    )
    assert freezing.superseded(ledger, old) == ()


@pytest.mark.parametrize("letters", [[], [REFUSED, REFUSED]])
def test_without_one_letter_there_is_no_mailing(
    ledger: Ledger, letters: list[FrozenLetter | RejectedRow]
) -> None:
    assert freezing.freeze(ledger, subject(), "m", AT, letters) is None
    assert kept(ledger) == {"mailing": 0, "letter": 0, "dispatch": 0}
    assert history(ledger) == []


def test_a_fault_in_the_midst_of_the_letters_leaves_nothing_behind(ledger: Ledger) -> None:
    def letters() -> Iterator[FrozenLetter]:
        yield from (letter(f"reader{number}") for number in range(250))
        raise ConfigurationError("letter.docx: {{ nmae }} is not a name that letters know")

    with pytest.raises(ConfigurationError, match="nmae"):
        freezing.freeze(ledger, subject(), "m", AT, letters())
    assert kept(ledger) == {"mailing": 0, "letter": 0, "dispatch": 0}


def test_a_mailing_that_is_not_there_is_told_with_the_command_that_lists_them(
    ledger: Ledger,
) -> None:
    with pytest.raises(ConfigurationError, match=r"no mailing m; .* dear-minister status"):
        mailing.get(ledger, "m")


def test_mailings_are_listed_newest_first(ledger: Ledger) -> None:
    for number in (1, 2, 3):
        freezing.freeze(
            ledger, subject(edition=number), f"m{number}", AT.replace(hour=number), [letter("p")]
        )
    assert [one.id for one in mailing.every(ledger)] == ["m3", "m2", "m1"]


KILLED = """
import os, signal, sys
from flows.post.mailing import freezing, mailing
from flows.post.ledger.opening import open_ledger
from tests.unit.post.ledger_fixtures import AT, letter, subject

def letters():
    yield from (letter(f"reader{number}") for number in range(250))
    os.kill(os.getpid(), signal.SIGKILL)

freezing.freeze(open_ledger(sys.argv[1]), subject(), "m", AT, letters())
"""


def test_what_a_kill_left_half_frozen_is_no_mailing_and_gives_way_to_the_whole_one(
    ledger: Ledger,
) -> None:
    url = str(ledger.url)
    ended = subprocess.run([sys.executable, "-c", KILLED, url], cwd=ROOT, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert kept(ledger) == {"mailing": 1, "letter": 200, "dispatch": 0}
    assert mailing.every(ledger) == []
    assert freezing.same(ledger, subject()) is None
    with pytest.raises(ConfigurationError, match="no mailing"):
        mailing.get(ledger, "m")
    made = freezing.freeze(ledger, subject(), "m", AT, [letter("hague"), letter("warsi")])
    assert made is not None
    assert made.letters == 2
    assert kept(ledger) == {"mailing": 1, "letter": 2, "dispatch": 2}
    assert verdict(ledger).ok


class Slow:
    """Letters of which the second is not there before ``go`` is set."""

    def __init__(self, *people: str) -> None:
        self.people = people
        self.began, self.go = threading.Event(), threading.Event()

    def __iter__(self) -> Iterator[FrozenLetter]:
        for number, person in enumerate(self.people):
            if number:
                self.began.set()
                assert self.go.wait(30)
            yield letter(person)


@pytest.fixture
def in_a_thread() -> Iterator[Callable[..., Any]]:
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit


def test_a_mailing_that_is_being_frozen_is_left_to_whoever_does(
    ledger: Ledger, in_a_thread: Callable[..., Any]
) -> None:
    slow = Slow("hague", "warsi")
    first = in_a_thread(freezing.freeze, ledger, subject(), "m", AT, slow)
    assert slow.began.wait(30)
    with pytest.raises(ConfigurationError, match="being frozen by another run"):
        freezing.freeze(ledger, subject(), "m", AT, [letter("hague")])
    slow.go.set()
    assert first.result(30).letters == 2
    with pytest.raises(ConfigurationError, match="dear-minister status"):
        freezing.freeze(ledger, subject(), "m", AT, [letter("hague")])
    assert mailing.get(ledger, "m").letters == 2


def test_of_two_mailings_frozen_at_once_each_person_is_in_one(
    ledger: Ledger, in_a_thread: Callable[..., Any]
) -> None:
    slow = Slow("hague", "warsi")
    first = in_a_thread(freezing.freeze, ledger, subject(), "first", AT, slow)
    assert slow.began.wait(30)
    approve(ledger, freeze(ledger, ["warsi"], subject(as_of=date(2013, 9, 5))))
    slow.go.set()
    with pytest.raises(AlreadyLiveError, match="prepare again"):
        first.result(30)
    assert list(live(ledger).values()) == [State.READY]
    assert kept(ledger) == {"mailing": 1, "letter": 1, "dispatch": 1}
    assert verdict(ledger).ok


def test_an_id_tells_campaign_and_edition_and_never_comes_twice(ledger: Ledger) -> None:
    about = subject(edition=3)
    assert freezing.new_id(ledger, about) == f"dialogue-3-{about.fingerprint[:8]}"
    freeze(ledger, ["hague"], about)
    assert freezing.new_id(ledger, about) == f"dialogue-3-{about.fingerprint[:8]}-2"
    assert freezing.new_id(ledger, replace(about, edition=4)).startswith("dialogue-4-")
