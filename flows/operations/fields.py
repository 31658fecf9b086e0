"""Every name that a letter may print, with the values it has for one reader."""

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flows.errors import ConfigurationError
from flows.letters.template_functions import Values
from flows.letters.templates import Compiler
from flows.operations.draft import Draft
from flows.people.contact import Reader

_WORDS = {"listing": "Text with its line breaks kept."}
"""For what a library describes for programmers."""


@dataclass(frozen=True, slots=True)
class Fields:
    """What templates may print for one reader, and what they may call."""

    reader: Reader
    values: tuple[tuple[str, str], ...]
    """Name and value, as a template writes the one and prints the other."""
    functions: tuple[tuple[str, str], ...]
    """A call, and what it makes."""


def fields(draft: Draft, contact: str) -> Fields:
    """The names for the reader with this contact id; blank: the first reader.

    Works where the templates do not: names are looked up when one is misspelt. Raises
    ConfigurationError: nobody to write to, no such reader; RowError: a value that no letter may
    print.
    """
    if not draft.readers:
        raise ConfigurationError(f"{draft.campaign.key}: there is nobody to write to")
    (reader, *_) = draft.only([contact] if contact else [])
    compiler = Compiler(draft.campaign, draft.on)
    context = compiler.context.of(reader)
    try:
        context["asks"] = tuple(
            part.filled(context) for terms, part in compiler.asks() if terms.unmet(reader) is None
        )
    except ConfigurationError:  # check says what is wrong with them
        context["asks"] = tuple(ask.text for ask in draft.campaign.asks)
    return Fields(reader, tuple(_flat(context)), tuple(_calls(draft)))


def _flat(values: Mapping[str, object], above: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{name}.")
        elif isinstance(value, tuple):
            yield above + name, "; ".join(map(_shown, value))
        else:
            yield above + name, _shown(value)


def _shown(value: object) -> str:
    """A value in one line; of another office of the same person, its name."""
    if isinstance(value, Mapping):
        return " ".join(str(value.get("office") or value.get("id") or "").split())
    if isinstance(value, bool):
        return "yes" if value else ""
    return " ".join(str(value).split())


def _calls(draft: Draft) -> Iterator[tuple[str, str]]:
    for name, function in Values(draft.campaign.folder).functions().items():
        parameters = ", ".join(inspect.signature(function).parameters)
        what = _WORDS.get(name) or (inspect.getdoc(function) or "").partition("\n")[0]
        yield f"{name}({parameters})", what
    if draft.campaign.signature:
        yield "signature", "The signature picture of campaign.toml."
