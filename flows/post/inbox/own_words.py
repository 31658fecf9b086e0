"""What the writer of a mail wrote: without what is quoted, without signature and disclaimer."""

import re

from mailparser_reply.parser import EmailMessage

_LANGUAGES = ("en", "de", "fr")
_LONGEST = 10_000
"""Characters that are looked at, and those of a line: the library's patterns are slow on more."""
_LONGEST_LINE = 400
_QUOTED = re.compile(r"^\s*>")
_ATTRIBUTION = re.compile(
    r"^\s*(On|Ar|Am|Le)\b.{6,300}?\b(wrote|ysgrifennodd|scríobh|schrieb|a écrit)\b.{0,120}:\s*$",
    re.IGNORECASE | re.DOTALL,
)
# The library knows neither Welsh nor Irish, nor a header of which the lines were joined.
_MORE_HEADERS = re.compile(
    r"^[ *]*(?:Oddi wrth|Ó|From)[ *]*:.{0,200}\n(?:.{0,200}\n){0,2}?"
    r"[ *]*(?:Anfonwyd|Seolta|Sent|Date)[ *]*:",
    re.MULTILINE | re.IGNORECASE,
)


def without_quotes(text: str) -> str:
    """The text without quoted lines and earlier mails; answers between quoted lines stay."""
    lines = [line[:_LONGEST_LINE].rstrip() for line in text[: 2 * _LONGEST].split("\n")]
    kept = [line for line in lines if not _QUOTED.match(line)]
    short = re.sub(r"\n{3,}", "\n\n", "\n".join(kept))[:_LONGEST].strip()
    if _answers_between(lines):
        return _without_attributions(short)
    if found := _MORE_HEADERS.search(short):
        short = short[: found.start()]
    first = _read(_joined_attributions(short)).split("\n")
    return _without_attributions("\n".join(first)).strip()


def without_signature(own: str) -> str:
    """``own`` without signature and disclaimer; as it is where nothing would be left."""
    message = EmailMessage(own[:_LONGEST], languages=list(_LANGUAGES), keep_hyphen_lists=True)
    replies = message.read().replies
    body = replies[0].body if replies else ""
    return body or own


def _read(text: str) -> str:
    message = EmailMessage(text, languages=list(_LANGUAGES), keep_hyphen_lists=True)
    return message.read().latest_reply or ""


def _answers_between(lines: list[str]) -> bool:
    """Whether somebody wrote below a quoted line."""
    first = next((n for n, line in enumerate(lines) if _QUOTED.match(line)), None)
    if first is None:
        return False
    return sum(len(line.split()) for line in lines[first:] if not _QUOTED.match(line)) > 3


def _joined_attributions(text: str) -> str:
    """An attribution that was wrapped over two or three lines, on one."""
    lines = text.split("\n")
    for number in range(len(lines)):
        for count in (1, 2, 3):
            if _ATTRIBUTION.match("\n".join(lines[number : number + count])):
                return "\n".join(lines[:number])
    return text


def _without_attributions(text: str) -> str:
    lines, kept, number = text.split("\n"), [], 0
    while number < len(lines):
        for count in (1, 2, 3):
            if _ATTRIBUTION.match("\n".join(lines[number : number + count])):
                number += count
                break
        else:
            kept.append(lines[number])
            number += 1
    return "\n".join(kept).strip()
