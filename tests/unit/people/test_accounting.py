"""Every row of a list ends in exactly one way, and what does not add up is found."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.people.accounting import Accounting, AccountingError, Fate, RowFate, account

FATES = st.lists(st.sampled_from(list(Fate)), max_size=40)


def listed(fates: list[Fate]) -> list[RowFate]:
    return [RowFate("list.csv", row, fate) for row, fate in enumerate(fates, start=2)]


@given(FATES)
def test_the_counts_of_the_fates_add_up_to_the_rows(fates: list[Fate]) -> None:
    rows = listed(fates)
    counts = account([row.place for row in rows], rows).counts
    assert counts.pop("rows") == len(fates) == sum(counts.values())


@given(FATES, st.randoms())
def test_letters_that_end_otherwise_are_moved_and_nothing_is_lost(
    fates: list[Fate], random: Random
) -> None:
    before = account([row.place for row in listed(fates)], listed(fates))
    letters = before.of(Fate.LETTER)
    chosen = random.sample(letters, len(letters) // 2)
    after = before.moved(RowFate(row.file, row.row, Fate.SERVED) for row in chosen)
    assert after.counts["rows"] == len(fates)
    assert after.counts["letter"] == len(letters) - len(chosen)
    after.need_letters(len(letters) - len(chosen))


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [RowFate("list.csv", 2, Fate.LETTER), RowFate("list.csv", 2, Fate.REFUSED)],
        [RowFate("list.csv", 2, Fate.LETTER), RowFate("list.csv", 3, Fate.LETTER)],
    ],
)
def test_a_row_that_ends_in_no_way_or_in_two_is_a_fault_of_the_program(
    rows: list[RowFate],
) -> None:
    with pytest.raises(AccountingError, match=r"list.csv:[23]: this row ends .* report it"):
        account([("list.csv", 2)], rows)


def test_a_letter_cannot_end_twice_nor_a_row_without_a_letter_be_moved() -> None:
    rows = (RowFate("list.csv", 2, Fate.LETTER), RowFate("list.csv", 3, Fate.MERGED))
    served = [RowFate("list.csv", row, Fate.SERVED) for row in (2, 2, 3)]
    for moved in (served[:2], served[2:]):
        with pytest.raises(AccountingError):
            Accounting(rows).moved(moved)
    with pytest.raises(AccountingError, match="2 letters were frozen for 1 row"):
        Accounting(rows).need_letters(2)


def test_the_sum_is_said_in_words() -> None:
    rows = listed([Fate.LETTER, Fate.LETTER, Fate.LEFT_OUT])
    assert Accounting(tuple(rows)).sentence == "3 rows: 2 letters, 1 left out"
