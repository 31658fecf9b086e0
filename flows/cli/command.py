"""The commands: what all of them share, and how the answer of each is printed."""

import functools
import inspect
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperCommand, TyperGroup

from flows import settings
from flows.cli import console
from flows.cli.answer import Answer, Exit
from flows.office import VARIABLE, nearest, need

Place = Literal["needed", "named", "unused"]
"""Whether a command works only in an office folder, or says which one it is in and does without
where there is none, or has nothing to do with one."""

_OFFICE = Annotated[
    Path | None,
    typer.Option(
        "--office", metavar="DIR", help="The office folder; else the nearest above, or this one."
    ),
]
_JSON = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
_QUIET = Annotated[bool, typer.Option("--quiet", "-q", help="No remarks, no progress.")]
_SHARED = (("office", _OFFICE, None), ("json", _JSON, False), ("quiet", _QUIET, False))


class Listed(TyperGroup):
    """A group whose help lists the commands under headings, what each does in full."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands, in the order in which they were registered."""
        headings: dict[str, list[tuple[str, str]]] = {}
        for name, command in self.commands.items():
            if not command.hidden:
                what = " ".join((command.help or "").partition("\n\n")[0].split())
                panel = getattr(command, "rich_help_panel", None)
                heading = panel if isinstance(panel, str) else "Commands"
                headings.setdefault(heading, []).append((name, what))
        for heading, rows in headings.items():
            with formatter.section(heading):
                formatter.write_dl(rows)


class _Command(TyperCommand):
    """A command whose help names an argument as its usage does, not by the type in Python."""

    def __init__(self, *given: Any, **settings: Any) -> None:
        super().__init__(*given, **settings)
        for parameter in self.params:
            if parameter.param_type_name == "argument":
                setattr(parameter, "display_type_rich", lambda **_: "")  # noqa: B010


class Commands(typer.Typer):
    """A Typer whose commands return an Answer, or None where they say all they have themselves.

    ``heading`` is what they stand under in the program's help.
    """

    def __init__(self, heading: str = "Commands", **settings: Any) -> None:
        super().__init__(**{"cls": Listed, "rich_markup_mode": None, **settings})
        self._heading = heading

    def command(
        self, name: str | None = None, *, office: Place = "needed", **settings: Any
    ) -> Callable[..., Any]:
        """Register a command; it gets --office, --quiet and, where it returns an Answer, --json."""
        register = super().command(name, cls=_Command, rich_help_panel=self._heading, **settings)

        def decorate(run: Callable[..., Answer | None]) -> Callable[..., None]:
            return register(_answering(run, office))

        return decorate


def _answering(run: Callable[..., Answer | None], place: Place) -> Callable[..., None]:
    @functools.wraps(run)
    def command(*, office: Path | None, json: bool = False, quiet: bool, **given: Any) -> None:
        with ExitStack() as working:
            working.enter_context(_working_in(office))
            here = None if place == "unused" else nearest()
            if here is None and place == "needed":
                here = need(given.get("campaign") or "")
                office = here.folder
                working.enter_context(_working_in(office))
            console.configure(json=json, quiet=quiet, office=office)
            if here:
                console.say(f"office folder: {here.folder.resolve()}")
                for fault in settings.warnings():
                    console.warn(str(fault))
            elif place == "named":
                console.say("no office folder is here or above")
            try:
                if (answer := run(**given)) is not None:
                    raise typer.Exit(console.give(answer))
            except KeyboardInterrupt as stop:
                console.stopped(str(stop) or "before it was done; what it wrote until then stays")
                raise typer.Exit(Exit.STOPPED) from stop

    signature = inspect.signature(run, eval_str=True)
    parameters = [
        *signature.parameters.values(),
        *(
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
            )
            for name, annotation, default in _SHARED
            if name != "json" or signature.return_annotation is not None
        ),
    ]
    # Keywords alone: an argument with a default may then stand before one without.
    parameters = [given.replace(kind=inspect.Parameter.KEYWORD_ONLY) for given in parameters]
    command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {given.name: given.annotation for given in parameters}
    return command


@contextmanager
def _working_in(office: Path | None) -> Iterator[None]:
    """Within the block, here and in every process begun here, ``office`` is the office folder."""
    before = os.environ.get(VARIABLE)
    if office is not None:
        os.environ[VARIABLE] = str(office)
    try:
        yield
    finally:
        if office is not None:
            os.environ.pop(VARIABLE)
            if before is not None:
                os.environ[VARIABLE] = before
