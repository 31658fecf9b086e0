"""The report: its figures are the ledger's, it needs no network, and nothing in it runs."""

import csv
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html

from flows.operations.outcomes import Outcome, ReaderOutcome, outcomes
from flows.operations.report import figures, hexmap
from flows.operations.report.write import page
from flows.people.identity.spelling import seat_key
from flows.post import resolution
from flows.post.ledger.database import Ledger
from flows.post.mailing.mailing import Mailing, get
from flows.post.smtp.reply import Reply
from flows.post.states import State
from tests.conftest import ROOT
from tests.unit.post.ledger_fixtures import approve, bring, freeze, letter

AT = datetime(2013, 9, 4, 9, tzinfo=UTC)
MAILING = Mailing(
    id="dialogue-1-abcd",
    campaign="dialogue",
    edition=1,
    as_of="2013-09-04",
    sender="chair@example.org",
    hash="a" * 64,
    frozen_at=AT,
    letters=1,
    refused=(),
    passed_over=(),
    sources={},
    approved_at=AT,
    approved_by="E. Marchbank",
)


def row(number: int = 1, **fields: Any) -> ReaderOutcome:
    given_ = {
        "dispatch": f"dialogue-1-abcd:{number}",
        "contact": f"reader-{number}",
        "name": f"Reader {number} MP",
        "office": "",
        "role": "mp",
        "party": "Labour",
        "department": "",
        "constituency": "",
        "email": f"reader{number}@example.org",
        "outcome": Outcome.SENT,
        "at": AT,
        "posted_on": None,
        "posted_by": "",
        "by": "",
        "why": "",
        "reply": "250 2.0.0 Ok",
        "attempts": 1,
        "message_id": f"<{number}@example.org>",
        "sha256": "b" * 64,
    }
    return ReaderOutcome(**{**given_, **fields})


def read(*rows: ReaderOutcome, rehearsal: int = 0, mailing: Mailing = MAILING) -> html.HtmlElement:
    return html.document_fromstring(page(mailing, rehearsal, rows))


def section(document: html.HtmlElement, anchor: str) -> html.HtmlElement:
    (heading,) = document.xpath(f'//h2[@id="{anchor}"]')
    return heading


def test_each_state_of_the_ledger_is_an_outcome_in_words(ledger: Ledger) -> None:
    names = [state.value.replace("_", "") for state in State]
    letters = [letter(name) for name in names]
    posted, to_post = letter("posted", email=""), letter("topost", email="")
    made = freeze(ledger, [*letters, posted, to_post])
    approve(ledger, made)
    for number, state in enumerate(State, 1):
        bring(ledger, f"{made.id}:{number}", state, Reply(250, "2.0.0 Ok"))
    resolution.posted(ledger, made.id, on=date(2013, 9, 5), by="Post Room", excepted=["topost-mp"])
    found = {one.contact: one for one in outcomes(ledger, made.id)}
    assert {name: one.outcome.value for name, one in found.items()} == {
        "ready-mp": "waiting",
        "claimed-mp": "waiting",
        "handingover-mp": "uncertain",
        "sent-mp": "sent",
        "deferred-mp": "waiting",
        "refused-mp": "refused",
        "uncertain-mp": "uncertain",
        "withdrawn-mp": "withdrawn",
        "posted-mp": "posted",
        "topost-mp": "to be posted",
    }
    assert found["posted-mp"].posted_on == date(2013, 9, 5)
    assert found["posted-mp"].posted_by == "Post Room"


def test_who_decided_and_why_comes_from_the_event(ledger: Ledger) -> None:
    made = freeze(ledger, ["hague", "lucas"])
    resolution.withdraw(ledger, f"{made.id}:1", by="E. Marchbank", why="died in office")
    hague, lucas = outcomes(ledger, made.id)
    assert (hague.by, hague.why) == ("E. Marchbank", "died in office")
    assert (lucas.by, lucas.why) == ("", "")


def test_uncertain_and_refused_letters_stand_first_those_of_one_cause_on_one_line() -> None:
    no = {"outcome": Outcome.REFUSED, "reply": "550 5.1.1 no such user"}
    document = read(row(1), row(2, **no), row(3, outcome=Outcome.UNCERTAIN, reply=""), row(4, **no))
    (table,) = document.xpath('//div[@aria-label="Letters that need a person"]/table')
    lines = [[cell.text_content() for cell in line][:2] for line in table.xpath(".//tbody/tr")]
    assert lines == [
        ["1", "uncertain: nothing was said"],
        ["2", "refused: 550 5.1.1 no such user"],
    ]
    assert table.xpath('.//a[@href="#reader-2"]')
    assert table.xpath('.//a[@href="#reader-4"]')


def test_a_report_without_trouble_says_so() -> None:
    assert "Nothing: no letter is uncertain or refused." in read(row()).text_content()


def test_every_picture_has_a_table_with_the_same_figures() -> None:
    rows = [row(n, role="minister" if n % 3 else "mp", department="Home Office") for n in range(9)]
    later = AT + timedelta(days=2)
    rows.append(row(10, outcome=Outcome.REFUSED, constituency="Ynys Môn", at=later))
    rows.append(row(11, role="minister", department="Home Office", at=later))
    document = read(*rows)
    figures_ = document.xpath("//figure")
    assert len(figures_) == 5
    for figure in figures_:
        table = figure.xpath("following-sibling::details[1]//table")[0]
        words = " ".join(figure.xpath('.//*[local-name()="title"]/text()'))
        for cell in table.xpath('.//tbody/tr/th[@scope="row"]/text()'):
            assert cell in words
    role = section(document, "role").xpath("following-sibling::details[1]//tbody/tr")
    assert [[cell.text_content() for cell in line] for line in role] == [
        ["Ministers", "7", "0", "7"],
        ["MPs", "4", "1", "3"],
    ]


def test_nothing_is_fetched_and_nothing_runs() -> None:
    hostile = "<script>alert(1)</script><img src=https://example.org/x>"
    text = page(
        MAILING,
        0,
        (
            row(1, name=hostile, party=hostile, department=hostile, office=hostile),
            row(2, outcome=Outcome.REFUSED, reply=hostile, why=hostile, by=hostile),
        ),
    )
    document = html.document_fromstring(text)
    assert not document.xpath("//script | //img | //link | //iframe | //@onload | //@onclick")
    assert all(target.startswith("#") for target in document.xpath("//@href | //@src"))
    assert hostile in document.text_content()
    assert "@import" not in text
    assert "url(" not in text


def test_a_rehearsal_says_so_first() -> None:
    document = read(row(), rehearsal=3)
    notice = document.xpath("//header//p")[0].text_content()
    assert notice == "This was rehearsal 3. Nothing in it reached a reader."


@pytest.mark.parametrize(
    ("on", "seat", "found"),
    [
        (date(2013, 9, 4), "Ynys Mon", True),
        (date(2013, 9, 4), "Ynys Môn", True),
        (date(2013, 9, 4), "Aberafan Maesteg", False),
        (date(2024, 10, 29), "aberafan maesteg", True),
        (date(2024, 10, 29), "Basildon & Billericay", True),
        (date(2024, 10, 29), "Aldridge Brownhills", True),
        (date(2005, 9, 4), "Aldershot", False),
    ],
)
def test_a_seat_is_found_on_the_map_of_its_day(on: date, seat: str, found: bool) -> None:
    assert (seat_key(seat) in hexmap.layout(on)) is found


@pytest.mark.parametrize("year", ["2010", "2024"])
def test_every_constituency_has_a_hexagon_of_its_own(year: str) -> None:
    path = ROOT / "flows" / "operations" / "report" / f"constituencies_{year}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 650
    assert len({(row["q"], row["r"]) for row in rows}) == 650
    assert len({seat_key(row["name"]) for row in rows}) == 650


def test_a_seat_that_the_map_does_not_have_is_told() -> None:
    document = read(row(1, constituency="Aldershot"), row(2, constituency="Erewhon"))
    words = section(document, "map").xpath("following-sibling::p[1]")[0].text_content()
    assert "1 of 650" in words
    assert "1 readers name a constituency that this map does not have" in words


moments = st.datetimes(datetime(2013, 1, 1), datetime(2014, 6, 1), timezones=st.just(UTC))


@settings(max_examples=60)
@given(st.lists(moments, min_size=1, max_size=40))
def test_letters_over_time_are_all_letters_in_few_intervals(at: list[datetime]) -> None:
    intervals = figures.over_time([row(n, at=moment) for n, moment in enumerate(at)])
    assert sum(interval.letters for interval in intervals) == len(at)
    assert intervals[-1].total == len(at)
    assert len(intervals) <= 50


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(Outcome),
            st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_whatever_readers_are_called_each_is_in_the_report_once(
    readers: list[tuple[Outcome, str]],
) -> None:
    rows = [
        row(n, outcome=outcome, name=f"{n} {name}") for n, (outcome, name) in enumerate(readers)
    ]
    document = read(*rows)
    lines = section(document, "readers").xpath("following-sibling::div[1]//tbody/tr")
    assert Counter(line.xpath("./td")[1].text_content() for line in lines) == Counter(
        outcome.value for outcome, _ in readers
    )
    assert {line.get("id") for line in lines} == {one.contact for one in rows}


def test_the_mailing_it_is_about_is_read_from_the_ledger(ledger: Ledger, tmp_path: Path) -> None:
    from flows.operations.report.write import report
    from flows.settings import Settings

    made = freeze(ledger, ["hague"])
    approve(ledger, made)
    written = report(Settings.model_construct(dear_minister_var=tmp_path), ledger, made.id)
    assert written.file == tmp_path / "mailings" / made.id / "report.html"
    assert written.counts == {"waiting": 1}
    assert get(ledger, made.id).hash in written.file.read_text("utf-8")
