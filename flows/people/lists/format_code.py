"""Number format codes, such as ``#,##0.00;(#,##0.00)`` and ``[h]:mm:ss``, and how they are read.

The codes are those of ECMA-376 part 1, 18.8.30 and 18.8.31. Where a code leaves the choice to the
machine (short dates, currency of the built-in formats), it is read as in Britain.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

BUILT_IN = {
    0: "General",
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    5: "£#,##0;-£#,##0",
    6: "£#,##0;-£#,##0",
    7: "£#,##0.00;-£#,##0.00",
    8: "£#,##0.00;-£#,##0.00",
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    12: "# ?/?",
    13: "# ??/??",
    14: "dd/mm/yyyy",
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM",
    20: "h:mm",
    21: "h:mm:ss",
    22: "dd/mm/yyyy h:mm",
    37: "#,##0;(#,##0)",
    38: "#,##0;(#,##0)",
    39: "#,##0.00;(#,##0.00)",
    40: "#,##0.00;(#,##0.00)",
    41: "#,##0;-#,##0;-",
    42: "£#,##0;-£#,##0;£-",
    43: "#,##0.00;-#,##0.00;-",
    44: "£#,##0.00;-£#,##0.00;£-",
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss.0",
    48: "##0.0E+0",
    49: "@",
    **dict.fromkeys([*range(27, 37), *range(50, 59)], "dd/mm/yyyy"),
}
"""Codes that a workbook names by number alone."""
_SYSTEM = {"[$-F800]": "dd mmmm yyyy", "[$-X-SYSDATE]": "dd mmmm yyyy", "[$-F400]": "hh:mm:ss"}
"""Codes that stand for the machine's own long date and time."""
LONGEST_CODE = 255
"""Characters (Excel specifications and limits); a longer code is passed over."""

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|_(?P<space>.)|\*(?P<fill>.)|\[(?P<bracket>[^\]]*)\]'
    r"|(?P<general>General)|(?P<half>AM/PM|A/P)|(?P<exponent>E[+-])|(?P<date>y+|m+|d+|h+|s+)"
    r"|(?P<digit>[0#?])|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?\d+(?:\.\d+)?)")
_ELAPSED = re.compile(r"h+|m+|s+", re.IGNORECASE)
_COMPARE: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
}


@dataclass(frozen=True, slots=True)
class Token:
    """A part of a code that shows something, or says how."""

    kind: str
    """text, digit, date, elapsed, half, exponent, general, at, or the sign itself: . , % /"""
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """The part of a code for some values: those above zero, those below, zero, texts."""

    tokens: tuple[Token, ...]
    condition: Callable[[Decimal], bool] | None
    """Which values; None: those that the section's place in the code says."""

    def has(self, *kinds: str) -> bool:
        """Whether a token of one of these kinds is there."""
        return any(token.kind in kinds for token in self.tokens)


@lru_cache(512)
def sections(code: str) -> tuple[Section, ...]:
    """The sections of a code, four at most; none where it is too long to be one."""
    if len(code) > LONGEST_CODE:
        return ()
    for mark, shown in _SYSTEM.items():
        code = shown if mark in code.upper() else code
    found: list[Section] = []
    tokens: list[Token] = []
    condition = None
    for token in _tokens(code):
        if token.kind == "condition":
            written = _CONDITION.fullmatch(token.text)
            assert written is not None  # _tokens has matched it
            condition = _compared(_COMPARE[written[1]], Decimal(written[2]))
        elif token.kind == ";":
            found.append(Section(tuple(tokens), condition))
            tokens, condition = [], None
        else:
            tokens.append(token)
    found.append(Section(tuple(tokens), condition))
    return tuple(found[:4])


def _compared(
    compare: Callable[[Decimal, Decimal], bool], limit: Decimal
) -> Callable[[Decimal], bool]:
    return lambda value: compare(value, limit)


def _tokens(code: str) -> Iterator[Token]:
    for found in _TOKEN.finditer(code):
        kind, what = str(found.lastgroup), found[str(found.lastgroup)] or ""
        if kind == "bracket":
            yield from _bracket(what)
        elif kind in ("quoted", "escaped"):
            yield Token("text", what)
        elif kind == "space":
            yield Token("text", " ")
        elif kind == "date":
            yield Token("date", what.lower())
        elif kind in ("general", "half", "exponent", "digit"):
            yield Token(kind, what)
        elif kind == "other":
            yield Token({"@": "at"}.get(what, what) if what in "@.,%/;" else "text", what)


def _bracket(what: str) -> Iterator[Token]:
    """Currency and elapsed time are shown; colours and languages are not."""
    if what.startswith("$"):
        yield Token("text", what[1:].partition("-")[0])
    elif _ELAPSED.fullmatch(what):
        yield Token("elapsed", what.lower())
    elif _CONDITION.fullmatch(what):
        yield Token("condition", what)
