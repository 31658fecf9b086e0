"""Letters after a name in the United Kingdom, in their order."""

import datetime

QUEEN = datetime.date(1952, 2, 6)
KING = datetime.date(2022, 9, 8)
"""Her Majesty's Counsel became His Majesty's on this day (Demise of the Crown Act 1901, s. 1)."""

_CROWN = (
    "BT VC GC KG LG KT LT KP GCB OM GCSI GCMG GCIE GCVO GBE CH KCB DCB KCSI KCMG DCMG KCIE KCVO"
    " DCVO KBE DBE CB CSI CMG CIE CVO CBE DSO LVO OBE ISO MVO MBE IDSM DCM CGM GM RRC DSC MC DFC"
    " AFC ARRC MM DSM DFM AFM QGM KGM BEM QPM KPM TD VR VRSM UD RD ERD"
)
"""Baronetcies, then orders, decorations and medals: The London Gazette, "Order of wear"."""
_APPOINTMENTS = ["PC", "ADC", "KC", "QC", "JP", "DL"]
"""Behind the Crown's honours: Debrett's, "Hierarchy of letters after the name"."""
_LEARNED = ("FBA", "FRS", "FRSA", "FRCP", "FRCS", "PhD", "DPhil", "MA", "MSP", "MEP", "MLA")
_ORDER = {letters: at for at, letters in enumerate([*_CROWN.split(), *_APPOINTMENTS])}
_ORDER["BART"] = _ORDER["BT"]
_ANY_CASE = {*_ORDER, *(letters.upper() for letters in _LEARNED)}


def letters(honours: str) -> tuple[str, ...]:
    """Split the honours column; "MP" is left out, for it comes from the seat."""
    found = honours.replace(",", " ").replace(".", "").split()
    return tuple(dict.fromkeys(part for part in found if part.upper() != "MP"))


def standing(name: str) -> str:
    """Return the letters a name ends in, "OBE" in "John Smith OBE"; blank where there are none.

    "obe" and "Obe" are the same letters; "Ma" and "Om" are surnames.
    """
    last = name.split(" ")[-1].strip(".,")
    careless = len(last) > 2 or (last.islower() and not name.islower())
    found = last in ("Bt", *_LEARNED, *_ORDER) or (careless and last.upper() in _ANY_CASE)
    return last if found and " " in name else ""


def ordered(found: tuple[str, ...], on: datetime.date) -> tuple[str, ...]:
    """Return ``found`` in order: Bt, the Crown's honours, PC, KC or QC by the day, then the rest.

    The rest (degrees, colleges, learned societies) stays as it was given. Source: Debrett's,
    "Hierarchy of letters after the name".
    """
    silk = "KC" if on >= KING or on < QUEEN else "QC"
    dated = dict.fromkeys(silk if part in {"KC", "QC"} else part for part in found)
    return tuple(sorted(dated, key=lambda part: _ORDER.get(part.upper(), len(_ORDER))))
