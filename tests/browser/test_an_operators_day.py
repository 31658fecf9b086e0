"""An operator's day in Prefect's own UI, in a real browser, against the running product."""

import re
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from flows.post.inbox import items, sweep
from flows.post.inbox.mailbox import Cursor, Fetched, RawMail
from flows.post.ledger.clock import now
from flows.post.ledger.opening import open_ledger
from tests.browser.ui import Operator, chromium
from tests.conftest import ROOT, need
from tests.inbox.letters_sent import sent
from tests.integration.flows.served_project import CAMPAIGN, ServedProject
from tests.servers.fault import FaultServer
from tests.servers.script import Answer, Drop, Phase, Stall, once, script

PICTURES = ROOT / "var" / "pictures"
CHAIR = "Eleanor Marchbank"
OFFICE = "office@example.org"


@pytest.fixture
def mail_server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


@pytest.fixture
def served(tmp_path: Path, mail_server: FaultServer) -> Iterator[ServedProject]:
    """Everything running that ``serve`` starts."""
    need("chromium", "chromium")
    made = ServedProject(
        tmp_path,
        SMTP_HOST="127.0.0.1",
        SMTP_PORT=str(mail_server.port),
        SMTP_SECURITY="none",
        SMTP_CONNECTIONS="1",
        NOTIFY=OFFICE,
        MAIL_FROM=OFFICE,
    )
    with made.serving():
        yield made


@pytest.fixture
def operator(served: ServedProject) -> Iterator[Operator]:
    """Somebody at a browser."""
    with chromium(need("chromium", "chromium"), served.url, PICTURES) as made:
        yield made
        made.picture("last")  # where it stood, should the test have failed


def test_a_campaign_from_the_form_to_the_mailbox(
    operator: Operator, served: ServedProject, mail_server: FaultServer
) -> None:
    operator.open("deployments")
    operator.page.get_by_text("2 Deployments").or_(
        operator.page.get_by_text(re.compile(r"^2\d Deployments"))
    ).first.wait_for()
    operator.picture("ui-deployments")

    operator.open_form(CAMPAIGN)
    operator.fill("At most this many letters", "-1")
    operator.switch("Send to the readers")
    operator.page.get_by_role("button", name="Submit").click()
    assert "greater than or equal to 0" in operator.refusal("At most this many letters")
    operator.fill("At most this many letters", "0")
    operator.show_from("Parameters")
    operator.picture("ui-form")
    run = operator.submit()

    operator.wait_for_state("Suspended")
    dialog = operator.open_resume()
    operator.picture("ui-sign-off")
    dialog.get_by_role("link", name="review").click()
    shown = operator.page.locator("p", has_text="Hash to sign off")
    shown.wait_for()
    operator.picture("ui-review")
    digest = re.search(r"[0-9a-f]{12}", shown.inner_text())
    assert digest
    operator.page.get_by_role("link", name="the specimens").click()
    operator.page.get_by_text("Dear Prime Minister,").first.wait_for()
    operator.picture("ui-specimens")

    operator.open(f"runs/flow-run/{run}")
    operator.sign_off(CHAIR, "no hash", refused="does not match|too short")
    operator.sign_off(CHAIR, "deadbeef1234")
    served.wait_for_question(run, "sign-off-2")
    operator.wait_for_state("Suspended")
    assert letters(mail_server) == 0
    dialog = operator.open_resume()
    dialog.get_by_text("Refused: deadbeef1234 is not this mailing's hash").wait_for()
    operator.picture("ui-refused")
    dialog.get_by_role("button", name="Cancel").click()

    operator.sign_off(CHAIR, digest[0])
    operator.wait_for_state("Completed")
    operator.open(f"runs/flow-run/{run}")
    operator.wait_for_state("Completed")
    operator.page.wait_for_timeout(2500)  # a run's course is drawn on a canvas, in its own time
    operator.picture("ui-run")
    operator.page.get_by_role("tab", name="Task Runs").click()
    operator.page.get_by_text("Send 61-64 of 64").first.wait_for()
    operator.page.get_by_role("tab", name="Artifacts").click()
    operator.page.get_by_text(f"{CAMPAIGN}-report").first.click()
    operator.page.get_by_role("link", name=re.compile("^[0-9a-f]{8}$")).click()
    operator.page.get_by_role("link", name="The letters").click()
    operator.page.get_by_text("Rt Hon William Hague MP").first.wait_for()
    operator.picture("ui-outcome")

    assert letters(mail_server) == 64
    # The office was told that the sign-off waited, and that a wrong hash was given.
    first, second = notices(mail_server)
    assert f"{CAMPAIGN}: sign-off waits" in first
    assert digest[0] in first
    assert "deadbeef1234 is not this mailing's hash" in second.replace("=\r\n", "")


def test_what_came_back_is_sorted_in_a_form_and_the_page_shows_what_still_waits(
    operator: Operator, served: ServedProject
) -> None:
    ledger = open_ledger(f"sqlite:///{served.folder / 'var' / 'ledger.db'}")
    sent(ledger)
    mails = [RawMail.of(_MAIL.format(number=n).encode()) for n in (1, 2)]
    fetched = tuple(Fetched(uid, now(), raw) for uid, raw in enumerate(mails, 1))
    sweep.file_batch(ledger, "a mailbox", fetched, Cursor(1, 2), None)

    operator.open_form("sort-reply")
    operator.fill("Item", "1")
    operator.choose("What it is", "acknowledgement")
    operator.fill("Your name", "Jo Wright")
    operator.show_from("Parameters")
    operator.picture("ui-sort-reply")
    operator.submit()
    operator.wait_for_state("Completed")
    operator.page.get_by_role("tab", name="Artifacts").click()
    operator.page.get_by_text("replies-waiting").first.click()
    operator.page.get_by_text("1 to be sorted, matched or confirmed").first.wait_for()
    operator.picture("ui-replies-waiting")

    first, second = items.read(ledger)
    ledger.close()
    assert (first.kind, first.sorted_by) == ("acknowledgement", "Jo Wright")
    assert second.waits


_MAIL = (
    "From: hague@fco.example.org\r\nSubject: Re: R2P\r\nMessage-ID: <{number}@reply>\r\n"
    "In-Reply-To: <hague.dialogue@campaign.example.org>\r\n\r\nHm, {number}.\r\n"
)


def letters(mail_server: FaultServer) -> int:
    """How many letters the server holds, each reader's once."""
    readers = [one.recipient for one in mail_server.copies.all if one.recipient != OFFICE]
    assert len(readers) == len(set(readers))
    return len(readers)


def notices(mail_server: FaultServer) -> list[str]:
    """The notices that the office got, as text."""
    return [
        one.content.decode()
        for one in mail_server.copies.all
        if one.recipient == OFFICE and one.content
    ]


def test_the_form_works_in_every_order_of_filling(
    operator: Operator, served: ServedProject
) -> None:
    # As it stands: a rehearsal.
    operator.open_form(CAMPAIGN)
    operator.submit()
    operator.wait_for_state("Completed")

    # Wrong first, then right.
    operator.open_form(CAMPAIGN)
    operator.fill("Date of the letter", "yesterday")
    operator.fill("At most this many letters", "2")
    operator.press_submit()
    wrong = operator.page.locator("p", has_text="does not match").first
    wrong.wait_for()
    operator.fill("Date of the letter", "")
    wrong.wait_for(state="hidden")  # the page looks again a second after the last key
    operator.choose("Contact lists", "contacts/mps.csv")
    operator.page.keyboard.press("Escape")
    operator.submit()
    operator.wait_for_state("Completed")

    # A date, and taken out again; another, and left in.
    operator.open_form(CAMPAIGN)
    operator.fill("Date of the letter", "2013-09-05")
    operator.fill("Date of the letter", "")
    operator.fill("Date of the letter", "2013-09-06")
    run = operator.submit()
    operator.wait_for_state("Completed")
    assert served.parameters(run)["as_of"] == "2013-09-06"

    # A folder that has just been copied is offered, without a restart.
    served.copy_campaign("another-letter")
    served.until(lambda: "another-letter" in served.deployments())
    operator.open_form("another-letter")
    operator.submit()
    operator.wait_for_state("Completed")


def test_a_schedule_is_switched_on_and_off_and_keeps_its_campaign(
    operator: Operator, served: ServedProject
) -> None:
    operator.open_deployment(CAMPAIGN)
    operator.page.get_by_text("At 09:00 AM, Monday through Friday").first.wait_for()
    for _ in range(3):  # on, off, on
        operator.page.get_by_role("switch").last.click()
        operator.page.wait_for_timeout(700)
    there = served.deployments()[CAMPAIGN]
    assert there["schedules"][0]["active"] is True
    run = served.until(lambda: served.newest(CAMPAIGN))
    assert served.parameters(run)["campaign"] == CAMPAIGN
    assert there["schedules"][0]["schedule"]["timezone"] == "Europe/London"


def test_a_bad_day_is_put_right_without_a_terminal(
    operator: Operator, served: ServedProject, mail_server: FaultServer
) -> None:
    mailing = served.sign_off()
    order = {one["id"]: one["email"] for one in served.status(mailing)["dispatches"]}
    reached, go_on = Event(), Event()
    mail_server.script = script(
        [
            once(Phase.STORED, Drop(), order[f"{mailing}:2"]),
            once(Phase.RCPT, Answer(550, ("5.1.1 no such user",)), order[f"{mailing}:3"]),
            once(Phase.STORED, Stall(go_on, reached), order[f"{mailing}:5"]),
        ]
    )

    # Cancelled in the middle: the letter in hand is the last one, whatever sweeps.
    operator.open_form(CAMPAIGN)
    operator.switch("Send to the readers")
    operator.submit()
    assert reached.wait(90)
    operator.choose_in_menu("Cancel")
    operator.page.get_by_role("button", name="Cancel Flow Run").click()
    served.until(lambda: served.status(mailing)["held"])
    go_on.set()
    operator.wait_for_state("Held")
    operator.picture("ui-held")
    operator.open_form("dispatch")
    operator.submit()
    operator.wait_for_state("Needs attention")
    assert served.status(mailing)["counts"]["ready"] == 60 - 1
    assert letters(mail_server) == 4

    # The desk page says what waits, and leads to the form that lets it go on.
    operator.open_desk(served.desk)
    for line in ("Held:", "Uncertain: 1", "Refused: 1"):
        operator.page.get_by_text(line).first.wait_for()
    operator.picture("ui-desk")
    operator.page.get_by_role("link", name="Release").click()
    operator.choose("Mailing", mailing)
    operator.page.keyboard.press("Escape")
    operator.fill("Your name", CHAIR)
    operator.fill("Why", "a false alarm")
    operator.picture("ui-release")
    operator.submit()
    operator.wait_for_state("Completed")
    operator.open_form("dispatch")
    operator.submit()
    operator.wait_for_state("Needs attention")
    assert letters(mail_server) == 63

    # The uncertain one did go, says the server's log; the refused one goes again.
    operator.open_desk(served.desk)
    operator.page.get_by_role("link", name="Settle", exact=True).click()
    operator.choose("Letter", f"{mailing}:2,")
    operator.page.keyboard.press("Escape")
    operator.fill("Your name", CHAIR)
    operator.fill("Why", "it is in the server's log")
    operator.submit()
    operator.wait_for_state("Completed")
    operator.open_desk(served.desk)
    operator.page.get_by_role("link", name="Send again").click()
    operator.choose("Mailing", mailing)
    operator.page.keyboard.press("Escape")
    operator.fill("Your name", CHAIR)
    operator.fill("Why", "the address was put right")
    operator.submit()
    operator.wait_for_state("Completed")
    operator.open_form("dispatch")
    operator.submit()
    operator.wait_for_state("Completed")
    assert letters(mail_server) == 64

    # A letter is found and opened as it was sent.
    operator.open_desk(served.desk)
    operator.page.get_by_label("Find a reader").fill("hague")
    operator.page.get_by_role("button", name="Find").click()
    operator.page.get_by_role("link", name="Rt Hon William Hague MP").click()
    operator.page.get_by_text("Dear Secretary of State,").first.wait_for()
    operator.picture("ui-desk-letter")

    # What waited for a person was told, once for a matter.
    told = [one for one in notices(mail_server) if "Needs attention" in one]
    assert told
    assert len(told) == len(set(told)) <= 3
