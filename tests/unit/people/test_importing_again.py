"""Importing a list again shows what changes, and keeps what somebody corrected by hand."""

import csv
import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.errors import ConfigurationError
from flows.people.lists.loading import load
from flows.people.sources import saving, tables
from flows.people.sources.imported import Imported
from flows.people.sources.saving import CellChange, Changes, save
from tests.unit.people.list_fixtures import contact

TODAY = datetime.date(2026, 11, 23)


def source(*people: tuple[str, str]) -> Imported:
    """A source that knows each person's id and party."""
    return Imported(
        tuple(contact(f"Name {key}", id=key, party=party) for key, party in people), (), "x"
    )


def edit(path: Path, **cells: dict[str, str]) -> None:
    """Correct cells of a list by hand, {id: {column: text}}; {} deletes the row."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        for row in rows:
            if cells.get(row["id"]) != {}:
                writer.writerow({**row, **cells.pop(row["id"], {})})
        for key, new in cells.items():
            if new:
                writer.writerow({"id": key, **new})


def parties(path: Path) -> dict[str, str]:
    return {one.id: one.party for one in load([path]).contacts}


PEOPLE = (("a", "Red"), ("b", "Red"), ("c", "Red"), ("d", "Red"), ("e", "Red"))


def test_a_second_import_says_who_is_new_gone_and_changed(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    assert save(source(*PEOPLE), path) is None
    again = (("a", "Red"), ("b", "Blue"), ("c", "Red"), ("d", "Red"), ("f", "Red"))
    changes = save(source(*again), path)
    assert changes == Changes(
        new=("f",), gone=("e",), changed=(CellChange("b", "party", "Red", "Blue"),)
    )
    assert str(changes.changed[0]) == "b: party: Red -> Blue"
    assert changes.summary == "1 new, 1 gone, 1 changed"
    assert parties(path) == dict(again)


def test_what_was_corrected_by_hand_stays_whatever_the_source_says(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    save(source(*PEOPLE), path)
    edit(path, a={"party": "Green"}, b={"email": "b@example.org"}, c={}, g={"name": "Gus Hay"})
    again = [(key, "Blue") for key, _ in PEOPLE]
    changes = save(source(*again), path)
    assert changes is not None
    assert changes.kept == (CellChange("a", "party", "Green", "Blue"),)
    assert (changes.deleted_by_hand, changes.added_by_hand) == (("c",), ("g",))
    assert parties(path) == {"a": "Green", "b": "Blue", "d": "Blue", "e": "Blue", "g": ""}
    found = {one.id: one for one in load([path]).contacts}
    assert found["b"].email == "b@example.org"
    # Once more: nothing is forgotten, and nothing changes.
    changes = save(source(*again), path)
    assert changes is not None
    assert (changes.new, changes.gone, changes.changed) == ((), (), ())
    assert parties(path)["a"] == "Green"


def test_a_correction_that_the_source_takes_over_is_the_source_s_again(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    save(source(("a", "Red")), path)
    edit(path, a={"party": "Blue"})
    save(source(("a", "Blue")), path)
    save(source(("a", "Green")), path)
    assert parties(path) == {"a": "Green"}


def test_nothing_is_written_before_it_is_meant(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    save(source(*PEOPLE), path)
    before = {one.name: one.read_bytes() for one in tmp_path.iterdir()}
    planned = saving.plan(source(*PEOPLE[:4], ("x", "Red")), path)
    assert planned.changes is not None
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == before


def test_a_list_with_rows_that_cannot_be_read_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    save(source(*PEOPLE), path)
    edit(path, a={"email": "no address"})
    with pytest.raises(ConfigurationError, match="1 row cannot be read, and what was corrected"):
        save(source(*PEOPLE), path)


def test_people_of_one_name_keep_their_ids_when_others_come(tmp_path: Path) -> None:
    sheet, path = tmp_path / "sheet.csv", tmp_path / "list.csv"

    def imported(*rows: str) -> dict[str, str]:
        sheet.write_text("Name,Seat,House\n" + "".join(f"{row},commons\n" for row in rows))
        save(tables.read_sheet([sheet], TODAY, TODAY), path, fewer=True)
        return {one.constituency: one.id for one in load([path]).contacts}

    first = imported("Ann Lee,North")
    assert first == {"North": "ann-lee"}
    both = imported("Ann Lee,South", "Ann Lee,North")
    assert both["North"] == "ann-lee"
    assert both["South"] != "ann-lee"
    assert imported("Ann Lee,North", "Ann Lee,South") == both


PARTIES = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["Red", "Blue", ""]))


@given(first=PARTIES.filter(bool), hand=PARTIES, second=PARTIES.filter(bool))
def test_a_cell_corrected_by_hand_is_never_lost(
    first: dict[str, str], hand: dict[str, str], second: dict[str, str]
) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder) / "list.csv"
        save(source(*first.items()), path)
        corrected = {key: party for key, party in hand.items() if key in first}
        edit(path, **{key: {"party": party} for key, party in corrected.items()})
        save(source(*second.items()), path, fewer=True)
        found = parties(path)
        assert set(found) == set(second)
        for key, party in corrected.items():
            if key in second and party != first[key]:
                assert found[key] == party
        for key in second.keys() - corrected.keys():
            assert found[key] == second[key]
