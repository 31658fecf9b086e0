"""Counts in words, so that one letter is not "1 letters"."""


def counted(number: int, one: str, many: str = "") -> str:
    """A number and what it counts: "1 letter", "2 letters", "2 letters wait".

    ``many`` is what stands behind any number but 1; blank: ``one`` with an s.
    """
    return f"{number} {one if number == 1 else many or f'{one}s'}"
