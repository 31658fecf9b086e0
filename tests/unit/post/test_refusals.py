"""Whom a refusal is about, in the words of servers in use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.post.smtp.refusals import CODES, ENHANCED, REMEDIES, Concern, Fault, meaning, same_words
from flows.post.smtp.reply import Reply

READER = [
    "550 5.1.1 <a@example.org>: Recipient address rejected: User unknown in virtual mailbox table",
    "550 Unrouteable address",
    "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found",
    "550 5.4.1 Recipient address rejected: Access denied. [x.prod.protection.example.org]",
    "554 5.7.1 <a@example.org>: Recipient address rejected: Access denied",
    "550 No such user here",
    "550-5.1.1 The email account that you tried to reach does not exist",
    "552 5.2.2 <a@example.org> Quota exceeded (mailbox for user is full)",
    "552 5.2.2 The recipient's inbox is out of storage space. - gsmtp",
    "550 mailbox is over quota",
    "551 User not local",
    "450 4.2.0 <a@example.org>: Recipient address rejected: Greylisted",
    "550 5.2.1 The email account that you tried to reach is inactive",
    "450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents ...",
    "432 4.3.2 STOREDRV.Deliver; recipient thread limit exceeded",
    "550 5.7.124 Sender not in allowed-senders list",
    "550 5.7.1 Sender blocked by recipient",
    "553 5.6.7 Address requires SMTPUTF8",
]
LETTER = [
    "552 5.3.4 Message size exceeds fixed limit",
    "554 5.7.1 Message contains a virus: Eicar-Test-Signature",
    "554 5.7.1 URL in the message is blacklisted by a SURBL",
    "550 This message scored 12.3 spam points.",
    "552 5.2.3 Your message exceeded Google's message size limits",
    "550 5.7.0 This message was blocked because its content presents a potential security issue",
    "500 Line too long",
]
UNKNOWN = [
    "550 5.7.1 spam",
    "554 no",
    "550 5.7.1 Our system has detected that this message is likely unsolicited mail",
    "550 Administrative prohibition",
    "451 4.7.1 Greylisting in action, please come back in 00:05:00",
    "421 4.4.5 Server busy, try again later",
    "451 Temporary local problem - please try later",
    "503 5.5.1 bad sequence of commands",
]
ACCOUNT = {
    Fault.RELAY: [
        "454 4.7.1 <a@example.org>: Relay access denied",
        "550 5.7.1 Relaying denied. Proper authentication required",
        "550 5.7.0 Mail relay denied [192.0.2.1]. Invalid credentials for relay",
        "550 we do not relay",
    ],
    Fault.LOGIN: [
        "530 5.7.0 Must issue a STARTTLS command first",
        "530 5.5.1 Authentication Required. Learn more at",
        "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled",
        "534 5.7.9 Application-specific password required",
        "550 5.7.1 Client was not authenticated; you must authenticate first",
        "550 Authentication is required for sending",
    ],
    Fault.SENDER: [
        "553 5.7.1 <c@example.org>: Sender address rejected: not logged in",
        "550 5.1.8 Access denied, bad outbound sender",
        "451 4.1.8 Domain of sender address c@example.org does not resolve",
        "550 Sender verify failed",
        "550 5.7.0 Mail Sending denied",
        "554 5.7.1 You are not allowed to send from this address",
        "550 From address not allowed for this account",
    ],
    Fault.QUOTA: [
        "550 5.4.5 Daily SMTP relay limit exceeded for customer.",
        "550 5.7.1 Email quota exceeded.",
        "450 4.2.1 Peak SMTP relay limit exceeded for customer",
        "554 5.7.1 <c@example.org>: Sender address rejected: Message quota exceeded",
        "550 5.7.705 Access denied, tenant has exceeded threshold",
        "451 Sender rate 105.3 / 1h",
        "550 You have reached your hourly sending limit",
        "452 4.7.0 too many messages from you, slow down",
        "550 5.7.232 Your message can't be sent because your trial tenant has exceeded its limit",
        "554 Your account exceeded the limit of 500 messages per day",
    ],
    Fault.BLOCKLIST: [
        "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.spamcop.example",
        "550-JunkMail rejected - host [192.0.2.1] is in an RBL, see",
        "550 5.7.503 Access denied, banned sender",
        "550 5.7.25 The IP address sending this message does not have a PTR record",
        "554 your IP has a poor reputation",
    ],
    Fault.POLICY: [
        "550 5.7.26 Unauthenticated email from example.org is not accepted due to DMARC policy",
        "550 5.7.23 <a@example.org>: Recipient address rejected: SPF fail",
        "550 5.7.1 DKIM signature did not verify",
        "550 5.7.509 Access denied, sending domain does not pass DMARC verification",
    ],
    Fault.SYSTEM: [
        "452 4.3.1 Insufficient system storage",
        "554 5.3.2 system not accepting network messages",
    ],
}


def reply(text: str) -> Reply:
    return Reply.read(int(text[:3]), text[4:].encode())


@pytest.mark.parametrize("text", READER)
def test_a_refusal_of_the_reader_is_told_as_such(text: str) -> None:
    assert meaning(reply(text)).concern is Concern.READER


@pytest.mark.parametrize("text", LETTER)
def test_a_refusal_of_the_letter_is_told_as_such(text: str) -> None:
    assert meaning(reply(text)).concern is Concern.LETTER


@pytest.mark.parametrize("text", UNKNOWN)
def test_what_says_too_little_is_not_guessed_at(text: str) -> None:
    assert meaning(reply(text)).concern is Concern.UNKNOWN


@pytest.mark.parametrize(
    ("fault", "text"), [(fault, text) for fault, texts in ACCOUNT.items() for text in texts]
)
def test_a_refusal_of_the_account_is_told_with_what_is_wrong(fault: Fault, text: str) -> None:
    assert meaning(reply(text)).fault is fault


def test_every_fault_has_a_remedy_and_every_table_entry_one_of_them() -> None:
    assert set(REMEDIES) == set(Fault)
    for meant in (*CODES.values(), *ENHANCED.values()):
        assert (meant.fault is not None) == (meant.concern is Concern.ACCOUNT)


@given(st.integers(200, 599), st.binary(max_size=300))
def test_whatever_a_server_says_it_is_about_somebody(code: int, raw: bytes) -> None:
    meant = meaning(Reply.read(code, raw))
    assert (meant.fault is not None) == (meant.concern is Concern.ACCOUNT)


def test_words_are_the_same_whatever_address_queue_name_and_time_are_in_them() -> None:
    first = reply("554 5.7.1 <a@example.org> refused, id 4SXyZv0jXyz2x at 2013-09-04T09:00:00")
    second = reply("554 5.7.1 <zoe.b@example.net> refused, id 8F3A2120C4B at 2013-09-05T11:30:00")
    assert same_words(first) == same_words(second)
    other = reply("554 5.7.1 <a@example.org> refused for good, id 4SXyZv0jXyz2x")
    assert same_words(first) != same_words(other)
    assert same_words(first) != same_words(reply(f"550 {first.text}"))
    assert same_words(reply("550 5.7.1 <a@b.example> not wanted,  id 4SXyZv0jXyz2x")) == (
        "550 5.7.1 * not wanted, id *"
    )
    assert same_words(reply("550 not wanted")) == "550  not wanted"
