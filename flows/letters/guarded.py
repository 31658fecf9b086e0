"""Letters filled in a process of their own, because their template could grow without end."""

import signal
import weakref
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import date
from threading import Lock
from typing import Any

from flows.errors import ConfigurationError, DearMinisterError, Fault
from flows.letters import budget
from flows.letters.campaign import Campaign, fingerprint
from flows.letters.filling import Filling
from flows.letters.letter import Letter
from flows.letters.processes import ProcessEndedError, Worker
from flows.people.contact import Reader


class Guarded:
    """Does what Filling does, in a process that ends itself when a letter costs too much."""

    def __init__(self, campaign: Campaign, on: date, growing: Collection[str]) -> None:
        """``growing``: what in which template may grow, for the message. Raises as Filling."""
        self._where, self._growing = str(campaign.folder), growing
        self._lock = Lock()
        # As it is in hand, for it may not be what its folder says: a chaser names other templates.
        travelling = replace(campaign, facts=dict(campaign.facts), audience=dict(campaign.audience))
        self._worker = Worker((_begin, (travelling, on)))
        weakref.finalize(self, self._worker.close)
        self._asked(("begun", None))

    def fill(self, reader: Reader) -> Letter:
        """As Filling.fill; ConfigurationError too where the letter costs too much."""
        letter: Letter = self._asked(("fill", reader))
        return letter

    def specimen(self, role: str) -> Letter:
        """As Filling.specimen."""
        letter: Letter = self._asked(("specimen", role))
        return letter

    def context(self, reader: Reader) -> dict[str, Any]:
        """As Filling.context."""
        context: dict[str, Any] = self._asked(("context", reader))
        return context

    def _asked(self, job: tuple[str, object]) -> Any:
        with self._lock:
            try:
                return self._worker.ask(job)
            except ProcessEndedError as error:
                if error.code != -getattr(signal, "SIGALRM", 0):
                    raise
                raise self._too_much(f"more than {budget.SECONDS} seconds") from error
            except _OutOfMemoryError as error:
                raise self._too_much(f"more than {budget.MEMORY // 2**20} MB") from error

    def _too_much(self, cost: str) -> ConfigurationError:
        suspects = ", ".join(sorted(self._growing))
        return ConfigurationError(
            Fault(self._where, f"one letter takes {cost}; look for what grows: {suspects}")
        )


class _OutOfMemoryError(DearMinisterError):
    """The letter needs more memory than the process may have."""


def _begin(prepare: tuple[Campaign, date]) -> Callable[[tuple[str, Any]], object]:
    campaign, on = prepare
    budget.limit_memory()
    with budget.limited_time():
        if fingerprint(campaign.folder) != campaign.fingerprint:
            raise ConfigurationError(
                Fault(str(campaign.folder), "was edited while letters were being filled; try again")
            )
        try:
            filling = Filling(campaign, on)
        except MemoryError as error:
            raise _OutOfMemoryError from error

    def do(job: tuple[str, Any]) -> object:
        what, argument = job
        with budget.limited_time():
            try:
                return None if what == "begun" else getattr(filling, what)(argument)
            except MemoryError as error:
                raise _OutOfMemoryError from error

    return do
