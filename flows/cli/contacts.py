"""dear-minister contacts: lists brought in, checked and read through before anything is written."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows import settings
from flows.cli import console, options
from flows.cli import contacts_output as output
from flows.cli.answer import Answer
from flows.cli.command import Commands
from flows.errors import ConfigurationError, RowError
from flows.office import nearest, need

if TYPE_CHECKING:
    from flows.people.forms import Country
    from flows.people.style import Style

app = Commands(no_args_is_help=True, help="Contact lists: import, refresh, check, read through.")

File = Annotated[Path, typer.Argument(metavar="FILE", help="A contact list: CSV, XLSX or ODS.")]
AsOf = Annotated[
    str | None, typer.Option("--as-of", metavar="DATE", help="The day, as 2013-09-04; else today.")
]
Whose = Annotated[
    str,
    typer.Option(
        "--campaign", metavar="CAMPAIGN", help="Whose country and [forms]; else the UK's."
    ),
]

Sheet = Annotated[
    str, typer.Option("--sheet", metavar="NAME", help="Which sheet of a workbook is the list.")
]
Fewer = Annotated[
    bool, typer.Option("--fewer", help="Even if the list loses more than a fifth of its contacts.")
]


def _day(as_of: str | None) -> date:
    return settings.day(as_of) if as_of else date.today()


def _with_sheet(file: Path, sheet: str) -> Path:
    return Path(f"{file}#{sheet}") if sheet else file


def _forms(campaign: str) -> "tuple[Country, Style]":
    from flows.people import forms
    from flows.people.style import Style

    if not campaign:
        return forms.country("uk"), Style()
    from flows.letters import campaign as campaigns
    from flows.operations import draft

    found = campaigns.load(draft.folder(campaign))
    return forms.country(found.country), found.forms


@app.command(office="named")
def address(file: File, as_of: AsOf = None, campaign: Whose = "", sheet: Sheet = "") -> Answer:
    """Envelope, opening and close of every row, for a human to read through."""
    from flows.people.lists import loading
    from flows.people.quality import Line, addresses

    country, style = _forms(campaign)
    loaded = loading.load([_with_sheet(file, sheet)])
    lines = [
        *addresses(loaded.contacts, country, style, _day(as_of)),
        *(
            Line(
                one.cells.get("id") or f"{one.file}:{one.row}",
                refused=f"{one.column}: {one.reason}",
            )
            for one in loaded.refused
        ),
    ]
    return output.addresses(lines)


@app.command(office="named")
def check(file: File, as_of: AsOf = None, campaign: Whose = "", sheet: Sheet = "") -> Answer:
    """What is missing or odd; refused rows come back as a spreadsheet, with the reasons."""
    from flows.people import quality
    from flows.people.lists import refused

    report = quality.report([_with_sheet(file, sheet)], *_forms(campaign), _day(as_of))
    handed_back = None
    if report.refused and nearest():
        handed_back = settings.load().var / "contacts" / f"{file.stem}-refused-rows.xlsx"
        refused.write(report.refused, handed_back)
    return output.quality(report, handed_back)


@app.command()
def who(
    campaign: Annotated[str, typer.Argument(metavar="CAMPAIGN")],
    contacts: Annotated[list[Path] | None, typer.Option("--contacts", metavar="FILE")] = None,
    as_of: AsOf = None,
) -> Answer:
    """Who is in a campaign's audience and who is out, and by which rule."""
    from flows.operations import draft

    day = settings.day(as_of) if as_of else None
    return output.who(draft.draft(campaign, contacts or (), day))


@app.command()
def suppress(
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, in a few words.")],
    person: Annotated[str, typer.Option("--person", metavar="ID", help="A person's id.")] = "",
    email: Annotated[str, typer.Option("--email", metavar="ADDRESS")] = "",
    domain: Annotated[str, typer.Option("--domain", metavar="DOMAIN")] = "",
) -> Answer:
    """Never write to this person, address or domain again, in any campaign."""
    from flows.operations import draft
    from flows.people import suppression

    known = draft.listed(person) if person else None
    try:
        suppression.add(
            settings.office().suppression,
            person=person,
            email=email,
            domain=domain,
            reason=reason,
            on=date.today(),
            known=known,
        )
    except RowError as error:
        raise ConfigurationError(
            f"{error.reason} (one of --person, --email, --domain, and --reason)"
        ) from error
    listed = not person or known is not None
    return output.suppressed(
        person or email or domain, settings.office().suppression, listed=listed
    )


@app.command()
def distinct(
    one: Annotated[str, typer.Argument(metavar="PERSON", help="An id of the one.")],
    other: Annotated[str, typer.Argument(metavar="PERSON", help="An id of the other.")],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who says so.")] = "",
) -> Answer:
    """Say that two persons are different, though they look like one; both get their letter."""
    from flows.people.identity import distinct as pairs

    file = settings.office().distinct
    new = pairs.add(file, one, other, by=by, on=date.today())
    return output.distinct(one, other, file, new=new)


@app.command("import", office="named")
def import_(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="The sheet, or files.")],
    kind: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="KIND",
            help="sheet (any table with headings), ifg, twfy, popolo or members-json.",
        ),
    ] = "sheet",
    to: Annotated[
        Path | None,
        options.target("The list; else contacts/imported.csv."),
    ] = None,
    as_of: AsOf = None,
    mapped: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="HEADING=COLUMN",
            help='What a heading of the sheet means: "Where=constituency"; "Age=-" leaves it out.',
        ),
    ] = None,
    house: Annotated[
        str,
        typer.Option(
            "--house",
            metavar="HOUSE",
            help="commons, lords, dail or seanad, where a row names none.",
        ),
    ] = "",
    rank: Annotated[
        str, typer.Option("--rank", metavar="RANK", help="mos, puss ..., where a row has none.")
    ] = "",
    sheet: Sheet = "",
    fewer: Fewer = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change and write nothing.")
    ] = False,
) -> Answer:
    """Make a contact list of a sheet of your own or a public source's files, as of any day."""
    from flows.people import sources
    from flows.people.lists import refused
    from flows.people.sources import headings, provenance, saving

    to = to or need().contacts / "imported.csv"
    if to.suffix.casefold() != ".csv":
        raise ConfigurationError(f"--to {to}: the list is written as CSV; name a file ending so")
    before = provenance.read(to)
    chosen = provenance.Options(house, rank, headings.parse(mapped or ()))
    found = sources.read(
        kind,
        [_with_sheet(path, sheet) for path in files],
        _day(as_of),
        date.today(),
        chosen,
        before.options if before else provenance.NO_OPTIONS,
    )
    planned = saving.plan(found, to, fewer=fewer)
    offices = handed_back = None
    if not dry_run:
        saving.write(planned)
        if kind == "ifg":
            from flows.people import reshuffle
            from flows.people.sources import ifg

            offices = to.with_name(settings.office().tenures.name)
            reshuffle.save(ifg.tenures(ifg.load(files)), offices)
        if found.refused:
            folder = settings.load().var / "contacts" if nearest() else to.parent
            handed_back = folder / f"{to.stem}-refused-rows.csv"
            refused.write(found.refused, handed_back)
    listed = settings.office().name(to)
    return output.imported(planned, offices, handed_back, listed, dry_run=dry_run)


@app.command()
def refresh(
    kind: Annotated[str, typer.Option("--from", metavar="SOURCE")] = "members-api",
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Where the lists are.")
    ] = None,
    fewer: Fewer = False,
) -> Answer:
    """Fetch MPs, peers and government posts from the UK Parliament's Members API."""
    from flows.operations.refresh import refresh as fetch

    if kind != "members-api":
        raise ConfigurationError(f"--from {kind}: the one source to refresh from is members-api")
    if to and not to.is_dir():
        raise ConfigurationError(f"--to {to}: there is no such folder; make it, or name another")
    with console.steps() as progress:
        lists = fetch(settings.load(), to or settings.office().contacts, progress, fewer=fewer)
    return output.refreshed(lists)
