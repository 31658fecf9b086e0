"""Readers whose forms were settled by hand, in forms_oracle.txt, before any rule was run."""

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.errors import RowError
from flows.people.forms import country
from flows.people.lists import rows
from flows.people.style import Style

UK = country("uk")
ORACLE = Path(__file__).with_name("forms_oracle.txt")
_SHORT = {"C": ("house", "commons"), "L": ("house", "lords"), "PC": ("privy_counsellor", "yes")}


def readers() -> Iterator[Any]:
    day = datetime.date.min
    for number, line in enumerate(ORACLE.read_text("utf-8").splitlines(), start=1):
        if line.startswith("@"):
            day = datetime.date.fromisoformat(line[1:].strip())
        elif line and not line.startswith("#"):
            name, columns, *expected = (part.strip() for part in line.split("|"))
            cells = {"id": f"line-{number}", "name": name}
            for word in columns.split():
                column, value = _SHORT.get(word) or word.split("=", 1)
                cells[column] = value.replace("_", " ")
            yield pytest.param(day, cells, expected, id=f"{number} {name}")


@pytest.mark.parametrize(("day", "cells", "expected"), [*readers()])
def test_each_reader_is_addressed_as_was_written_down_or_handed_back(
    day: datetime.date, cells: dict[str, str], expected: list[str]
) -> None:
    if expected[0].startswith("!"):
        with pytest.raises(RowError) as handed_back:
            UK.address(rows.contact(cells), Style(), day)
        assert handed_back.value.column == expected[0].removeprefix("!").strip()
        return
    address = UK.address(rows.contact(cells), Style(), day)
    assert [address.envelope, address.salutation] == expected


def test_the_oracle_has_two_hundred_and_fifty_readers_and_names_its_sources() -> None:
    from tests.unit.people.test_forms_uk import READERS

    text = ORACLE.read_text("utf-8")
    assert len([*readers(), *READERS]) >= 250
    assert all(name in text for name in ("Debrett's", "Crockford's", "Cabinet Office"))
