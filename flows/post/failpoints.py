"""Named points at which a test may have this process killed; without the setting they cost nothing.

``DEAR_MINISTER_FAILPOINT=name`` kills the process by SIGKILL when it passes that point,
``name:3`` when it passes it for the third time.
"""

import os
import signal
from collections.abc import Callable
from threading import Lock

SETTING = "DEAR_MINISTER_FAILPOINT"
NAMES = (
    "after-freeze",
    "after-claim",
    "before-handing-over",
    "after-handing-over",
    "after-dot",
    "after-answer",
    "after-sent",
    "before-quit",
    "before-forgotten",
    "before-filing",
    "after-filing",
)


def _nothing(name: str) -> None:
    """The point of a process that no test is killing."""


def _armed(setting: str) -> Callable[[str], None]:
    wanted, _, count = setting.partition(":")
    if wanted not in NAMES:
        raise ValueError(f"{SETTING}: {wanted!r} is not one of {', '.join(NAMES)}")
    left = int(count or 1)
    lock = Lock()

    def passing(name: str) -> None:
        nonlocal left
        if name != wanted:
            return
        with lock:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return passing


passing = _armed(os.environ[SETTING]) if os.environ.get(SETTING) else _nothing
