"""Persons that somebody listed as different: contacts/distinct.csv, two ids a row."""

import csv
import io
from datetime import date
from pathlib import Path

from flows.errors import ConfigurationError
from flows.people.identity.evidence import identifier
from flows.people.identity.persons import Pair
from flows.people.lists import files, table
from flows.people.lists.cells import defuse, tidy

COLUMNS = ("person", "other", "date", "by")


def load(path: Path) -> frozenset[Pair]:
    """Return the pairs; none where there is no such file. Raises ConfigurationError."""
    if not path.exists():
        return frozenset()
    found = set()
    for row in table.read(path, expected=COLUMNS, required=COLUMNS[:2]).rows:
        one, other = (tidy(row.cells.get(name, "")) for name in COLUMNS[:2])
        if row.fault or not one or not other:
            raise ConfigurationError(
                f"{path}:{row.number}: {row.fault or 'two ids belong in each row'}"
            )
        found.add(frozenset({identifier(one), identifier(other)}))
    return frozenset(found)


def add(path: Path, one: str, other: str, *, by: str, on: date) -> bool:
    """Note that two persons are different; False where that stands there already.

    Raises ConfigurationError: one id twice, the file unreadable or not writable.
    """
    pair = frozenset({identifier(one), identifier(other)})
    if len(pair) == 1:
        raise ConfigurationError(f"{one} and {other} are one id, which cannot be two persons")
    if pair in load(path):
        return False
    old = table.read(path, expected=COLUMNS, required=COLUMNS[:2]).rows if path.exists() else ()
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([row.cells.get(name, "") for name in COLUMNS] for row in old)
    writer.writerow([defuse(cell) for cell in (one, other, on.isoformat(), tidy(by))])
    files.write(path, text.getvalue().encode())
    return True
