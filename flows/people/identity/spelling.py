"""One spelling for names, seats and peerages that sources write in several ways."""

import re
import unicodedata
from functools import lru_cache

from flows.people.contact import Contact
from flows.people.forms import uk_peers
from flows.people.forms.names import is_particle

_OTHER_NAMES = {
    "aberavon": ("aberafan",),
    "aberafan maesteg": ("aberavon maesteg",),
    "alyn and deeside": ("alun a glannau dyfrdwy",),
    "blaenau gwent and rhymney": ("blaenau gwent a rhymni",),
    "brecon and radnorshire": ("brycheiniog a sir faesyfed", "brycheiniog a maesyfed"),
    "brecon radnor and cwm tawe": (
        "aberhonddu radnor a chwm tawe",
        "aberhonddu maesyfed a chwm tawe",
        "brycheiniog maesyfed a chwm tawe",
    ),
    "bridgend": ("pen y bont ar ogwr", "pen y bont"),
    "caerfyrddin": ("carmarthen",),
    "caerphilly": ("caerffili",),
    "cardiff central": ("canol caerdydd",),
    "cardiff east": ("dwyrain caerdydd",),
    "cardiff north": ("gogledd caerdydd",),
    "cardiff south and penarth": ("de caerdydd a phenarth",),
    "cardiff west": ("gorllewin caerdydd",),
    "carmarthen east and dinefwr": ("dwyrain caerfyrddin a dinefwr",),
    "carmarthen west and south pembrokeshire": ("gorllewin caerfyrddin a de sir benfro",),
    "clwyd east": ("dwyrain clwyd",),
    "clwyd north": ("gogledd clwyd",),
    "clwyd south": ("de clwyd",),
    "clwyd west": ("gorllewin clwyd",),
    "cynon valley": ("cwm cynon",),
    "dwyfor meirionnydd": ("dwyfor meirionydd",),
    "gower": ("gwyr",),
    "merthyr tydfil and aberdare": ("merthyr tudful ac aberdar",),
    "merthyr tydfil and rhymney": ("merthyr tudful a rhymni",),
    "mid and south pembrokeshire": ("canol a de sir benfro",),
    "monmouth": ("mynwy",),
    "monmouthshire": ("sir fynwy",),
    "montgomeryshire": ("sir drefaldwyn", "maldwyn"),
    "montgomeryshire and glyndwr": ("sir drefaldwyn a glyndwr", "maldwyn a glyndwr"),
    "na h eileanan an iar": ("western isles",),
    "neath": ("castell nedd",),
    "neath and swansea east": ("castell nedd a dwyrain abertawe",),
    "newport east": ("dwyrain casnewydd",),
    "newport west": ("gorllewin casnewydd",),
    "newport west and islwyn": ("gorllewin casnewydd ac islwyn",),
    "ogmore": ("ogwr",),
    "preseli pembrokeshire": ("preseli sir benfro",),
    "rhondda and ogmore": ("rhondda ac ogwr",),
    "swansea east": ("dwyrain abertawe",),
    "swansea west": ("gorllewin abertawe",),
    "vale of clwyd": ("dyffryn clwyd",),
    "vale of glamorgan": ("bro morgannwg",),
    "wrexham": ("wrecsam",),
    "ynys mon": ("anglesey", "isle of anglesey"),
}
"""Welsh, English and former names of a seat by the one it is compared by, all folded. Sources: the
Parliamentary Constituencies (Wales) Order 2006 (SI 2006/1041) and the Parliamentary Constituencies
Order 2023 (SI 2023/1230), which name seats in both languages; Na h-Eileanan an Iar was the Western
Isles until 2005."""
_SEATS = {other: name for name, others in _OTHER_NAMES.items() for other in others}
_SUFFIXES = frozenset(["jnr", "jr", "junior", "snr", "sr", "senior"])
_DEGREES = {
    "Lord": "lord",
    "Baron": "lord",
    "Lady": "lady",
    "Baroness": "lady",
    "Lord Bishop": "bishop",
    "Lord Archbishop": "archbishop",
    "Marquis": "marquess",
}


_PLAIN = str.maketrans({"&": " and ", "'": None, "’": None, "`": None})
_SIGNS = frozenset("&'’`")
_WORD = re.compile(r"\w+")
_REMEMBERED = 4096
"""Texts whose spelling is kept: rows are looked at again beside those of the same surname."""


@lru_cache(maxsize=_REMEMBERED)
def fold(text: str) -> str:
    """Return letters and digits of ``text`` in lower case without accents, words one blank apart.

    "&" is "and"; apostrophes vanish; commas, hyphens and full stops part words.
    """
    plain = text.casefold()
    if not _SIGNS.isdisjoint(plain):
        plain = plain.translate(_PLAIN)
    if not plain.isascii():
        letters = unicodedata.normalize("NFKD", plain)
        plain = "".join(
            letter
            for letter in letters
            if not unicodedata.combining(letter) and letter not in "'’`"
        )
    return " ".join(_WORD.findall(plain))


@lru_cache(maxsize=_REMEMBERED)
def seat_key(constituency: str) -> str:
    """Return what all names of one constituency have in common, "" for a blank one.

    The order of the words makes no difference: "Durham, City of" is "City of Durham".
    """
    key = fold(constituency)
    return " ".join(sorted(word for word in _SEATS.get(key, key).split() if word != "the"))


def surnames(contact: Contact) -> frozenset[str]:
    """Return the words that stand in a person's surname, folded, hyphens parted.

    Two rows of one person share at least one: "Smith" and "Duncan Smith", "Lewell-Buck" and
    "Lewell". Particles count only where there is nothing else.
    """
    return _surnames(contact.family, contact.name)


@lru_cache(maxsize=_REMEMBERED)
def _surnames(family: str, name: str) -> frozenset[str]:
    parts = name.split()
    while len(parts) > 1 and fold(parts[-1]) in _SUFFIXES:
        parts.pop()
    words = fold(f"{family} {parts[-1] if parts else ''}").split()
    telling = [word for word in words if not is_particle(word)]
    return frozenset(telling or words)


def given_names(contact: Contact) -> tuple[str, ...]:
    """Return the names before the surname, folded: "Thérèse Anne" is ("therese", "anne")."""
    family = set(fold(contact.family).split()) | surnames(contact)
    words = fold(contact.name).split()
    return tuple(word for word in words if word not in family and not is_particle(word))


def peerage(contact: Contact) -> tuple[str, str] | None:
    """Return degree and title of a peer or bishop, folded: ("lord", "green of hurstpierpoint").

    Lord and Baron are one degree, so are Lady and Baroness. None for who is no peer by name.
    """
    peer = uk_peers.of(contact)
    if peer is None or (peer.spiritual and not peer.of):
        return None
    degree = _DEGREES.get(peer.degree, peer.degree.casefold())
    return degree, fold(f"{peer.of} {peer.title}")
