"""Words of a template that somebody meant to replace: { salutation }, [NAME], TODO."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from flows.errors import Fault
from flows.letters import readback
from flows.letters.campaign import SETTINGS, Campaign

_TAG = re.compile(r"{{.*?}}|{%.*?%}|{#.*?#}", re.DOTALL)
_PLACEHOLDER = re.compile(
    r"(?<![{%#]){\s*[A-Za-z_][\w.]*\s*}(?![}%#])"
    r"|\[(?:[A-Z]{4,}|[A-Z]+(?:[ _-][A-Z]+)+"
    r"|(?i:(?:insert|your|recipient|first|last|full)\b[^\[\]]{1,40}|name|date|title|address))\]"
    r"|\b(?:TODO|TBC|TBD|FIXME)\b"
    r"|\b(?i:lorem ipsum)\b"
)


def placeholders(text: str) -> list[str]:
    """Return what looks like a placeholder in a template's words, tags apart, in its order."""
    return [found[0] for found in _PLACEHOLDER.finditer(_TAG.sub(" ", text))]


def remark(found: str) -> str:
    """Return the remark about one, with what to do."""
    wanted = f"{{{{ {found[1:-1].strip()} }}}}" if found.startswith("{") else ""
    mend = (
        f"for a value write {wanted}"
        if wanted
        else "write the words, or a tag like {{ reader.name }}"
    )
    return f"prints {found!r} as it stands: a placeholder? {mend}"


def in_texts(campaign: Campaign, *, of_settings: bool = True) -> list[Fault]:
    """Return a remark for each placeholder of the mail and, with ``of_settings``, campaign.toml.

    A file that cannot be read is passed over: compiling it says so.
    """
    return [
        Fault(where, remark(found), "warning")
        for where, text in (*_mail(campaign), *(_settings(campaign) if of_settings else ()))
        for found in dict.fromkeys(placeholders(text))
    ]


def _mail(campaign: Campaign) -> Iterator[tuple[str, str]]:
    for name in (campaign.names.text, campaign.names.html):
        path = campaign.folder / name
        text = path.read_bytes().decode("utf-8-sig", "replace") if path.is_file() else ""
        # Tags first: what they compare may hold "<".
        yield str(path), readback.plain(_TAG.sub(" ", text)) if name.endswith("html") else text


def _settings(campaign: Campaign) -> Iterator[tuple[str, str]]:
    settings = campaign.folder / SETTINGS
    yield f"{settings}: subject", campaign.subject
    for ask in campaign.asks:
        yield f"{settings}: asks.{ask.key}", ask.text
    for name, text in _words("facts", campaign.facts):
        yield f"{settings}: {name}", text


def _words(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Every text in a table of campaign.toml, by its dotted name."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _words(f"{name}.{key}", inner)
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value, 1):
            yield from _words(f"{name}[{number}]", inner)
