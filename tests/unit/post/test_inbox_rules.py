"""What a mail that comes back is, and which letter it is about."""

import pytest

from tests.inbox.corpus import Expected, expected, judged

KNOWN = expected("known")


@pytest.mark.parametrize("one", KNOWN, ids=[one.file for one in KNOWN])
def test_a_mail_of_the_corpus_is_sorted_and_matched_as_a_person_would(one: Expected) -> None:
    found = judged(one.raw)
    assert (found.verdict.kind, found.person, found.match.how) == (one.kind, one.person, one.how), (
        found.verdict
    )
    assert bool(found.match.doubt) == one.doubtful, found.match.doubt
    assert found.verdict.reason
