"""Times as the ledger keeps them: UTC, RFC 3339, fixed width, so that text sorts as time does."""

from datetime import UTC, datetime

FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


def now() -> datetime:
    """This moment in UTC."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """The moment as the ledger stores it: ``2013-09-04T09:00:00.000000Z``."""
    return moment.astimezone(UTC).strftime(FORMAT)


def parse(text: str) -> datetime:
    """The moment that ``stamp`` wrote."""
    return datetime.strptime(text, FORMAT).replace(tzinfo=UTC)
