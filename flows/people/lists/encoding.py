"""From the bytes of a table to its text: the encoding is found, not assumed."""

import codecs
import re

from flows.errors import ConfigurationError

_UTF8_SEQUENCE = re.compile(
    rb"[\xc3-\xdf][\x80-\xbf]|\xc2[\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_HIGH = re.compile(rb"[\x80-\xff]")
_SAVE_AS = 'save it as "CSV UTF-8" and try again'


def decode(data: bytes, name: str) -> str:
    """Return the text of ``data``, the bytes of the file called ``name``.

    UTF-8 with or without a byte order mark, UTF-16 with one, else Windows-1252. In a file that is
    UTF-8 but for some bytes, those bytes become lone surrogates, which the row check hands back.

    Raises ConfigurationError when the text is none of these.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError:
            raise ConfigurationError(f"{name}: the text breaks off; {_SAVE_AS}") from None
    if data[:400].count(0) > len(data[:400]) // 4:
        raise ConfigurationError(f"{name}: not a text table (every other byte is NUL); {_SAVE_AS}")
    try:
        return data.decode("utf-8-sig")
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
        return data.decode("utf-8-sig", errors="surrogateescape")
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{name}: neither UTF-8 nor Windows-1252 (byte {error.start + 1}); {_SAVE_AS}"
        ) from None
