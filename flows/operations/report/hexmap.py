"""Where each constituency stands on a map of equal hexagons.

The layouts are maps/constituencies.hexjson and maps/uk-constituencies-2023.hexjson of
odileeds/hexmaps (Open Innovations), MIT licence, reduced to code, name, q and r ("odd-r" layout).
"""

import csv
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from flows.people.identity.spelling import seat_key

FIRST_DAY_OF_2024_SEATS = date(2024, 5, 30)
"""Dissolution of the last Parliament with the constituencies of 2010 (SI 2023/1230 takes effect
at the next general election)."""
FIRST_DAY_OF_2010_SEATS = date(2010, 4, 12)
_ROW_HEIGHT = 3**0.5 / 2
"""Distance of two rows of hexagons that are one unit wide."""


@dataclass(frozen=True, slots=True)
class Hexagon:
    """A constituency's place: ``x`` to the east and ``y`` to the north, in widths of a hexagon."""

    code: str
    name: str
    x: float
    y: float


def layout(on: date) -> dict[str, Hexagon]:
    """Return the hexagons of the constituencies of that day, by ``seat_key`` of their names.

    Empty before 2010, whose constituencies have no layout here.
    """
    if on < FIRST_DAY_OF_2010_SEATS:
        return {}
    return _read("2024" if on >= FIRST_DAY_OF_2024_SEATS else "2010")


@lru_cache
def _read(year: str) -> dict[str, Hexagon]:
    path = Path(__file__).with_name(f"constituencies_{year}.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return {
            seat_key(row["name"]): Hexagon(
                row["code"],
                row["name"],
                int(row["q"]) + (int(row["r"]) % 2) / 2,
                int(row["r"]) * _ROW_HEIGHT,
            )
            for row in csv.DictReader(file)
        }
