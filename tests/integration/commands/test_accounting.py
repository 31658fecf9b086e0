"""prepare accounts for every row of every list: in words, in JSON, and in its exit code."""

import csv
import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.operations.draft import draft
from flows.people import suppression
from flows.people.accounting import Fate
from tests.integration.commands.office import CAMPAIGN, Office
from tests.unit.people.list_fixtures import DAY

OWN_PAPER = '\n[[attachments]]\nfile = "papers/{{ reader.id }}.pdf"\n'


def without_papers(office: Office) -> None:
    """A paper of each reader's own, and none is there: every letter is refused in filling."""
    toml = office.campaign / "campaign.toml"
    toml.write_text(toml.read_text("utf-8") + OWN_PAPER, "utf-8")


def test_rows_refused_in_filling_are_handed_back_when_no_other_row_is_left(office: Office) -> None:
    without_papers(office)
    ended = office.run("prepare", CAMPAIGN, "--json")
    made = ended.document
    assert (ended.code, made["mailing"], made["ready"]) == (1, None, 0)
    assert [row["column"] for row in made["refused"]] == ["attachments"] * 3
    assert made["accounted"] == {
        "rows": 3, "letter": 0, "refused": 3, "left_out": 0, "served_already": 0, "merged": 0,
        "possible_double": 0,
    }  # fmt: skip
    with Path(made["refused_file"]).open(encoding="utf-8-sig") as file:
        assert [row["id"] for row in csv.DictReader(file)] == ["hague", "lucas", "glyndwr"]
    said = office.run("prepare", CAMPAIGN)
    assert said.code == 1
    assert "3 rows: 3 refused" in said.out
    assert "nothing was frozen: 3 rows were handed back" in said.out


def test_one_row_refused_in_filling_moves_from_letter_to_refused(office: Office) -> None:
    without_papers(office)
    (office.campaign / "papers").mkdir()
    for name in ("hague", "lucas"):
        (office.campaign / "papers" / f"{name}.pdf").write_bytes(b"%PDF-1.4\n%%EOF\n")
    made = office.run("prepare", CAMPAIGN, "--json").document
    assert (made["ready"], made["accounted"]["letter"], made["accounted"]["refused"]) == (2, 2, 1)
    again = office.run("prepare", CAMPAIGN, "--json").document
    assert (again["new"], again["accounted"]) == (False, made["accounted"])


def test_who_has_the_edition_already_is_served(office: Office) -> None:
    office.approve(office.prepare())
    made = office.json("prepare", CAMPAIGN, "--as-of", "2013-09-05")
    assert made["mailing"] is None
    assert made["accounted"]["served_already"] == made["accounted"]["rows"] == 3
    assert (
        "3 rows: 3 served already" in office.run("prepare", CAMPAIGN, "--as-of", "2013-09-05").out
    )


NAMES = ["Ann Lee", "Anna Lee", "Bo Ek", "Lord Green", "Nick de Bois", "Vacant", "", "Ian Pax"]
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from(["", "a", "A", "b", "c", "parl-1", "1", "d"]),
            "person": st.sampled_from(["", "", "p", "parl-1", "twfy-2"]),
            "name": st.sampled_from(NAMES),
            "gender": st.sampled_from(["M", "F", "", "X"]),
            "house": st.sampled_from(["commons", "commons", "lords", "", "senate"]),
            "constituency": st.sampled_from(["", "Exeter", "Ynys Môn", "Anglesey"]),
            "party": st.sampled_from(["Labour", "Green"]),
            "email": st.sampled_from(["", "a@example.org", "b@example.org", "no"]),
        }
    ),
    min_size=1,
    max_size=12,
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(ROWS, min_size=1, max_size=3))
def test_whatever_stands_in_the_lists_every_row_ends_once(
    office: Office, lists: list[list[dict[str, str]]]
) -> None:
    paths = [written(office, number, rows) for number, rows in enumerate(lists)]
    found = draft(CAMPAIGN, paths, DAY)
    counts = found.accounting.counts
    rows = [row for row in itertools.chain(*lists) if any(row.values())]
    assert counts["rows"] == len(rows) == len(found.accounting.rows)
    assert counts["letter"] == len(found.readers)
    assert counts["left_out"] == len(found.left_out)
    assert counts["refused"] + counts["possible_double"] == len(found.refused)


def written(office: Office, number: int, rows: list[dict[str, str]]) -> Path:
    path = office.folder / "contacts" / f"list-{number}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_an_objection_is_accounted_for_by_its_rule(office: Office) -> None:
    file = office.folder / "contacts" / "suppression.csv"
    suppression.add(file, person="lucas", reason="asked", on=DAY)
    made: dict[str, Any] = office.json("prepare", CAMPAIGN)
    assert (made["accounted"]["letter"], made["accounted"]["left_out"]) == (2, 1)
    (left_out,) = draft(CAMPAIGN, [office.contacts]).accounting.of(Fate.LEFT_OUT)
    assert "suppressed since 2013-09-04 (asked)" in left_out.why


@pytest.mark.parametrize("letters", [0, 2])
def test_a_filler_that_loses_a_letter_stops_before_anything_is_frozen(
    office: Office, monkeypatch: pytest.MonkeyPatch, letters: int
) -> None:
    from flows.post.mailing import rendering

    whole = rendering.render
    monkeypatch.setattr(
        rendering, "render", lambda *given: itertools.islice(whole(*given), letters)
    )
    ended = office.run("prepare", CAMPAIGN)
    assert ended.code == 2
    assert f"3 letters were to be filled and {letters} came" in ended.err
    assert office.json("status")["mailings"] == []
