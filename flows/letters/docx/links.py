"""Links whose target holds tags: ``mailto:{{ sender.email }}``, typed into Word's Insert, Link."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit
from xml.sax.saxutils import quoteattr

from jinja2 import nodes

from flows.errors import ConfigurationError, Fault, RowError
from flows.letters.docx.ooxml import Package
from flows.letters.jinja_environment import Environment, TemplateText

_CODED = re.compile(r"(?:{|%7b){2}(.*?)(?:}|%7d){2}", re.IGNORECASE)
"""A tag as typed, or percent-encoded as Word stores it."""
_TAG = re.compile(r"({{.*?}})")
_BLOCK = re.compile(r"{[%#]|(?:{|%7b)(?:%25|%23)", re.IGNORECASE)
_SPACE = re.compile(r"[\s\x00-\x1f\x7f]")


class LinkTarget:
    """The target of one link, filled for each reader."""

    def __init__(self, written: str, where: str, environment: Environment) -> None:
        """Raises ConfigurationError: tags that cannot be understood."""
        target = _CODED.sub(lambda tag: f"{{{{{unquote(tag[1])}}}}}", written)
        if _BLOCK.search(target):
            raise ConfigurationError(
                Fault(
                    where,
                    f"the link to {written!r} holds a tag other than {{{{ ... }}}}; write the "
                    "whole address as one fact in campaign.toml, {{ facts.page }}",
                )
            )
        self._pieces = [
            TemplateText(piece, f"{where}: link {target!r}", environment)
            for piece in _TAG.split(target)
            if piece
        ]

    def trees(self) -> Iterable[nodes.Template]:
        """The parsed tags, to check the names in them."""
        return [piece.tree for piece in self._pieces]

    def filled(self, context: Mapping[str, Any]) -> str:
        """The address; values that do not begin it are percent-encoded.

        Raises RowError for what is neither web nor mail.
        """
        address = ""
        for piece in self._pieces:
            text = piece.filled(context)
            address += text if piece.constant or not address else quote(text, safe="@")
        address = address.strip()
        try:
            scheme = urlsplit(address).scheme.lower()
        except ValueError:
            scheme = ""
        if scheme not in {"http", "https", "mailto"} or _SPACE.search(address):
            raise RowError("link", f"a link would lead to {address!r}, no web or mail address")
        return address


class Links:
    """The links of a document whose targets hold tags."""

    def __init__(self, package: Package, where: str) -> None:
        """Take the tags out of the package, and keep its relations' text to put targets in."""
        environment = Environment(escape=False)
        self._targets: dict[str, LinkTarget] = {}
        self.parts: list[str] = []
        """Names of the parts that hold the targets."""
        for name in package:
            if not name.lower().endswith(".rels"):
                continue
            tagged = [
                relation
                for relation in package.tree(name)
                if _CODED.search(relation.get("Target", "")) or "{%" in relation.get("Target", "")
            ]
            for relation in tagged:
                mark = f"https://link-{len(self._targets)}.invalid/"
                self._targets[mark] = LinkTarget(relation.get("Target"), where, environment)
                relation.set("Target", mark)
            self.parts += [name] * bool(tagged)

    def trees(self) -> Iterable[nodes.Template]:
        """The parsed tags, to check the names in them."""
        return [tree for target in self._targets.values() for tree in target.trees()]

    def filled(self, relations: str, context: Mapping[str, Any]) -> bytes:
        """A part's relations with the targets for this context. Raises as LinkTarget.filled."""
        for mark, target in self._targets.items():
            if mark in relations:
                address = quoteattr(target.filled(context), {'"': "&quot;"})[1:-1]
                relations = relations.replace(mark, address)
        return relations.encode()
