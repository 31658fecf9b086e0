"""A run's log says each thing once, in a line: Prefect would add a traceback to a user's mistake
and to every end that is not green."""

import logging

from prefect.exceptions import CancelledRun, FailedRun, ParameterTypeError

from flows.errors import DearMinisterError

_TOLD = (DearMinisterError, CancelledRun, FailedRun)
"""The line before, or the line with the run's end, has the text."""


class _OneLine(logging.Filter):
    """Keeps what was told out of the log; of a wrong parameter it keeps the line."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, ParameterTypeError):
            record.msg, record.args = " ".join(str(error).split()), ()
            record.exc_info = record.exc_text = None
        return not isinstance(error, _TOLD)


def one_line_each() -> None:
    """See to it in this process, for the logs of runs and tasks and for the terminal."""
    for name in ("prefect.flow_runs", "prefect.task_runs", "prefect.engine"):
        logger = logging.getLogger(name)
        if not any(isinstance(one, _OneLine) for one in logger.filters):
            logger.addFilter(_OneLine())
