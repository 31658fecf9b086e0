"""What goes wrong on purpose: a run that cannot begin, a contact that is handed back."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "row", "warning", "note"]
"""error: nothing can be sent; row: that row cannot; warning: worth a look; note: good to know."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where (a file, a row, a setting; may be blank) and what."""

    where: str
    what: str
    severity: Severity = "error"

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what


class DearMinisterError(Exception):
    """Base of every error that this program raises on purpose; its text is what the user reads."""


class ConfigurationError(DearMinisterError):
    """The run cannot begin (exit code 2): the faults name file or setting, and what to do.

    Takes faults, or lines of text that name their place themselves.
    """

    def __init__(self, *faults: Fault | str) -> None:
        super().__init__(*faults)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """One for each line that the user reads."""
        return tuple(
            fault
            for given in self.args
            for fault in (
                (given,)
                if isinstance(given, Fault)
                else (Fault("", line) for line in str(given).splitlines())
            )
        )

    def __str__(self) -> str:
        return "\n".join(map(str, self.args))


class RowError(DearMinisterError):
    """One contact cannot be written to; the other rows go on.

    ``column`` is the contact column at fault, ``reason`` says what is wrong and what to do next.
    """

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(f"{column}: {reason}")
        self.column = column
        self.reason = reason

    def __reduce__(self) -> tuple[type["RowError"], tuple[str, str]]:
        return RowError, (self.column, self.reason)  # to travel between processes
