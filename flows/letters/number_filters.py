"""Filters for numbers and days in templates: ``{{ reader.columns.grant | money }}``.

A spreadsheet's cells arrive as the sheet shows them; these are for lists that hold bare numbers.
"""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent

from flows.errors import RowError

_AROUND = re.compile(r"^[£$€]|[£$€%]$|[\s\u00a0\u202f,]")
"""Signs, spaces and commas between thousands, as a list may have them."""
LARGEST = Decimal(10) ** 15


def filters(language: str) -> dict[str, Callable[..., str]]:
    """The filters by name, for a locale such as "en_GB". A blank value stays blank; each raises
    RowError for a value that is none of its kind."""

    def money(value: object, currency: str = "GBP") -> str:
        """1234.5 -> £1,234.50; whole pounds of whole amounts: £1,234."""
        if not _text(value):
            return ""
        amount = _number(value, "money")
        whole = "¤#,##0" if amount == amount.to_integral_value() else None
        shown = format_currency(amount, currency, whole, locale=language, currency_digits=not whole)
        return str(shown)

    def number(value: object, places: int | None = None) -> str:
        """1234567 -> 1,234,567; with so many decimal places where given."""
        if not _text(value):
            return ""
        pattern = None if places is None else f"#,##0.{'0' * min(places, 20)}".rstrip(".")
        return str(format_decimal(_number(value, "number"), pattern, locale=language))

    def percent(value: object, places: int = 0) -> str:
        """0.25 -> 25%; a text that says % already keeps its number: "25 %" -> 25%."""
        text = _text(value)
        if not text:
            return ""
        share = _number(value, "percent") / (100 if text.endswith("%") else 1)
        pattern = f"#,##0.{'0' * min(places, 20)}".rstrip(".") + "%"
        return str(format_percent(share, pattern, locale=language))

    def day(value: object, form: str = "long") -> str:
        """2013-09-04 -> 4 September 2013; ``form``: full, long, medium or short."""
        text = _text(value)
        if not text:
            return ""
        try:
            when = value if isinstance(value, date) else date.fromisoformat(text)
        except ValueError as error:
            raise _unfit(value, "a day such as 2013-09-04", "day") from error
        return str(format_date(when, form, language))

    return {"money": money, "number": number, "percent": percent, "day": day}


def _text(value: object) -> str:
    return str(value).strip()


def _number(value: object, name: str) -> Decimal:
    try:
        found = Decimal(_AROUND.sub("", _text(value)))
    except InvalidOperation as error:
        raise _unfit(value, "a number", name) from error
    if not found.is_finite() or abs(found) > LARGEST:
        raise _unfit(value, "a number of usual size", name)
    return found


def _unfit(value: object, wanted: str, name: str) -> RowError:
    return RowError("value", f"{_text(value)[:40]!r} is not {wanted}, as the filter {name} needs")
