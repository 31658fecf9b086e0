"""Whoever runs a flow from Python may watch it letter by letter: the demo's progress bars."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from flows.post.sending import Note


@dataclass(frozen=True, slots=True)
class Watcher:
    """Hears of letters filled (done, in all) and of each thing that happens while sending."""

    filled: Callable[[int, int], None] = lambda done, total: None
    happened: Callable[[Note], None] = lambda note: None


_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)
_NOBODY = Watcher()


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """Within the block ``watcher`` hears what flows do in this process."""
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)


def watcher() -> Watcher:
    """Who watches; nobody, usually."""
    return _watcher.get() or _NOBODY
