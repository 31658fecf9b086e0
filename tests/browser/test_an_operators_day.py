"""An operator's day in Prefect's own UI, in a real browser, against the running product."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.post.inbox import items, sweep
from flows.post.inbox.mailbox import Cursor, Fetched, RawMail
from flows.post.ledger.clock import now
from flows.post.ledger.opening import open_ledger
from tests.browser.ui import Operator, chromium
from tests.conftest import ROOT, need
from tests.inbox.letters_sent import sent
from tests.integration.flows.office import CAMPAIGN, Office
from tests.servers.fault import FaultServer

PICTURES = ROOT / "var" / "pictures"
CHAIR = "Eleanor Marchbank"


@pytest.fixture
def mail_server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


@pytest.fixture
def office(tmp_path: Path, mail_server: FaultServer) -> Iterator[Office]:
    """Everything running that ``serve`` starts."""
    need("chromium", "chromium")
    made = Office(
        tmp_path,
        SMTP_HOST="127.0.0.1",
        SMTP_PORT=str(mail_server.port),
        SMTP_SECURITY="none",
    )
    with made.served():
        yield made


@pytest.fixture
def operator(office: Office) -> Iterator[Operator]:
    """Somebody at a browser."""
    with chromium(need("chromium", "chromium"), office.url, PICTURES) as made:
        yield made
        made.picture("last")  # where it stood, should the test have failed


def test_a_campaign_from_the_form_to_the_mailbox(
    operator: Operator, office: Office, mail_server: FaultServer
) -> None:
    operator.open("deployments")
    operator.page.get_by_text("8 Deployments").wait_for()
    operator.picture("ui-deployments")

    operator.open_form("campaign")
    operator.fill("At most this many letters", "-1")
    operator.choose("Campaign", CAMPAIGN)
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
    office.wait_for_question(run, "sign-off-2")
    operator.wait_for_state("Suspended")
    assert not mail_server.copies.all
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

    readers = [one.recipient for one in mail_server.copies.all]
    assert len(readers) == len(set(readers)) == 64


def test_what_came_back_is_sorted_in_a_form_and_the_page_shows_what_still_waits(
    operator: Operator, office: Office
) -> None:
    ledger = open_ledger(f"sqlite:///{office.folder / 'var' / 'ledger.db'}")
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
