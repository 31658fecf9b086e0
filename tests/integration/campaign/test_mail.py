"""The mail that carries the letter: short, formal, the same in text and in HTML."""

import re
from collections.abc import Mapping
from html.parser import HTMLParser

import pytest

from flows.letters.campaign import Campaign
from flows.letters.letter import Letter
from tests.integration.campaign.conftest import PERSONAL, READERS, squeezed


class Reading(HTMLParser):
    """What a mail program shows of the HTML, its list items, and what it would have to fetch."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.items: list[str] = []
        self.fetched: list[str] = []
        self._hidden = 0
        self._item = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in {"style", "title", "script"}
        if tag == "li":
            self._item = True
            self.items.append("")
        self.fetched += [
            f"{tag} {name}={value}"
            for name, value in attrs
            if name in {"src", "background", "srcset"} or tag == "link"
            if value
        ]

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in {"style", "title", "script"}
        self._item = self._item and tag != "li"

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        self.words.append(data)
        if self._item:
            self.items[-1] += data


@pytest.fixture(params=READERS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_text_and_html_make_the_same_requests_in_the_same_order(
    model: Campaign, letters: Mapping[str, Letter], name: str
) -> None:
    asks = [ask.text for ask in model.asks if READERS[name].role in ask.roles]
    text = [line[2:] for line in letters[name].text.splitlines() if line.startswith("* ")]
    assert text == asks
    assert Reading(letters[name].html).items == asks


def test_text_and_html_say_the_same_word_for_word(letters: Mapping[str, Letter], name: str) -> None:
    text = re.sub(r"^\* ", "", letters[name].text, flags=re.MULTILINE)
    # An element's end is a space to the eye.
    assert squeezed(" ".join(Reading(letters[name].html).words)) == squeezed(text)


def test_the_mail_is_addressed_and_signed_as_the_letter_is(
    letters: Mapping[str, Letter], name: str
) -> None:
    text = letters[name].text
    address = READERS[name].address
    assert text.startswith(f"{address.salutation},\n\n")
    assert f"\n\n{address.close},\n\nEleanor Marchbank\n" in text
    assert text.endswith(f"\n\nReference: {letters[name].reference}\n")
    assert "attach" in text
    assert letters[name].subject == (
        "The Responsibility to Protect: General Assembly dialogue, 11 September 2013"
    )


def test_paragraphs_of_the_text_are_one_blank_line_apart(
    letters: Mapping[str, Letter], name: str
) -> None:
    assert "\n\n\n" not in letters[name].text
    assert not re.search(r"[ \t]+$", letters[name].text, flags=re.MULTILINE)


def test_a_personal_paragraph_is_there_for_its_reader_alone(letters: Mapping[str, Letter]) -> None:
    own = [name for name, letter in letters.items() if PERSONAL in letter.text]
    assert own == ["peer", "long", "busy"]
    assert PERSONAL in "".join(Reading(letters["peer"].html).words)


def test_nothing_is_fetched_and_the_reader_s_own_colours_are_kept(
    letters: Mapping[str, Letter], name: str
) -> None:
    html = letters[name].html
    assert Reading(html).fetched == []
    assert "url(" not in html
    assert "http:" not in html
    assert 'name="color-scheme" content="light dark"' in html
    assert not re.search(r"background|[^-]color:(?!inherit)(?! light dark)", html)


def test_it_is_set_for_a_phone(letters: Mapping[str, Letter], name: str) -> None:
    html = letters[name].html
    assert 'name="viewport" content="width=device-width' in html
    assert "font-size:16px" in html
    assert not re.search(r"[^-]width:\s*\d", html)
