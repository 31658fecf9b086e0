"""What mail servers answer, in the words of those in use, and where it leads."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.post.smtp.reply import Reply, after_dot, before_dot
from flows.post.states import State

READER = b"<hague@example.org>"


@dataclass(frozen=True)
class Taken:
    """A yes to the dot, and the server's own name for the mail."""

    text: bytes
    queue_id: str | None


TAKEN = {
    "Postfix": Taken(b"2.0.0 Ok: queued as 4SXyZv0jXyz2x", "4SXyZv0jXyz2x"),
    "Postfix, short ids": Taken(b"2.0.0 Ok: queued as 8F3A2120C4B", "8F3A2120C4B"),
    "Exim": Taken(b"OK id=1tEkqh-00000002Zp7-3hGd", "1tEkqh-00000002Zp7-3hGd"),
    "Exim 4.95": Taken(b"OK id=1rAbCd-000123-4E", "1rAbCd-000123-4E"),
    "Sendmail": Taken(b"2.0.0 r84900aB012345 Message accepted for delivery", "r84900aB012345"),
    "Gmail": Taken(
        b"2.0.0 OK  1378285200 5b1f17b1804b1-4316f0a2b3csi1234565e9.102 - gsmtp",
        "1378285200 5b1f17b1804b1-4316f0a2b3csi1234565e9.102",
    ),
    "Exchange": Taken(
        b"2.6.0 <ab12@example.org> [InternalId=94489280517, "
        b"Hostname=AM0PR01MB1234.eurprd01.prod.example.org] 57310 bytes in 0.231, 241.9 KB/sec "
        b"Queued mail for delivery",
        "94489280517",
    ),
    "IIS, which names none": Taken(b"2.6.0  <ab12@example.org> Queued mail for delivery", None),
    "qmail, which names none": Taken(b"ok 1378285200 qp 12345", None),
    "one that says no more than yes": Taken(b"", None),
}


@pytest.mark.parametrize("server", TAKEN)
def test_a_yes_to_the_dot_is_sent_under_the_servers_own_name_for_it(server: str) -> None:
    reply = Reply.read(250, TAKEN[server].text)
    assert after_dot(reply) is State.SENT
    assert reply.queue_id == TAKEN[server].queue_id


@dataclass(frozen=True)
class No:
    """A no, its enhanced code, and what it means before the dot and after it."""

    code: int
    text: bytes
    enhanced: str | None
    state: State


LATER, NEVER = State.DEFERRED, State.REFUSED
NOES = {
    "Postfix: unknown user": No(
        550,
        b"5.1.1 " + READER + b": Recipient address rejected: User unknown in virtual mailbox table",
        "5.1.1",
        NEVER,
    ),
    "Postfix: greylisted": No(
        450, b"4.2.0 " + READER + b": Recipient address rejected: Greylisted", "4.2.0", LATER
    ),
    "Postfix: relay": No(554, b"5.7.1 " + READER + b": Relay access denied", "5.7.1", NEVER),
    "Postfix: no room": No(452, b"4.3.1 Insufficient system storage", "4.3.1", LATER),
    "Postfix: size": No(552, b"5.3.4 Message size exceeds fixed limit", "5.3.4", NEVER),
    "Postfix: shutting down": No(
        421, b"4.3.2 Service not available, closing transmission channel", "4.3.2", LATER
    ),
    "Exim: unrouteable": No(550, b"Unrouteable address", None, NEVER),
    "Exim: local problem": No(451, b"Temporary local problem - please try later", None, LATER),
    "Exim: content": No(550, b"This message scored 12.3 spam points.", None, NEVER),
    "Exchange: no such recipient": No(
        550, b"5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found", "5.1.10", NEVER
    ),
    "Exchange: back pressure": No(
        452, b"4.3.1 Insufficient system resources (TSTE)", "4.3.1", LATER
    ),
    "Exchange: too many at once": No(
        432, b"4.3.2 Concurrent connections limit exceeded", "4.3.2", LATER
    ),
    "Exchange: banned": No(
        550, b"5.7.606 Access denied, banned sending IP [192.0.2.1]", "5.7.606", NEVER
    ),
    "Gmail: no such user, four lines": No(
        550,
        b"5.1.1 The email account that you tried to reach does not exist. Please try\n"
        b"5.1.1 double-checking the recipient's email address for typos or\n"
        b"5.1.1 unnecessary spaces. For more information, go to\n"
        b"5.1.1  https://support.example.org/mail/?p=NoSuchUser - gsmtp",
        "5.1.1",
        NEVER,
    ),
    "Gmail: full, for now": No(
        452, b"4.2.2 The recipient's inbox is out of storage space. - gsmtp", "4.2.2", LATER
    ),
    "Gmail: full": No(
        552, b"5.2.2 The recipient's inbox is out of storage space. - gsmtp", "5.2.2", NEVER
    ),
    "Gmail: rate": No(
        421, b"4.7.28 Gmail has detected an unusual rate of unsolicited mail.", "4.7.28", LATER
    ),
    "Sendmail: unknown user": No(550, b"5.1.1 " + READER + b"... User unknown", "5.1.1", NEVER),
    "Sendmail: greylisted": No(
        451, b"4.7.1 Greylisting in action, please come back in 00:05:00", "4.7.1", LATER
    ),
    "Sendmail: looked up later": No(
        451, b"4.1.8 Domain of sender address chair@example.org does not resolve", "4.1.8", LATER
    ),
    "a permanent code with a temporary meaning": No(
        550, b"4.7.1 try again tomorrow", "4.7.1", LATER
    ),
    "a temporary code with a permanent meaning": No(450, b"5.1.1 no such mailbox", "5.1.1", NEVER),
    "leaving, with a permanent meaning": No(421, b"5.3.2 closing down for good", "5.3.2", LATER),
    "a mailbox that is not local": No(551, b"User not local", None, NEVER),
    "a name that is not allowed": No(553, b"mailbox name not allowed", None, NEVER),
    "an address in the words is no enhanced code": No(
        550, b"5.1.1x is not what it seems", None, NEVER
    ),
    "a version in the words is no enhanced code": No(
        450, b"spamfilter 5.1.1 says later", None, LATER
    ),
}


@pytest.mark.parametrize("case", NOES)
def test_a_no_means_the_same_before_the_dot_and_after_it(case: str) -> None:
    no = NOES[case]
    reply = Reply.read(no.code, no.text)
    assert reply.enhanced == no.enhanced
    assert before_dot(reply) is no.state
    assert after_dot(reply) is no.state


@pytest.mark.parametrize(
    ("code", "state"),
    [(400, State.DEFERRED), (499, State.DEFERRED), (500, State.REFUSED), (599, State.REFUSED)],
)
def test_without_an_enhanced_code_the_first_digit_decides(code: int, state: State) -> None:
    reply = Reply.read(code, b"no")
    assert before_dot(reply) is state
    assert after_dot(reply) is state


def test_552_alone_is_too_many_recipients_to_rcpt_and_too_large_to_the_dot() -> None:
    """RFC 5321 4.5.3.1.10: some servers say 552 for "too many recipients"; it means later."""
    reply = Reply.read(552, b"too much")
    assert before_dot(reply) is State.DEFERRED
    assert after_dot(reply) is State.REFUSED


@pytest.mark.parametrize("code", [-1, 0, 100, 199, 600, 999])
def test_a_code_of_no_class_is_no_answer(code: int) -> None:
    reply = Reply.read(code, b"2.0.0 Ok: queued as AB12CD34")
    assert reply.code == 0
    assert after_dot(reply) is State.UNCERTAIN
    assert before_dot(reply) is State.DEFERRED


@pytest.mark.parametrize(
    ("code", "text"),
    [
        *((code, b"go on") for code in (300, 334, 354, 399)),
        *((code, b"2.0.0 fine") for code in (200, 211, 214, 220, 221, 235, 251, 252, 253, 299)),
        (250, b"5.0.0 Ok: queued"),
        (250, b"4.7.1 Ok: queued"),
        (550, b"2.0.0 Ok: queued"),
        (451, b"2.0.0 Ok: queued"),
    ],
)
def test_an_answer_that_does_not_belong_there_or_contradicts_itself_does_not_settle_the_dot(
    code: int, text: bytes
) -> None:
    """Only 250 answers the dot with a yes (RFC 5321 4.3.2), and its enhanced code has to agree."""
    assert after_dot(Reply.read(code, text)) is State.UNCERTAIN


@pytest.mark.parametrize("code", [250, 251, 252])
def test_a_reader_is_accepted_with_or_without_knowing_the_address(code: int) -> None:
    assert Reply.read(code, b"2.1.5 Ok").recipient_accepted
    assert not Reply.read(code, b"5.1.1 Ok").recipient_accepted
    assert Reply.read(code, b"2.1.0 Ok").accepted is (code == 250)


def test_a_servers_words_come_to_one_line_without_control_characters() -> None:
    reply = Reply.read(550, b"5.7.1 no\r\n\x1b[31mred\x00\xff \xe2\x80\xaeback\n more")
    assert str(reply) == "550 5.7.1 no [31mred \N{REPLACEMENT CHARACTER} back more"


def test_long_words_are_cut_off() -> None:
    assert len(Reply.read(550, b"x" * 10_000).text) == 500


@given(st.integers(-1, 1000), st.binary(max_size=700))
def test_whatever_bytes_come_each_reply_leads_to_one_state(code: int, raw: bytes) -> None:
    reply = Reply.read(code, raw)
    assert reply.code == 0 or 200 <= reply.code <= 599
    assert len(reply.text) <= 500
    assert str(reply).isprintable()
    assert before_dot(reply) in (State.DEFERRED, State.REFUSED)
    kind = reply.enhanced[0] if reply.enhanced else str(code)[:1]
    assert (after_dot(reply) is State.SENT) == (code == 250 and kind == "2")
    no = 400 <= code <= 599 and kind != "2"
    assert (after_dot(reply) in (State.DEFERRED, State.REFUSED)) == no
    assert reply.queue_id is None or reply.queue_id.isprintable()
    assert (
        reply.enhanced is None
        or raw.lstrip().startswith(reply.enhanced.encode())
        or not (raw.isascii())
    )
