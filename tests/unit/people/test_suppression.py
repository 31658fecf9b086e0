"""Whoever objected is never written to, whatever list they are in."""

import datetime
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flows.errors import ConfigurationError, RowError
from flows.people import suppression
from flows.people.contact import Address, Reader
from tests.unit.people.list_fixtures import DAY, contact

HEADING = "person,email,domain,date,reason\n"


def listed(folder: Path, *rows: str) -> Path:
    path = folder / "suppression.csv"
    path.write_text(HEADING + "".join(f"{row}\n" for row in rows), "utf-8")
    return path


def test_a_formulas_error_in_the_list_stops_everything(tmp_path: Path) -> None:
    path = listed(tmp_path, "#N/A,,,,")
    with pytest.raises(ConfigurationError, match=r"suppression.csv:2: person: holds #N/A"):
        suppression.load(path)


@pytest.mark.parametrize(
    ("row", "email", "suppressed"),
    [
        (",ann@example.org,,,", "ann@example.org", True),
        (",Ann@Example.ORG,,,", "ANN@example.org", True),
        (",ann@example.org,,,", "bo@example.org", False),
        (",,example.org,,", "anyone@example.org", True),
        (",,@example.org,,", "anyone@example.org", True),
        (",,example.org,,", "anyone@mail.example.org", True),
        (",,example.org,,", "anyone@badexample.org", False),
        (",,mail.example.org,,", "anyone@example.org", False),
        (",,exämple.org,,", "a@xn--exmple-cua.org", True),
        (",,xn--exmple-cua.org,,", "a@exämple.org", True),
        ("ann,,,,", "ann@example.org", False),
    ],
)
def test_an_address_is_found_by_itself_or_its_domain(
    tmp_path: Path, row: str, email: str, suppressed: bool
) -> None:
    found = suppression.load(listed(tmp_path, row)).reason(email=email)
    assert (found is not None) == suppressed


def test_a_reader_is_found_by_person_by_any_row_s_id_and_by_any_row_s_address(
    tmp_path: Path,
) -> None:
    one = contact(id="a", person="p", email="a@example.org")
    other = contact(id="b", person="p", email="b@example.org")
    reader = Reader(one, "mp", Address(("A",), "Dear A", "Yours"), (), (other,))
    for row in ("P,,,,", "b,,,,", ",b@example.org,,,"):
        assert suppression.load(listed(tmp_path, row)).of(reader)
    assert suppression.load(listed(tmp_path, "q,,,,")).of(reader) is None


def test_the_answer_names_date_reason_and_row(tmp_path: Path) -> None:
    path = listed(tmp_path, ",ann@example.org,,2013-09-01,asked by telephone")
    found = suppression.load(path).reason(email="ann@example.org")
    assert found == f"suppressed since 2013-09-01 (asked by telephone); {path}:2"


@pytest.mark.parametrize(
    "row", ["", ",,,2013-09-01,why", "ann,a@example.org,,,", ",ann,,,", ",,nodomain,,", "ann"]
)
def test_a_row_that_cannot_be_understood_stops_everything(tmp_path: Path, row: str) -> None:
    path = listed(tmp_path, row, "x,,,,")
    if not row:
        assert suppression.load(path).reason(person="x")
        return
    with pytest.raises(ConfigurationError, match=r"suppression.csv:2: "):
        suppression.load(path)


def test_a_missing_list_is_no_empty_list(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such file; create it"):
        suppression.load(tmp_path / "none.csv")


def test_a_watched_list_may_come_later_but_not_vanish(tmp_path: Path) -> None:
    path = tmp_path / "suppression.csv"
    watched = suppression.WatchedSuppression(path)
    assert watched.now() == suppression.Suppression()
    suppression.add(path, person="p", reason="asked", on=DAY)
    assert watched.now().reason(person="p")
    path.unlink()
    with pytest.raises(ConfigurationError, match="no such file; create it"):
        watched.now()


def test_adding_keeps_what_was_there_however_it_was_saved(tmp_path: Path) -> None:
    path = tmp_path / "suppression.csv"
    path.write_bytes(
        "person;email;domain;date;reason\r\nsiân;;;2013-01-01;möchte nicht".encode("cp1252")
    )
    suppression.add(path, email="Ann@Example.org", reason="=asked", on=DAY)
    found = suppression.load(path)
    assert "möchte nicht" in str(found.reason(person="Siân"))
    assert "(=asked)" in str(found.reason(email="ann@example.org"))
    assert path.read_text("utf-8").splitlines()[2] == ",ann@example.org,,2013-09-04,'=asked"


def test_two_objections_at_once_are_both_kept(tmp_path: Path) -> None:
    path = tmp_path / "new" / "suppression.csv"

    def add(number: int) -> None:
        suppression.add(path, person=f"p{number}", reason="asked", on=DAY)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(24)))
    found = suppression.load(path)
    assert all(found.reason(person=f"p{number}") for number in range(24))


def test_adding_needs_exactly_one_and_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "suppression.csv"
    with pytest.raises(RowError, match="give one of person, email, domain"):
        suppression.add(path, person="p", email="a@example.org", reason="x", on=DAY)
    with pytest.raises(RowError, match="in a few words why"):
        suppression.add(path, person="p", reason=" ", on=DAY)
    assert not path.exists()


def test_the_watched_list_knows_an_objection_made_since(tmp_path: Path) -> None:
    path = listed(tmp_path)
    watched = suppression.WatchedSuppression(path)
    assert watched.now().reason(person="p") is None
    suppression.add(path, person="p", reason="asked", on=datetime.date(2013, 9, 5))
    assert watched.now().reason(person="p")


def test_a_look_up_among_ten_thousand_takes_no_time(tmp_path: Path) -> None:
    path = listed(tmp_path, *(f",a{number}@example.org,,," for number in range(10_000)))
    found = suppression.load(path)
    began = time.process_time()
    for _ in range(1000):
        found.reason(person="nobody", email="nobody@mail.example.org")
    assert time.process_time() - began < 0.5


def test_the_sample_list_is_empty_and_loads() -> None:
    folder = Path(__file__).resolve().parents[3] / "contacts"
    assert suppression.load(folder / "suppression.csv") == suppression.Suppression()
