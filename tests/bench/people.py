"""Invented readers, as many as are wanted: the sample list's columns, nobody's name."""

import csv
from pathlib import Path

from tests.conftest import ROOT

SAMPLE = ROOT / "contacts" / "mps.csv"
_FIRST = ("Ann", "Siân", "Fiona", "Ben", "Zoë", "Owen", "Ruth", "Hamish", "Nia", "Paul")
_LAST = ("O’Dale", "Glyndŵr", "Marsh", "Weir-Hill", "Burn", "Lockwood", "Ashby", "Fenn", "Tarn")
_SYLLABLES = ("ba", "co", "da", "fe", "gu", "ha", "li", "mo", "ne", "po", "ra", "su", "ti", "vo")


def contact_list(path: Path, count: int) -> Path:
    """Write a list of so many persons, each with a name and an address of his or her own."""
    with SAMPLE.open(newline="", encoding="utf-8") as file:
        columns = next(csv.reader(file))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        for number in range(count):
            family = f"{_LAST[number % len(_LAST)]}-{_word(number)}"
            writer.writerow(
                {
                    "id": f"r{number}",
                    "name": f"{_FIRST[number % len(_FIRST)]} {family}",
                    "family": family,
                    "title": "Dr" if number % 7 == 0 else "Ms",
                    "house": "commons",
                    "constituency": f"{'Ynys' if number % 2 else 'Wye &'} {_word(number)}",
                    "email": f"reader{number}@example.org",
                    "personal": "You asked about this on 3 July. " * 4 if number % 3 == 0 else "",
                }
            )
    return path


def _word(number: int) -> str:
    """A different word for each number."""
    word = ""
    while number or len(word) < 8:
        number, place = divmod(number, len(_SYLLABLES))
        word += _SYLLABLES[place]
    return word.capitalize()
