"""Transitions of several connections made durable by one commit (group commit).

A thread that finds no commit under way commits the whole queue. The disk's flush, which is most of
what a letter costs, is so shared by the connections that need one at the same moment.
"""

import threading
from collections.abc import Sequence

from flows.post.ledger.database import Ledger
from flows.post.ledger.errors import LostHoldError
from flows.post.ledger.transitions import DispatchRow, Transition, apply


class _Entry:
    """One connection's transitions, and what became of them."""

    def __init__(self, wanted: Sequence[Transition]) -> None:
        self.wanted = wanted
        self.applied: list[DispatchRow] | None = None
        self.error: BaseException | None = None

    @property
    def settled(self) -> bool:
        return self.applied is not None or self.error is not None


class GroupCommit:
    """One worker's queue of transitions, shared by its connections."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._adding = threading.Lock()
        self._committing = threading.Lock()
        self._queue: list[_Entry] = []

    def apply(self, *wanted: Transition) -> list[DispatchRow]:
        """Apply these transitions, all or none; they are durable on return.

        Raises LostHoldError, LedgerUnavailableError.
        """
        entry = _Entry(wanted)
        with self._adding:
            self._queue.append(entry)
        with self._committing:
            if not entry.settled:
                with self._adding:
                    batch, self._queue = self._queue, []
                self._commit(batch)
        if entry.error is not None:
            raise entry.error
        assert entry.applied is not None
        return entry.applied

    def _commit(self, batch: list[_Entry]) -> None:
        try:
            with self._ledger.write() as connection:
                wanted = [transition for entry in batch for transition in entry.wanted]
                applied = iter(apply(connection, wanted))
        except LostHoldError as error:
            if len(batch) > 1:  # only one of them: each is applied by itself
                for entry in batch:
                    self._commit([entry])
            else:
                batch[0].error = error
        except BaseException as error:
            for entry in batch:
                entry.error = error
        else:
            for entry in batch:
                entry.applied = [next(applied) for _ in entry.wanted]
