"""What a mail that comes back is, and which letter it is about."""

import pytest

from flows.post.inbox.kinds import Kind
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


@pytest.mark.parametrize("part", ["known", "set_aside"])
def test_no_reply_is_taken_for_automatic_and_nothing_is_matched_to_a_wrong_letter(
    part: str,
) -> None:
    """The costliest errors, counted on what was set aside as well."""
    mails = [(one, judged(one.raw)) for one in expected(part)]
    replies = [found for one, found in mails if one.kind == "reply"]
    assert [one.mail.subject for one in replies if one.verdict.kind is Kind.AUTOMATIC] == []
    assert [one.file for one, found in mails if found.person not in ("", one.person)] == []
