"""Being told to stop while letters are on their way: the one in hand is finished first."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def finishing(stop: threading.Event) -> Iterator[None]:
    """Within the block SIGTERM (Prefect's Cancel) and Ctrl-C set ``stop``, no more.

    When the block has ended the signal is given again, to whoever handles it: Prefect, usually. A
    second one is not held up. Outside the main thread, which gets no signals, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    told: list[int] = []
    before = {one: signal.getsignal(one) for one in _SIGNALS}

    def restore() -> None:
        for one, handler in before.items():
            signal.signal(one, handler)

    def tell(number: int, frame: FrameType | None) -> None:
        told.append(number)
        stop.set()
        restore()

    for one in _SIGNALS:
        signal.signal(one, tell)
    try:
        yield
    finally:
        restore()
    if told:
        os.kill(os.getpid(), told[0])
