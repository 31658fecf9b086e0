"""Where contacts come from: public tables and the UK Parliament's Members API."""

import datetime
from collections.abc import Sequence
from pathlib import Path

from flows.errors import ConfigurationError
from flows.people.sources.imported import Imported

KINDS = ("ifg", "twfy", "popolo", "members-json", "csv")


def read(
    kind: str, files: Sequence[Path], as_of: datetime.date, today: datetime.date, house: str = ""
) -> Imported:
    """Import ``files`` of one kind as of a day; ``house`` is that of a CSV without the column.

    Raises ConfigurationError: an unknown kind, no file, and whatever the kind's reader refuses.
    """
    # Each reader is loaded only when it is asked for: pydantic and the rest cost a tenth of a
    # second that no other command should pay.
    if not files:
        raise ConfigurationError("no file to import is named; name one or more")
    match kind:
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
        case "csv":
            from flows.people.sources import tables

            return tables.read_csv(files, as_of, today, house)
    raise ConfigurationError(f"--from {kind}: no such source; use {', '.join(KINDS)}")
