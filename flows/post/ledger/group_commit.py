"""Moves of several connections made durable together: one commit for all who wait (group commit).

Whoever finds nobody committing commits for everybody in the queue; a disk's flush, which is most
of what a letter costs, is so shared by the connections that need one at the same moment.
"""

import threading
from collections.abc import Sequence

from flows.post.ledger import transitions
from flows.post.ledger.database import Ledger
from flows.post.ledger.errors import LostHoldError


class _Entry:
    """One connection's moves, and what became of them."""

    def __init__(self, wanted: Sequence[transitions.Transition]) -> None:
        self.wanted = wanted
        self.made: list[transitions.DispatchRow] | None = None
        self.error: BaseException | None = None

    @property
    def settled(self) -> bool:
        return self.made is not None or self.error is not None


class GroupCommit:
    """One worker's way into the ledger, shared by its connections."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._adding = threading.Lock()
        self._committing = threading.Lock()
        self._queue: list[_Entry] = []

    def make(self, *wanted: transitions.Transition) -> list[transitions.DispatchRow]:
        """Make these moves, all or none; durable on return. Raises LostHoldError,
        LedgerUnavailableError."""
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
        assert entry.made is not None
        return entry.made

    def _commit(self, batch: list[_Entry]) -> None:
        try:
            with self._ledger.write() as connection:
                made = iter(
                    transitions.apply(
                        connection, [move for entry in batch for move in entry.wanted]
                    )
                )
        except LostHoldError as error:
            if len(batch) > 1:  # one of them; the others are not to suffer
                for entry in batch:
                    self._commit([entry])
            else:
                batch[0].error = error
        except BaseException as error:
            for entry in batch:
                entry.error = error
        else:
            for entry in batch:
                entry.made = [next(made) for _ in entry.wanted]
