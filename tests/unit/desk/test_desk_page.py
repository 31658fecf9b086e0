"""The desk page: true to the ledger, as typed, changing nothing, and for nobody else."""

from collections.abc import Iterator
from datetime import date
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import pytest
from lxml import html
from starlette.testclient import TestClient

from flows.desk import views
from flows.desk.app import app
from flows.operations import hold as holding
from flows.post.ledger import events
from flows.post.ledger.database import Ledger
from flows.post.ledger.opening import open_ledger
from flows.post.mailing.mailing import Mailing
from flows.post.resolution import posted
from flows.post.states import State
from flows.settings import Settings
from tests.unit.post.ledger_fixtures import approve, bring, freeze, letter, live

BASE = "http://127.0.0.1:4201"
MAIL = (
    b"Message-ID: <hague@example.org>\r\nTo: Hague <hague@example.org>\r\nSubject: Our letter\r\n"
    b"\r\nDear <b>Foreign Secretary</b>\r\n"
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_construct(
        dear_minister_var=tmp_path / "var",
        dear_minister_office=Path(),
        ledger_url=f"sqlite:///{tmp_path / 'ledger.db'}",
    )


@pytest.fixture
def ledger(settings: Settings) -> Iterator[Ledger]:
    opened = open_ledger(settings.ledger)
    yield opened
    opened.close()


@pytest.fixture
def mailing(ledger: Ledger) -> Mailing:
    """Five letters: one sent, one uncertain, one refused, one on paper, one ready."""
    letters = [
        letter("hague", content=MAIL, name="Rt Hon William Hague <script>alert(1)</script>"),
        letter("warsi"),
        letter("green"),
        letter("paper", email="", content=b"PK a Word file", paper=True),
        letter("clwyd"),
    ]
    made = approve(ledger, freeze(ledger, letters))
    dispatches = list(live(ledger, made.id))
    for dispatch, state in zip(
        dispatches, (State.SENT, State.UNCERTAIN, State.REFUSED), strict=False
    ):
        bring(ledger, dispatch, state)
    return made


@pytest.fixture
def client(settings: Settings) -> TestClient:
    return TestClient(app(lambda: settings, form), base_url=BASE)


def form(name: str, **values: str) -> str:
    """The address of a form, with what is filled in."""
    return f"{BASE}/forms/{name}?{urlencode(values)}"


def html_of(client: TestClient, path: str) -> str:
    """A page's source, its addresses as they are followed."""
    return unescape(client.get(path).text)


def words(client: TestClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return " ".join(html.fromstring(answer.text).text_content().split())


def test_it_says_what_waits_for_somebody_and_leads_to_the_form(
    client: TestClient, ledger: Ledger, mailing: Mailing
) -> None:
    shown = words(client, "/")
    for line in (
        f"Uncertain: 1 letter of {mailing.id}",
        f"Refused: 1 letter of {mailing.id}",
        f"To print: 1 letter of {mailing.id}",
        "1 ready",
    ):
        assert line in shown
    page = client.get("/").text
    assert form("resolve") in page
    for verb in ("send-again", "print-pack", "posted"):
        assert form(verb, mailing=mailing.id) in page

    holding.hold(ledger, mailing.id, by="The Chair", why="the date is wrong")
    assert "Held: dialogue-1" in words(client, "/")
    assert "held by The Chair" in words(client, f"/mailing/{mailing.id}")
    assert form("release", mailing=mailing.id) in client.get(f"/mailing/{mailing.id}").text
    sent, uncertain, refused = (f"{mailing.id}:{number}" for number in (1, 2, 3))
    assert html_of(client, f"/letter/{sent}").count(form("add-reply", dispatch=sent)) == 1
    withdrawal = form("withdraw", mailing=mailing.id, only=refused)
    assert withdrawal in html_of(client, f"/letter/{refused}")
    assert "Withdraw" not in words(client, f"/letter/{sent}")
    assert form("resolve", letter=uncertain) in client.get(f"/letter/{uncertain}").text


def test_a_mailing_that_is_not_signed_off_waits_for_that(
    client: TestClient, ledger: Ledger
) -> None:
    made = freeze(ledger, ["hague"])
    assert f"Sign-off: 1 letter of {made.id}, hash {made.hash[:12]}" in words(client, "/")


def test_an_empty_ledger_says_how_to_begin(client: TestClient, ledger: Ledger) -> None:
    assert "No mailing yet" in words(client, "/")
    assert "Nothing waits." in words(client, "/")


def test_readers_are_found_over_all_mailings_and_what_was_typed_is_text(
    client: TestClient, mailing: Mailing
) -> None:
    assert "1 letter" in words(client, "/search?q=hague william")
    assert "0 letters" in words(client, "/search?q=100%25")
    page = client.get("/search", params={"q": '"><script>x</script>'}).text
    assert "<script>" not in page
    assert "<script>" not in client.get("/search?q=hague").text


def test_a_mailing_shows_its_letters_by_state_and_page_by_page(
    client: TestClient, ledger: Ledger, mailing: Mailing, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "5 letters" in words(client, f"/mailing/{mailing.id}")
    assert "1 letter" in words(client, f"/mailing/{mailing.id}?state=uncertain")
    assert "Paper MP (by post)" in words(client, f"/mailing/{mailing.id}?state=to+print")
    monkeypatch.setattr(views, "PAGE", 2)
    assert "page 3 of 3" in words(client, f"/mailing/{mailing.id}?page=99")
    assert 'rel="next"' in client.get(f"/mailing/{mailing.id}?page=2").text


def test_a_letter_opens_as_it_was_sent_with_all_that_happened(
    client: TestClient, ledger: Ledger, mailing: Mailing
) -> None:
    page = f"/letter/{mailing.id}:1"
    shown = words(client, page)
    assert "Dear <b>Foreign Secretary</b>" in shown
    assert "Our letter" in shown
    assert shown.index("claimed") < shown.index("handing_over") < shown.rindex("sent")
    mail = client.get(f"{page}/mail.eml")
    assert (mail.content, mail.headers["content-type"]) == (MAIL, "message/rfc822")
    assert mail.headers["content-disposition"].startswith("attachment")
    paper = client.get(f"/letter/{mailing.id}:4/letter-paper-mp.docx")
    assert paper.content == b"PK a Word file"


def test_only_files_that_flows_wrote_for_people_are_given_out(
    client: TestClient, settings: Settings, mailing: Mailing, tmp_path: Path
) -> None:
    made = settings.var / "mailings" / mailing.id / "print" / "letters.pdf"
    made.parent.mkdir(parents=True)
    made.write_bytes(b"%PDF")
    (settings.var / "secret").write_text("x", encoding="utf-8")
    (settings.var / "mailings" / "link").symlink_to(settings.var / "secret")

    assert f"mailings/{mailing.id}/print/letters.pdf" in words(client, f"/mailing/{mailing.id}")
    assert client.get(f"/files/mailings/{mailing.id}/print/letters.pdf").content == b"%PDF"
    for other in (
        "secret",
        "mailings/link",
        "mailings/../secret",
        "../ledger.db",
        "%2e%2e/ledger.db",
    ):
        assert client.get(f"/files/{other}").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        *("/mailing/other", "/letter/other:1", "/letter/x:1/mail.eml", "/nowhere", "/mailing/"),
        *("/mailing/%00", "/files/%00", "/files/mailings/" + 5000 * "a"),
    ],
)
def test_what_is_not_there_is_a_line(client: TestClient, ledger: Ledger, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "there is no" in answer.text


@pytest.mark.parametrize("query", ["q=" + 2000 * "a+", "q=a&page=" + 5000 * "9", "q=%00"])
def test_a_senseless_search_finds_nothing(client: TestClient, ledger: Ledger, query: str) -> None:
    assert "0 letters" in words(client, f"/search?{query}")


def test_a_mailing_that_goes_by_post_alone_waits_for_its_sign_off(
    client: TestClient, ledger: Ledger
) -> None:
    made = freeze(ledger, [letter("paper", email="", content=b"PK a Word file", paper=True)])
    assert f"Sign-off: 1 letter of {made.id}" in words(client, "/")


def test_paper_that_went_is_posted_and_found_as_such(client: TestClient, ledger: Ledger) -> None:
    made = approve(ledger, freeze(ledger, [letter("paper", email="", paper=True), "hague"]))
    bring(ledger, f"{made.id}:2", State.SENT)
    posted(ledger, made.id, on=date(2013, 9, 5), by="Post Room")
    page = f"/mailing/{made.id}"
    assert "posted (1)" in words(client, page)
    assert "sent (1)" in words(client, page)
    for state, name in (("posted", "Paper MP (by post)"), ("sent", "Hague MP")):
        found = words(client, f"{page}?state={state}")
        assert "1 letter" in found
        assert name in found
    assert "An answer came on paper" in words(client, f"/letter/{made.id}:1")


def test_files_of_a_mailing_are_counted_in_words(
    client: TestClient, mailing: Mailing, settings: Settings
) -> None:
    folder = settings.mailing_folder(mailing.id)
    folder.mkdir(parents=True)
    for name, said in (("a.pdf", "1 file that was written"), ("b.pdf", "2 files that were")):
        (folder / name).write_bytes(b"%PDF")
        assert said in words(client, f"/mailing/{mailing.id}")


def test_nothing_can_be_changed_and_the_ledger_is_as_it_was(
    client: TestClient, ledger: Ledger, mailing: Mailing
) -> None:
    with ledger.read() as connection:
        before = events.verify(connection)
    for path in ("/", f"/mailing/{mailing.id}", f"/letter/{mailing.id}:1"):
        client.get(path)
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            assert client.request(method, path).status_code == 405
    with ledger.read() as connection:
        assert events.verify(connection) == before


def test_it_asks_for_prefects_login_and_answers_no_other_name(
    settings: Settings, ledger: Ledger
) -> None:
    made = app(lambda: settings, lambda name: "", login="office:Quince-77")
    client = TestClient(made, base_url=BASE)
    refused = client.get("/")
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Basic ")
    assert client.get("/", auth=("office", "wrong")).status_code == 401
    shown = client.get("/", auth=("office", "Quince-77"))
    assert shown.status_code == 200
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert shown.headers["cache-control"] == "no-store"
    elsewhere = TestClient(made, base_url="http://evil.example.org")
    assert elsewhere.get("/", auth=("office", "Quince-77")).status_code == 400


def test_every_page_can_be_read_without_eyes(client: TestClient, mailing: Mailing) -> None:
    for path in ("/", "/search?q=a", f"/mailing/{mailing.id}", f"/letter/{mailing.id}:1"):
        page = html.fromstring(client.get(path).text)
        assert page.get("lang") == "en-GB"
        assert len(page.findall(".//h1")) == 1
        assert page.findall(".//main[@id='main']")
        assert page.xpath("//a[@class='skip']/@href") == ["#main"]
        for table in page.iter("table"):
            assert table.find("caption") is not None
            assert all(one.get("scope") == "col" for one in table.iterfind("thead//th"))
        for field in page.xpath("//input | //select"):
            assert page.xpath(f"//label[@for='{field.get('id')}']")
        assert all(link.text_content().strip() for link in page.iter("a"))
        ids = page.xpath("//@id")
        assert len(ids) == len(set(ids))
