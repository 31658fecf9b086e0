"""An operator's day in Prefect's own UI, in a real browser, against the running product."""

import re
from threading import Event

from tests.browser.conftest import letters, notices
from tests.browser.ui import Operator
from tests.integration.served.served_project import CAMPAIGN, CHAIR, ServedProject
from tests.servers.fault import FaultServer
from tests.servers.script import Answer, Drop, Phase, Stall, once, script


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
    operator.page.get_by_text(re.compile(r"Send \d+-64 of 64")).first.wait_for()
    operator.page.get_by_role("tab", name="Artifacts").click()
    operator.page.get_by_text(f"{CAMPAIGN}-report").first.click()
    operator.page.get_by_role("link", name=re.compile("^[0-9a-f]{8}$")).click()
    operator.page.get_by_role("link", name="The letters").click()
    operator.page.get_by_text("Rt Hon William Hague MP").first.wait_for()
    operator.picture("ui-outcome")
    assert letters(mail_server) == 64

    # The end of the run leads to what others are to read, for this mailing.
    operator.page.go_back()
    operator.page.get_by_role("link", name="report", exact=True).click()
    operator.fill("Your name", CHAIR)
    operator.submit()
    operator.wait_for_state("Completed")
    mailing = served.mailings()[0]["mailing"]
    assert (served.folder / "var" / "mailings" / mailing / "report.html").is_file()

    # The office was told that the sign-off waited, and that a wrong hash was given.
    first, second = notices(mail_server)
    assert f"{CAMPAIGN}: sign-off waits" in first
    assert digest[0] in first
    assert "deadbeef1234 is not this mailing's hash" in second.replace("=\r\n", "")


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
