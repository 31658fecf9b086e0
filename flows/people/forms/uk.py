"""Forms of address in the United Kingdom.

The model letter's own forms are the defaults: "Rt Hon William Hague MP", "Dear Secretary of State",
"Yours sincerely". Sources: Debrett's, "Forms of address"; UK Parliament, "How to address MPs and
members of the Lords"; each rule names its own.
"""

import datetime
import re
from dataclasses import replace

from flows.errors import RowError
from flows.people.contact import MINISTERS, Address, Contact
from flows.people.election import dissolved
from flows.people.forms import names, uk_honours, uk_offices, uk_peers, uk_ranks, uk_titles
from flows.people.forms.names import joined
from flows.people.lists.cells import tidy
from flows.people.style import Style

_HOUSES = {
    "commons": ("House of Commons", "London SW1A 0AA"),
    "lords": ("House of Lords", "London SW1A 0PW"),
}
_OFFICES = {
    "pm": "Prime Minister",
    "dpm": "Deputy Prime Minister",
    "speaker": "Speaker of the House of Commons",
}
_COUNSELLORS = ("pm", "dpm", "sos")
"""Ranks always held by Privy Counsellors: the Cabinet is sworn of the Council (Cabinet Manual,
2011, paragraph 1.9)."""


def role(contact: Contact) -> str:
    """Return minister (any member of the Government, whips too), mp, peer or other."""
    if contact.rank in MINISTERS:
        return "minister"
    return {"commons": "mp", "lords": "peer"}.get(contact.house, "other")


def address(contact: Contact, style: Style, on: datetime.date) -> Address:
    """Return envelope, opening and close of ``contact`` on the day ``on``.

    The row's own envelope (lines separated by ``|``) and salutation win. Raises RowError where
    no rule applies, and for a member of the Commons between dissolution and polling day.
    """
    if not (contact.envelope and contact.salutation):
        uk_ranks.check(contact)
    contact = _seat(contact, style, on)
    own = tuple(line for part in contact.envelope.split("|") if (line := tidy(part)))
    lines = own or _lines(contact, style, on)
    salutation = tidy(contact.salutation).rstrip(" ,") or _salutation(contact, style)
    return Address(lines, salutation, style.close)


def postal(contact: Contact, style: Style, on: datetime.date) -> tuple[str, ...]:
    """Return department, street and town, or the House's own address where the row has none.

    () where neither is known, as for a minister without a seat. Raises RowError for a postcode
    without an address.
    """
    if contact.address:
        lines = list(contact.address)
        if contact.rank in MINISTERS and contact.department not in (*lines, ""):
            lines.insert(0, contact.department)
        if contact.postcode and not lines[-1].endswith(contact.postcode):
            lines[-1] = f"{lines[-1]} {contact.postcode}"
        return tuple(tidy(line) for line in lines)
    if contact.postcode:
        raise RowError("address", "a postcode without an address; complete it or blank both")
    if contact.house == "commons" and dissolved(on, style.dissolutions):
        return ()
    return _HOUSES.get(contact.house, ())


def _seat(contact: Contact, style: Style, on: datetime.date) -> Contact:
    """Take the seat from everyone in the Commons while Parliament is dissolved.

    Source: Cabinet Manual, 2011, paragraphs 2.12 and 2.20: members cease to be such, ministers
    stay in office.
    """
    if contact.house not in ("", *_HOUSES):
        raise RowError("house", f"{contact.house!r} is no House here; use commons or lords")
    period = dissolved(on, style.dissolutions)
    if contact.house != "commons" or not period:
        return contact
    gone = f"Parliament was dissolved on {period[0]}: nobody is an MP until the poll of {period[1]}"
    if role(contact) != "minister":
        raise RowError("house", f"{gone}; write after it")
    if re.search(r"\bMP\b", contact.envelope):
        raise RowError("envelope", f"{gone}; take MP off the envelope")
    return replace(contact, house="")


def _lines(contact: Contact, style: Style, on: datetime.date) -> tuple[str, ...]:
    name = _name_line(contact, style, on)
    if not contact.rank:
        return (name,)
    office = tidy(contact.office) or _OFFICES.get(contact.rank, "")
    if contact.rank == "speaker" and contact.house == "lords" and not contact.office:
        office = "Lord Speaker"
    if not office:
        raise RowError("office", f"blank, but rank is {contact.rank}; write the office")
    return (name, office)


def _name_line(contact: Contact, style: Style, on: datetime.date) -> str:
    """The line with the name; by degree for peers, "Rt Hon ... MP" for the Commons.

    Sources: the model letter; Debrett's, "Privy Counsellors" (no Mr or Ms behind Rt Hon),
    "Hierarchy of letters after the name" (MP last).
    """
    letters = uk_honours.letters(contact.honours)
    counsellor = _privy_counsellor(contact, letters)
    letters = tuple(letter for letter in letters if letter != "PC")
    if peer := _peer(contact):
        if contact.house == "commons":
            # A title that carries no seat: courtesy, Irish and, since 1999, most hereditary ones.
            prefix = _right_honourable(style) if counsellor else ""
            line = joined(prefix, f"{peer.degree}{peer.of}", peer.title)
            return joined(line, *uk_honours.ordered(letters, on), "MP")
        if counsellor and uk_peers.letters_pc(peer, style):
            letters += ("PC",)
        line = uk_peers.envelope(peer, contact, style, counsellor)
        return joined(line, *uk_honours.ordered(letters, on))
    title = uk_titles.title(contact.title) if contact.title else uk_titles.Title("", "")
    prefix = title.styled(counsellor, style.the)
    seat = "MP" if contact.house == "commons" else ""
    return joined(prefix, _plain(contact), *uk_honours.ordered(letters, on), seat)


def _salutation(contact: Contact, style: Style) -> str:
    if by_office := uk_offices.opening(contact, style):
        return by_office
    if peer := _peer(contact):
        return uk_peers.opening(peer, style)
    return _by_name(contact, style)


def _by_name(contact: Contact, style: Style) -> str:
    """Return "Dear Mr Smith", "Dear Sir John", "Dear Dr Smith", by the title the source gives.

    Without a title Mr or Ms by the source's gender; with neither, the full name where the campaign
    allows it. Source: Debrett's, "Members of Parliament", "Knights", "Dames".
    """
    name = _plain(contact)
    title = uk_titles.title(contact.title) if contact.title else uk_titles.Title("", "")
    if title.first_name:
        return f"Dear {title.spoken} {names.given(contact)}"
    if spoken := title.spoken or {"M": "Mr", "F": "Ms"}.get(contact.gender, ""):
        return f"Dear {spoken} {names.family(contact)}"
    if style.full_name:
        return f"Dear {name}"
    raise RowError(
        "title",
        f"neither title nor gender of {name!r} is known; write one, the salutation, or allow"
        " full_name in [forms]",
    )


def _peer(contact: Contact) -> uk_peers.Peer | None:
    """Read the peer, if it is one: always in the Lords, by the style of the name elsewhere."""
    name = names.checked(contact.name)
    if letters := uk_honours.standing(name):
        raise RowError("name", f"{name!r} ends in {letters}; write that in honours, the name here")
    if contact.house == "lords":
        lord = uk_peers.required(contact)
        uk_peers.check(lord, contact)
        return lord
    if peer := uk_peers.parse(contact.name):
        uk_peers.check(peer, contact)
    if peer and contact.house == "commons" and peer.degree in {"Lord", "Baron", "Baroness"}:
        raise RowError("house", f"{contact.name!r} cannot sit in the Commons; write lords here")
    if not peer and not contact.house and not contact.rank:
        raise RowError(
            "house",
            "neither House nor rank is known; write commons, lords or a rank, or salutation and"
            " envelope",
        )
    return peer


def _plain(contact: Contact) -> str:
    """The name of a commoner; RowError where it carries what other columns hold."""
    name = tidy(contact.name)
    first, last = name.split(" ")[0], name.split(" ")[-1]
    if re.search(r"\b(Rt|Right)\.? Hon", name, re.IGNORECASE):
        raise RowError(
            "name", f"{name!r} holds Rt Hon; write yes in privy_counsellor, the name alone here"
        )
    if uk_titles.is_title(first):
        raise RowError("name", f"{name!r} begins with a title; write it in title, the name here")
    if last.strip(".,") == "MP":
        raise RowError("name", f"{name!r} ends in MP; write commons in house, the name here")
    return name


def _privy_counsellor(contact: Contact, letters: tuple[str, ...]) -> bool:
    speaker = contact.rank == "speaker" and contact.house != "lords"
    return (
        contact.privy_counsellor
        or "PC" in letters
        or contact.rank in _COUNSELLORS
        or (speaker and not uk_offices.deputy(contact))
    )


def _right_honourable(style: Style) -> str:
    return "The Rt Hon" if style.the else "Rt Hon"
