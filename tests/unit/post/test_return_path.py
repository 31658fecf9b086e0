"""Envelope senders with a token: one a dispatch, found again whatever a server made of them."""

from hypothesis import given
from hypothesis import strategies as st

from flows.post.mailing import return_path

HASH = "b" * 64
BASE = "bounce@campaign.example.org"


def test_each_dispatch_has_a_token_of_its_own_and_another_mailing_another() -> None:
    made = {return_path.token(HASH, f"m:{n}") for n in range(1000)}
    assert len(made) == 1000
    assert return_path.token("a" * 64, "m:1") not in made


def test_the_local_part_stays_within_what_servers_take() -> None:
    base = f"{'b' * return_path.LONGEST_LOCAL_PART}@example.org"
    assert len(return_path.address(base, HASH, "m:1").partition("@")[0]) == 64


@given(st.integers(0, 10**6), st.sampled_from([str, str.upper, str.title]))
def test_a_token_is_found_again_among_other_recipients_in_any_case(
    number: int, case: object
) -> None:
    address = return_path.address(BASE, HASH, f"m:{number}")
    changed = case(address)  # type: ignore[operator]
    text = f'"Someone" <chair@example.org>, <{changed}>, bounce+short@campaign.example.org'
    assert return_path.tokens(BASE, text) == [return_path.token(HASH, f"m:{number}")]


@given(st.text())
def test_no_text_makes_the_search_fail(text: str) -> None:
    assert isinstance(return_path.tokens(BASE, text), list)
