"""The console script. It loads little before it can say that Ctrl-C ended it."""

import os
import signal
from types import FrameType


def _stopped(number: int, frame: FrameType | None) -> None:
    os.write(2, b"\ndear-minister: stopped: nothing was done\n")
    os._exit(130)  # an exception would surface in whichever module is being loaded


def main() -> None:
    """Run the command of this process."""
    usual = signal.getsignal(signal.SIGINT)
    if usual is signal.default_int_handler:  # else whoever started it wants it ignored
        signal.signal(signal.SIGINT, _stopped)
    from flows.cli import main as program

    signal.signal(signal.SIGINT, usual)
    program.main()


if __name__ == "__main__":
    main()
