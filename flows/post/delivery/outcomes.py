"""What attempts came to: counted, reported, and watched for one refusal that meets every reader."""

import threading
from collections import Counter
from collections.abc import Callable

from sqlalchemy import select

from flows.errors import ConfigurationError
from flows.post.delivery.sending import SAME_REFUSALS, SendEvent
from flows.post.ledger import schema
from flows.post.ledger.database import Ledger
from flows.post.ledger.transitions import Transition
from flows.post.smtp.refusals import Concern, meaning, same_words
from flows.post.smtp.reply import Reply, before_dot
from flows.post.states import State

_D = schema.dispatch.c
_LINES = 3
"""Letters of one state and the same words that are reported one by one."""


class SameRefusalError(ConfigurationError):
    """The same words refused several readers in a row. The run stops; a person decides."""


class Outcomes:
    """One worker's outcomes, from all its connections."""

    def __init__(
        self, mailing: str, report: Callable[[SendEvent], None], same_refusals: int = SAME_REFUSALS
    ) -> None:
        """``same_refusals`` 0: however often the same words come, the run goes on."""
        self.report = report
        self.total = 0
        """Letters that came to an end since this was made."""
        self._mailing = mailing
        self._same_refusals = same_refusals
        self._lock = threading.Lock()
        self._counts: Counter[State] = Counter()
        self._words, self._in_a_row = "", 0
        self._kinds: Counter[tuple[State, str]] = Counter()

    def begin(self) -> None:
        """Count from nothing: a new run."""
        self._counts.clear()

    @property
    def counts(self) -> dict[State, int]:
        """Letters of this run by the state their attempt led to."""
        return dict(self._counts)

    def add(self, ended: Transition) -> None:
        """Count and report an attempt's end.

        Raises SameRefusalError where the same refusal has met too many readers in a row.
        """
        with self._lock:
            self._counts[ended.new] += 1
            self.total += 1
            repeated = self._repeated(ended)
            counted = ended.new is not State.SENT and self._one_of_many(ended)
        text = str(ended.reply or ended.why or "")
        self.report(SendEvent(text, ended.dispatch.id, ended.new, counted))
        if repeated:
            raise SameRefusalError(question(self._mailing, repeated, text))

    def _one_of_many(self, ended: Transition) -> bool:
        words = same_words(ended.reply) if ended.reply else str(ended.why or "")
        self._kinds[ended.new, words] += 1
        return self._kinds[ended.new, words] > _LINES

    def close(self) -> None:
        """Report how many more there were of what was reported line by line at first."""
        for (state, words), number in self._kinds.items():
            if number > _LINES:
                self.report(SendEvent(f"{number - _LINES} more {state} in the same words: {words}"))
        self._kinds.clear()

    def _repeated(self, ended: Transition) -> int:
        """How many readers in a row have met this refusal, where that is too many; else 0."""
        words = _unknown(ended.new, ended.reply)
        if not words:
            if ended.new is not State.WITHDRAWN:
                self._words, self._in_a_row = "", 0
            return 0
        self._in_a_row = self._in_a_row + 1 if words == self._words else 1
        self._words = words
        return self._in_a_row if self._in_a_row == self._same_refusals else 0


def _unknown(state: State, reply: Reply | None) -> str:
    """The words of a refusal that is not known to be about its reader; blank for anything else."""
    if state is not State.REFUSED or reply is None or before_dot(reply) is not State.REFUSED:
        return ""  # not refused, or refused for having been put off too long
    return "" if meaning(reply).concern is Concern.READER else same_words(reply)


def question(mailing: str, readers: int, words: str) -> str:
    """What a person is asked when the same refusal has met several readers in a row."""
    return (
        f"the last {readers} readers in a row were refused in the same words ({words}); "
        "is it about the account or the letter? If so, correct it, then: dear-minister resolve "
        f"{mailing} --refused --as resend --by NAME --why TEXT. If it is about these readers: "
        f"dear-minister send {mailing} --live goes on"
    )


def open_question(ledger: Ledger, mailing: str, same_refusals: int = SAME_REFUSALS) -> str:
    """The question that the mailing's live sending stopped with, while nobody has answered it:
    its newest outcomes are refusals in the same words. Blank where there is none.

    Raises LedgerUnavailableError.
    """
    if not same_refusals:
        return ""
    newest = (
        select(_D.state, _D.code, _D.text)
        .where(_D.mailing == mailing, _D.rehearsal == 0, _D.attempts > 0)
        .order_by(_D.changed_at.desc())
        .limit(same_refusals)
    )
    with ledger.read() as connection:
        rows = connection.execute(newest).all()
    replies = [Reply(row.code or 0, row.text or "") for row in rows]
    words = {_unknown(State(row.state), reply) for row, reply in zip(rows, replies, strict=True)}
    if len(rows) < same_refusals or len(words) != 1 or "" in words:
        return ""
    return question(mailing, same_refusals, str(replies[0]))
