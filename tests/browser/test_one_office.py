"""Forms, schedules, restarts and paper in a real browser: several scenes in one office, which is
served once for all of them."""

import csv
import re
from collections.abc import Iterator
from io import BytesIO
from itertools import islice
from pathlib import Path
from threading import Event

import pikepdf
import pytest
from axe_playwright_python.sync_playwright import Axe

from flows.post.inbox import items, sweep
from flows.post.inbox.mailbox import Cursor, Fetched, RawMail
from flows.post.ledger.clock import now
from flows.post.ledger.opening import open_ledger
from tests.browser.conftest import everything_served, letters, notices
from tests.browser.test_report import WCAG
from tests.browser.ui import Operator
from tests.conftest import need
from tests.inbox.letters_sent import sent
from tests.integration.served.served_project import CAMPAIGN, CHAIR, SCHEDULES, ServedProject
from tests.servers.fault import FaultServer
from tests.servers.script import Phase, Stall, once, script


@pytest.fixture(scope="module")
def mail_server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, mail_server: FaultServer
) -> Iterator[ServedProject]:
    folder = tmp_path_factory.mktemp("office")
    with everything_served(folder, mail_server, **SCHEDULES) as made:
        made.switch_schedule("dispatch", on=False)
        yield made


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


def test_in_prefects_older_page_a_wrong_submit_says_why_and_the_right_one_starts_the_run(
    operator: Operator, served: ServedProject
) -> None:
    before = served.newest(CAMPAIGN)
    operator.open_older_form(CAMPAIGN)
    operator.fill_older("Date of the letter", "yesterday")
    operator.press_submit()
    operator.page.get_by_text("'yesterday' does not match").first.wait_for()
    operator.fill_older("Date of the letter", "2013-09-05")
    operator.press_submit()
    # Awaited in the page: what the browser asks for passes through this process.
    operator.page.get_by_text("scheduled to start").first.wait_for()
    run = served.until(lambda: served.newest(CAMPAIGN, besides=before))
    assert served.wait(run)["name"] == "Completed"
    assert served.parameters(run)["as_of"] == "2013-09-05"


def test_a_schedule_is_switched_on_and_off_and_keeps_its_campaign(
    operator: Operator, served: ServedProject
) -> None:
    operator.open_deployment(CAMPAIGN)
    operator.page.get_by_text("At 09:00 AM, Monday through Friday").first.wait_for()
    before = served.newest(CAMPAIGN)
    for _ in range(3):  # on, off, on
        operator.page.get_by_role("switch").last.click()
        operator.page.wait_for_timeout(700)
    there = served.deployments()[CAMPAIGN]
    assert there["schedules"][0]["active"] is True
    run = served.until(lambda: served.newest(CAMPAIGN, besides=before))
    assert served.parameters(run)["campaign"] == CAMPAIGN
    assert there["schedules"][0]["schedule"]["timezone"] == "Europe/London"
    served.switch_schedule(CAMPAIGN, on=False)


def test_what_came_back_is_sorted_in_a_form_and_the_page_shows_what_still_waits(
    operator: Operator, served: ServedProject
) -> None:
    ledger = open_ledger(f"sqlite:///{served.folder / 'var' / 'ledger.db'}")
    sent(ledger)
    mails = [RawMail.of(_MAIL.format(number=n).encode()) for n in (1, 2)]
    fetched = tuple(Fetched(uid, now(), raw) for uid, raw in enumerate(mails, 1))
    sweep.file_batch(ledger, "a mailbox", fetched, Cursor(1, 2), None)

    served.until(lambda: "enum" in served.field("sort-reply", "item"))

    operator.open_form("sort-reply")
    operator.choose("Item", "1, waits")
    operator.choose("What it is", "acknowledgement")
    operator.fill("Your name", "Jo Wright")
    operator.show_from("Parameters")
    operator.picture("ui-sort-reply")
    run = operator.submit()
    operator.wait_for_state("Completed")
    operator.page.get_by_role("tab", name="Artifacts").click()
    operator.page.get_by_text("replies-waiting").first.click()
    operator.page.get_by_text("1 to be sorted, matched or confirmed").first.wait_for()
    operator.picture("ui-replies-waiting")
    first, second = items.read(ledger)
    assert (first.kind, first.sorted_by) == ("acknowledgement", "Jo Wright")
    assert second.waits

    # The figures lead to the form for what still waits, filled in.
    operator.open(f"artifacts/artifact/{served.artifacts(run)['replies']['id']}")
    operator.page.get_by_role("link", name="sort", exact=True).click()
    operator.page.get_by_label("Select Item").get_by_text("2, waits").wait_for()
    operator.choose("What it is", "reply")
    operator.fill("Your name", "Jo Wright")
    operator.submit()
    operator.wait_for_state("Completed")
    assert not any(item.waits for item in items.read(ledger))
    ledger.close()


_MAIL = (
    "From: hague@fco.example.org\r\nSubject: Re: R2P\r\nMessage-ID: <{number}@reply>\r\n"
    "In-Reply-To: <hague.dialogue@campaign.example.org>\r\n\r\nHm, {number}.\r\n"
)


def test_signed_off_in_a_terminal_and_served_anew_in_mid_sending_each_letter_goes_once(
    operator: Operator, served: ServedProject, mail_server: FaultServer
) -> None:
    reached, go_on = Event(), Event()
    mail_server.script = script([once(Phase.STORED, Stall(go_on, reached), "*hague*")])
    operator.open_form(CAMPAIGN)
    operator.switch("Send to the readers")
    run = operator.submit()
    operator.wait_for_state("Suspended")

    # The run that waits in the browser goes on by itself.
    mailing = served.mailings()[0]
    signed = served.command("approve", mailing["mailing"], "--by", CHAIR, "--hash", mailing["hash"])
    assert signed.returncode == 0, signed.stderr
    assert reached.wait(90)

    # serve is stopped: the letter in hand is finished, and the server's answer to it is kept.
    served.process.terminate()
    served.until(lambda: "1 under way: the letters in hand are finished" in served.said)
    go_on.set()
    assert served.process.wait(90) == 0
    counts = served.status(mailing["mailing"])["counts"]
    assert counts.keys() == {"sent", "ready"}
    assert counts["sent"] == letters(mail_server)

    served.serve()
    operator.open(f"runs/flow-run/{run}")
    operator.wait_for_state("Letters waiting")
    operator.open_desk(served.desk)
    operator.page.get_by_role("link", name=mailing["mailing"]).first.click()
    operator.page.get_by_role("link", name="Send what is due").click()
    operator.submit()
    operator.wait_for_state("Completed")
    assert served.status(mailing["mailing"])["counts"] == {"sent": sum(counts.values())}
    assert letters(mail_server) == sum(counts.values())
    told = [one for one in notices(mail_server) if f"{CAMPAIGN}: sign-off waits" in one]
    assert len(told) == 1
    assert mailing["hash"][:12] in told[0]


def test_letters_on_paper_are_packed_fetched_and_recorded_as_posted(
    operator: Operator, served: ServedProject, mail_server: FaultServer
) -> None:
    need("soffice", "libreoffice-writer-nogui")
    before = len(mail_server.copies.all)
    served.copy_campaign("on-paper", contacts=without_addresses(served.folder, 3))
    mailing = served.sign_off("on-paper")
    served.until(lambda: mailing in str(served.field("print-pack", "mailing")))

    operator.open_desk(served.desk)
    operator.page.get_by_role("link", name="Print pack").click()
    operator.fill("Your name", "Jo Wright")
    operator.submit()
    operator.wait_for_state("Completed")

    operator.open_desk(f"{served.desk}/mailing/{mailing}")
    operator.page.get_by_text("files that were written for this mailing").click()
    pack = operator.page.get_by_role("link", name=re.compile(r"letters.*\.pdf$")).first
    operator.picture("ui-print-pack")
    got = operator.page.request.get(f"{served.desk}{pack.get_attribute('href')}")
    assert got.headers["content-type"] == "application/pdf"
    with pikepdf.open(BytesIO(got.body())) as pages:
        assert len(pages.pages) >= 3

    operator.page.get_by_role("link", name="Posted").click()
    operator.fill("Your name", "Jo Wright")
    operator.submit()
    operator.wait_for_state("Completed")
    assert served.status(mailing)["counts"] == {"sent": 3}
    assert len(mail_server.copies.all) == before


def test_axe_finds_no_fault_in_the_desk_page(operator: Operator, served: ServedProject) -> None:
    served.command("prepare", CAMPAIGN)  # which finds nobody new where another scene has sent it
    mailing = served.mailings()[0]["mailing"]
    browser = operator.page.context.browser
    assert browser
    # The pages forbid every script; axe is one.
    page = browser.new_context(bypass_csp=True).new_page()
    for path in ("", f"mailing/{mailing}", f"letter/{mailing}:1", "search?q=a", "mailing/none"):
        page.goto(f"{served.desk}/{path}")
        found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
        assert found.violations_count == 0, found.generate_report()


def without_addresses(folder: Path, number: int) -> str:
    """A list of so many members who have no e-mail address; its name."""
    with (folder / "contacts" / "mps.csv").open(encoding="utf-8", newline="") as file:
        rows = [{**row, "email": ""} for row in islice(csv.DictReader(file), number)]
    with (folder / "contacts" / "on-paper.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return "contacts/on-paper.csv"
