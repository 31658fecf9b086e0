"""One connection and the letters that go over it, each outcome kept before the next dot."""

import hashlib
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from flows.errors import ConfigurationError
from flows.post.delivery.claims import Claim, Claims
from flows.post.delivery.connector import Connector
from flows.post.delivery.rate import RateLimiter, Schedule
from flows.post.delivery.sending import SendEvent, Sending
from flows.post.failpoints import passing
from flows.post.ledger import events, transitions
from flows.post.ledger.clock import now, parse, stamp
from flows.post.ledger.database import Ledger
from flows.post.ledger.errors import LedgerUnavailableError, LostHoldError
from flows.post.ledger.group_commit import GroupCommit
from flows.post.mailing.rehearsal import redirected
from flows.post.smtp.reply import Reply
from flows.post.smtp.session import Outcome, Session
from flows.post.states import State

_SWIFT = 0.005
"""Seconds. Where a letter takes less, its outcome may be kept with the next letter's handing
over; where the server is slower, an extra commit costs nothing and leaves less uncertain."""


_LONG = 0.5
"""Seconds. After a wait longer than this an objection may have come in."""
_IDLE = 60.0
"""Seconds. Between letters further apart than this a connection is not kept open."""


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """What all connections of one worker share."""

    ledger: Ledger
    journal: GroupCommit
    worker: str
    sending: Sending
    claims: Claims
    approach: Connector
    pace: RateLimiter
    schedule: Schedule
    suppressed: Callable[[str, str], str | None]
    settled: Callable[[transitions.Transition], None]
    """Hears every attempt's end."""
    report: Callable[[SendEvent], None]
    give_up: Callable[[str], None]
    """Ends the run on every connection, with the reason."""
    stop: threading.Event
    over: Callable[[], bool]


class Connection:
    """A connection that is opened when the first letter needs it."""

    def __init__(self, desk: WorkerContext) -> None:
        self._desk = desk
        self._session: Session | None = None
        self._handed_over: transitions.DispatchRow | None = None
        """The letter in hand, once the server may have it."""
        self._pending: transitions.Transition | None = None
        """An outcome that becomes durable before this connection's next dot or QUIT."""

    def run(self) -> None:
        """Letter after letter until nothing is due or the run is over."""
        claims = self._desk.claims
        try:
            # Connected before anything is claimed: where the server is away no row is touched.
            while self._ready() and (claim := claims.take()):
                self._handed_over = None
                try:
                    attempted = self._attempt(claim)
                except BaseException:
                    if self._handed_over is None:
                        claims.give_back(claim)
                    raise
                if not attempted:
                    claims.give_back(claim)
                    break
        finally:
            self._keep()

    def close(self) -> None:
        """Keep the last outcome, then QUIT."""
        self._keep()
        if self._session:
            self._session.quit()

    def _attempt(self, claim: Claim) -> bool:
        """One attempt; False where not a word was said about this letter."""
        desk, dispatch = self._desk, claim.dispatch
        if self._suppressed(claim):
            return True
        asked = time.monotonic()
        if not self._may_begin():
            return False
        if time.monotonic() - asked > _LONG and self._suppressed(claim):
            return True
        content, recipients = self._content(claim)
        assert self._session is not None
        began = time.monotonic()
        try:
            outcome = self._session.deliver(
                desk.sending.reverse_path(dispatch.id),
                recipients,
                content,
                lambda: self._hand_over(dispatch),
            )
        except LostHoldError as error:
            if hold := desk.claims.hold():
                desk.give_up(str(hold))
                return False
            desk.report(SendEvent(str(error), dispatch.id))
            return True
        self._end(self._handed_over or dispatch, outcome)
        swift = time.monotonic() - began < _SWIFT and not desk.pace.interval
        if not (swift and outcome.state is State.SENT):
            self._keep()
        return True

    def _suppressed(self, claim: Claim) -> bool:
        """Whether the reader objects; then the letter is withdrawn here and now."""
        desk = self._desk
        reason = desk.suppressed(claim.person, claim.email) or desk.suppressed(claim.contact, "")
        if reason:
            move = transitions.Transition(claim.dispatch, State.WITHDRAWN, why=reason)
            self._move(move)
            desk.settled(move)
        return bool(reason)

    def _ready(self) -> bool:
        """Connected, where there is something to send; slow rates connect when it is time."""
        if self._desk.pace.interval >= _IDLE or (self._session and self._session.open):
            return True
        return self._desk.claims.due() and self._connected()

    def _may_begin(self) -> bool:
        """Connected, and this letter's turn come; False where the run ends first."""
        pace, stop = self._desk.pace, self._desk.stop
        if pace.interval < _IDLE:
            return self._connected() and pace.wait(stop)
        # No server keeps a connection open for that long.
        self.close()
        return pace.wait(stop) and self._connected()

    def _connected(self) -> bool:
        if self._session and self._session.open:
            return True
        self._keep()
        opened = self._desk.approach.connect(self._desk.over)
        if isinstance(opened, str):
            if opened:
                self._desk.give_up(opened)
            return False
        self._session = opened
        return True

    def _content(self, claim: Claim) -> tuple[bytes, tuple[str, ...]]:
        """The frozen bytes, checked against their hash, and RCPT's addresses."""
        sending, dispatch, content = self._desk.sending, claim.dispatch, claim.content
        same = (dispatch.email, dispatch.person) == (claim.email, claim.person)
        if not same or hashlib.sha256(content).hexdigest() != claim.sha256:
            raise ConfigurationError(
                f"dispatch {dispatch.id}: hash differs: its letter in the ledger is not the one "
                "that was frozen; it was not sent: find out who changed the ledger"
            )
        if sending.redirect:
            reader = f"{claim.name} <{dispatch.email}>"
            content = redirected(content, sending.redirect, reader, sending.rehearsal)
            return content, (sending.redirect,)
        copies = [one for one in json.loads(claim.copies) if not self._desk.suppressed("", one)]
        archive = (sending.archive,) if sending.archive else ()
        once: dict[str, str] = {}
        for address in (claim.email, *copies, *archive):
            once.setdefault(address.casefold(), address)
        return content, tuple(once.values())

    def _hand_over(self, dispatch: transitions.DispatchRow) -> None:
        """Make ``handing_over`` durable, together with this connection's last outcome."""
        move = transitions.Transition(dispatch, State.HANDING_OVER, worker=self._desk.worker)
        if self._pending:
            try:
                self._handed_over = self._write(self._pending, move)
            except LostHoldError:
                self._keep()  # one of the two was taken from us: find out which
            else:
                self._pending = None
                passing("after-sent")
                return
        self._handed_over = self._write(move)

    def _write(self, *made: transitions.Transition) -> transitions.DispatchRow:
        return self._desk.journal.apply(*made)[-1]

    def _end(self, dispatch: transitions.DispatchRow, outcome: Outcome) -> None:
        desk = self._desk
        self._keep()  # a letter that ended before its dot found the last one's outcome still here
        state, due, why = outcome.state, None, None
        if outcome.back_off:
            desk.approach.back_off(f"the mail server: {outcome.reply}")
        else:
            desk.approach.went_well()
        if state is State.DEFERRED:
            moment = now()
            first = parse(dispatch.first_attempt_at) if dispatch.first_attempt_at else moment
            if desk.schedule.exhausted(first, moment):
                state, why = State.REFUSED, "temporary refusals for too many days"
            else:
                due = stamp(desk.schedule.next(dispatch.attempts + 1, moment))
        self._pending = transitions.Transition(
            dispatch, state, attempt=True, due_at=due, reply=outcome.reply, why=why
        )
        desk.settled(self._pending)

    def _keep(self) -> None:
        """Make the last outcome durable."""
        if self._pending:
            move, self._pending = self._pending, None
            self._move(move)
            passing("after-sent")

    def _move(self, move: transitions.Transition) -> None:
        try:
            self._write(move)
        except LostHoldError as error:
            self._late(move)
            self._desk.report(SendEvent(str(error), move.dispatch.id))
        except LedgerUnavailableError as error:
            raise LedgerUnavailableError(
                f"{error}; dispatch {move.dispatch.id} was answered: {move.reply} "
                "and will be shown as uncertain"
            ) from error

    def _late(self, move: transitions.Transition) -> None:
        """The answer to a letter that was meanwhile taken from us: kept for whoever settles it."""
        reply = move.reply or Reply(0, "")
        entry = {
            "at": stamp(now()),
            "mailing": move.dispatch.mailing,
            "dispatch": move.dispatch.id,
            "what": f"late answer: {move.new}",
            "worker": self._desk.worker,
            "code": reply.code or None,
            "enhanced": reply.enhanced,
            "text": reply.text,
            "queue_id": reply.queue_id,
        }
        with self._desk.ledger.write() as connection:
            events.append(connection, [entry])
