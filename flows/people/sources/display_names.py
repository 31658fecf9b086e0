"""Names as sources display them, "Rt Hon Sir Keir Starmer KCB KC MP", taken apart into columns."""

import re
from dataclasses import dataclass

from flows.people.forms import uk_peers, uk_titles
from flows.people.lists.cells import tidy

_HONOURABLE = re.compile(
    r"(?:and )?(?:the )?(?:rt\.? hon\.?|right hon(?:ourable)?\.?)\s+", re.IGNORECASE
)
_YES = re.compile(
    r"(?:the )?(?:rt\.?\s*hon\.?|right hon(?:ourable)?\.?)|yes|y|true|1|x|✓|pc|privy counsell?or",
    re.IGNORECASE,
)
_LETTERS = re.compile(r"[A-Z][A-Za-z]?[A-Z]+|Bt|Bart|VC|QC|KC")
_MOST_TITLE_WORDS = 2


@dataclass(frozen=True, slots=True)
class Styled:
    """The parts of a displayed name, as the contact columns hold them."""

    name: str
    title: str = ""
    honours: str = ""
    privy_counsellor: str = ""

    def cells(self) -> dict[str, str]:
        """Return the parts as cells."""
        return {
            "name": self.name,
            "title": self.title,
            "honours": self.honours,
            "privy_counsellor": self.privy_counsellor,
        }


def parse(text: str) -> Styled:
    """Take a displayed name apart; what it does not state stays blank."""
    rest = tidy(text)
    privy = ""
    if re.match("the (rev|revd|reverend|hon)\\b", rest, re.IGNORECASE):
        rest = rest[len("the ") :]
    if found := _HONOURABLE.match(rest):
        rest, privy = rest[found.end() :], "yes"
    rest, honours = _letters(rest)
    if uk_peers.parse(rest):
        return Styled(rest.removeprefix("The "), "", honours, privy)
    rest, title = _title(rest)
    if found := _HONOURABLE.match(rest):
        rest, privy = rest[found.end() :], "yes"
    rest = re.sub("^the (?=[A-Z])", "", rest) if uk_peers.parse(_upper(rest)) else rest
    return Styled(rest, title, honours, privy)


def honourable(title: str) -> tuple[str, str]:
    """Return a title without "Rt Hon", and "yes" where it was there."""
    title = tidy(title)
    if found := _HONOURABLE.match(f"{title} "):
        return title[found.end() :].strip(), "yes"
    return title, ""


def privy_counsellor(stated: str) -> str:
    """Return "yes" for what a column says of a Privy Counsellor ("Rt Hon", "Y"), else as it is."""
    return "yes" if _YES.fullmatch(tidy(stated)) else stated


def in_order(name: str) -> tuple[str, str]:
    """Return a name sorted by surname, "Duncan Smith, Iain", as it is said; and that surname."""
    before, comma, after = tidy(name).partition(", ")
    words = [word.strip(",.") for word in after.split(" ")]
    if not comma or all(_LETTERS.fullmatch(word) for word in words):
        return name, ""
    return f"{after} {before}", before


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _letters(text: str) -> tuple[str, str]:
    """Split off letters after the name: at the end, in capitals, at least two names before."""
    words = text.split(" ")
    end = len(words)
    while end > 2 and _LETTERS.fullmatch(words[end - 1].strip(",.")):
        end -= 1
    found = [word.strip(",.") for word in words[end:]]
    return " ".join(words[:end]).rstrip(","), " ".join(
        letters for letters in found if letters != "MP"
    )


def _title(text: str) -> tuple[str, str]:
    words = text.split(" ")
    for count in range(min(_MOST_TITLE_WORDS, len(words) - 1), 0, -1):
        title = " ".join(words[:count])
        if uk_titles.known(title):
            return " ".join(words[count:]), title
    return text, ""
