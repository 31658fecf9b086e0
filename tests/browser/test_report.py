"""The report in a real browser: nothing is fetched, and axe finds no fault against WCAG 2.2 AA."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright

from flows.operations.outcomes import Outcome, ReaderOutcome
from flows.operations.report import hexmap
from flows.operations.report.write import page as report_page
from tests.browser.ui import OPTIONS
from tests.conftest import ROOT, need
from tests.unit.operations.test_report import MAILING, row

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PARTIES = ["Conservative", "Labour", "Liberal Democrat", "Plaid Cymru", "Sinn Féin"]


def everybody() -> tuple[ReaderOutcome, ...]:
    """A reader in each constituency, every outcome among them."""
    chance = random.Random(4)
    seats = hexmap.layout(datetime(2013, 9, 4).date()).values()
    begin = datetime(2013, 9, 4, 8, 0, tzinfo=UTC)
    return tuple(
        row(
            number,
            constituency=seat.name,
            party=chance.choice(PARTIES),
            role="minister" if number % 7 == 0 else "mp",
            department="Home ServedProject" if number % 7 == 0 else "",
            at=begin + timedelta(seconds=number * 40),
            outcome=chance.choices(list(Outcome), [1, 3, 5, 6, 2, 10, 73])[0],
            reply="550 5.1.1 no such user" if number % 2 else "554 5.7.1 not accepted",
        )
        for number, seat in enumerate(seats)
    )


@pytest.fixture
def report(tmp_path: Path) -> Iterator[tuple[Page, list[str]]]:
    """The page, opened from its file, and what it asked for."""
    program = need("chromium", "chromium")
    file = tmp_path / "report.html"
    file.write_text(report_page(MAILING, 0, everybody()), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(OPTIONS))
        # The page forbids every script; axe is one.
        context = browser.new_context(viewport={"width": 1200, "height": 900}, bypass_csp=True)
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(file.as_uri())
        yield page, asked
        browser.close()


def test_the_page_is_whole_without_a_network(report: tuple[Page, list[str]]) -> None:
    page, asked = report
    assert asked == [page.url]
    assert page.locator("figure svg").count() == 5
    assert page.locator("svg path[aria-roledescription=point]").count() >= 650
    page.screenshot(path=ROOT / "var" / "pictures" / "report.png")


def test_axe_finds_no_fault(report: tuple[Page, list[str]]) -> None:
    page, _ = report
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
    assert found.violations_count == 0, found.generate_report()


def test_the_keyboard_reaches_the_figures(report: tuple[Page, list[str]]) -> None:
    page, _ = report
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the figures"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_a_narrow_window_scrolls_tables_not_the_page(report: tuple[Page, list[str]]) -> None:
    page, _ = report
    page.set_viewport_size({"width": 360, "height": 700})
    width = "document.documentElement.scrollWidth"
    assert page.evaluate(width) <= 360
