"""Which templates may be filled where they are needed, and which only under limits."""

import pytest

from flows.letters import budget, campaign
from flows.letters.filler import Filler
from flows.letters.guarded import Guarded
from flows.letters.jinja_environment import Environment
from tests.conftest import ROOT
from tests.unit.letters.small_campaign import ON


def test_the_model_letter_needs_no_process_of_its_own() -> None:
    made = Filler(campaign.load(ROOT / "templates" / "r2p-dialogue-2013"), ON)
    assert not isinstance(made._filling, Guarded)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("{% for a in asks %}{{ loop.index }} {{ a | upper }}{% else %}-{% endfor %}", set()),
        (
            "{{ [1] | join(', ') }}{% if x.startswith('a') and not y %}{{ x[1:] }}{% endif %}",
            set(),
        ),
        ("{% set short = salutation[5:] %}{{ short ~ '!' }}", set()),
        ("{% include 'a.txt' %}", {"include"}),
        ("{{ lipsum() }}{{ cycler(1) }}", {"lipsum", "cycler"}),
        ("{% set a = a + a %}", {"set"}),
    ],
)
def test_what_can_grow_is_told_before_it_runs(source: str, found: set[str]) -> None:
    assert budget.growing(Environment(escape=False).parse(source)) == found
