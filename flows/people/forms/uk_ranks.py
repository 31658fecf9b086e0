"""Whether the rank of a row is the one its office has, and whether the office is the Government's.

Sources: Ministerial and other Salaries Act 1975, schedule 1; House of Commons Library, "Limitations
on the number of Ministers", for which office is of which rank; Scotland Act 1998, section 44,
Government of Wales Act 2006, section 45, and Northern Ireland Act 1998, sections 16A and 17, for
ministers who are not of the United Kingdom's Government.
"""

import re

from flows.errors import RowError
from flows.people import offices
from flows.people.contact import Contact

_ELSEWHERE = re.compile(
    r"(deputy )?first minister\b|taoiseach\b|t[aá]naiste\b|minister president|premier of"
    r"|cabinet secretary for|(deputy )?presiding officer|llywydd\b|ceann comhairle|cathaoirleach"
    r"|counsel general|junior minister \(|.*\b(northern ireland|stormont) executive\b"
    r"|.*\b(scottish|welsh|irish|jersey|manx) (government|assembly|parliament)\b"
    r"|.*\bsenedd\b|.*\bgovernment of (ireland|scotland|wales|jersey)\b"
    r"|(scottish|welsh|irish) minister"
)
_GOVERNMENTS = re.compile(
    r"(the )?(scottish|welsh|irish) (government|executive|assembly)"
    r"|northern ireland (executive|assembly)"
    r"|welsh assembly government|llywodraeth cymru|government of (ireland|scotland|wales)|senedd.*"
    r"|scottish parliament|the executive office"
)
_OUTSIDE = re.compile(
    r"(lord |deputy |metro )?mayor(ess)?\b|.*\bambassador\b|(british |deputy )?high commissioner\b"
    r"|(?!.*lords? commissioner).*\bcommissioner\b"
    r"|(the )?lord provost|provost\b|leader of .*\bcouncil\b|council(lor| leader)"
    r"|.*\bconsul\b|governor\b|chief constable|lord[- ]lieutenant"
)
_ASSEMBLIES = frozenset(["MSP", "MS", "MLA", "AM", "TD", "MHK", "MEP"])
"""Letters of members of other parliaments; of a member of either House TD is the
Territorial Decoration."""
_EXACT = (
    (r"prime minister\b(?!')", ("pm",)),
    (r"deputy prime minister\b", ("dpm",)),
    (r"first secretary of state\b", ("dpm", "sos")),
    (r"secretary of state\b|(home|foreign) secretary\b", ("sos", "dpm")),
    (r"chancellor of the exchequer|lord (high )?chancellor", ("sos", "dpm")),
    (r"leader of the (house|commons|lords)|lord (president|privy seal)", ("sos", "dpm", "mos")),
    (r"chancellor of the duchy|chief secretary to", ("sos", "dpm", "mos")),
    (r"parliamentary secretary to the treasury", ("whip",)),
    (r"parliamentary (under[- ]?)?secretary|under[- ]?secretary of state", ("puss",)),
    (r"(senior )?minister of state\b", ("mos",)),
    (r"(attorney|solicitor|advocate) general\b|lord advocate\b", ("law-officer",)),
    (r"(economic|exchequer) secretary", ("puss", "mos")),
    (r"(financial|commercial) secretary", ("mos", "puss")),
    (r"(lord|baroness|lady|lords) in waiting|lords? commissioner", ("whip",)),
    (r"(government |lords |commons )?(deputy |assistant )?(chief )?whip\b", ("whip",)),
    (r"comptroller of|vice[- ]chamberlain|treasurer of h|captain of the", ("whip",)),
    (r"speaker of the house of commons|lord speaker", ("speaker",)),
)
"""Offices whose rank is in their name, and the ranks it may be."""
_COMPILED = tuple((re.compile(rule), ranks) for rule, ranks in _EXACT)
_CHAIR = re.compile(r".*\bspeaker\b|.*\bchair(man|woman)? of (ways|committees)")


def check(contact: Contact) -> None:
    """Raise RowError where the rank and the office of a row cannot both be right.

    An office of another government or parliament has no rank here; nor has a member of one. A rank
    above or below what the name of the office says is handed back, for a letter would call the
    reader by the wrong one.
    """
    name = offices.plain(contact.office).casefold()
    if not contact.rank:
        if (
            not contact.house
            and _OUTSIDE.match(name)
            and not (contact.envelope and contact.salutation)
        ):
            raise RowError(
                "office",
                f"{contact.office!r} is neither of Parliament nor of the Government, and has no"
                " rule here; write salutation and envelope",
            )
        return
    if _ELSEWHERE.match(name) or _GOVERNMENTS.match(contact.department.casefold()):
        raise RowError(
            "rank",
            f"{contact.office or contact.department!r} is no office of the United Kingdom's"
            " Government; leave rank blank, and write salutation and envelope",
        )
    if _OUTSIDE.match(name):
        raise RowError(
            "rank",
            f"{contact.office!r} is no office of the Government; leave rank blank, and write"
            " salutation and envelope",
        )
    letters = {part.upper() for part in re.split(r"[\s,]+", contact.honours)} & _ASSEMBLIES
    if contact.house:
        letters -= {"TD", "MEP"}
    if letters:
        raise RowError(
            "rank",
            f"a member of another parliament ({min(letters)}) holds no office of the United"
            " Kingdom's Government; leave rank blank, and write salutation and envelope",
        )
    if contact.rank == "speaker":
        if name and not _CHAIR.match(name):
            raise RowError("rank", f"{contact.office!r} is not the Chair; correct rank or office")
        return
    for rule, ranks in _COMPILED:
        if rule.match(name):
            if contact.rank not in ranks:
                raise RowError(
                    "rank",
                    f"{contact.office!r} is {' or '.join(ranks)}, not {contact.rank};"
                    " correct rank or office",
                )
            return
