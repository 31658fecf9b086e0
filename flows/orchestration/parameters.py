"""The fields of the flows' forms: what Prefect's UI shows, and what Python may pass.

Prefect's form shows plain types well and optional ones badly (a toggle of types), and jams where
a field is not what its schema says before anybody has typed. So every field is a plain type whose
default is in order; what is left empty is read as "not given". Choices are filled in when the
deployments are made (``choices``); a flow takes any value, and checks it.
"""

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

EVERY = "every mailing that was signed off"
_CENTURY = 20
_DAY = r"^(\d{4}-\d{2}-\d{2})?$"


def _listed(value: object) -> object:
    if isinstance(value, str | Path):
        value = [value]
    return (
        [path for path in value or () if path] if isinstance(value, list | tuple | None) else value
    )


def _blank_is_none(value: object) -> object:
    return None if value == "" else value


def _day(value: object) -> object:
    if value in ("", None):
        return None
    if isinstance(value, str) and not re.fullmatch(_DAY, value.strip()):
        raise ValueError(f"{value!r} is not a date; write it as 2013-09-04")
    found = date.fromisoformat(value.strip()) if isinstance(value, str) else value
    if isinstance(found, date) and found.year // 100 != _CENTURY:
        raise ValueError(f"{found} is in another century; write it as 2013-09-04")
    return found


def _identity(value: object) -> object:
    """The id that a choice begins with: "r2p-1-abc, frozen 4 September 2013, 64 letters"."""
    if value is None or value == EVERY:
        return ""
    return re.split(r"[,\s]", value.strip(), maxsplit=1)[0] if isinstance(value, str) else value


def _number(value: object) -> object:
    """The number that a choice begins with: "3, waits: William Hague: Re: your letter"."""
    number = str(_identity(value))
    if not (number.isascii() and number.isdigit()):
        raise ValueError(f"{value!r} is not an item; give its number, as in the list of replies")
    return int(number)


def _schema(**schema: Any) -> WithJsonSchema:
    return WithJsonSchema(schema)


def _field(title: str, description: str, extra: Mapping[str, Any] | None = None) -> Any:
    return Field(
        json_schema_extra={"title": title, "description": description, **(extra or {})},
    )


CampaignKey = Annotated[
    str, _field("Campaign", "Which letter: a folder under templates/, or its path.")
]
Lists = Annotated[
    list[Path],
    BeforeValidator(_listed),
    _schema(type="array", items={"type": "string"}),
    _field("Contact lists", "Leave empty for the lists that the campaign names itself."),
]
AsOf = Annotated[
    date | None,
    BeforeValidator(_day),
    _schema(type="string", pattern=_DAY),
    _field(
        "Date of the letter",
        "As 2013-09-04. Leave empty for the campaign's own date, or today where it has none.",
        {"default": ""},  # the form hands back its default, and null is no string
    ),
]
Live = Annotated[
    bool,
    _field(
        "Send to the readers",
        "Off: a rehearsal, to the built-in mailbox or MAIL_REDIRECT_TO. "
        "On: to the readers themselves, after the chair's sign-off.",
    ),
]
Limit = Annotated[
    int,
    Field(ge=0),
    _field("At most this many letters", "0: all of them. The rest wait for another run."),
]
Patience = Annotated[
    int,
    Field(ge=0, le=600),
    _field(
        "Patience in minutes",
        "How long this run waits for letters that the mail server put off; "
        "the sweep takes up the others.",
    ),
]
Workers = Annotated[
    int,
    Field(ge=1, le=32),
    _field(
        "Runs that send at the same time",
        "1 is enough unless the mail server takes its time over each letter: then twice as many "
        "send nearly twice as fast. One for each 20 letters at most; a rehearsal has one. They "
        "share the laying out of PDFs too.",
    ),
]
SweptMailing = Annotated[
    str,
    BeforeValidator(_identity),
    _field("Mailing", f'"{EVERY}", or one of them.', {"default": EVERY}),
]
MailingId = Annotated[
    str,
    BeforeValidator(_identity),
    _field("Mailing", "The newest first. One that has just been made comes in a few seconds."),
]
_LETTER = (
    "By reader; where there is no list, the letter's id. One that has just got there comes in a "
    "few seconds."
)
DispatchId = Annotated[
    str,
    BeforeValidator(_identity),
    _field("Letter", _LETTER),
]
LetterChoice = Annotated[str, _field("Letter", _LETTER)]
"""As ``choices.open_letters`` has it, or a dispatch's id alone."""
By = Annotated[
    str,
    _field("Your name", "Kept in the ledger for good.", {"minLength": 2, "pattern": r"\S"}),
]
Why = Annotated[
    str,
    _field(
        "Why", "In a few words; kept in the ledger for good.", {"minLength": 2, "pattern": r"\S"}
    ),
]
Day = Annotated[
    date | None,
    BeforeValidator(_day),
    _schema(type="string", pattern=_DAY),
    _field("Day", "As 2013-09-04. Leave empty for today.", {"default": ""}),
]
Folder = Annotated[
    str,
    _field("Folder of the lists", "Where the lists are that are replaced: contacts, usually."),
]
Fewer = Annotated[
    bool,
    _field(
        "Allow fewer people",
        "Off: a list that would lose over a fifth of its people stays as it is, and the run fails.",
    ),
]
After = Annotated[
    int,
    Field(ge=0, le=250),
    _field(
        "Working days without an answer",
        "0: as many as campaign.toml says under [chase], 20 where it says nothing.",
    ),
]
ItemNumber = Annotated[
    int,
    BeforeValidator(_number),
    _schema(type="string"),
    _field("Item", "What waits comes first. One that has just come is here in a few seconds."),
]
KindOfReply = Annotated[
    Literal[
        "reply",
        "acknowledgement",
        "passed-on",
        "asks-for-more",
        "automatic",
        "objection",
        "bounce",
        "delayed",
        "receipt",
        "unrelated",
    ],
    _field(
        "What it is",
        "reply: a substantive answer. objection: its writer is never written to again.",
    ),
]
Source = Annotated[
    Literal["post", "telephone"], _field("How it came", "On paper, or by telephone.")
]
CameOn = Annotated[date, _field("The day it came", "As 2013-09-20.")]
Name = Annotated[
    str,
    Field(min_length=2, max_length=200),
    _field("Your name", "Who says so; kept for good."),
]
Note = Annotated[str, _field("Note", "Kept beside it; may be left empty.")]
ScanFile = Annotated[
    Path | None,
    BeforeValidator(_blank_is_none),
    _schema(type="string"),
    _field(
        "Scan",
        "A file on the machine that serves this, kept with the item; may be left empty.",
        {"default": ""},
    ),
]


def text(title: str, description: str, **extra: Any) -> Any:
    """A field's title and description, for a form of its own."""
    return _field(title, description, extra)
