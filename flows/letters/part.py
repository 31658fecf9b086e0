"""One text of a campaign that is filled for each reader, and where it is written."""

from collections.abc import Mapping
from typing import Any

from jinja2 import nodes

from flows.letters.environment import FILLING_FAULTS, Environment, explained


class Part:
    """A text, with tags or without."""

    __slots__ = ("_template", "_text", "tree", "where")

    def __init__(self, source: str, where: str, environment: Environment) -> None:
        """Raises ConfigurationError for tags that cannot be understood."""
        self.where = where
        try:
            self.tree: nodes.Template = environment.parse(source)
            self._template = environment.from_string(source)
        except FILLING_FAULTS as error:
            raise explained(error, where) from error
        self._text = None if "{" in source else source

    @property
    def constant(self) -> bool:
        """Whether it is the same for every reader."""
        return self._text is not None

    def filled(self, context: Mapping[str, Any]) -> str:
        """The text for this context. Raises ConfigurationError as ``Filler.fill`` does."""
        if self._text is not None:
            return self._text
        try:
            return self._template.render(context)
        except FILLING_FAULTS as error:
            raise explained(error, self.where) from error
