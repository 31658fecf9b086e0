"""What goes wrong on purpose: a run that cannot begin, a reader who is handed back."""


class DearMinisterError(Exception):
    """Base of every error this product raises on purpose; its text is the line the user reads."""


class ConfigurationError(DearMinisterError):
    """The run cannot begin (exit code 2): the text names file or setting and what to do."""


class RowError(DearMinisterError):
    """One contact cannot be written to; the other rows go on.

    ``column`` is the contact column at fault, ``reason`` says what is wrong and what to do next.
    """

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(f"{column}: {reason}")
        self.column = column
        self.reason = reason
