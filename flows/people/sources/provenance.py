"""The file beside an imported list, "list.csv.source": where it is from, its day, its options.

The first line says which source was imported when, and the day the list is true for. Below it, a
line each, stand the options of the import that the next one uses again: "house = commons",
"map Seat = constituency".
"""

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flows.people.lists import files

_DAY = re.compile(r"\b(?:as-of|fetched) (\d{4}-\d{2}-\d{2})")
_IN_NAME = re.compile(r"(?<!\d)(\d{4})[-_]?(\d{2})[-_]?(\d{2})(?!\d)")
_OPTION = re.compile(r"(?P<name>house|rank) = (?P<value>.+)|map (?P<heading>.+) = (?P<column>\S+)")


@dataclass(frozen=True, slots=True)
class Options:
    """How a sheet of no known source is read."""

    house: str = ""
    """Of the rows that name none."""
    rank: str = ""
    """Of the rows that name none."""
    mapping: Mapping[str, str] = field(default_factory=dict)
    """Columns of a contact list by their heading in the sheet."""

    def over(self, before: "Options") -> "Options":
        """Return these options, with those of the last import where these say nothing."""
        return Options(
            self.house or before.house,
            self.rank or before.rank,
            {**before.mapping, **self.mapping},
        )


NO_OPTIONS = Options()


@dataclass(frozen=True, slots=True)
class Provenance:
    """What the file beside a list says."""

    line: str
    options: Options = NO_OPTIONS

    @property
    def day(self) -> datetime.date | None:
        """Return the day the list is true for, None where the line states none."""
        found = _DAY.search(self.line)
        return datetime.date.fromisoformat(found[1]) if found else None


def beside(path: Path) -> Path:
    """Return the file that says where the list in ``path`` is from."""
    return path.with_name(path.name + ".source")


def read(path: Path) -> Provenance | None:
    """Return what is known of the list in ``path``, None for one that was not imported."""
    try:
        lines = beside(path).read_text("utf-8").splitlines()
    except (OSError, ValueError):
        return None
    options: dict[str, str] = {}
    mapping = {}
    for line in lines[1:]:
        if not (found := _OPTION.fullmatch(line)):
            continue
        if found["name"]:
            options[found["name"]] = found["value"]
        else:
            mapping[found["heading"]] = found["column"]
    return Provenance(
        lines[0] if lines else "",
        Options(options.get("house", ""), options.get("rank", ""), mapping),
    )


def write(path: Path, provenance: Provenance) -> None:
    """Write the file beside the list in ``path``. Raises ConfigurationError."""
    options = provenance.options
    lines = [provenance.line]
    lines += [f"{name} = {getattr(options, name)}" for name in ("house", "rank")
              if getattr(options, name)]  # fmt: skip
    lines += [f"map {heading} = {column}" for heading, column in options.mapping.items()]
    text = "".join(f"{line}\n" for line in lines)
    files.write(beside(path), text.encode())


def list_day(path: Path) -> datetime.date | None:
    """Return the day that the list in ``path`` is true for, None where nothing says it."""
    found = read(path)
    return found.day if found else None


def stamp(kind: str, files_: Iterable[Path], day: datetime.date, today: datetime.date) -> str:
    """Return the first line for an import of files that are true for ``day``."""
    names = " ".join(path.name for path in files_)
    return f"{kind} {names} as-of {day} imported {today}"


@dataclass(frozen=True, slots=True)
class Reach:
    """The day that a source is read for, and what to say where it is not the day asked for."""

    day: datetime.date
    remarks: tuple[str, ...] = ()


def reach(
    as_of: datetime.date, known: Iterable[datetime.date | None], files_: Sequence[Path]
) -> Reach:
    """Return how far data reach: no further than the last of ``known``, all dates in them.

    A later date in a file's name counts as theirs. Data without any date are a ``snapshot``.
    """
    dated = [day for day in known if day]
    if not dated:
        return snapshot(as_of, files_)
    days = [*dated, *(day for day in map(_named, files_) if day)]
    if as_of <= max(days):
        return Reach(as_of)
    last = max(days)
    return Reach(
        last,
        (
            f"the data end on {_said(last)}: the list is of that day, not of {_said(as_of)}; who"
            " has come, gone or changed since is not in it",
        ),
    )


def snapshot(as_of: datetime.date, files_: Sequence[Path]) -> Reach:
    """Return the day of data without dates: that in the files' names, else when they were saved."""
    named = [day for day in map(_named, files_) if day]
    if named:
        day = min(named)
        if day == as_of:
            return Reach(day)
        return Reach(
            day,
            (
                f"the file is of {_said(day)} by its name and holds that day alone: the list is of"
                f" that day, not of {_said(as_of)}",
            ),
        )
    saved = min(_saved(path) for path in files_)
    if as_of <= saved:
        return Reach(as_of)
    return Reach(
        saved,
        (
            f"the file was saved on {_said(saved)} and states no day: the list is of that day, not"
            f" of {_said(as_of)}; --as-of says its day where that is earlier",
        ),
    )


def _named(path: Path) -> datetime.date | None:
    for found in _IN_NAME.finditer(path.name):
        try:
            return datetime.date(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            continue
    return None


def _saved(path: Path) -> datetime.date:
    try:
        return datetime.date.fromtimestamp(path.stat().st_mtime)
    except OSError:
        return datetime.date.max


def _said(day: datetime.date) -> str:
    return f"{day.day} {day:%B %Y}"
