"""One cell of a spreadsheet: what may stand in it, and how it leaves without being a formula."""

import re
import unicodedata

# OWASP "CSV Injection": a cell that begins with one of these is run as a formula when opened; the
# full-width signs are taken for them by spreadsheets set to Japanese or Chinese.
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
_DEFUSED = re.compile(r"'+[=+\-@＝＋－＠\t\r\n]")
_BLANKS = re.compile(r"[^\S\u00a0\u2007\u202f]+")
"""Blanks that may be stretched or broken; a no-break space is neither."""
# Joiners decide how some scripts are read and hide nothing; every other format character does.
_JOINERS = "\u200c\u200d"


def defuse(text: str) -> str:
    """Return ``text`` so that no spreadsheet takes it for a formula; ``restore`` undoes it."""
    if text.startswith(FORMULA) or _DEFUSED.match(text):
        return "'" + text
    return text


def restore(text: str) -> str:
    """Undo ``defuse``."""
    return text[1:] if _DEFUSED.match(text) else text


def forbidden(text: str, *, lines: bool = False) -> str | None:
    """Name the first character of ``text`` that may not reach a letter or a mail header.

    Control and format characters (Unicode general categories Cc, Cf, Zl, Zp), lone surrogates,
    noncharacters (not allowed in XML 1.0, section 2.2) and U+FFFD, the trace of a lost letter.
    With ``lines``, line breaks and tabs are allowed.
    """
    if text.isprintable() and "\ufffd" not in text:
        return None
    for at, character in enumerate(text, start=1):
        if character.isprintable() and character != "\ufffd":
            continue
        if lines and character in "\r\n\t":
            continue
        if reason := _reason(character):
            return f"{reason} at position {at}"
    return None


def _reason(character: str) -> str | None:
    code = ord(character)
    if character == "\ufffd":
        return "U+FFFD, the mark of a letter lost in an earlier conversion,"
    if 0xD800 <= code <= 0xDFFF:
        return (
            "a byte that is not text in the encoding of the rest of the file, or could be several"
            ' letters (type it anew, or save the list as "CSV UTF-8")'
        )
    if code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF:
        return f"the noncharacter U+{code:04X}"
    if unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp"} and character not in _JOINERS:
        name = unicodedata.name(character, "")
        return f"the control character U+{code:04X}" + (f" ({name})" if name else "")
    return None


def tidy(text: str) -> str:
    """Strip the ends and make every run of blanks one space; no-break spaces stay inside."""
    if text.isascii():
        return " ".join(text.split())
    return _BLANKS.sub(" ", text.strip())
