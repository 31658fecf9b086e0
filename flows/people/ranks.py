"""Which of several posts of one person addresses the letter: an explicit table, no judgement."""

import re

from flows.people.contact import Contact

ORDER = ("pm", "dpm", "sos", "speaker", "law-officer", "mos", "puss", "whip", "")
"""Ranks from the highest; as the Institute for Government's rank_equivalence_value orders them."""
MINISTERS = ("pm", "dpm", "sos", "mos", "puss", "law-officer", "whip")
"""Ranks that make a reader a member of the Government."""

_BESIDE = re.compile(
    r"(First Secretary of State|Minister for (Women|Equalit|the Union|the Civil Service)|First Lord"
    r"|Lord President of the Council|Lord Privy Seal|Paymaster General"
    r"|President of the Board of Trade|Chancellor of the Duchy of Lancaster"
    r"|Minister without Portfolio)"
)
"""Offices held beside a department's: they yield to another of the same rank."""


def height(contact: Contact) -> tuple[int, bool]:
    """Return a key that sorts a person's posts, the one that addresses the letter first."""
    return ORDER.index(contact.rank), _BESIDE.match(contact.office) is not None
