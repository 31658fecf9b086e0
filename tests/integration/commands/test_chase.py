"""``dear-minister chase``: reminders to those who have not answered, and to nobody else."""

import email
from datetime import date, timedelta
from email import policy
from email.message import EmailMessage
from io import BytesIO
from typing import Any

import pytest
from docx import Document

from flows.operations import chase as chasing
from flows.post.inbox import working_days
from flows.post.ledger.clock import now
from tests.integration.commands.correspondence import Correspondence
from tests.integration.commands.office import CAMPAIGN, Office
from tests.integration.commands.test_newcomer import write_letter


def later(office: Office, days: int = 60) -> None:
    """From here on it is so many days later, as far as reminders go."""
    moment = now() + timedelta(days=days)
    office.patch.setattr(chasing, "now", lambda: moment)


@pytest.fixture
def waited(correspondence: Correspondence) -> Correspondence:
    later(correspondence.office)
    return correspondence


def send(waited: Correspondence, made: dict[str, Any], fault_server: Any) -> list[EmailMessage]:
    """Sign the chasers off and send them; gives what the server got."""
    server = fault_server()
    waited.office.to(server)
    assert waited.office.approve(made).code == 0
    waited.office.run("send", made["mailing"], "--live")
    return [
        email.message_from_bytes(copy.content, policy=policy.SMTP)  # type: ignore[misc, arg-type]
        for copy in server.copies.all
    ]


def test_who_has_not_answered_gets_one_reminder_in_the_thread_with_the_letter_once_more(
    waited: Correspondence, fault_server: Any
) -> None:
    waited.arrive(waited.mail("lucas", "I agree with you and have tabled a written question."))
    made = waited.office.json("chase", CAMPAIGN)
    assert made["due"] == ["glyndwr", "hague"]
    assert [one["reason"] for one in made["left_out"]] == [f"answered on {date.today()}"]
    mails = send(waited, made, fault_server)
    assert len(mails) == 2
    by_reader = {str(mail["To"]).rpartition("<")[2]: mail for mail in mails}
    mail = by_reader["hague@example.org>"]
    first = waited.letters["hague"]["message_id"]
    assert (mail["In-Reply-To"], mail["References"]) == (first, first)
    assert str(mail["Subject"]).startswith("Re: The Responsibility to Protect")
    body = mail.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert "I wrote to you on" in text
    assert "r2p-dialogue-2013/1/hague" in text
    assert "Reaffirm support for R2P" in text
    names = [part.get_filename() for part in mail.iter_attachments()]
    assert names == ["letter-hague.docx", "first-letter-hague.docx"]
    again = waited.office.json("chase", CAMPAIGN)
    assert (again["due"], again["mailing"]) == ([], None)
    assert waited.office.run("verify").code == 0


def test_nobody_is_reminded_before_the_days_are_over(correspondence: Correspondence) -> None:
    made = correspondence.office.json("chase", CAMPAIGN)
    assert made["mailing"] is None
    assert {one["reason"] for one in made["left_out"]} == {"0 working days of 20"}
    later(correspondence.office, 14)
    none = correspondence.office.run("chase", CAMPAIGN, "--after", "0")
    assert (none.code, "'--after': Input should be greater" in none.err) == (2, True), none.err
    assert correspondence.office.json("chase", CAMPAIGN, "--after", "9")["ready"] == 3


def test_who_was_forgotten_is_left_out_as_forgotten(waited: Correspondence) -> None:
    who = ("--by", "E. Marchbank", "--why", "asked to be forgotten", "--yes")
    assert waited.office.run("forget", "--person", "lucas", *who).code == 0
    listed = waited.office.run("chase", CAMPAIGN, "--list").out
    assert "out (forgotten): forgotten: who it was is in the ledger no more" in listed
    assert "office is lost" not in listed


def test_whoever_answers_while_the_reminder_waits_for_its_sign_off_does_not_get_it(
    waited: Correspondence, fault_server: Any
) -> None:
    made = waited.office.json("chase", CAMPAIGN)
    assert made["ready"] == 3
    waited.arrive(
        waited.mail("hague", "The Government agrees with you and will publish its statement."),
        waited.mail("lucas", "Thank you for your letter, which is receiving attention."),
    )
    mails = send(waited, made, fault_server)
    assert {str(mail["To"]).rpartition("<")[2] for mail in mails} == {
        "lucas@example.org>",
        "glyndwr@example.org>",
    }
    states = {
        one["contact"]: one["state"]
        for one in waited.office.json("status", made["mailing"])["dispatches"]
    }
    assert states == {"hague": "withdrawn", "lucas": "sent", "glyndwr": "sent"}


def test_who_objects_or_has_gone_or_never_got_it_or_may_have_answered_is_left_out(
    waited: Correspondence,
) -> None:
    waited.arrive(
        waited.mail("hague", "Please remove me from your mailing list."),
        waited.bounce("glyndwr"),
    )
    office = waited.office
    reasons = {one["name"]: one["reason"] for one in office.json("chase", CAMPAIGN)["left_out"]}
    assert reasons["Rt Hon William Hague MP"] == "asked not to be written to (item 1)"
    assert reasons[waited.letters["glyndwr"]["name"]] == "the letter was returned (item 2)"
    waited.arrive(waited.mail("lucas", "Hm."))
    shown = office.run("chase", CAMPAIGN, "--list")
    assert "item 3 waits to be sorted" in shown.out
    office.run("replies", "sort", 3, "--as", "automatic", "--by", "Jo")
    text = office.contacts.read_text(encoding="utf-8")
    office.contacts.write_text(text.replace("lucas,lucas,", "other,lucas,"), encoding="utf-8")
    assert "no longer in the office" in office.run("chase", CAMPAIGN, "--list").out
    office.contacts.write_text(text.replace("lucas,lucas,Caroline", "jo,jo,Jo"), encoding="utf-8")
    assert "no longer among" in office.run("chase", CAMPAIGN, "--list").out


def test_an_answer_to_a_reminder_counts_for_the_letter_and_ends_the_reminding(
    waited: Correspondence, fault_server: Any
) -> None:
    made = waited.office.json("chase", CAMPAIGN)
    mails = send(waited, made, fault_server)
    thread = next(str(m["Message-ID"]) for m in mails if "hague@" in str(m["To"]))
    waited.arrive(waited.mail("hague", "I agree with you entirely.", thread=thread))
    reader = waited.reader("hague")
    assert reader["answered_on"]
    assert reader["chasers"] == 1


def test_a_second_round_wants_templates_of_its_own_and_no_more_than_was_allowed(
    waited: Correspondence, fault_server: Any
) -> None:
    office = waited.office
    send(waited, office.json("chase", CAMPAIGN), fault_server)
    reasons = {one["reason"] for one in office.json("chase", CAMPAIGN)["left_out"]}
    assert reasons == {"reminded 1 times, the most that [chase] allows"}
    settings = office.campaign / "campaign.toml"
    settings.write_text(settings.read_text().replace("most = 1", "most = 2"))
    missing = office.run("chase", CAMPAIGN)
    assert missing.code == 2
    assert "chase-2.docx" in missing.line
    for kind in ("docx", "html", "txt"):
        (office.campaign / f"chase-2.{kind}").write_bytes(
            (office.campaign / f"chase-1.{kind}").read_bytes()
        )
    second = office.json("chase", CAMPAIGN)
    assert (second["round"], second["ready"]) == (2, 3)
    mails = send(waited, second, fault_server)
    assert len(str(mails[0]["References"]).split()) == 2


def test_a_follow_up_template_at_fault_is_told_by_check(waited: Correspondence) -> None:
    (waited.office.campaign / "chase-1.txt").write_text("{{ nonsense }}", encoding="utf-8")
    found = waited.office.json("check", CAMPAIGN)["problems"]
    assert any("chase-1.txt" in one["where"] and "nonsense" in one["what"] for one in found)


def test_working_days_leave_out_week_ends_bank_holidays_and_where_asked_recess() -> None:
    christmas = working_days.between(date(2022, 12, 20), date(2023, 1, 10))
    assert christmas == 12  # 21-23, 28-30 December, 3-6, 9, 10 January
    recess = working_days.Recess("commons", "Christmas", date(2022, 12, 21), date(2023, 1, 9))
    assert working_days.between(date(2022, 12, 20), date(2023, 1, 10), [recess]) == 3
    assert working_days.between(date(2013, 9, 4), date(2013, 9, 4)) == 0


def test_a_recess_stretches_the_wait_where_the_campaign_says_so(waited: Correspondence) -> None:
    office = waited.office
    settings = office.campaign / "campaign.toml"
    settings.write_text(settings.read_text().replace("# recess = true ", "recess = true #"))
    assert "recess.csv" in office.run("chase", CAMPAIGN, "--list").line
    begun, over = date.today() - timedelta(days=9), date.today() + timedelta(days=90)
    (office.folder / "contacts" / "recess.csv").write_text(
        f"{','.join(chasing.RECESS_COLUMNS)}\ncommons,Summer,{begun},{over},a source\n"
    )
    left_out = office.json("chase", CAMPAIGN, "--list")["left_out"]
    assert {one["reason"] for one in left_out} == {"0 working days of 20"}


def test_a_campaign_of_ones_own_has_its_reminder_from_the_beginning(
    office: Office, fault_server: Any
) -> None:
    words = ("--subject", "Clean rivers", "--sender", "Siân Élan", "--organisation", "Friends")
    assert office.run("new", "rivers", *words, "--email", "chair@example.org").code == 0
    write_letter(office.folder / "templates" / "rivers")
    chosen = ("--contacts", "contacts/few.csv")
    office.to(fault_server())
    made = office.json("prepare", "rivers", *chosen)
    assert office.approve(made).code == 0
    assert (
        office.run("replies", "rivers").out
        == "0 of 0 answered; nothing came from 0; 3 letters have not left\n"
    )
    assert office.run("send", made["mailing"], "--live").code == 0
    assert "dear-minister chase rivers --list" in office.run("chase", "rivers", *chosen).err
    later(office)
    reminder = office.run("chase", "rivers", *chosen, "--json")
    assert reminder.code == 0, reminder.err
    server = fault_server()
    office.to(server)
    assert office.approve(reminder.document).code == 0
    assert office.run("send", reminder.document["mailing"], "--live").code == 0
    assert len(server.copies.all) == 3
    for copy in server.copies.all:
        mail = email.message_from_bytes(copy.content, policy=policy.SMTP)
        parts = {part.get_filename(): part for part in mail.walk()}
        letter = next(part for name, part in parts.items() if str(name).startswith("letter"))
        written = [
            one.text for one in Document(BytesIO(letter.get_payload(decode=True))).paragraphs
        ]
        body = mail.get_body(("plain",))  # type: ignore[attr-defined]
        for text in ("\n".join(written), body.get_content()):
            assert "I wrote to you on " in text
            assert "(reference rivers/1/" in text
            assert "{" not in text
        assert any(str(name).startswith("first-letter") for name in parts)
        assert str(mail["Subject"]) == "Re: Clean rivers"


def test_where_the_words_of_a_reminder_are_missing_it_is_said_whence_to_copy_them(
    waited: Correspondence,
) -> None:
    for file in waited.office.campaign.glob("chase-1.*"):
        file.unlink()
    done = waited.office.run("chase", CAMPAIGN)
    assert (done.code, "chase-1 of a campaign that `new` makes" in done.err) == (2, True)
