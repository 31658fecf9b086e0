"""Faults of one cause are one line with a count; few, or different ones, stay as they are."""

from flows.cli import grouping
from flows.errors import Fault


def rows(count: int, what: str = "house: is missing; write commons or lords") -> list[Fault]:
    return [Fault(f"contacts/mps.csv:{n}", what, "row") for n in range(2, count + 2)]


def test_many_rows_of_one_cause_are_one_line_with_the_count() -> None:
    assert grouping.lines(rows(116)) == [
        "contacts/mps.csv: 116 rows (2, 3, 4, ...): house: is missing; write commons or lords"
    ]


def test_few_are_named_one_by_one() -> None:
    assert grouping.lines(rows(2)) == [str(fault) for fault in rows(2)]


def test_what_is_a_rows_own_does_not_make_another_cause() -> None:
    faults = [Fault(f"a.csv:{n}", f"email: 'person {n}@' is no address", "row") for n in range(9)]
    (line,) = grouping.lines(faults)
    assert line.startswith("a.csv: 9 rows (0, 1, 2, ...): email: 'person 0@' is no address")


def test_other_files_and_other_causes_stay_apart_in_their_order() -> None:
    faults = [*rows(5), *rows(5, "title: there is no title Mrr"), Fault("a.csv:2", "house: no")]
    told = grouping.lines(faults)
    assert [line.partition(":")[0] for line in told] == [
        "contacts/mps.csv",
        "contacts/mps.csv",
        "a.csv",
    ]


def test_letters_of_a_print_pack_are_counted_by_what_is_wrong_with_them() -> None:
    faults = [Fault(f"spring/1/mp-{n}", f"the address begins {n} mm too high") for n in range(259)]
    (line,) = grouping.lines(faults)
    assert line.startswith("259 times (spring/1/mp-0, spring/1/mp-1, spring/1/mp-2, ...): ")
