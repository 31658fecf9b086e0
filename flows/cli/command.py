"""A command line's commands: what all of them share, and how each one's answer is printed."""

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from flows.cli import console
from flows.cli.answer import Answer

_JSON = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
_QUIET = Annotated[bool, typer.Option("--quiet", "-q", help="No remarks, no progress.")]
_SHARED = (("json", _JSON), ("quiet", _QUIET))


class Commands(typer.Typer):
    """A Typer whose commands return an Answer, or None where they say all they have themselves."""

    def command(self, name: str | None = None, **settings: Any) -> Callable[..., Any]:
        """Register a command; it gets --json and --quiet."""
        register = super().command(name, **settings)

        def decorate(run: Callable[..., Answer | None]) -> Callable[..., None]:
            return register(_answering(run))

        return decorate


def _answering(run: Callable[..., Answer | None]) -> Callable[..., None]:
    @functools.wraps(run)
    def command(*, json: bool, quiet: bool, **given: Any) -> None:
        console.configure(json=json, quiet=quiet)
        if (answer := run(**given)) is not None:
            raise typer.Exit(console.give(answer))

    signature = inspect.signature(run, eval_str=True)
    shared = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=annotation
        )
        for name, annotation in _SHARED
    ]
    own = [
        one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in signature.parameters.values()
    ]
    command.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*own, *shared]
    )
    command.__annotations__ = {one.name: one.annotation for one in (*own, *shared)}
    return command
