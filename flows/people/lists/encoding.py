"""From the bytes of a table to its text: the encoding is found, not assumed.

UTF-8 says so itself. The eight-bit encodings that spreadsheets write (Windows-1252, MS-DOS code
page 850, Mac OS Roman) do not: they are told apart by whether the letters they would give stand
where such letters can stand. "Siƒn", "JosÚ" and "d‚j…" cannot be meant; "Siân", "José", "déjà" can.
Where two encodings give letters that can both be meant, the row is handed back.
"""

import codecs
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from flows.errors import ConfigurationError

SAVE_AS = 'save it as "CSV UTF-8" and try again'
_UTF8_SEQUENCE = re.compile(
    rb"[\xc3-\xdf][\x80-\xbf]|\xc2[\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_HIGH = re.compile(rb"[\x80-\xff]")
_END_OF_FILE = "\x1a"
"""What MS-DOS programs write behind the last line."""
_WINDOWS, _DOS, _MAC = "cp1252", "cp850", "mac_roman"
_CALLED = {_DOS: "MS-DOS (code page 850)", _MAC: "Mac OS Roman"}
_OUTSIDE_ASCII = re.compile(r"[^\x00-\x7f]")
_WORD = re.compile(r"[^\W\d_]+")
_COMMON = frozenset(
    "àáâäåæçèéêëìíîïñòóôöøùúûüŵŷ" + "ÀÁÂÄÅÆÇÈÉÊÍÎÑÒÓÔÖØÚÜŴŶ"
)  # fmt: skip
"""Letters of names in western Europe; others are possible and rare."""
_ALONE = frozenset("ÓÀÒ")
"""Letters that are words: Ó Cuív."""
_VOWELS_OR_END = ("", *"aeiouäöü")
_NOT_LETTERS = frozenset("ªºµƒˆ˜ˇıΩπ∂ﬁﬂ")
_AFTER_APOSTROPHE = re.compile(r"(?:s|t|d|m|ll|re|ve|clock)\b", re.IGNORECASE)
_GOOD, _ODD, _WRONG = range(3)


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a file, and what there is to say about how it was read."""

    text: str
    remarks: tuple[str, ...] = ()


def decode(data: bytes, name: str) -> Decoded:
    """Return the text of ``data``, the bytes of the file called ``name``, without marks around it.

    UTF-8 with or without byte order marks, UTF-16 with one, else the eight-bit encoding whose
    letters can be meant. Bytes that are no text in a file of UTF-8, and letters that could be two,
    become lone surrogates, for which the row is handed back.

    Raises ConfigurationError when the text is none of these.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return Decoded(_bare(data.decode("utf-16")))
        except UnicodeDecodeError:
            raise ConfigurationError(f"{name}: the text breaks off; {SAVE_AS}") from None
    if data[:400].count(0) > len(data[:400]) // 4:
        raise ConfigurationError(f"{name}: not a text table (every other byte is NUL); {SAVE_AS}")
    try:
        return Decoded(_bare(data.decode("utf-8-sig")))
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            raise ConfigurationError(
                f"{name}: the file breaks off in the middle of a letter; fetch it again"
            ) from None
    sequences = _UTF8_SEQUENCE.findall(data)
    stray = len(_HIGH.findall(data)) - sum(map(len, sequences))
    # In Windows-1252 a pair that happens to be valid UTF-8 is rare ("É’"); in damaged UTF-8 such
    # pairs are the rule and stray bytes the exception.
    if len(sequences) > stray:
        return Decoded(_bare(data.decode("utf-8-sig", errors="surrogateescape")))
    return _eight_bit(data, name)


def _bare(text: str) -> str:
    """Without byte order marks: programs that each add one leave two, joined files leave more."""
    return text.lstrip("\ufeff").replace("\n\ufeff", "\n").rstrip(_END_OF_FILE)


def _eight_bit(data: bytes, name: str) -> Decoded:
    texts = {}
    for encoding in (_WINDOWS, _DOS, _MAC):
        with suppress(UnicodeDecodeError):
            texts[encoding] = _bare(data.decode(encoding))
    plain = _bare(data.decode("latin-1"))
    marks = {encoding: _marks(text) for encoding, text in texts.items()}
    likely = [
        encoding
        for encoding, found in marks.items()
        if _WRONG not in found.values() and (_GOOD in found.values() or encoding == _WINDOWS)
    ]
    if not likely and _WINDOWS not in texts:
        raise ConfigurationError(
            f"{name}: neither UTF-8 nor Windows-1252, nor another encoding whose letters make"
            f" names; {SAVE_AS}"
        )
    chosen = likely[0] if likely else _WINDOWS
    text = texts[chosen]
    if chosen == _WINDOWS and likely and _ODD not in marks[chosen].values():
        rivals = [rival for rival in likely[1:] if _ODD not in marks[rival].values()]
        doubtful = {at for rival in rivals for at in _letters_apart(text, texts[rival])}
    else:
        rivals = [rival for rival in likely if rival != chosen]
        doubtful = {at for rival in rivals for at in _apart(text, texts[rival])}
        if chosen != _WINDOWS or not likely:
            doubtful |= {at for at, mark in marks[chosen].items() if mark != _GOOD}
    remark = f"read as {_CALLED.get(chosen)}, for letters that would make no names otherwise"
    return Decoded(_handed_back(text, plain, doubtful), (remark,) * (chosen in _CALLED))


def _letters_apart(one: str, other: str) -> Iterator[int]:
    """Where both readings give a letter, and not the same."""
    return (at for at in _apart(one, other) if one[at].isalpha() and other[at].isalpha())


def _apart(one: str, other: str) -> Iterator[int]:
    found = (match.start() for match in _OUTSIDE_ASCII.finditer(one))
    return (at for at in found if one[at] != other[at])


def _handed_back(text: str, plain: str, places: set[int]) -> str:
    """The text, the letters that could be two as lone surrogates, like bytes that are no text."""
    if not places:
        return text
    return "".join(
        chr(0xDC00 + ord(plain[at])) if at in places else character
        for at, character in enumerate(text)
    )


def _marks(text: str) -> dict[int, int]:
    """How likely each character outside ASCII is where it stands, by its place."""
    return {
        at: _mark(text, at) for found in _OUTSIDE_ASCII.finditer(text) for at in [found.start()]
    }


def _mark(text: str, at: int) -> int:
    character = text[at]
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    if character.isalpha() and character not in _NOT_LETTERS:
        return _letter(text, at)
    between = before.isalpha() and after.isalpha()
    match character:
        case "’":
            if not between:
                return _GOOD if before.isalpha() or not after.isalpha() else _ODD
            if before.isupper() or after.isupper() or _AFTER_APOSTROPHE.match(text, at + 1):
                return _GOOD
            return _ODD
        case "‘" | "“" | "¿" | "¡":
            return _GOOD if not before.isalnum() and after.isalnum() else _WRONG
        case "”":
            opened = text.rfind("“", max(0, at - 2_000), at) >= 0
            return _GOOD if opened and not after.isalpha() else _WRONG
        case "–" | "—":
            return _WRONG if between and before.islower() and after.islower() else _GOOD
        case "\u00a0":
            return _ODD if between else _GOOD
        case "£" | "€" | "$" | "§" | "¶" | "#":
            return _GOOD if not before.isalpha() and not after.isalpha() else _WRONG
        case "…" | "™" | "®" | "°" | "²" | "³":
            return _WRONG if after.isalpha() else _GOOD
        case "½" | "¼" | "¾" | "·" | "•" | "×" | "«" | "»" | "©" | "‹" | "›" | "†" | "‡":
            return _WRONG if before.isalpha() or between else _GOOD
    return _WRONG


def _letter(text: str, at: int) -> int:
    """A letter stands in a word of its case, beside other letters and no digit."""
    character = text[at]
    start = at
    while start and text[start - 1].isalpha():
        start -= 1
    found = _WORD.match(text, start)
    word = found[0] if found else character
    place = at - start
    beside = text[start - 1 : start] + text[start + len(word) : start + len(word) + 1]
    if any(neighbour.isdigit() for neighbour in beside):
        return _WRONG
    others = word[:place] + word[place + 1 :]
    if not others:
        return _GOOD if character in _ALONE else _WRONG
    if character.isupper() and place and not others.isupper():
        return _WRONG
    if character.islower() and (word[place + 1 : place + 2].isupper() or others.isupper()):
        return _WRONG
    if character == "ß":
        return _GOOD if word[place + 1 : place + 2] in _VOWELS_OR_END else _ODD
    strange = 2 * sum(not letter.isascii() for letter in word) > len(word) > 2
    if strange or character not in _COMMON or (character.islower() and not place):
        return _ODD
    return _GOOD
