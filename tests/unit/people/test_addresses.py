"""A list's forms of address, row by row."""

from flows.people.forms import country
from flows.people.quality import addresses
from flows.people.style import Style
from tests.unit.people.list_fixtures import DAY, contact


def test_every_row_shows_its_address_or_the_reason() -> None:
    rows = [
        contact(id="a", house="commons", gender="M"),
        contact("Alex Smith", id="b", house="commons"),
    ]
    first, second = addresses(rows, country("uk"), Style(), DAY)
    assert first.document() == {
        "id": "a",
        "envelope": "William Hague MP",
        "salutation": "Dear Mr Hague",
        "close": "Yours sincerely",
    }
    assert set(second.document()) == {"id", "refused"}
    assert second.refused.startswith("title: neither")
