"""``check`` and ``send`` with the settings of the mail server as offices have them."""

import email
from email.policy import SMTP
from pathlib import Path
from typing import Any

import dkim
import pytest

from tests.integration.commands.office import CAMPAIGN, READERS, Office
from tests.servers.dkim_key import dkim_key
from tests.servers.dns import dns_server
from tests.servers.fault import FaultServer
from tests.servers.script import Answer, Phase, always


def warnings(office: Office) -> dict[str, str]:
    return {one["where"]: one["what"] for one in office.json("check", CAMPAIGN)["problems"]}


def test_check_says_what_the_dns_means_for_the_senders_domain(
    office: Office, fault_server: Any
) -> None:
    office.to(fault_server(), MAIL_FROM="chair@office.example.org")
    with dns_server({"office.example.org": {"MX": ["10 mail.example.org."]}}) as resolver:
        office.set(DNS_RESOLVER=resolver.address)
        found = [
            one["what"]
            for one in office.json("check", CAMPAIGN)["problems"]
            if one["where"] == "deliverability"
        ]
    assert len(found) == 2
    assert "office.example.org has no SPF record" in found[0]
    assert "office.example.org has no DMARC record" in found[1]


def test_check_measures_the_largest_mail_against_the_servers_limit(
    office: Office, fault_server: Any
) -> None:
    office.to(fault_server(largest=2_000))
    assert "takes mails of 2 kB at most (SIZE)" in warnings(office)["mail server"]
    office.to(fault_server(largest=50_000_000))
    assert "mail server" not in warnings(office)


def test_letters_go_out_signed_where_a_key_is_set(
    office: Office, fault_server: Any, tmp_path: Path
) -> None:
    key, public = dkim_key(tmp_path)
    server: FaultServer = fault_server()
    office.to(server, MAIL_DKIM_KEY=key, MAIL_DKIM_SELECTOR="letters", MAIL_FROM="c@example.org")
    office.set(MAIL_LIST_UNSUBSCRIBE="mailto:office@example.org")
    made = office.json("prepare", CAMPAIGN)
    assert office.approve(made).code == 0
    assert office.run("send", made["mailing"], "--live").code == 0
    record = "".join(public.split('"')[1::2]).encode()
    assert [copy.recipient for copy in server.copies.all] == READERS
    for copy in server.copies.all:
        assert copy.content is not None
        assert dkim.verify(copy.content, dnsfunc=lambda *_, **__: record)
        read = email.message_from_bytes(copy.content, policy=SMTP)
        assert read["List-Unsubscribe"] == "<mailto:office@example.org>"
        assert "list-unsubscribe" in read["DKIM-Signature"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"MAIL_DKIM_KEY": "dkim.pem"}, "MAIL_DKIM_SELECTOR: is not set"),
        ({"SMTP_AUTH": "xoauth2", "SMTP_USER": "c"}, "SMTP_TOKEN_FILE and SMTP_TOKEN_COMMAND"),
        ({"SMTP_AUTH": "xoauth2", "SMTP_TOKEN_FILE": "t"}, "SMTP_USER: is not set"),
        ({"SMTP_AUTH": "oauth"}, "SMTP_AUTH"),
        ({"SMTP_TOKEN_FILE": "t"}, "SMTP_AUTH: set it to xoauth2"),
        ({"IMAP_AUTH": "xoauth2", "IMAP_USER": "c"}, "IMAP_TOKEN_FILE"),
        ({"MAIL_LIST_ID": "rivers"}, "MAIL_LIST_ID"),
        ({"MAIL_LIST_UNSUBSCRIBE": "office@example.org"}, "MAIL_LIST_UNSUBSCRIBE"),
    ],
)
def test_what_is_half_set_up_is_refused_in_plain_words_before_anything_is_frozen(
    office: Office, settings: dict[str, str], said: str
) -> None:
    office.set(**settings, MAIL_FROM="chair@example.org")
    ended = office.run("prepare", CAMPAIGN)
    assert ended.code == 2
    assert said in ended.err
    assert "Traceback" not in ended.err


def test_a_quota_that_runs_out_in_the_middle_leaves_the_rest_for_the_next_send(
    approved: tuple[Office, str], fault_server: Any
) -> None:
    office, mailing = approved
    over = Answer(554, ("5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException",))
    office.to(fault_server([always(Phase.DOT, over, to=reader) for reader in READERS[1:]]))
    ended = office.run("send", mailing, "--live", "--patience", "0")
    assert ended.code == 1  # a letter has left
    assert "refuses the account, not the letter: 554 5.2.0" in ended.out + ended.err
    assert office.json("status", mailing)["counts"] == {"sent": 1, "ready": 2}
    healthy = fault_server()
    office.to(healthy)
    assert office.run("send", mailing, "--live").code == 0
    assert [copy.recipient for copy in healthy.copies.all] == READERS[1:]


def test_an_account_that_is_refused_at_once_is_an_error_with_nothing_done(
    approved: tuple[Office, str], fault_server: Any
) -> None:
    office, mailing = approved
    office.to(fault_server([always(Phase.RCPT, Answer(554, ("5.7.1 Relay access denied",)))]))
    ended = office.run("send", mailing, "--live")
    assert ended.code == 2
    assert "SMTP_HOST" in ended.err
    assert office.json("status", mailing)["counts"] == {"ready": 3}


def test_three_unknown_refusals_in_a_row_ask_and_the_answer_sends_them_again(
    approved: tuple[Office, str], fault_server: Any
) -> None:
    office, mailing = approved
    office.to(fault_server([always(Phase.DOT, Answer(554, ("5.7.1 no",)))]))
    ended = office.run("send", mailing, "--live")
    assert ended.code == 1
    said = " ".join((ended.out + ended.err).split())
    assert f"resolve {mailing} --refused --as resend" in said
    answer = ("--refused", "--as", "resend", "--by", "Ann", "--why", "the limit was raised")
    assert office.run("resolve", mailing, *answer).code == 0
    healthy = fault_server()
    office.to(healthy)
    assert office.run("send", mailing, "--live").code == 0
    assert [copy.recipient for copy in healthy.copies.all] == READERS
