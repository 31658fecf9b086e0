"""Any order of what can happen to a ledger: hypothesis chooses, the server's copies are the oracle.

Senders are processes that stop at a chosen moment of the dialogue and are then killed or go on;
between these, mailings are prepared again, signed off, recovered, settled and withdrawn.
"""

import itertools
import os
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.process import BaseProcess

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import Phase as Stage
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from flows.errors import ConfigurationError
from flows.post import resolution
from flows.post.ledger import schema, workers
from flows.post.ledger.opening import open_ledger
from flows.post.mailing import approval, freezing
from flows.post.mailing import mailing as mailings
from flows.post.states import TRANSITIONS, State
from tests.integration.faults import frozen_mailing, worker_process
from tests.integration.faults.frozen_mailing import Row
from tests.servers.copies import Copy
from tests.servers.fault import FaultServer
from tests.servers.script import Action, Answer, Drop, Moment, Phase, Rule, Stall, once, script

pytestmark = pytest.mark.minutes

READERS = [f"reader{n}@example.org" for n in range(1, 6)]
FAULTS: dict[str, Rule | None] = {
    "none": None,
    "lost at MAIL": once(Phase.MAIL, Drop()),
    "greylisted": once(Phase.RCPT, Answer(450, ("4.7.1 later",)), to=READERS[0]),
    "no such reader": once(Phase.RCPT, Answer(550, ("5.1.1 nobody",)), to=READERS[1]),
    "busy at the dot": once(Phase.DOT, Answer(451, ("4.3.0 busy",)), to=READERS[2]),
    "spam": once(Phase.DOT, Answer(554, ("5.7.1 spam",)), to=READERS[3]),
    "lost before storing": once(Phase.DOT, Drop(), to=READERS[0]),
    "lost after storing": once(Phase.STORED, Drop(), to=READERS[1]),
    "lost after the answer": once(Phase.ANSWERED, Drop(), to=READERS[2]),
}
STOPS = [
    Phase.GREETING,
    Phase.MAIL,
    Phase.RCPT,
    Phase.DATA,
    Phase.BODY,
    Phase.DOT,
    Phase.STORED,
    Phase.ANSWERED,
    Phase.QUIT,
]
_numbers = itertools.count()


@dataclass
class Worker:
    """A sender, stopped at a moment of its dialogue or gone."""

    process: BaseProcess
    server: FaultServer
    go_on: threading.Event

    def end(self) -> None:
        self.server.close()


class Post(RuleBasedStateMachine):
    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.campaign = f"order{next(_numbers)}"
        self.ledger = open_ledger(self.url)
        self.mailings: list[str] = []
        self.workers: list[Worker] = []
        self.copies: list[Copy] = []
        self.resent: Counter[str] = Counter()
        """By dispatch: how often a person had it sent again."""
        self.believed: set[str] = set()
        """Dispatches that a person says went; the oracle need not agree."""

    @initialize()
    def prepare(self) -> None:
        self._freeze()

    @precondition(lambda self: len(self.mailings) < 3)
    @rule()
    def prepare_again(self) -> None:
        """Something was edited: whoever has no letter of this edition yet gets the new one."""
        self._freeze()

    def _freeze(self) -> None:
        taken = freezing.taken(self.ledger, self.campaign, 1)
        emails = {f"p{n}": email for n, email in enumerate(READERS, 1) if f"p{n}" not in taken}
        if emails:
            mark = f"m{len(self.mailings)}.{self.campaign}"
            self.mailings.append(
                frozen_mailing.freeze(
                    self.ledger,
                    list(emails.values()),
                    persons=list(emails),
                    campaign=self.campaign,
                    mark=mark,
                    signed_off=False,
                )
            )

    @rule()
    def sign_off(self) -> None:
        found = mailings.get(self.ledger, self.mailings[-1])
        with suppress(ConfigurationError):  # withdrawn to the last letter
            approval.approve(self.ledger, found.id, by="The Chair", digest=found.hash, sources={})

    @precondition(lambda self: len(self.workers) < 3)
    @rule(
        fault=st.sampled_from(sorted(FAULTS)),
        stop=st.sampled_from(STOPS),
        nth=st.integers(1, 3),
        which=st.integers(0, 2),
    )
    def send(self, fault: str, stop: Phase, nth: int, which: int) -> None:
        """Start a sender and let it come to its stop, or to its end.

        It has one connection, so that nothing moves while it is stopped.
        """
        go_on, reached = threading.Event(), threading.Event()
        stall = Stall(go_on, reached)
        follow = script([rule] if (rule := FAULTS[fault]) else [])
        passed = itertools.count(1)

        def decide(moment: Moment) -> Action | None:
            if moment.phase is stop and next(passed) == nth:
                return stall
            return follow(moment)

        server = FaultServer(decide)
        server.__enter__()
        mailing = self.mailings[which % len(self.mailings)]
        process = worker_process.start(self.url, mailing, server.port)
        self.workers.append(Worker(process, server, go_on))
        while not reached.wait(0.01) and process.is_alive():
            pass
        if not process.is_alive():
            self._gone(self.workers[-1])

    @precondition(lambda self: self.workers)
    @rule(which=st.integers(0, 2))
    def crash(self, which: int) -> None:
        one = self.workers[which % len(self.workers)]
        worker_process.kill(one.process)
        self._gone(one)

    @precondition(lambda self: self.workers)
    @rule(which=st.integers(0, 2))
    def go_on(self, which: int) -> None:
        one = self.workers[which % len(self.workers)]
        one.go_on.set()
        one.process.join(30)
        assert not one.process.is_alive(), "a sender hangs"
        assert one.process.exitcode == 0
        self._gone(one)

    def _gone(self, one: Worker) -> None:
        one.go_on.set()
        one.server.wait_idle()
        one.server.close()
        self.copies += one.server.copies.all
        self.workers.remove(one)

    @rule()
    def recover(self) -> None:
        workers.recover(self.ledger)

    @rule(number=st.integers(0, 20), sent=st.booleans())
    def settle(self, number: int, sent: bool) -> None:
        """A person says what became of a letter; only an uncertain one can be settled."""
        row = self._row(number)
        answer = "sent" if sent else "resend"
        with suppress(ConfigurationError):
            resolution.resolve(self.ledger, row.id, answer=answer, by="The Chair", why="looked")
            if sent:
                self.believed.add(row.id)
            else:
                self.resent[row.id] += 1

    @rule(number=st.integers(0, 20))
    def withdraw(self, number: int) -> None:
        with suppress(ConfigurationError):
            resolution.withdraw(self.ledger, self._row(number).id, by="The Chair", why="asked to")

    def _row(self, number: int) -> Row:
        rows = [row for one in self.mailings for row in frozen_mailing.rows(self.ledger, one)]
        return rows[number % len(rows)]

    @invariant()
    def the_ledger_and_the_copies_agree(self) -> None:
        if not self.mailings:
            return
        copies = self.copies + [copy for one in self.workers for copy in one.server.copies.all]
        allowed = Counter(dict.fromkeys(READERS, 1))
        for mailing in self.mailings:
            rows = frozen_mailing.rows(self.ledger, mailing)
            mine = {row.message_id for row in rows}
            for row in rows:
                allowed[row.email] += self.resent[row.id]
            frozen_mailing.check(
                self.ledger,
                mailing,
                [copy for copy in copies if copy.message_id in mine],
                resent=self.resent,
                believed=self.believed,
            )
        for reader, n in Counter(copy.recipient for copy in copies).items():
            assert n <= allowed[reader], f"{reader} has {n} letters of one edition"

    def teardown(self) -> None:
        """Whatever was left: everything under way comes to an end, and the sums are right."""
        for one in list(self.workers):
            worker_process.kill(one.process)
            self._gone(one)
        for mailing in self.mailings:
            with FaultServer() as server:
                process = worker_process.start(self.url, mailing, server.port)
                process.join(30)
                assert process.exitcode in (0, worker_process.REFUSED)
            self.copies += server.copies.all
            states = {row.state for row in frozen_mailing.rows(self.ledger, mailing)}
            if mailings.get(self.ledger, mailing).approved_at:
                assert not states & {State.READY, State.CLAIMED, State.HANDING_OVER}
            else:
                assert states <= {State.READY, State.WITHDRAWN}
        self.the_ledger_and_the_copies_agree()
        moved = select(schema.event.c.old, schema.event.c.new).where(
            schema.event.c.old.is_not(None)
        )
        with self.ledger.read() as connection:
            for old, new in connection.execute(moved.distinct()):
                assert State(new) in TRANSITIONS[State(old)], f"{old} to {new} is not in the table"
        self.ledger.close()


def test_whatever_happens_in_whatever_order_the_promise_holds(ledger_url: str) -> None:
    open_ledger(ledger_url).close()
    machine = type("PostOn", (Post,), {"url": ledger_url})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=int(os.environ.get("DEAR_MINISTER_EXAMPLES", "12")),
            stateful_step_count=12,
            deadline=None,
            # An example costs real processes: a shrunk one is found by hand sooner.
            phases=[Stage.explicit, Stage.reuse, Stage.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
