"""dear-minister: the command line. Commands stand in the modules beside this one, by topic.

Results go to stdout, progress and remarks to stderr; with --json one document goes to stdout.
Exit codes: ``flows.cli.answer.Exit``. Prefect is imported only by the commands that run or serve
a flow.
"""

import sys
from typing import Annotated

import typer

from flows import private_files
from flows.cli import campaigns, console, contacts, mailings, records, replies, upkeep
from flows.cli.answer import Exit
from flows.cli.command import Listed
from flows.errors import ConfigurationError, DearMinisterError

app = typer.Typer(
    cls=Listed,
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Formal letters to ministers and MPs: each right for its reader, sent once.",
    epilog="Results go to stdout, remarks and errors to stderr. Exit codes: 0 done; 1 done, but "
    "some rows were refused, are uncertain or wait; 2 wrong use or configuration, or no yes to a "
    "question: nothing done; 130 stopped with Ctrl-C.",
)
app.add_typer(campaigns.app)
app.add_typer(mailings.app)
app.add_typer(records.app)
app.add_typer(replies.inbox_app)
app.add_typer(replies.app, name="replies", rich_help_panel="What became of it")
app.add_typer(contacts.app, name="contacts", rich_help_panel="Contact lists")
app.add_typer(upkeep.app)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        console.result(f"dear-minister {version('dear-minister')}")
        raise typer.Exit


@app.callback()
def program(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Formal letters to ministers and MPs: each right for its reader, sent once."""


def _need_text(arguments: list[str]) -> None:
    for argument in arguments:
        if any("\ud800" <= letter <= "\udfff" for letter in argument):
            raise ConfigurationError(
                f"{argument!r}: this argument is not UTF-8 text; type it again"
            )


def main() -> None:
    """Run the command of this process. Every error made by a user is one line (or a line each)."""
    private_files.begin()
    console.begin()
    try:
        _need_text(sys.argv[1:])
        try:
            app()
        finally:
            sys.stdout.flush()
    except console.OutputError as error:
        console.drop_stdout()
        console.fail(error)
        sys.exit(Exit.ATTENTION)
    except DearMinisterError as error:
        console.fail(error)
        sys.exit(Exit.NOTHING_DONE)
    except BrokenPipeError:  # whoever read has gone
        console.drop_stdout()
        sys.exit(Exit.ATTENTION)


if __name__ == "__main__":
    main()
