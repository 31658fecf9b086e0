"""Where contacts come from: public tables, an office's own sheets, the Members API."""

import datetime
from collections.abc import Sequence
from pathlib import Path

from flows.errors import ConfigurationError
from flows.people.sources.imported import Imported
from flows.people.sources.provenance import NO_OPTIONS, Options

KINDS = ("sheet", "ifg", "twfy", "popolo", "members-json")
_ALSO = {"csv": "sheet"}
"""What a kind was called before."""


def read(
    kind: str,
    files: Sequence[Path],
    as_of: datetime.date,
    today: datetime.date,
    options: Options = NO_OPTIONS,
    kept: Options = NO_OPTIONS,
) -> Imported:
    """Import ``files`` of one kind as of a day.

    ``options`` are for a sheet alone, and ``kept`` those of its last import. Raises
    ConfigurationError: an unknown kind, no file, options for another kind, and whatever the kind's
    reader refuses.
    """
    # Each reader is loaded only when it is asked for: pydantic and the rest cost a tenth of a
    # second that no other command should pay.
    if not files:
        raise ConfigurationError("no file to import is named; name one or more")
    kind = _ALSO.get(kind, kind)
    if kind != "sheet" and kind in KINDS and options != NO_OPTIONS:
        raise ConfigurationError(
            f"--house, --rank and --map are for a sheet, not for --from {kind}"
        )
    match kind:
        case "sheet":
            from flows.people.sources import tables

            return tables.read_sheet(files, as_of, today, options, kept)
        case "ifg":
            from flows.people.sources import ifg

            return ifg.read(files, as_of, today)
        case "twfy":
            from flows.people.sources import tables

            return tables.read_twfy(files, as_of, today)
        case "popolo":
            from flows.people.sources import popolo

            return popolo.read(files, as_of, today)
        case "members-json":
            from flows.people.sources import members_json

            return members_json.read(files, as_of, today)
    raise ConfigurationError(f"--from {kind}: no such source; use {', '.join(KINDS)}")
