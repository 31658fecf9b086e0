"""Forms of address in Ireland, in English and, with ``language = "ga"``, in Irish.

The offices keep their Irish names in both. Sources: Constitution of Ireland, articles 15 and 28;
Citizens Information, "How to address public representatives"; Houses of the Oireachtas, "Debates",
for the forms spoken in Irish (vocatives: "A Thaoisigh", "A Aire", "A Theachta").
"""

import datetime
from dataclasses import fields

from flows.errors import RowError
from flows.people.contact import MINISTERS, Address, Contact
from flows.people.election import DAIL, dissolved
from flows.people.forms import names
from flows.people.forms.names import joined
from flows.people.lists.cells import tidy
from flows.people.style import Style

_OPENINGS = {
    "pm": ("Dear Taoiseach", "A Thaoisigh"),
    "dpm": ("Dear Tánaiste", "A Thánaiste"),
    "sos": ("Dear Minister", "A Aire"),
    "mos": ("Dear Minister", "A Aire"),
    "puss": ("Dear Minister", "A Aire"),
    "law-officer": ("Dear Attorney General", "A Ard-Aighne"),
    "whip": ("Dear Minister", "A Aire"),
}
"""The Government Chief Whip is a Minister of State (Ministers and Secretaries Acts)."""
_CHAIRS = {
    "dail": ("Ceann Comhairle", "Dear Ceann Comhairle", "A Cheann Comhairle"),
    "seanad": ("Cathaoirleach", "Dear Cathaoirleach", "A Chathaoirligh"),
}
_DEPUTY = ("Leas", "Deputy")
_DEPUTIES = {
    "dail": ("Dear Leas-Cheann Comhairle", "A Leas-Cheann Comhairle"),
    "seanad": ("Dear Leas-Chathaoirleach", "A Leas-Chathaoirligh"),
}
_OFFICES = {"pm": "Taoiseach", "dpm": "Tánaiste"}
_HOUSES = {
    "dail": ("Dáil Éireann", "Leinster House", "Kildare Street", "Dublin 2 D02 XR20"),
    "seanad": ("Seanad Éireann", "Leinster House", "Kildare Street", "Dublin 2 D02 XR20"),
}
_TITLES = {"dr": "Dr", "prof": "Professor", "professor": "Professor"}
_PLAIN = ("", "mr", "mrs", "ms", "miss", "deputy", "senator")
_CLOSE = "Is mise le meas"


def role(contact: Contact) -> str:
    """Return minister, mp (a TD), peer (a Senator) or other."""
    if contact.rank in MINISTERS:
        return "minister"
    return {"dail": "mp", "seanad": "peer"}.get(contact.house, "other")


def address(contact: Contact, style: Style, on: datetime.date) -> Address:
    """Return envelope, opening and close: "Enda Kenny TD, Taoiseach", "Dear Taoiseach".

    The row's own envelope and salutation win. Raises RowError where no rule applies, and for a TD
    between dissolution and polling day; ministers stay in office (article 28.11) without TD, and
    Senators sit on (article 18.8).
    """
    if contact.house not in ("", *_HOUSES):
        raise RowError("house", f"{contact.house!r} is no House here; use dail or seanad")
    period = dissolved(on, style.dissolutions, DAIL)
    vacant = contact.house == "dail" and period is not None
    if period and vacant and role(contact) != "minister":
        raise RowError(
            "house",
            f"the Dáil was dissolved on {period[0]}: nobody is a TD until the poll of {period[1]};"
            " write after it",
        )
    own = tuple(line for part in contact.envelope.split("|") if (line := tidy(part)))
    lines = own or _lines(contact, style, vacant)
    salutation = tidy(contact.salutation).rstrip(" ,") or _salutation(contact, style)
    default = next(field.default for field in fields(Style) if field.name == "close")
    close = _CLOSE if _irish(style) and style.close == default else style.close
    return Address(lines, salutation, close)


def postal(contact: Contact, style: Style, on: datetime.date) -> tuple[str, ...]:
    """Return department, street and town, or Leinster House where the row has no address."""
    if contact.address:
        first = (contact.department,) if role(contact) == "minister" else ()
        given = (*first, *contact.address, contact.postcode)
        return tuple(dict.fromkeys(line for part in given if (line := tidy(part))))
    if contact.postcode:
        raise RowError("address", "a postcode without an address; complete it or blank both")
    if contact.house == "dail" and dissolved(on, style.dissolutions, DAIL):
        return ()
    return _HOUSES.get(contact.house, ())


def _irish(style: Style) -> bool:
    return style.language == "ga"


def _lines(contact: Contact, style: Style, vacant: bool) -> tuple[str, ...]:
    """A TD has the letters behind the name; a Senator the title before it, in office too."""
    name = names.checked(contact.name)
    first, last = name.split(" ")[0], name.split(" ")[-1]
    if first.casefold().strip(".") in (*_TITLES, *_PLAIN, "taoiseach", "tánaiste", "minister"):
        raise RowError("name", f"{name!r} begins with a title; write it in title, the name here")
    if last.strip(".") == "TD":
        raise RowError("name", f"{name!r} ends in TD; write dail in house, the name here")
    title = contact.title.casefold().strip(" .")
    if title not in (*_TITLES, *_PLAIN):
        raise RowError("title", f"{contact.title!r} has no rule; write salutation and envelope")
    senator = ("An Seanadóir" if _irish(style) else "Senator") if contact.house == "seanad" else ""
    seat = "TD" if contact.house == "dail" and not vacant else ""
    line = joined(senator, _TITLES.get(title, ""), name, contact.honours, seat)
    if not contact.rank:
        return (line,)
    office = tidy(contact.office) or _OFFICES.get(contact.rank, "")
    if contact.rank == "speaker" and contact.house in _CHAIRS:
        office = office or _CHAIRS[contact.house][0]
    if not office:
        raise RowError("office", f"blank, but rank is {contact.rank}; write the office")
    return (line, office)


def _salutation(contact: Contact, style: Style) -> str:
    irish = int(_irish(style))
    if contact.rank == "speaker":
        if contact.house not in _CHAIRS:
            raise RowError("house", "the chair of which House? write dail or seanad")
        if contact.office.startswith(_DEPUTY):
            # The deputy's form is the office's own: Dáil Standing Orders, "Leas-Cheann Comhairle".
            return _DEPUTIES[contact.house][irish]
        return _CHAIRS[contact.house][1 + irish]
    if contact.rank:
        return _OPENINGS[contact.rank][irish]
    if contact.house == "dail":
        return "A Theachta" if irish else f"Dear Deputy {names.family(contact)}"
    if contact.house == "seanad":
        return "A Sheanadóir" if irish else f"Dear Senator {names.family(contact)}"
    raise RowError(
        "house",
        "neither House nor rank is known; write dail, seanad or a rank, or salutation and envelope",
    )
