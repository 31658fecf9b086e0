"""What a member of the Government, or a Speaker, is called in the opening: by office, not name."""

import re

from flows.errors import RowError
from flows.people.contact import Contact
from flows.people.forms import uk_titles
from flows.people.style import Style

_BY_OFFICE = (
    ("Chancellor of the Exchequer", "Chancellor"),
    ("Lord (High )?Chancellor", "Lord Chancellor"),
    (r"(HM |(His|Her) Majesty's )?Attorney[ -]General", "Attorney General"),
    (r"(HM |(His|Her) Majesty's )?Solicitor[ -]General", "Solicitor General"),
    (r"(HM |(His|Her) Majesty's )?Advocate[ -]General", "Advocate General"),
    ("Lord Advocate", "Lord Advocate"),
    ("Leader of the (House|Commons|Lords)", "Leader of the House"),
    ("(Government |Lords |Commons )?Chief Whip", "Chief Whip"),
    ("Parliamentary Secretary to the Treasury", "Chief Whip"),
    ("Captain of the (Honourable )?Corps of (the )?Gentlemen", "Chief Whip"),
    ("Chief Secretary to the (Treasury|Prime Minister)", "Chief Secretary"),
    ("Lord President", "Lord President"),
    ("Lord Privy Seal", "Lord Privy Seal"),
)
"""Offices with a name of their own in an opening, the higher first where one title joins two.
Source: Debrett's, "Politicians", members of the Government being written to by office."""
_SHORT = (
    (r"Lord (High )?Chancellor", "Lord Chancellor"),
    (r"Secretary of State for Foreign\b|Foreign Secretary", "Foreign Secretary"),
    (r"Secretary of State for the Home Department|Home Secretary", "Home Secretary"),
    (r"First Secretary of State", "First Secretary"),
)
_SECRETARY = r"(First )?Secretary of State|Home Secretary|Foreign Secretary"
_MINISTERIAL = (
    r"Minister|Chancellor of the Duchy|Paymaster General|President (of|for)|Chief Secretary"
    r"|Senior Minister|Deputy|Secretary"
)
_DEPUTY_SPEAKER = re.compile(r"\bDeputy\b|\bChair(man)? of (Ways|Committees)", re.IGNORECASE)
_NOT_GOVERNMENT = re.compile(r"(Shadow|Opposition|Former(ly)?|Ex)\b", re.IGNORECASE)


def opening(contact: Contact, style: Style) -> str | None:
    """Return the opening by office, or None where the reader is addressed by name.

    "Dear Minister" for every Minister of State and Under-Secretary, in either House. Source:
    Debrett's, "Politicians": members of the Government are written to by office. Raises RowError
    where the office has no rule.
    """
    if not contact.rank:
        return None
    if contact.rank != "speaker" and _NOT_GOVERNMENT.match(contact.office):
        # A shadow minister is written to as a member: Debrett's, "Members of Parliament".
        raise RowError(
            "rank", f"{contact.office!r} is no office of the Government; leave rank blank"
        )
    match contact.rank:
        case "pm":
            return "Dear Prime Minister"
        case "speaker":
            return _speaker(contact)
        case "dpm" if not contact.office or _holds(contact, "Deputy Prime Minister"):
            return "Dear Deputy Prime Minister"
        case "sos" | "dpm":
            return f"Dear {_cabinet(contact, style)}"
        case "whip":
            # A junior whip holds no department and is written to as a member.
            return f"Dear {named}" if (named := _named(contact)) else None
        case "law-officer":
            if named := _named(contact):
                return f"Dear {named}"
            raise RowError(
                "office",
                f"{contact.office!r} is no Law Officer known here; write it as Attorney General,"
                " Solicitor General or Advocate General, or the salutation",
            )
    return f"Dear {_named(contact) or 'Minister'}"


def deputy(contact: Contact) -> bool:
    """Say whether a row of rank speaker is a Deputy Speaker's."""
    return _DEPUTY_SPEAKER.search(contact.office) is not None


def _cabinet(contact: Contact, style: Style) -> str:
    """A Secretary of State, or another member of the Cabinet by the name of the office.

    The office of Secretary of State is one in law (Interpretation Act 1978, schedule 1), whoever
    holds it, so that "Dear Secretary of State" is right for all; short titles are a house style.
    The Chancellor of the Exchequer is none, and is "Dear Chancellor". Source: Debrett's.
    """
    if _holds(contact, "Chancellor of the Exchequer"):
        return "Chancellor"
    if _holds(contact, _SECRETARY):
        if style.short_titles:
            return next(
                (name for rule, name in _SHORT if _holds(contact, rule)), "Secretary of State"
            )
        return "Secretary of State"
    if named := _named(contact):
        return named
    if _holds(contact, _MINISTERIAL):
        return "Minister"
    raise RowError("office", f"{contact.office!r} has no rule for an opening; write the salutation")


def _speaker(contact: Contact) -> str | None:
    """Mr or Madam Speaker, by title or gender: House of Commons, "Traditions and customs".

    The Lord Speaker is so called whoever holds the office; a deputy in the Lords goes by name.
    """
    if contact.house == "lords":
        return None if deputy(contact) else "Dear Lord Speaker"
    title = uk_titles.fold(contact.title)
    if title in uk_titles.MALE or contact.gender == "M":
        form = "Mr"
    elif title in uk_titles.FEMALE or contact.gender == "F":
        form = "Madam"
    else:
        raise RowError("gender", "Mr or Madam Speaker? write M or F, or the salutation")
    return f"Dear {form} {'Deputy ' if deputy(contact) else ''}Speaker"


def _named(contact: Contact) -> str | None:
    return next((name for rule, name in _BY_OFFICE if _holds(contact, rule)), None)


def _holds(contact: Contact, rule: str) -> bool:
    """Say whether the office is, or joins, one that begins as ``rule`` says."""
    start = r"(?:^|\band |, |; |/ ?|\()(?:the )?"
    return re.search(f"{start}(?:{rule})", contact.office, re.IGNORECASE) is not None
