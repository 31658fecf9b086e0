"""The fields of the flows' forms: what Prefect's UI shows, and what Python may pass.

Prefect's form shows plain types well and optional ones badly (a toggle of types), so the schema
that the form is made from is given here beside the Python type. Choices are read from the folders
when the deployments are made; a flow takes any path, and checks it.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from flows.errors import ConfigurationError
from flows.letters import campaign as campaigns
from flows.settings import office

_LISTS = (".csv", ".xlsx", ".ods")
_NOT_LISTS = ("suppression.csv",)


def _said(title: str, description: str) -> dict[str, Any]:
    return {"title": title, "description": description}


def campaign_folders() -> tuple[list[str], list[str]]:
    """Keys of the folders under templates/ that can be read as campaigns, and what is wrong with
    each of the others, a line each."""
    found, faults = [], []
    for toml in sorted(office().templates.glob(f"*/{campaigns.SETTINGS}")):
        try:
            found.append(campaigns.load(toml.parent).key)
        except ConfigurationError as error:
            faults.append(" ".join(str(error).split()))
    return found, faults


def valid_campaigns() -> list[str]:
    """The campaigns that a form offers."""
    return campaign_folders()[0]


def contact_lists() -> list[str]:
    """The lists under contacts/."""
    return sorted(
        path.as_posix()
        for path in office().contacts.glob("*")
        if path.suffix.lower() in _LISTS
        and path.name not in _NOT_LISTS
        and not path.name.startswith(("~", "."))  # what an office program leaves beside a list
    )


def _one_of(choices: list[str]) -> dict[str, Any]:
    return {"enum": choices} if choices else {}


def _listed(value: object) -> object:
    return [value] if isinstance(value, str | Path) else value


def _blank_is_none(value: object) -> object:
    return None if value == "" else value


def _schema(**schema: Any) -> WithJsonSchema:
    return WithJsonSchema(schema)


def _field(title: str, description: str, extra: Mapping[str, Any] | None = None) -> Any:
    return Field(json_schema_extra={**_said(title, description), **(extra or {})})


CampaignKey = Annotated[
    str,
    _field(
        "Campaign",
        "Which letter: a folder under templates/. After adding a folder, restart `serve`.",
        _one_of(valid_campaigns()),
    ),
]
MailingId = Annotated[
    str,
    _field("Mailing", "Leave empty for every mailing that was signed off."),
]
Lists = Annotated[
    list[Path],
    BeforeValidator(_listed),
    _schema(type="array", items={"type": "string", **_one_of(contact_lists())}),
    _field("Contact lists", "Leave empty for the lists that the campaign names itself."),
]
AsOf = Annotated[
    date | None,
    BeforeValidator(_blank_is_none),
    _schema(type="string", format="date"),
    _field(
        "Date of the letter",
        "Leave empty for the campaign's own date, or today where it has none.",
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
    Field(ge=1),
    _field(
        "Item", "The item's number, in the table replies-waiting or in `dear-minister replies`."
    ),
]
DispatchId = Annotated[
    str,
    _field(
        "Letter", "The letter's id, as MAILING:7; the table shows those that an item may be about."
    ),
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
