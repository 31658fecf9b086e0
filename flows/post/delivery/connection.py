"""One connection and the letters that go over it, each outcome kept before the next dot."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from flows.errors import ConfigurationError
from flows.post.delivery.claims import Claim, Claims
from flows.post.delivery.connector import Connector
from flows.post.delivery.outcomes import Outcomes, SameRefusalError
from flows.post.delivery.rate import RateLimiter, Schedule
from flows.post.delivery.sending import AccountRefusedError, SendEvent, Sending, Stop
from flows.post.failpoints import passing
from flows.post.ledger.clock import now, parse, stamp
from flows.post.ledger.errors import LedgerUnavailableError, LostHoldError
from flows.post.ledger.transitions import DispatchRow, Transition
from flows.post.mailing.rehearsal import redirected
from flows.post.smtp.refusals import REMEDIES
from flows.post.smtp.session import HungUpError, Outcome, Session
from flows.post.states import State

_FAST = 0.005
"""Seconds. Where the server takes less for a letter, its outcome may be kept with the next letter's
handing over; where the server is slower, an extra commit costs nothing and leaves less uncertain.
"""
_LONG = 0.5
"""Seconds. After a wait longer than this an objection may have come in."""
_IDLE = 60.0
"""Seconds. Between letters further apart than this a connection is not kept open."""


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """What all connections of one worker share."""

    sending: Sending
    claims: Claims
    connector: Connector
    limiter: RateLimiter
    schedule: Schedule
    objection: Callable[[str, str], str | None]
    """Why this person, at this address, gets nothing; None: no reason."""
    outcomes: Outcomes
    stop: Stop


class Connection:
    """A connection that is opened when the first letter needs it."""

    def __init__(self, worker: WorkerContext) -> None:
        self._worker = worker
        self._session: Session | None = None
        self._slot: int | None = None
        """Its place among the connections that all workers may have open together."""
        self._handed_over: DispatchRow | None = None
        """The letter in hand, once the server may have it."""
        self._pending: Transition | None = None
        """An outcome that becomes durable before this connection's next dot or QUIT."""
        self._committing = 0.0
        """Seconds that the ledger took to keep the handing over of the letter in hand."""

    def run(self) -> None:
        """Send letter after letter until nothing is due or the run is over.

        What a person has to put right ends the run on every connection. Raises
        LedgerUnavailableError.
        """
        try:
            self._send_all()
        except ConfigurationError as error:
            self._worker.stop.end(error)
        finally:
            self._keep()

    def _send_all(self) -> None:
        claims = self._worker.claims
        # Connected before anything is claimed: where the server is away no row is touched.
        while self._ready() and (claim := claims.take()):
            self._handed_over = None
            try:
                attempted = self._attempt(claim)
            except (AccountRefusedError, SameRefusalError):
                raise  # this attempt is over, and written down
            except BaseException:
                if self._handed_over is None:
                    claims.give_back(claim)
                raise
            if not attempted:
                claims.give_back(claim)
                return

    def close(self) -> None:
        """Keep the last outcome, then QUIT."""
        try:
            self._keep()
        finally:
            if self._session:
                self._session.quit()
            if self._slot is not None:
                self._worker.connector.give_back(self._slot)
                self._slot = None

    def _attempt(self, claim: Claim) -> bool:
        """One attempt; False where not a word was said about this letter."""
        if self._withdrawn(claim):
            return True
        asked = time.monotonic()
        if not self._may_begin():
            return False
        if time.monotonic() - asked > _LONG and self._withdrawn(claim):
            return True
        content, recipients = self._content(claim)
        began, self._committing = time.monotonic(), 0.0
        try:
            outcome = self._deliver(claim, content, recipients)
        except LostHoldError as error:
            if hold := self._worker.claims.hold():
                self._worker.stop.end(str(hold))
                return False
            self._worker.outcomes.report(SendEvent(str(error), claim.dispatch.id))
            return True
        if outcome is None:
            return False
        # On a slow disk a second commit for each letter would be half of what the letter takes.
        taken = time.monotonic() - began - self._committing
        fast = taken < _FAST and not self._worker.limiter.interval
        try:
            self._end(self._handed_over or claim.dispatch, outcome)
        finally:
            if not (fast and outcome.state is State.SENT):
                self._keep()
        return True

    def _deliver(self, claim: Claim, content: bytes, recipients: tuple[str, ...]) -> Outcome | None:
        """One letter over the open connection, or over a new one where the server has hung up
        since the last letter; None where the run ends first."""
        assert self._session is not None
        sender = self._worker.sending.reverse_path(claim.dispatch.id)
        letter = sender, recipients, content
        before = partial(self._before_the_dot, claim.dispatch), partial(_need_unchanged, claim)
        try:
            return self._session.deliver(*letter, *before)
        except HungUpError:
            if not self._connected():
                return None
        return self._session.deliver(*letter, *before)

    def _withdrawn(self, claim: Claim) -> bool:
        """Whether the reader objects; then the letter is withdrawn here and now."""
        worker = self._worker
        reason = worker.objection(claim.person, claim.email) or worker.objection(claim.contact, "")
        if reason:
            withdrawal = Transition(claim.dispatch, State.WITHDRAWN, why=reason)
            self._write(withdrawal)
            worker.outcomes.add(withdrawal)
        return bool(reason)

    def _ready(self) -> bool:
        """Connected, where there is something to send; slow rates connect when it is time."""
        if self._worker.limiter.interval >= _IDLE or (self._session and self._session.open):
            return True
        return self._worker.claims.due() and self._connected()

    def _may_begin(self) -> bool:
        """Connected, and within the rate; False where the run ends first."""
        limiter, stop = self._worker.limiter, self._worker.stop
        if limiter.interval < _IDLE:
            return self._connected() and limiter.wait(stop)
        # No server keeps a connection open for that long.
        self.close()
        return limiter.wait(stop) and self._connected()

    def _connected(self) -> bool:
        if self._session and self._session.open:
            if not self._worker.connector.resting:
                return True
            self._keep()
            self._session.quit()
        self._keep()
        if self._slot is None:
            slot = self._worker.connector.slot()
            if isinstance(slot, str):
                return self._ended(slot)
            self._slot = slot
        opened = self._worker.connector.connect()
        if isinstance(opened, str):
            return self._ended(opened)
        self._session = opened
        return True

    def _ended(self, why: str) -> bool:
        """False, and the run is over where there is a reason."""
        if why:
            self._worker.stop.end(why)
        return False

    def _content(self, claim: Claim) -> tuple[bytes, tuple[str, ...]]:
        """The frozen bytes, and RCPT's addresses."""
        sending, dispatch, content = self._worker.sending, claim.dispatch, claim.content
        if (dispatch.email, dispatch.person) != (claim.email, claim.person):
            raise _changed(claim)
        if sending.redirect:
            _need_unchanged(claim)
            reader = f"{claim.name} <{dispatch.email}>"
            content = redirected(content, sending.redirect, reader, sending.rehearsal)
            return content, (sending.redirect,)
        copies = json.loads(claim.copies) if claim.copies != "[]" else ()
        wanted = [copy for copy in copies if not self._worker.objection("", copy)]
        archive = (sending.archive,) if sending.archive else ()
        once: dict[str, str] = {}
        for address in (claim.email, *wanted, *archive):
            once.setdefault(address.casefold(), address)
        return content, tuple(once.values())

    def _before_the_dot(self, dispatch: DispatchRow) -> None:
        began = time.monotonic()
        self._hand_over(dispatch)
        self._committing = time.monotonic() - began

    def _hand_over(self, dispatch: DispatchRow) -> None:
        """Make ``handing_over`` durable, together with this connection's last outcome."""
        claims = self._worker.claims
        handing_over = Transition(dispatch, State.HANDING_OVER, worker=claims.holder)
        if self._pending:
            try:
                self._handed_over = claims.write(self._pending, handing_over)
            except LostHoldError:
                self._keep()  # one of the two was taken from us: find out which
            else:
                self._pending = None
                passing("after-sent")
                return
        self._handed_over = claims.write(handing_over)

    def _end(self, dispatch: DispatchRow, outcome: Outcome) -> None:
        """Note an attempt's outcome; it is durable after ``_keep``, or with the next letter.

        Raises AccountRefusedError, SameRefusalError.
        """
        worker = self._worker
        self._keep()  # a letter that ended before its dot found the last one's outcome still here
        if outcome.state is State.READY:
            refused = self._account_refused(dispatch, outcome)
            worker.stop.end(refused)  # before another connection can claim this letter again
            self._pending = Transition(dispatch, State.READY, reply=outcome.reply)
            raise refused
        self._leave_alone(outcome)
        due, why, state = None, None, outcome.state
        if state is State.DEFERRED:
            moment = now()
            first = parse(dispatch.first_attempt_at) if dispatch.first_attempt_at else moment
            if worker.schedule.exhausted(first, moment):
                state, why = State.REFUSED, "temporary refusals for too many days"
            else:
                due = stamp(worker.schedule.next(dispatch.attempts + 1, moment))
        self._pending = Transition(
            dispatch, state, attempt=True, due_at=due, reply=outcome.reply, why=why
        )
        worker.outcomes.add(self._pending)

    def _account_refused(self, dispatch: DispatchRow, outcome: Outcome) -> AccountRefusedError:
        assert outcome.fault is not None
        return AccountRefusedError(
            f"{self._worker.connector.server.name} refuses the account, not the letter: "
            f"{outcome.reply}; {REMEDIES[outcome.fault]}; {dispatch.id} waits, and with it every "
            "letter that was not sent"
        )

    def _leave_alone(self, outcome: Outcome) -> None:
        connector = self._worker.connector
        if outcome.fault:  # later, for every letter: as long as this one waits
            pause = self._worker.schedule.minutes[0] * 60
            connector.leave_alone(f"{outcome.reply}; {REMEDIES[outcome.fault]}", pause)
        elif outcome.back_off:
            connector.back_off(f"the mail server: {outcome.reply}")
        else:
            connector.went_well()

    def _keep(self) -> None:
        """Make the last outcome durable."""
        if self._pending:
            outcome, self._pending = self._pending, None
            self._write(outcome)
            passing("after-sent")

    def _write(self, outcome: Transition) -> None:
        try:
            self._worker.claims.write(outcome)
        except LostHoldError as error:
            self._worker.claims.keep_late_answer(outcome)
            self._worker.outcomes.report(SendEvent(str(error), outcome.dispatch.id))
        except LedgerUnavailableError as error:
            raise LedgerUnavailableError(
                f"{error}; dispatch {outcome.dispatch.id} was answered: {outcome.reply} "
                "and will be shown as uncertain"
            ) from error


def _need_unchanged(claim: Claim) -> None:
    """Raise ConfigurationError where the letter's bytes are not those of its hash."""
    if hashlib.sha256(claim.content).hexdigest() != claim.sha256:
        raise _changed(claim)


def _changed(claim: Claim) -> ConfigurationError:
    return ConfigurationError(
        f"dispatch {claim.dispatch.id}: hash differs: its letter in the ledger is not the one "
        "that was frozen; it was not sent: find out who changed the ledger"
    )
