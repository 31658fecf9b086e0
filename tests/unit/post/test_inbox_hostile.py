"""Mail that is built to harm: it is read within a moment, and shown for what it is."""

import time
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.post.inbox import own_words, reports
from flows.post.inbox.kinds import How, Kind
from flows.post.inbox.message import parse
from flows.post.inbox.rules import RULES
from tests.inbox.corpus import BOUNCES, expected, judged, letter

MOMENT = 60.0
"""Seconds, on a machine however busy; a mail of this kind takes milliseconds, one that a pattern
chokes on takes minutes."""
HEAD = b"From: hague@fco.example.org\r\nIn-Reply-To: <hague.dialogue@campaign.example.org>\r\n"
BOMBS = {
    "nested parts": HEAD
    + b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n)
        for n in range(20_000)
    ),
    "many parts": HEAD
    + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    + b"--b\r\n\r\nx\r\n" * 90_000,
    "parts just below the limit": HEAD
    + b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n)
        for n in range(19)
    )
    + b"x\r\n" * 200_000,
    "mails within mails": HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 20_000,
    "endless headers": HEAD + b"".join(b"X-%d: y\r\n" % n for n in range(80_000)) + b"\r\nHm.",
    "one endless header": HEAD + b"Subject: " + b"=?utf-8?q?a?= " * 70_000 + b"\r\n\r\nHm.",
    "endless references": HEAD + b"References: " + b"<a@b> " * 150_000 + b"\r\n\r\nHm.",
    "quotes": HEAD + b"\r\n" + b"> " * 400_000,
    "attributions": HEAD + b"\r\n" + b"On a wrote " * 80_000,
    "blank lines": HEAD + b"\r\n" + b"\r\n" * 400_000,
    "headers in text": HEAD + b"\r\n" + b"From:\r\n\r\nSent:\r\n" * 40_000,
    "nested markup": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<blockquote>" * 80_000,
    "markup without end": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<p><b>" * 150_000,
    "addresses": HEAD + b"\r\n" + b"dialogue/1/hague " * 50_000,
    "sentences": HEAD + b"\r\n" + b"I have passed it to the department of " * 25_000,
    "a report of reports": HEAD
    + b'Content-Type: multipart/report; boundary="b"\r\n\r\n'
    + b"--b\r\nContent-Type: message/delivery-status\r\n\r\nAction: failed\r\n\r\n" * 4_000,
    "no headers": b"\x00\xff" * 400_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_read_within_a_moment_and_nothing_is_made_of_it(name: str) -> None:
    began = time.process_time()
    found = judged(BOMBS[name])
    assert time.process_time() - began < MOMENT
    assert found.verdict.kind in (Kind.UNSORTED, Kind.PASSED_ON, Kind.BOUNCE)
    assert len(found.mail.text) <= 100_000


@given(st.binary(max_size=2000))
def test_no_octets_make_the_reading_fail(raw: bytes) -> None:
    found = judged(raw)
    assert found.mail.subject.isprintable() or not found.mail.subject
    assert all(one.isprintable() for one in found.mail.files for one in (one.name,))


@given(
    st.sampled_from([one.raw for one in expected("known")]),
    st.integers(0, 3000),
    st.binary(max_size=8),
)
def test_a_damaged_mail_of_the_corpus_is_still_read(raw: bytes, at: int, damage: bytes) -> None:
    judged(raw[:at] + damage + raw[at + len(damage) :])


@given(st.text(max_size=3000))
def test_cutting_quotes_and_signature_never_fails_and_never_adds_words(text: str) -> None:
    own = own_words.without_quotes(text)
    body = own_words.without_signature(own)
    assert len(body) <= len(own) <= len(text)


def test_script_and_style_of_an_html_mail_are_never_among_its_words() -> None:
    mail = parse(
        HEAD + b"Content-Type: text/html\r\n\r\n<style>p{}</style><script>alert(1)</script>"
        b"<p onclick=alert(2)>Dear <b>Ms</b> Marchbank,</p><img src=x onerror=alert(3)>"
    )
    assert mail.text == "Dear Ms Marchbank,"


def test_a_display_name_that_pretends_to_be_an_address_is_not_believed() -> None:
    mail = parse(b'From: "hague@fco.example.org" <mallory@example.net>\r\n\r\nHm.\r\n')
    assert mail.sender == "mallory@example.net"
    mail = parse(
        b"From: =?utf-8?q?hague=40fco.example.org=20=3Chague=40fco.example.org=3E?="
        b" <mallory@example.net>\r\n\r\nHm.\r\n"
    )
    assert mail.sender == "mallory@example.net"


def test_an_answer_from_elsewhere_in_the_thread_is_shown_as_doubtful() -> None:
    found = judged(
        HEAD.replace(b"hague@fco.example.org", b"mallory@example.net")
        + b"\r\nI agree with you.\r\n"
    )
    assert found.person == "hague"
    assert "mallory@example.net" in found.match.doubt


def test_a_token_of_one_letter_and_the_thread_of_another_are_shown_as_doubtful() -> None:
    token = letter("lucas").token
    local, _, domain = BOUNCES.partition("@")
    found = judged(
        HEAD + f"Delivered-To: {local}+{token}@{domain}\r\n\r\nI agree with you.\r\n".encode()
    )
    assert "Caroline Lucas" in found.match.doubt


def test_a_made_up_token_matches_nothing() -> None:
    local, _, domain = BOUNCES.partition("@")
    raw = f"From: x@example.net\r\nDelivered-To: {local}+{'a' * 16}@{domain}\r\n\r\nHm.\r\n"
    assert judged(raw.encode()).match.how is How.NONE


def test_several_readers_who_share_an_address_are_never_guessed_between() -> None:
    found = judged(b"From: correspondence@mod.example.org\r\n\r\nI agree with you.\r\n")
    assert found.match.letter is None
    assert [one.person for one in found.match.candidates] == ["hammond", "francois"]


def test_an_expired_letter_is_a_bounce_and_says_nothing_against_the_address() -> None:
    (raw,) = (one.raw for one in expected("known") if "expired" in one.file)
    report = reports.report(parse(raw))
    assert report is not None
    assert (report.action, report.status) == ("failed", "4.7.1")
    assert not report.about_the_address


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_decides_some_mail_of_the_corpus(rule: object) -> None:
    """A rule that nothing needs would be a rule that nobody has tried."""
    corpus = expected("known")
    assert any(judged(one.raw).verdict.rule == rule.name for one in corpus)  # type: ignore[attr-defined]


def test_an_unsure_mail_is_left_to_a_person() -> None:
    mail = EmailMessage()
    mail["From"] = "hague@fco.example.org"
    mail.set_content("Perhaps.")
    assert judged(mail.as_bytes()).verdict.kind is Kind.UNSORTED
