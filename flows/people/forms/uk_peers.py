"""Peers of the realm and Lords Spiritual: their style on the envelope and in the opening."""

import re
from dataclasses import dataclass

from flows.errors import RowError
from flows.people.contact import Contact
from flows.people.forms import names, uk_titles
from flows.people.forms.names import joined
from flows.people.lists.cells import tidy
from flows.people.style import Style

_STYLED = re.compile(
    r"(?:The )?(Lord Archbishop|Archbishop|Lord Bishop|Bishop|Baroness|Baron|Lord|Lady|Viscountess"
    r"|Viscount|Earl|Countess|Marquess|Marquis|Marchioness|Duke|Duchess)( of)? (\S.*)"
)
_SPOKEN = {
    "Lord": "Lord",
    "Baron": "Lord",
    "Viscount": "Lord",
    "Earl": "Lord",
    "Marquess": "Lord",
    "Marquis": "Lord",
    "Lady": "Lady",
    "Viscountess": "Lady",
    "Countess": "Lady",
    "Marchioness": "Lady",
}
_GRACE = {"Duke": "His Grace", "Duchess": "Her Grace"}
_SPIRITUAL = ("Lord Archbishop", "Archbishop", "Lord Bishop", "Bishop")
_SWORN = ("Canterbury", "York", "London")
"""Sees whose holders are of the Privy Council by office: Debrett's, "The Church of England"."""
_SEES = (
    "Bath and Wells|Birmingham|Blackburn|Bradford|Bristol|Canterbury|Carlisle|Chelmsford|Chester"
    "|Chichester|Coventry|Derby|Durham|Ely|Exeter|Gloucester|Guildford|Hereford|Leeds|Leicester"
    "|Lichfield|Lincoln|Liverpool|London|Manchester|Newcastle|Norwich|Oxford|Peterborough"
    "|Portsmouth|Ripon|Ripon and Leeds|Rochester|St Albans|St Edmundsbury and Ipswich|Salisbury"
    "|Sheffield|Sodor and Man|Southwark|Southwell|Southwell and Nottingham|Truro|Wakefield"
    "|West Yorkshire and the Dales|Winchester|Worcester|York"
)
_DIOCESES = frozenset(_SEES.split("|"))
"""Sees of diocesan bishops, who are Lord Bishops and may sit in the Lords; other bishops of the
Church of England are suffragans. Source: The Church of England Year Book, "Dioceses"."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer's degree ("Earl"), and the title behind it: "Howe", or with ``of`` "Sandwich"."""

    degree: str
    of: str
    title: str

    @property
    def spiritual(self) -> bool:
        """A bishop or archbishop, who sits by office."""
        return self.degree in _SPIRITUAL

    @property
    def spoken(self) -> str:
        """The title as spoken: without its territorial part, but "Sandwich" for an Earl of it.

        Source: House of Lords, "How to address a member": "Lord Smith of Finsbury" is Lord Smith.
        """
        return self.title if self.of else self.title.split(" of ")[0]


def parse(name: str) -> Peer | None:
    """Read "Lord Green of Hurstpierpoint" or "Earl of Sandwich"; None for a name without degree."""
    found = _STYLED.fullmatch(tidy(name))
    if not found or (found[1] in (*_SPIRITUAL, *_GRACE) and not found[2]):
        return None
    return Peer(found[1], found[2] or "", found[3])


def of(contact: Contact) -> Peer | None:
    """Read the peer in a contact: from the name, the degree in the title column, or a see."""
    return (
        parse(contact.name)
        or (parse(f"{contact.title} {contact.name}") if contact.title else None)
        or (parse(contact.office) if contact.office.startswith(_SPIRITUAL) else None)
    )


def required(contact: Contact) -> Peer:
    """Read the peer in a contact; RowError where the name carries no degree."""
    if found := of(contact):
        return found
    raise RowError(
        "name",
        f"{contact.name!r} is no style of a member of the Lords; write it as styled:"
        ' "Lord Green of Hurstpierpoint", "Baroness Warsi", "Bishop of Oxford"',
    )


def check(peer: Peer, contact: Contact) -> None:
    """Raise RowError where a first name seems to stand in the title: "Lord John Prescott".

    A peer is styled by the title alone (Debrett's, "Life Peers and Peeresses"); "Lord John" is a
    duke's or marquess's younger son, "Lady Olga" a peer's daughter (Debrett's, "Courtesy titles").
    The family column can say that both words are the title: "Heyhoe Flint".
    """
    parts = peer.spoken.split(" ")
    suffragan = peer.spiritual and "Archbishop" not in peer.degree and peer.title not in _DIOCESES
    if suffragan and contact.house == "lords":
        raise RowError(
            "house",
            f"the Bishop of {peer.title} is no diocesan bishop of the Church of England and does"
            " not sit in the Lords; leave house blank, or correct the see",
        )
    if peer.of or len(parts) < 2 or tidy(contact.family).casefold() == peer.spoken.casefold():
        return
    if any(names.is_particle(part) or part == "and" for part in parts):
        return
    if len(parts) == 2 and names.is_compound(*parts):
        return
    whole = f"{peer.degree} {peer.title}"
    if contact.house == "lords":
        raise RowError(
            "name",
            f"{whole!r} seems to hold a first name, which a peer's style does not; take it out,"
            f" or write {peer.spoken!r} in family where all of it is the title",
        )
    raise RowError(
        "name",
        f"{whole!r} is a courtesy title with a first name; write title and name in their own"
        " columns",
    )


def envelope(peer: Peer, contact: Contact, style: Style, privy_counsellor: bool) -> str:
    """Return a peer's style without letters after it.

    Baron, viscount, earl: "The Lord X", "The Rt Hon the Lord X" for a Privy Counsellor, or for all
    by house style; marquess and duke keep their own prefix. Source: Debrett's, "Dukes" to "Life
    Peers and Peeresses"; for Lords Spiritual Crockford's, "How to address the clergy".
    """
    if peer.spiritual:
        return _bishop(peer, privy_counsellor)
    if peer.degree in _GRACE:
        return joined(f"{_GRACE[peer.degree]} the {peer.degree}{peer.of}", peer.title)
    degree = "Lord" if peer.degree == "Baron" else peer.degree
    styled = joined(degree + peer.of, peer.title)
    prefix = _prefix(contact)
    if peer.degree in {"Marquess", "Marquis", "Marchioness"}:
        return joined(prefix, "The Most Hon the" if not prefix else "the Most Hon the", styled)
    honourable = privy_counsellor or style.peers_rt_hon
    article = "the Rt Hon the" if honourable else "the"
    if honourable and prefix.startswith("The "):
        article = "and Rt Hon the"
    return joined(prefix, article if prefix else article.replace("the", "The", 1), styled)


def letters_pc(peer: Peer, style: Style) -> bool:
    """Say whether a Privy Counsellor gets PC behind the title: only where every peer is "Rt Hon".

    Source: Debrett's, "Privy Counsellors": peers add the letters, their "Rt Hon" being a baron's.
    Where only Privy Counsellors are "Rt Hon", the prefix says it.
    """
    return not peer.spiritual and style.peers_rt_hon


def opening(peer: Peer, style: Style) -> str:
    """Return "Dear Lord X", by degree; the territorial part is dropped.

    Source: Debrett's; House of Lords, "How to address a member"; for bishops Crockford's.
    """
    if peer.spiritual:
        return "Dear Archbishop" if "Archbishop" in peer.degree else "Dear Bishop"
    if peer.degree in _GRACE:
        return f"Dear {peer.degree}"
    spoken = style.baroness if peer.degree == "Baroness" else _SPOKEN[peer.degree]
    return f"Dear {spoken} {peer.spoken}"


def _bishop(peer: Peer, privy_counsellor: bool) -> str:
    archbishop = "Archbishop" in peer.degree
    see = peer.title.removeprefix("the ")
    reverend = "The Most Rev" if archbishop else "The Rt Rev"
    if privy_counsellor or see in _SWORN:
        reverend += " and Rt Hon"
    # A suffragan is no Lord Bishop: Debrett's, "The Church of England: Suffragan Bishops".
    lord = "Lord " if archbishop or see in _DIOCESES else ""
    return f"{reverend} the {lord}{'Archbishop' if archbishop else 'Bishop'} of {peer.title}"


def _prefix(contact: Contact) -> str:
    """Church, profession or service before the peerage, "Professor the Lord Winston".

    No knighthood. Source: Debrett's, "The Church of England: General Notes" (the spiritual title
    precedes the temporal, as in "The Very Rev the Earl of Southend").
    """
    if not contact.title or parse(f"{contact.title} X"):
        return ""
    found = uk_titles.title(contact.title)
    if found.first_name:
        raise RowError("title", f"a peer is not styled {contact.title!r}; leave it blank")
    return f"The {found.before}" if found.church else found.before or found.envelope
