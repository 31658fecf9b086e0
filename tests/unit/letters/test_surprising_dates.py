"""Dates that may be wrong are said, and those that are plain are not."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from flows.letters import campaign
from flows.letters.surprising_dates import letter_day, surprises
from tests.unit.letters.small_campaign import folder

TODAY = date(2026, 11, 25)
LIST = Path("contacts/mps.csv")


@pytest.mark.parametrize(
    ("on", "said"),
    [
        (date(2026, 11, 25), ""),
        (date(2026, 12, 20), ""),
        (date(2026, 10, 25), ""),
        (date(2026, 10, 20), "the letters are dated 20 October 2026, 36 days ago"),
        (date(2027, 1, 9), "the letters are dated 9 January 2027, 45 days from now"),
    ],
)
def test_a_letter_dated_more_than_a_month_from_today_says_so(on: date, said: str) -> None:
    assert letter_day(on, TODAY) == said


def test_a_date_copied_with_the_campaign_is_told_from_one_chosen(tmp_path: Path) -> None:
    found = replace(campaign.load(folder(tmp_path)), date=date(2013, 9, 4))
    (copied,) = surprises(found, date(2013, 9, 4), {}, TODAY)
    assert "the date of the campaign it was copied from" in copied
    assert "campaign.toml: date" in copied
    (chosen,) = surprises(found, date(2013, 9, 5), {}, TODAY)
    assert "copied" not in chosen
    assert "--as-of" in chosen


def test_a_list_of_another_year_is_named(tmp_path: Path) -> None:
    found = campaign.load(folder(tmp_path))
    lists = {LIST: date(2013, 9, 1), Path("contacts/new.csv"): TODAY, Path("a.csv"): None}
    (line,) = surprises(found, TODAY, lists, TODAY)
    assert line.startswith("contacts/mps.csv says who held which office on 1 September 2013")
    assert "import or refresh" in line
