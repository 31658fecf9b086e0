"""Prefect's UI as an operator's hands and eyes have it, in Chromium."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

from playwright.sync_api import Locator, Page, Route, sync_playwright

OPTIONS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu")
_RUN_MS = 90_000
"""Milliseconds that a run may take to get somewhere, on a machine with other things to do."""


@contextmanager
def chromium(program: str, url: str, pictures: Path) -> Iterator["Operator"]:
    """A browser window on the UI at ``url``; nothing it asks for leaves this machine."""
    pictures.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(OPTIONS))
        context = browser.new_context(
            viewport={"width": 1200, "height": 800},
            locale="en-GB",
            timezone_id="Europe/London",
            reduced_motion="reduce",
        )
        context.route("**/*", _loopback_only)
        context.set_default_timeout(_RUN_MS)
        yield Operator(context.new_page(), url, pictures)
        browser.close()


def _loopback_only(route: Route) -> None:
    if re.match(r"https?://(127\.0\.0\.1|localhost)[:/]|data:|blob:", route.request.url):
        route.continue_()
    else:
        route.abort()


class Operator:
    """What an operator does and sees."""

    def __init__(self, page: Page, url: str, pictures: Path) -> None:
        self.page = page
        self.url = url
        self.pictures = pictures

    def picture(self, name: str) -> None:
        """Keep what is on the screen."""
        self.page.wait_for_timeout(300)  # lists and badges are still being drawn
        self.page.screenshot(
            path=self.pictures / f"{name}.png",
            style="[data-sonner-toaster] { display: none }",  # passing notices hide the page
        )

    def open(self, place: str) -> None:
        """Go to a page of the UI."""
        self.page.goto(f"{self.url}/v2/{place}")

    def open_form(self, deployment: str) -> None:
        """The form that starts a run of the deployment."""
        self.open_deployment(deployment)
        self.page.get_by_role("button", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Custom run").click()
        self.page.get_by_text("Parameters", exact=True).wait_for()

    def open_deployment(self, deployment: str) -> None:
        """A deployment's page."""
        self.open("deployments")
        self.page.get_by_placeholder("Search deployments").fill(deployment)
        # Followed by its address: the list is drawn anew while one types, and a click may miss.
        named = self.page.get_by_role("link", name=deployment, exact=True)
        link = named.and_(self.page.locator("[href*='/deployments/deployment/']")).first
        self.page.goto(urljoin(self.url, link.get_attribute("href")))

    def open_older_form(self, deployment: str) -> None:
        """The same form in Prefect's older page."""
        self.open_deployment(deployment)
        self.page.goto(f"{self.page.url.partition('?')[0].replace('/v2/', '/')}/run")
        self.page.get_by_text("Parameters", exact=True).wait_for()

    def fill_older(self, field: str, text: str) -> None:
        """Type into a field of the older page, whose labels name nothing."""
        property_ = self.page.locator(".schema-form-property", has_text=re.compile(f"^{field}"))
        property_.locator("input, textarea").first.fill(text)

    def open_desk(self, address: str) -> None:
        """The desk page."""
        self.page.goto(address)

    def choose_in_menu(self, what: str) -> None:
        """Choose from the menu of the page's run."""
        self.page.get_by_role("button", name="Open menu").first.click()
        self.page.get_by_role("menuitem", name=what, exact=True).click()

    def press_submit(self) -> None:
        """Press the button; the form may refuse."""
        self.page.get_by_role("button", name="Submit").click()

    def choose(self, field: str, option: str) -> None:
        """Pick from a list."""
        self.page.get_by_label(f"Select {field}").click()
        self.page.get_by_role("option", name=option).first.click()

    def show_from(self, text: str) -> None:
        """Scroll until this stands at the top."""
        there = self.page.get_by_text(text, exact=True).last
        there.evaluate("one => one.scrollIntoView({block: 'start'})")

    def switch(self, field: str) -> None:
        """Turn a switch."""
        self.page.get_by_label(field).click()

    def fill(self, field: str, text: str) -> None:
        """Type into a field."""
        self._input(field).fill(text)

    def refusal(self, field: str) -> str:
        """What the browser says against what was typed."""
        said = self._input(field).evaluate("field => field.validationMessage")
        return str(said)

    def _input(self, field: str) -> Locator:
        """Where one types; the page's own lists ("Items per page") have labels too."""
        return self.page.get_by_label(field).and_(self.page.locator("input, textarea"))

    def submit(self) -> str:
        """Start the run and go to its page; gives its id."""
        self.page.get_by_role("button", name="Submit").click()
        self.page.get_by_role("button", name="View run").click()
        self.page.wait_for_url(re.compile(r"/runs/flow-run/[0-9a-f-]{36}"))
        # The address changes first; until the run's page is drawn, the deployment's still shows the
        # states of earlier runs.
        self.page.get_by_role("tab", name="Logs").wait_for()
        found = re.search(r"flow-run/([0-9a-f-]{36})", self.page.url)
        assert found
        return found[1]

    def wait_for_state(self, state: str) -> None:
        """Look at the run's page until its badge says so."""
        badges = self.page.locator("[class*=badge],[data-slot=badge]")
        badge = badges.filter(has_text=re.compile(rf"^{re.escape(state)}$"))
        badge.first.wait_for(timeout=_RUN_MS)

    def open_resume(self) -> Locator:
        """The form of the sign-off."""
        self.page.get_by_role("button", name="Open menu").first.click()
        self.page.get_by_role("menuitem", name="Resume").click()
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_label("Your name").wait_for()
        return dialog

    def sign_off(self, name: str, digest: str, refused: str = "") -> None:
        """Fill in the form of the sign-off; ``refused`` is what the form itself says to it."""
        dialog = self.open_resume()
        dialog.get_by_label("Your name").fill(name)
        dialog.get_by_label("Hash shown in the review").fill(digest)
        dialog.get_by_role("button", name="Resume", exact=True).click()
        if refused:
            self.page.get_by_text(re.compile(refused)).first.wait_for()
            dialog.get_by_role("button", name="Cancel").click()
        dialog.wait_for(state="hidden")
