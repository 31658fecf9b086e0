"""Columns of other people's tables: what each heading means here, said or known by its name."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flows.errors import ConfigurationError
from flows.people.contact import KNOWN
from flows.people.lists.delimited import bare

NOT_USED = "-"
"""What --map says of a column that is not to be used."""
_MEANT = {
    "parliament_id": ("parliament id", "mnis id", "id parliament", "member id parliament"),
    "person_id": ("person id", "twfy id"),
    "id": ("id", "ifg person id", "ref", "reference"),
    "person": ("person",),
    "name": ("name", "name display as", "display name", "full name", "member", "member name",
             "mp", "mp name", "minister", "contact", "contact name", "addressee"),
    "first_name": ("first name", "firstname", "given name", "given names", "forenames", "forename",
                   "christian name", "first"),
    "last_name": ("last name", "lastname", "family name", "surname", "last"),
    "family": ("family",),
    "title": ("title", "prefix", "honorific", "honorific prefix", "salutation title"),
    "lordname": ("lordname",),
    "lordofname": ("lordofname",),
    "honours": ("honours", "post nominals", "postnominals", "letters", "letters after name",
                "suffix", "honorific suffix", "decorations"),
    "privy_counsellor": ("privy counsellor", "privy councillor", "privy council", "rt hon",
                         "right hon", "right honourable", "the rt hon"),
    "gender": ("gender", "sex", "m/f"),
    "house": ("house", "chamber", "house of parliament"),
    "rank": ("rank", "ministerial rank"),
    "office": ("office", "post", "role", "position", "job title", "jobtitle", "ministerial post",
               "ministerial role", "ministerial office", "portfolio", "office held", "job"),
    "department": ("department", "dept", "ministry", "government department", "organisation"),
    "constituency": ("constituency", "constituency name", "seat", "area", "division"),
    "party": ("party", "affiliation", "political party", "party name", "group"),
    "email": ("email", "e-mail", "email address", "e-mail address", "parliamentary email",
              "office email", "mail", "email 1", "email 2015", "contact email"),
    "postcode": ("postcode", "post code", "postal code", "zip", "zip code"),
    "committees": ("committees", "committee", "select committee", "select committees"),
    "personal": ("personal", "personal paragraph", "personal message"),
    "salutation": ("salutation", "opening", "greeting", "dear"),
    "envelope": ("envelope", "address block", "envelope lines"),
    "tags": ("tags", "tag"),
    "notes": ("notes", "note", "remarks", "comments"),
    "post_id": ("ifg post id", "post id"),
    "start": ("fromdate", "from date", "start date", "appointment start", "start"),
    "end": ("todate", "to date", "end date", "appointment end", "end"),
}  # fmt: skip
"""What each column of ours is called elsewhere, the surer name first."""
_BY_NAME = {bare(name): (key, at) for key, names in _MEANT.items() for at, name in enumerate(names)}
_ADDRESS = re.compile(
    r"(?:postal|mailing|office|correspondence|contact)?address(?:line)?\d*|addr(?:ess)?\d+"
    r"|addressline(?:one|two|three|four)|line\d|street|street\d|building|town|city|townorcity"
    r"|town/city|county|postaltown"
)
"""Lines of a postal address, in the order of their columns."""
_ASIDE = re.compile(r"\s*(?:\([^)]*\)|\?)\s*$")
EXPECTED = (
    *(name for names in _MEANT.values() for name in names),
    *("address", "address 1", "address 2", "address line 1", "address line 2", "town", "city"),
)
"""Headings by which the line of headings is found."""
_LINES = range(1, 10)
"""Numbers of the lines of an address."""
_TARGETS = (*_MEANT, "address", *(f"address_{number}" for number in _LINES))
_OWN_COLUMN = re.compile(r"[a-z][a-z0-9_]{0,40}")


@dataclass(frozen=True, slots=True)
class Assigned:
    """Which columns of a table fill which of ours; the surer comes first."""

    columns: Mapping[str, tuple[str, ...]]
    """Folded column names by meaning; "address" by line."""
    own: Mapping[str, str]
    """Columns kept under a name of the office's own, by that name."""
    used: tuple[str, ...]
    """Headings as they stand in the file."""
    unused: tuple[str, ...]
    headings: Mapping[str, str] = field(default_factory=dict)
    """The file's own by folded column name."""
    remarks: tuple[str, ...] = ()
    """A line for each known column that is left out because another was named in its place."""

    def get(self, cells: Mapping[str, str], meaning: str) -> str:
        """Return the first of the meaning's cells that is not blank."""
        names = self.columns.get(meaning, ())
        return next((text for name in names if (text := cells.get(name, "").strip())), "")

    def lines(self, cells: Mapping[str, str]) -> str:
        """Return the lines of the postal address, joined by a bar."""
        found = (cells.get(name, "").strip() for name in self.columns.get("address", ()))
        return " | ".join(line for line in found if line)


def assign(headings: Mapping[str, str], given: Mapping[str, str], where: str) -> Assigned:
    """Say what each of a table's columns means: as ``given`` by heading, else by its name.

    ``headings`` are the file's own by folded column name. Raises ConfigurationError: a mapping of a
    heading that is not there, to a column twice, or to a name that is nearly a column's.
    """
    named = _mapped(headings, given, where)
    explicit = {meaning for meaning, _ in named.values() if meaning}
    columns: dict[str, list[tuple[int, str]]] = {}
    own = {}
    remarks = []
    for at, (column, heading) in enumerate(headings.items()):
        meaning, sureness = named.get(column) or _known(heading, at)
        if meaning in KNOWN or meaning in _MEANT:
            if meaning not in explicit or column in named:
                columns.setdefault(meaning, []).append((sureness, column))
            else:
                remarks.append(_left_out(heading, meaning, named))
        elif meaning:
            own[meaning] = column
    ordered = {key: tuple(name for _, name in sorted(found)) for key, found in columns.items()}
    filled = {name for names in ordered.values() for name in names} | set(own.values())
    return Assigned(
        ordered,
        own,
        tuple(heading for column, heading in headings.items() if column in filled),
        tuple(heading for column, heading in headings.items() if column not in filled),
        headings,
        tuple(remarks),
    )


def _left_out(heading: str, meaning: str, named: Mapping[str, tuple[str, int]]) -> str:
    """What is lost with a column known by its name, and the --map that says what is wanted."""
    use = ""
    if meaning == "address":
        lines = {line for target, line in named.values() if target == meaning}
        free = next((number for number in _LINES if number not in lines), _LINES[-1])
        use = f'to use it too: --map "{heading}=address_{free}"; '
    return (
        f"the column {heading!r} is not used, because --map names another for {meaning}; {use}if it"
        f' is not wanted: --map "{heading}={NOT_USED}"'
    )


def _known(heading: str, at: int) -> tuple[str, int]:
    for text in (heading, _ASIDE.sub("", heading)):
        if found := _BY_NAME.get(bare(text)):
            return found
        if _ADDRESS.fullmatch(bare(text)):
            return ("address", at)
    return ("", 0)


def _mapped(
    headings: Mapping[str, str], given: Mapping[str, str], where: str
) -> dict[str, tuple[str, int]]:
    """The meaning of each column that is named in ``given``."""
    by_heading = {bare(heading): column for column, heading in headings.items()}
    named: dict[str, tuple[str, int]] = {}
    taken: dict[str, str] = {}
    for heading, wanted in given.items():
        column = by_heading.get(bare(heading))
        if column is None:
            raise ConfigurationError(
                f"--map {heading!r}: {where} has no such heading; there are"
                f" {', '.join(headings.values())}"
            )
        target = _target(heading, wanted)
        if target and target in taken:
            raise ConfigurationError(
                f"--map names the column {target!r} twice, for {taken[target]!r} and {heading!r};"
                " keep one"
            )
        taken[target] = heading
        number = target.partition("_")[2] if target.startswith("address_") else ""
        named[column] = ("address", int(number)) if number else (target, -1)
    return named


def _target(heading: str, wanted: str) -> str:
    if wanted.strip() == NOT_USED:
        return ""
    target = re.sub(r"[\s-]+", "_", wanted.strip().casefold())
    if target in _TARGETS:
        return target
    if near := difflib.get_close_matches(target, _TARGETS, 1, 0.75):
        raise ConfigurationError(
            f"--map {heading}={wanted}: {wanted!r} is no column; did you mean {near[0]!r}?"
        )
    if not _OWN_COLUMN.fullmatch(target):
        raise ConfigurationError(
            f"--map {heading}={wanted}: {wanted!r} cannot be a column's name; use a-z, 0-9 and _"
        )
    return target


def parse(pairs: Sequence[str]) -> dict[str, str]:
    """Return "Their heading=column" pairs by heading. Raises ConfigurationError."""
    found: dict[str, str] = {}
    for pair in pairs:
        heading, equals, column = pair.rpartition("=")
        if not equals or not heading.strip() or not column.strip():
            raise ConfigurationError(f'--map {pair!r}: write it as "Their heading=column"')
        if any(bare(heading) == bare(other) for other in found):
            raise ConfigurationError(f"--map names the heading {heading.strip()!r} twice; keep one")
        found[heading.strip()] = column.strip()
    return found
