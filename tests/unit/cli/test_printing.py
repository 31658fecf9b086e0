"""What is said is said as it is: no name is markup, no number a picture, no error a page."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.cli import console, upkeep_output
from flows.counted import counted
from flows.errors import ConfigurationError
from flows.post.delivery.sending import SendEvent
from flows.post.ledger.events import Verdict
from flows.post.states import State

Capture = pytest.CaptureFixture[str]
AS_IT_IS = [
    "contacts/mps.csv:100: email: is not an address",
    "contacts/mps.csv:1234: name: is missing",
    "550 5.7.1 [bold]blocked[/bold] [/] [link=https://example.org]x[/link]",
    "450 :warning: :smile: a:b:c",
    "a backslash at the end \\",
    "[red]",
    "Siân Glyndŵr-O'Brien",
]


@pytest.mark.parametrize("text", AS_IT_IS)
def test_a_line_is_printed_as_it_is(capsys: Capture, text: str) -> None:
    console.say(text)
    assert capsys.readouterr().err == f"{text}\n"


@pytest.mark.parametrize("text", AS_IT_IS)
def test_an_error_is_printed_as_it_is_a_line_each(capsys: Capture, text: str) -> None:
    console.fail(ConfigurationError(f"{text}\nand this"))
    captured = capsys.readouterr()
    assert captured.err == f"dear-minister: {text}\ndear-minister: and this\n"
    assert captured.out == ""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=60))
def test_whatever_a_server_says_is_printed_as_it_is(capsys: Capture, text: str) -> None:
    console.say(text)
    assert capsys.readouterr().err == f"{text}\n"


def test_a_long_line_is_one_line(capsys: Capture) -> None:
    console.say("word " * 200)
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_document_is_all_that_goes_to_stdout(capsys: Capture) -> None:
    console.document({"name": "Siân", "at": datetime(2013, 9, 4, tzinfo=UTC), "state": State.SENT})
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {
        "name": "Siân",
        "at": "2013-09-04 00:00:00+00:00",
        "state": "sent",
    }
    assert "Siân" in captured.out
    assert captured.err == ""


def test_a_note_is_one_line_with_what_it_has() -> None:
    assert console.line(SendEvent("550 no", "m:1", State.REFUSED)) == "m:1: refused: 550 no"
    assert console.line(SendEvent("waiting")) == "waiting"


def test_a_broken_chain_is_told_with_the_event(capsys: Capture) -> None:
    console.configure(json=False, quiet=False)
    assert console.give(upkeep_output.verdict(Verdict(False, 6, 7, "an event is missing"))) == 1
    assert capsys.readouterr().out == "the ledger was changed: event 7: an event is missing\n"
    console.configure(json=True, quiet=False)
    assert console.give(upkeep_output.verdict(Verdict(True, 6))) == 0
    assert json.loads(capsys.readouterr().out)["ok"] is True


@pytest.mark.parametrize(
    ("number", "letters", "waiting"),
    [
        (0, "0 letters", "0 letters wait"),
        (1, "1 letter", "1 letter waits"),
        (21, "21 letters", "21 letters wait"),
    ],
)
def test_one_of_a_kind_is_not_several(number: int, letters: str, waiting: str) -> None:
    assert counted(number, "letter") == letters
    assert counted(number, "letter waits", "letters wait") == waiting
