"""campaign.toml: what an operator may write in it, read and checked."""

import datetime
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from babel import Locale, UnknownLocaleError
from pydantic import ConfigDict, Field, Strict, StringConstraints, TypeAdapter, ValidationError

from flows.errors import ConfigurationError, Fault
from flows.people.criteria import Criteria

Role = Literal["minister", "mp", "peer", "other"]
ROLES: tuple[Role, ...] = ("minister", "mp", "peer", "other")

LARGEST = 1_000_000
"""Bytes of a campaign.toml."""
_DEEPEST = 16
"""Tables in tables."""
_TOO_DEEP = "has tables in tables in tables without end; write it plainly"
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_MAPPING_METHODS = frozenset({"get", "items", "keys", "values"})

_CLOSED = ConfigDict(extra="forbid")
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Words = tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who signs; blank where campaign.toml says nothing."""

    __pydantic_config__ = _CLOSED

    name: Word
    office: str = ""
    organisation: str = ""
    address: Words = ()
    postcode: str = ""
    telephone: str = ""
    fax: str = ""
    email: str = ""
    web: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture file of the campaign's folder; sizes in millimetres, 0: its own."""

    __pydantic_config__ = _CLOSED

    file: Word
    width: float = 0.0
    height: float = 0.0


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file sent beside the letter."""

    __pydantic_config__ = _CLOSED

    file: Word
    """Its path in the campaign's folder; with tags ("{{ reader.id }}.pdf"), each reader's own."""
    name: str = ""
    """What it is called in the mail; blank: as the file."""
    roles: tuple[Role, ...] = ROLES
    """The readers it is for."""
    optional: bool = False
    """Whether a reader without a file of that name gets the letter all the same."""

    @property
    def terms(self) -> Criteria:
        """What a reader has to meet."""
        return Criteria.from_table({"roles": self.roles}, f"attachments {self.file}:")


@dataclass(frozen=True, slots=True)
class Ask:
    """One request to government or Parliament, with the readers it is for: the audience's terms."""

    __pydantic_config__ = _CLOSED

    key: Word
    text: Word
    roles: tuple[Role, ...] = ROLES
    """Every role, where campaign.toml names none."""
    houses: Words = ()
    ranks: Words = ()
    departments: Words = ()
    parties: Words = ()
    constituencies: Words = ()
    committees: Words = ()
    tags: Words = ()
    people: Words = ()
    short: str = ""
    """What a chaser says of it; blank: the whole text."""

    @property
    def terms(self) -> Criteria:
        """What a reader has to meet. Raises ConfigurationError: a house or rank there is not."""
        table = {
            one.name: getattr(self, one.name)
            for one in fields(Criteria)
            if one.name != "roles" and getattr(self, one.name)
        }
        return Criteria.from_table(table | {"roles": self.roles}, f"asks.{self.key}:")


@dataclass(frozen=True, slots=True)
class Chase:
    """When readers who have not answered are reminded, and how often."""

    __pydantic_config__ = _CLOSED

    after: Annotated[int, Field(ge=1, le=250), Strict()] = 20
    """Working days since the letter, or since the last chaser."""
    most: Annotated[int, Field(ge=0, le=9), Strict()] = 1
    """Chasers that one reader gets at most."""
    recess: bool = False
    """Whether days on which the reader's House is in recess are not counted."""
    subject: str = ""
    """Jinja; blank: "Re: " and the letter's own."""


@dataclass(frozen=True, slots=True)
class Table:
    """campaign.toml as written; the keys here are the keys an operator may use."""

    __pydantic_config__ = _CLOSED

    title: Word
    subject: Word
    sender: Signatory
    edition: Annotated[int, Field(ge=1), Strict()] = 1
    date: Annotated[datetime.date, Strict()] | None = None
    country: Word = "uk"
    language: Word = "en_GB"
    contacts: Words = ()
    letter: Literal["docx", "pdf", "both"] | None = None
    signature: Picture | None = None
    attachments: tuple[Enclosure, ...] = ()
    cc: str = ""
    post: bool = False
    facts: dict[str, Any] = field(default_factory=dict)
    asks: tuple[Ask, ...] = ()
    audience: dict[str, Any] = field(default_factory=dict)
    forms: dict[str, Any] = field(default_factory=dict)
    chase: Chase = field(default_factory=Chase)


_TABLE = TypeAdapter(Table)


def read(path: Path) -> Table:
    """The file. Raises ConfigurationError with a line for each mistake: key, and what to do."""
    table = _validated(_parsed(path), path)
    _need_sense(table, path)
    return table


def _parsed(path: Path) -> dict[str, Any]:
    where = str(path)
    try:
        if path.stat().st_size > LARGEST:
            raise ConfigurationError(
                Fault(where, f"is larger than {LARGEST // 1_000_000} MB; keep to what letters need")
            )
        text = path.read_bytes().decode("utf-8-sig")
        table = tomllib.loads(text)
    except OSError as error:
        raise ConfigurationError(Fault(where, f"cannot be read ({error.strerror})")) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(Fault(where, "is not UTF-8 text; save it as UTF-8")) from error
    except RecursionError as error:
        raise ConfigurationError(Fault(where, _TOO_DEEP)) from error
    except ValueError as error:  # TOMLDecodeError, or a number of thousands of digits
        raise ConfigurationError(Fault(where, _unreadable(str(error), text))) from error
    _need_plain(table, where)
    return table


_TOML = (
    (r"Invalid value", "put straight quotation marks around a text, and none around a number"),
    (r"Expected '=' after a key|Invalid statement", "write  key = value"),
    (r"Unterminated|Illegal character|Expected newline", 'a text ends where it began, with "'),
    (r"Unescaped|escape", "write a backslash in a text twice"),
    (r"Cannot overwrite|Cannot declare|Cannot mutate", "this key or table stands twice; keep one"),
    (r"Unclosed|Expected '\]+'", "a bracket is not closed"),
    (r"date", "write a date as 2013-09-04"),
)


_BRITISH_DATE = re.compile(r"=\s*\d{1,2}\s*[./-]\s*\d{1,2}\s*[./-]\s*\d{2,4}")


def _unreadable(message: str, text: str) -> str:
    """What the TOML reader found, as an operator reads it."""
    place = re.search(r"line (\d+)", message)
    where = f" in line {place[1]}" if place else ""
    advice = next((said for pattern, said in _TOML if re.search(pattern, message)), "")
    if place and _BRITISH_DATE.search(text.split("\n")[int(place[1]) - 1]):
        advice = "write a date as 2013-09-04"
    return f"cannot be read as TOML{where}" + (f": {advice}" if advice else "")


def _need_plain(table: Mapping[str, Any], where: str) -> None:
    """Raise ConfigurationError for tables in tables without end, and for control characters."""
    waiting: list[tuple[str, Any, int]] = [("", table, 0)]
    while waiting:
        key, value, depth = waiting.pop()
        if depth > _DEEPEST:
            raise ConfigurationError(Fault(where, _TOO_DEEP))
        if isinstance(value, Mapping):
            inner = [(f"{key}.{name}".lstrip("."), one) for name, one in value.items()]
            waiting += [(name, one, depth + 1) for name, one in inner]
        elif isinstance(value, list):
            waiting += [(f"{key}[{n}]", one, depth + 1) for n, one in enumerate(value, 1)]
        elif isinstance(value, str) and _CONTROL.search(value):
            raise ConfigurationError(
                Fault(where, f"{key}: holds a control character; type the text again")
            )


def _validated(table: Mapping[str, Any], path: Path) -> Table:
    try:
        return _TABLE.validate_python(table)
    except ValidationError as error:
        raise ConfigurationError(
            *(Fault(str(path), _line(problem)) for problem in error.errors(include_url=False))
        ) from error


def _line(problem: Mapping[str, Any]) -> str:
    """One pydantic error as an operator reads it."""
    key, given = _key(problem["loc"]), _short(problem["input"])
    match problem["type"]:
        case "missing":
            return f"{key} is missing; add it"
        case "unexpected_keyword_argument" | "extra_forbidden":
            return f"{key}: there is no such key; {_known(problem['loc'])}"
        case "literal_error":
            return f"{key}: {given} is not one of {problem['ctx']['expected']}"
        case "string_too_short":
            return f"{key}: is empty; write something or delete the line"
        case "date_type":
            return f"{key}: {given} is not a date; write 2013-09-04 without quotes"
        case "dataclass_type":
            return f"{key}: {given} will not do; write it as a table, [{key}]"
    wanted = problem["msg"].removeprefix("Input should be ").removeprefix("a valid ")
    return f"{key}: {given} will not do; it should be {_WANTED.get(wanted, wanted)}"


def _known(place: Sequence[int | str]) -> str:
    """What may stand where an unknown key stands: the most like it, or all there are."""
    *above, name = (part for part in place if isinstance(part, str))
    kind: Any = Table
    for part in above:
        kind = _PARTS.get(part, kind)
    keys = [key.name for key in fields(kind)]
    if near := get_close_matches(str(name), keys, 1):
        return f"was {near[0]} meant?"
    return f"there are {', '.join(keys)}"


_PARTS = {
    "sender": Signatory,
    "signature": Picture,
    "attachments": Enclosure,
    "asks": Ask,
    "chase": Chase,
}

_WANTED = {
    "string": "text in quotes",
    "integer": "a whole number",
    "tuple": 'a list of texts, ["...", "..."]',
    "dictionary": "a table of names and values",
}


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _key(location: Sequence[str | int]) -> str:
    """("asks", 2, "text") as "asks[3].text": operators count from one."""
    key = ""
    for part in location:
        key += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if key else part
    return key


def _need_sense(table: Table, path: Path) -> None:
    seen: set[str] = set()
    for ask in table.asks:
        if ask.key in seen:
            raise ConfigurationError(
                Fault(str(path), f"asks: two have the key {ask.key!r}; rename one")
            )
        seen.add(ask.key)
        try:
            _ = ask.terms
        except ConfigurationError as error:
            raise ConfigurationError(Fault(str(path), str(error))) from error
    for fact in table.facts:
        if fact in _MAPPING_METHODS:
            raise ConfigurationError(
                Fault(str(path), f"facts.{fact}: templates need this word; rename it")
            )
    try:
        Locale.parse(table.language)
    except (UnknownLocaleError, ValueError) as error:
        raise ConfigurationError(
            Fault(
                str(path),
                f'language: {table.language!r} is not a language and country such as "en_GB"',
            )
        ) from error
