"""Refusals as whoever filled in a form reads them: titles of fields, not options of commands."""

import re
from collections.abc import Mapping

from prefect.context import FlowRunContext

_OPTION = re.compile(r"--(?P<option>[a-z][a-z-]*)(?: [A-Z]{2,}\b)?")
_COMMAND = re.compile(r"\bdear-minister [^;,)\n]*")
"""A whole command to be typed elsewhere keeps its options."""
_CALLED = {
    "as": ("answer", "kind", "as_"),
    "by": ("by", "name"),
    "contact": ("readers",),
    "except": ("excepted",),
    "from": ("source",),
    "hash": ("hash", "digest"),
    "on": ("on", "day", "came_on"),
}
"""What the flows call the fields of these options; of all others the option's own name."""


def of_this_run(text: str) -> str:
    """The text with the titles of the running flow's form in place of a command's options."""
    context = FlowRunContext.get()
    if context is None or context.flow is None:
        return text
    fields = context.flow.parameters.properties
    return in_form(text, {name: str(field.get("title", name)) for name, field in fields.items()})


def in_form(text: str, titles: Mapping[str, str]) -> str:
    """The text with “Your name” for --by NAME; ``titles`` are the form's, by parameter.

    An option that the form has no field for stays as it is.
    """

    def titled(found: re.Match[str]) -> str:
        option = found["option"]
        for name in _CALLED.get(option, (option.replace("-", "_"),)):
            if name in titles:
                return f"“{titles[name]}”"
        return found[0]

    parts, at = [], 0
    for command in _COMMAND.finditer(text):
        parts += [_OPTION.sub(titled, text[at : command.start()]), command[0]]
        at = command.end()
    return "".join(parts) + _OPTION.sub(titled, text[at:])
