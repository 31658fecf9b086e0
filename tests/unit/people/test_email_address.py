"""What counts as an e-mail address, which two are one, and what looks like a forgery."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.people import email_address
from flows.people.email_address import AddressError


@pytest.mark.parametrize(
    ("typed", "parsed"),
    [
        ("Ann.Lee@Example.ORG", "Ann.Lee@example.org"),
        ("o'name+tag@example.org", "o'name+tag@example.org"),
        ("a@xn--exmple-cua.org", "a@xn--exmple-cua.org"),
        ("a@exämple.org", "a@exämple.org"),
        ("siân@example.org", "siân@example.org"),
    ],
)
def test_an_address_stays_in_the_letters_it_is_written_in(typed: str, parsed: str) -> None:
    assert email_address.parse(typed) == parsed


@pytest.mark.parametrize(
    "typed",
    ["", "a", "@example.org", "a@", "a@b@example.org", "a b@example.org", "a@example", "a@-x.org",
     ".a@example.org", "a..b@example.org", "a@exa mple.org", "a@[127.0.0.1]", "<a@example.org>",
     "a@localhost", "a@xn--.org", "a\u00a0b@example.org"],
)  # fmt: skip
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(AddressError):
        email_address.parse(typed)


@pytest.mark.parametrize("typed", ["anna.smith@example", "chair(at)example.org", "a.b@-x.org"])
def test_what_is_refused_is_named_as_it_is_written_so_that_it_can_be_searched_for(
    typed: str,
) -> None:
    with pytest.raises(AddressError) as refused:
        email_address.parse(typed)
    assert repr(typed) in str(refused.value)


def test_a_senders_address_may_stand_behind_a_name_and_is_named_whole_where_it_is_none() -> None:
    with pytest.raises(AddressError, match=r"'chair\(at\)example.org' cannot be a sender"):
        email_address.sender("chair(at)example.org")
    assert email_address.sender("The Chair <chair@Example.org>") == "chair@example.org"


def test_the_office_s_own_address_is_ascii_and_may_be_at_this_machine() -> None:
    assert email_address.ascii_address("chair@localhost") == "chair@localhost"
    with pytest.raises(AddressError, match="ASCII"):
        email_address.ascii_address("siân@example.org")


def test_case_and_punycode_make_no_difference_to_whose_address_it_is() -> None:
    assert email_address.key("A@XN--exmple-cua.org") == email_address.key("a@exämple.org")
    assert email_address.domain("xn--exmple-cua.org") == "exämple.org"
    with pytest.raises(AddressError, match="'x y' is no domain"):
        email_address.domain("x y")


def test_letters_of_two_scripts_in_one_word_are_named() -> None:
    forged = "p\u0430ypal@example.org"  # a Cyrillic a
    assert email_address.mixed_scripts(forged) == "Cyrillic and Latin"
    assert email_address.mixed_scripts("siân.ŵyn@exämple.org") == ""
    assert email_address.mixed_scripts("ann.Ольга@example.org") == ""


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_is_one_address_or_a_plain_refusal(local: str, domain: str) -> None:
    try:
        found = email_address.parse(f"{local}@{domain}")
    except AddressError as error:
        assert str(error)  # noqa: PT017  # nearly every text is refused
    else:
        assert found.count("@") == 1
        assert email_address.parse(found) == found
