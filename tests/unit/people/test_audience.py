"""Who is in a campaign's audience, and by which rule."""

from typing import Any

import pytest

from flows.errors import ConfigurationError
from flows.people.audience import Audience, decide_all
from flows.people.contact import Reader
from flows.people.forms import country
from flows.people.readers import readers
from flows.people.style import Style
from flows.people.suppression import Suppression
from tests.unit.people.list_fixtures import DAY, contact


def reader(*rows: dict[str, Any]) -> Reader:
    posts = [contact(id=f"r{at}", person="p", gender="M", **row) for at, row in enumerate(rows)]
    (one,) = readers(posts, country("uk"), Style(), DAY).readers
    return one


WARSI = reader(
    {
        "name": "Baroness Warsi",
        "house": "lords",
        "rank": "mos",
        "office": "Senior Minister of State",
        "department": "Foreign & Commonwealth Office",
        "party": "Conservative",
        "tags": ("r2p",),
    },
    {
        "name": "Baroness Warsi",
        "house": "lords",
        "rank": "mos",
        "office": "Minister for Faith",
        "department": "Department for Communities, Local Government",
        "committees": ("Privileges Committee",),
    },
)


@pytest.mark.parametrize(
    ("table", "in_", "rule"),
    [
        ({}, True, "no rule keeps anybody out"),
        ({"houses": ["lords", "commons"]}, True, "houses: lords"),
        ({"houses": "Lords"}, True, "houses: Lords"),
        ({"houses": ["commons"]}, False, "not asked for: houses: lords"),
        ({"ranks": ["pm", "sos"]}, False, "not asked for: ranks: mos"),
        ({"roles": ["minister"], "tags": ["R2P"]}, True, "roles: minister; tags: R2P"),
        ({"roles": ["minister"], "tags": ["x"]}, False, "not asked for: tags: r2p"),
        ({"departments": ["Foreign and Commonwealth Office"]}, True,
         "departments: Foreign and Commonwealth Office"),
        ({"departments": ["department for communities local government"]}, True,
         "departments: department for communities local government"),
        ({"constituencies": ["Witney"]}, False, "not asked for: constituencies: none"),
        ({"committees": ["privileges committee"]}, True, "committees: privileges committee"),
        ({"people": ["r1"]}, True, "people: r1"),
        ({"exclude": {"parties": ["conservative"]}}, False, "excluded by parties: conservative"),
        ({"houses": ["lords"], "exclude": {"ranks": ["whip"]}}, True, "houses: lords"),
    ],
)  # fmt: skip
def test_each_reader_is_in_or_out_by_a_rule_in_the_campaign_s_own_words(
    table: dict[str, Any], in_: bool, rule: str
) -> None:
    decision = Audience.from_table(table).decide(WARSI)
    assert (decision.in_, decision.rule) == (in_, rule)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"house": ["lords"]}, r"\[audience\] house: no such term; use roles, houses"),
        ({"houses": ["senate"]}, r"\[audience\] houses: 'senate' is none of commons, lords"),
        ({"ranks": ["minister"]}, r"\[audience\] ranks: 'minister' is none of pm"),
        ({"tags": []}, r"\[audience\] tags is empty"),
        ({"tags": [1]}, r"\[audience\] tags: write a list of texts"),
        ({"tags": True}, r"\[audience\] tags: write a list of texts"),
        ({"exclude": ["lords"]}, r"\[audience\] exclude: write a table"),
        ({"exclude": {"x": ["y"]}}, r"\[audience.exclude\] x: no such term"),
        ({"stale_offices": "stop"}, r"\[audience\] stale_offices = 'stop': use warn or refuse"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_by_name(table: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        Audience.from_table(table)


def test_a_suppressed_reader_is_out_before_any_rule_is_asked() -> None:
    suppressed = Suppression(people={"p": "suppressed (asked)"})
    (choice,) = decide_all([WARSI], Audience(), suppressed)
    assert (choice.decision.in_, choice.decision.rule) == (False, "suppressed (asked)")


@pytest.mark.parametrize(
    "party",
    [
        "Labour (Co-op)",
        "Labour/Co-operative",
        "Labour and Co-operative",
        "Lab/Co-op",
        "Labour Co-op",
    ],
)
def test_labour_and_co_operative_counts_as_labour_and_is_said(party: str) -> None:
    member = reader({"name": "Ann Lee", "house": "commons", "party": party})
    decision = Audience.from_table({"parties": ["Labour"]}).decide(member)
    assert (decision.in_, decision.rule) == (True, f"parties: Labour ({party} counts as Labour)")
    excluded = Audience.from_table({"exclude": {"parties": ["labour"]}}).decide(member)
    assert not excluded.in_
    exact = Audience.from_table({"parties": [party]}).decide(member)
    assert (exact.in_, exact.rule) == (True, f"parties: {party}")
    other = reader({"name": "Ann Lee", "house": "commons", "party": "Labour Party of X"})
    assert not Audience.from_table({"parties": ["Labour"]}).decide(other).in_
