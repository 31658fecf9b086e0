"""How like a mailing's letters are to each other, and to earlier letters to the same person.

Offices set identical circulars aside, and a person who gets nearly the same letter twice is
annoyed by it. Both are said before anyone signs. Nothing is kept back because of it.
"""

import base64
import json
import quopri
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from xml.sax.saxutils import unescape

from rapidfuzz import fuzz
from sqlalchemy import Row, select

from flows.letters.attachment import DOCX_TYPE
from flows.letters.docx import package
from flows.post.ledger import schema
from flows.post.ledger.clock import parse
from flows.post.ledger.database import Ledger
from flows.post.states import State

_D, _L = schema.dispatch.c, schema.letter.c
TOO_LIKE = 90.0
"""Per cent of likeness from which an earlier letter is named."""
MOST_COMPARED = 2_000
"""Letters; reading more of them would keep whoever waits for the review."""
_CHUNK = 200
_MOST_NAMED = 20
_BEGINNING = 78 * 150
"""Bytes of a DOCX in a mail, by whole lines (RFC 2045, 6.8), in which its text usually stands: a
picture and the styles follow it."""
_BOUNDARY = re.compile(rb"\r\n--=_[0-9a-f]+(?:--)?\r\n")
_TEXT = re.compile(r"<w:t(?: [^>]*)?>([^<]*)")


@dataclass(frozen=True, slots=True)
class EarlierLetter:
    """An earlier letter to the same person that the new one is much like."""

    person: str
    name: str
    mailing: str
    """Of the earlier letter."""
    sent_on: date
    likeness: float
    """Per cent: 100 is the same text but for blanks (rapidfuzz.fuzz.ratio)."""

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.likeness:.0f} % like the letter of {self.sent_on.day} "
            f"{self.sent_on:%B %Y} (mailing {self.mailing})"
        )


@dataclass(frozen=True, slots=True)
class Likeness:
    """What the comparison found. ``compared`` is False for mailings of more than 2,000 letters."""

    letters: int
    texts: int
    """Different texts among them, names and addresses left out."""
    identical: int
    """Letters that differ from another of this mailing in nothing but name and address."""
    earlier: tuple[EarlierLetter, ...]
    """The most like first; one letter at most for each person."""
    compared: bool = True

    @property
    def lines(self) -> tuple[str, ...]:
        """Return what somebody should know before signing, a line each."""
        found = []
        if self.identical:
            found.append(
                f"{self.identical} of {self.letters} letters are identical to another but for name"
                f" and address ({self.texts} different texts); offices set circulars aside"
            )
        found += [f"much like an earlier letter: {letter}" for letter in self.earlier[:_MOST_NAMED]]
        if (more := len(self.earlier) - _MOST_NAMED) > 0:
            found.append(f"and {more} more are much like an earlier letter to the same person")
        return tuple(found)


def likeness(ledger: Ledger, mailing: str) -> Likeness:
    """Compare a mailing's letters with each other and with what the same persons were sent.

    Earlier letters of every campaign in the ledger count, once they were sent live. Raises
    LedgerUnavailableError.
    """
    with ledger.read() as connection:
        ordinals = (
            connection.execute(select(_L.ordinal).where(_L.mailing == mailing)).scalars().all()
        )
    if len(ordinals) > MOST_COMPARED:
        return Likeness(len(ordinals), 0, 0, (), compared=False)
    texts: dict[str, str] = {}
    names: dict[str, str] = {}
    bare: Counter[str] = Counter()
    for row in _letters(ledger, mailing):
        texts[row.person] = text = _text(row)
        names[row.person] = row.name
        bare[_without_reader(text, row)] += 1
    return Likeness(
        len(texts),
        len(bare),
        sum(count for count in bare.values() if count > 1),
        _earlier(ledger, mailing, texts, names),
    )


def _letters(ledger: Ledger, mailing: str) -> Iterator[Row[tuple[object, ...]]]:
    with ledger.read() as connection:
        yield from connection.execution_options(yield_per=50).execute(
            select(_L.person, _L.name, _L.email, _L.reader, _L.reference, _L.content).where(
                _L.mailing == mailing
            )
        )


def _earlier(
    ledger: Ledger, mailing: str, texts: Mapping[str, str], names: Mapping[str, str]
) -> tuple[EarlierLetter, ...]:
    found: dict[str, EarlierLetter] = {}
    persons = list(texts)
    for start in range(0, len(persons), _CHUNK):
        with ledger.read() as connection:
            rows = connection.execution_options(yield_per=50).execute(
                select(_L.person, _L.mailing, _L.email, _L.content, _D.changed_at)
                .join(
                    schema.dispatch,
                    (_D.mailing == _L.mailing) & (_D.ordinal == _L.ordinal) & (_D.rehearsal == 0),
                )
                .where(
                    _L.person.in_(persons[start : start + _CHUNK]),
                    _L.mailing != mailing,
                    _D.state == State.SENT.value,
                )
            )
            for row in rows:
                score = fuzz.ratio(texts[row.person], _text(row), score_cutoff=TOO_LIKE)
                before = found.get(row.person)
                if score and (before is None or score > before.likeness):
                    found[row.person] = EarlierLetter(
                        row.person,
                        names[row.person],
                        row.mailing,
                        parse(row.changed_at).date(),
                        score,
                    )
    return tuple(sorted(found.values(), key=lambda letter: -letter.likeness))


def _text(row: Row[tuple[object, ...]]) -> str:
    """The letter's words: the document's, else, where it went as PDF alone, the mail's."""
    content: bytes = row.content
    if not row.email:
        return _words(content)
    text = ""
    for head, body in _parts(content):
        if b"letter-" in head and DOCX_TYPE.encode() in head:
            return _words_in_a_mail(body)
        if b"text/plain" in head and not text:
            text = quopri.decodestring(body).decode()
    return " ".join(text.split())


def _parts(message: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Head and body of each part of a frozen mail, in a tenth of the time of parsing it whole."""
    for part in _BOUNDARY.split(message)[1:]:
        head, _, body = part.partition(b"\r\n\r\n")
        yield head, body


def _words_in_a_mail(coded: bytes) -> str:
    try:
        return _words(base64.b64decode(coded[:_BEGINNING]))
    except (ValueError, KeyError, zlib.error, zipfile.BadZipFile):
        return _words(base64.b64decode(coded))


def _words(docx: bytes) -> str:
    body = package.part(docx, "word/document.xml").decode()
    return " ".join(filter(None, map(_tidy, _TEXT.findall(body))))


@lru_cache(4096)
def _tidy(text: str) -> str:
    """A run of text, most of which stand in all letters of a mailing."""
    return " ".join(unescape(text).split())


def _without_reader(text: str, row: Row[tuple[object, ...]]) -> str:
    """The text without what names its reader: the longest parts first."""
    reader = json.loads(row.reader)
    told = [row.reference, row.name, reader.get("name", ""), reader.get("salutation", "")]
    told += [*reader.get("lines", []), *reader.get("postal", [])]
    for part in sorted(filter(None, told), key=len, reverse=True):
        text = text.replace(part, "·")
    return text
