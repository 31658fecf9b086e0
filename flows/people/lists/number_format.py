"""Numbers as a spreadsheet shows them: £1,234.50, 25%, 4 September 2013, 14:30, 02079460114.

``format_code`` reads the codes.
"""

import datetime
import re
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from flows.people.lists.format_code import Section, Token, sections

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_LAST_DAY = 2_958_466
"""The serial number after 31 December 9999."""
_SECONDS = 86_400
_NO_LEAP_DAY = 60
"""Excel counts a 29 February 1900, which never was; days before it are one off."""
_EXACT = Context(prec=1_000)
"""Digits enough for any number and any format of 255 characters."""
_GENERAL_DIGITS = 11
_GENERAL_WHOLE = 15
"""Digits a spreadsheet keeps of a number."""


class Shown(str):
    """A date as the sheet shows it, and what it is, whatever the order of day and month."""

    __slots__ = ("date",)
    date: datetime.date

    @classmethod
    def of(cls, text: str, date: datetime.date) -> "Shown":
        """Return ``text``, which shows ``date``."""
        shown = cls(text)
        shown.date = date
        return shown


def number(value: float, code: str, *, since_1904: bool = False) -> str:
    """Return a number as a cell of this format shows it; a date comes as ``Shown``.

    A number that the format cannot show is shown as without a format.
    """
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    exact = Decimal(f"{value:.{_GENERAL_WHOLE}g}")
    chosen, negative = _chosen(sections(code), exact)
    if chosen is None or chosen.has("general") or not chosen.tokens:
        return _around(chosen, general(value))
    if chosen.has("date", "elapsed", "half"):
        return _date(value, chosen, since_1904) or general(value)
    if chosen.has("at") or not chosen.has("digit"):
        return _around(chosen, general(value)) if chosen.has("at") else _literal(chosen)
    shown = _number(abs(exact), chosen)
    return f"-{shown}" if negative and re.search("[1-9]", shown) else shown


def iso(stored: str, code: str, *, since_1904: bool = False) -> str:
    """Return a date that a file holds in words (ISO 8601) as a cell of this format shows it."""
    try:
        moment = datetime.datetime.fromisoformat(stored.removesuffix("Z"))
    except ValueError:
        return stored
    start = datetime.datetime(1904, 1, 1) if since_1904 else datetime.datetime(1899, 12, 30)
    if moment.tzinfo or moment < datetime.datetime(1904, 1, 1):
        return stored
    return number((moment - start).total_seconds() / _SECONDS, code, since_1904=since_1904)


def text(value: str, code: str) -> str:
    """Return a text as a cell of this format shows it: most formats leave it alone."""
    found = sections(code)
    if "@" not in code or len(found) not in (1, 4):
        return value
    return _around(found[-1], value)


def general(value: float) -> str:
    """Return a number as a cell without a format shows it; whole numbers are written out."""
    exact = Decimal(f"{value:.{_GENERAL_WHOLE}g}")
    if exact == exact.to_integral_value() and abs(exact) < Decimal(10) ** _GENERAL_WHOLE:
        return f"{exact.to_integral_value():f}" if exact else "0"
    if Decimal("1e-4") <= abs(exact) < Decimal(10) ** _GENERAL_DIGITS:
        whole = len(str(int(abs(exact))))
        places = max(0, _GENERAL_DIGITS - 1 - whole)
        return f"{_rounded(exact, places):f}".rstrip("0").rstrip(".")
    mantissa, _, power = f"{exact:.5E}".partition("E")
    return f"{mantissa.rstrip('0').rstrip('.')}E{int(power):+03d}"


def _chosen(found: tuple[Section, ...], value: Decimal) -> tuple[Section | None, bool]:
    """The section that shows the value, and whether its sign is still to be written."""
    if not found:
        return None, False
    conditions = [section for section in found[:2] if section.condition]
    if conditions:
        for at, section in enumerate(found[:3]):
            if section.condition is None or section.condition(value):
                return section, value < 0 and (at == 0 or section.condition is None)
        return None, False
    if value < 0 and len(found) > 1:
        return found[1], False
    if value == 0 and len(found) > 2:
        return found[2], False
    return found[0], value < 0


def _literal(section: Section) -> str:
    return "".join(token.text for token in section.tokens if token.kind not in ("digit", ","))


def _around(section: Section | None, value: str) -> str:
    if section is None:
        return value
    parts = [value if t.kind in ("general", "at") else t.text for t in section.tokens]
    return "".join(parts) or value


def _number(value: Decimal, section: Section) -> str:
    tokens = list(section.tokens)
    value = value.scaleb(2 * sum(token.kind == "%" for token in tokens))
    if section.has("exponent"):
        return _scientific(value, tokens)
    if section.has("/"):
        return _fraction(value, tokens)
    point = next((at for at, token in enumerate(tokens) if token.kind == "."), len(tokens))
    digits = [at for at, token in enumerate(tokens) if token.kind == "digit"]
    before = [at for at in digits if at < point]
    value = value.scaleb(-3 * sum(_commas_after(tokens, at) for at in {*before[-1:], *digits[-1:]}))
    grouped = (
        any(tokens[at].kind == "," for at in range(before[0], before[-1])) if before else False
    )
    places = sum(at > point for at in digits)
    whole, _, decimals = f"{_rounded(value, places):f}".partition(".")
    left = _whole(whole.lstrip("0"), [t for t in tokens[:point] if t.kind != ","], grouped)
    return left + _decimals(decimals, tokens[point:])


def _commas_after(tokens: list[Token], at: int) -> int:
    """Commas behind the last digit, each of which stands for a thousand."""
    rest = (count for count, token in enumerate(tokens[at + 1 :]) if token.kind != ",")
    return next(rest, len(tokens) - at - 1)


def _whole(digits: str, tokens: list[Token], grouped: bool) -> str:
    """The digits before the point, put into the places from the right."""
    places = sum(token.kind == "digit" for token in tokens)
    parts: list[str] = []
    shown = 0

    def put(digit: str) -> None:
        nonlocal shown
        if grouped and shown and shown % 3 == 0:
            parts.append(",")
        parts.append(digit)
        shown += 1

    for token in reversed(tokens):
        if token.kind != "digit":
            parts.append(token.text)
            continue
        places -= 1
        if digits:
            put(digits[-1])
            digits = digits[:-1]
        elif token.text == "0":
            put("0")
        while digits and not places:
            put(digits[-1])
            digits = digits[:-1]
    return "".join(part[::-1] for part in parts)[::-1]


def _decimals(digits: str, tokens: list[Token]) -> str:
    """The point and what follows it; a # shows no zero at the end."""
    kept = [token for token in tokens if token.kind == "digit"]
    needed = max((at for at, token in enumerate(kept, 1) if token.text == "0"), default=0)
    shown = digits[: max(needed, len(digits.rstrip("0")))]
    result, at = "", 0
    for token in tokens:
        if token.kind == "digit":
            result += shown[at : at + 1]
            at += 1
        elif token.kind != ",":
            result += token.text
    return result


def _scientific(value: Decimal, tokens: list[Token]) -> str:
    at = next(at for at, token in enumerate(tokens) if token.kind == "exponent")
    mantissa, sign, power = tokens[:at], tokens[at].text[1], tokens[at + 1 :]
    point = next((at for at, token in enumerate(mantissa) if token.kind == "."), len(mantissa))
    step = max(1, sum(token.kind == "digit" for token in mantissa[:point]))
    exponent = value.adjusted() // step * step if value else 0
    places = sum(token.kind == "digit" for token in mantissa[point:])
    if _rounded(value.scaleb(-exponent), places) >= Decimal(10) ** step:
        exponent += step
    shown = _number(value.scaleb(-exponent), Section(tuple(mantissa), None))
    width = sum(token.kind == "digit" for token in power)
    mark = "-" if exponent < 0 else "+" if sign == "+" else ""
    return f"{shown}E{mark}{abs(exponent):0{width}d}"


def _fraction(value: Decimal, tokens: list[Token]) -> str:
    slash = next(at for at, token in enumerate(tokens) if token.kind == "/")
    below = "".join(token.text for token in tokens[slash + 1 :]).strip()
    above = "".join(token.text for token in tokens[:slash] if token.kind in ("digit", "text"))
    mixed = " " in above.strip()
    whole = int(value) if mixed else 0
    rest = Fraction(value) - whole
    if below.isdigit() and int(below):
        found, bottom = round(rest * int(below)), int(below)
    else:
        near = rest.limit_denominator(10 ** min(3, max(1, len(below))) - 1)
        found, bottom = near.numerator, near.denominator
    if mixed and found == bottom:
        whole, found = whole + 1, 0
    if not found:
        return str(whole)
    return f"{whole} {found}/{bottom}" if whole else f"{found}/{bottom}"


def _rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, _EXACT)


def _date(value: float, section: Section, since_1904: bool) -> str:
    """The moment the serial number stands for; "" where there is none."""
    if not 0 <= value < _LAST_DAY:
        return ""
    tokens = section.tokens
    seconds = round(value * _SECONDS, 3)
    if not any(token.kind in (".", "digit") for token in tokens):
        seconds = float(round(seconds))
    if since_1904:
        start = datetime.datetime(1904, 1, 1)
    else:
        early = value < _NO_LEAP_DAY
        start = datetime.datetime(1899, 12, 31 if early else 30)
    try:
        moment = start + datetime.timedelta(seconds=seconds)
    except OverflowError:
        return ""
    shown = "".join(_parts(tokens, moment, seconds))
    dated = any(token.kind == "date" and token.text[0] in "yd" for token in tokens)
    return Shown.of(shown, moment.date()) if dated else shown


def _parts(tokens: tuple[Token, ...], moment: datetime.datetime, seconds: float) -> Iterator[str]:
    dates = [(at, t.text[0]) for at, t in enumerate(tokens) if t.kind in ("date", "elapsed")]
    before = dict(zip([at for at, _ in dates], ["", *[one for _, one in dates]], strict=False))
    after = dict(zip([at for at, _ in dates], [*[one for _, one in dates[1:]], ""], strict=False))
    half = any(token.kind == "half" for token in tokens)
    for at, token in enumerate(tokens):
        if token.kind == "elapsed":
            unit = {"h": 3600, "m": 60, "s": 1}[token.text[0]]
            yield f"{int(seconds // unit):0{len(token.text)}d}"
        elif token.kind == "half":
            letters = ("AM", "PM") if len(token.text) > 3 else ("A", "P")
            yield letters[moment.hour >= 12]
        elif token.kind == "date":
            minutes = token.text[0] == "m" and (before[at] == "h" or after[at] == "s")
            yield _part(token.text, moment, minutes, half)
        elif token.kind == "digit":
            yield f"{moment.microsecond:06d}"[_place(tokens, at)]
        else:
            yield token.text


def _place(tokens: tuple[Token, ...], at: int) -> int:
    start = at
    while start and tokens[start - 1].kind == "digit":
        start -= 1
    return min(at - start, 5)


def _part(token: str, moment: datetime.datetime, minutes: bool, half: bool) -> str:
    width = len(token)
    if minutes:
        return f"{moment.minute:0{min(width, 2)}d}"
    match token[0]:
        case "y":
            return f"{moment:%Y}" if width > 2 else f"{moment:%y}"
        case "m":
            month = _MONTHS[moment.month - 1]
            if width == 5:
                return month[0]
            return month[:3] if width == 3 else month if width > 3 else f"{moment.month:0{width}d}"
        case "d":
            day = _DAYS[moment.weekday()]
            return day[:3] if width == 3 else day if width > 3 else f"{moment.day:0{width}d}"
        case "h":
            hour = (moment.hour - 1) % 12 + 1 if half else moment.hour
            return f"{hour:0{min(width, 2)}d}"
        case _:
            return f"{moment.second:0{min(width, 2)}d}"
