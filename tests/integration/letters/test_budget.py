"""No template fills the memory or runs for ever: a letter has a budget, and one line names it."""

import re
import resource
from pathlib import Path

import pytest
from docx.document import Document

from flows.errors import ConfigurationError, RowError
from flows.letters.guarded import Guarded
from tests.unit.letters.small_campaign import TEXT, TOML, filler, letter, reader

GIGABYTES = [
    "{{ 'x'.ljust(10000000000) }}",
    "{{ 'x' | center(10000000000) }}",
    "{{ '%10000000000d' % 1 }}",
    "{{ '{:>10000000000}'.format(1) }}",
    "{{ '%10000000000d' | format(1) }}",
    "{{ 'a\nb' | indent(10000000000) }}",
    "{{ 'x'.zfill(10000000000) }}",
    "{{ '\t'.expandtabs(2000000000) }}",
    "{% set a = 'x' ~ reader.name %}" + "{% set a = a ~ a ~ a ~ a %}" * 20 + "{{ a }}",
    "{% macro m(n) %}{{ 'y'.rjust(n) }}{% endmacro %}{{ m(10000000000) }}",
    "{{ 'ab' | replace('', 'x' * 99999) | replace('', 'x' * 99999) | replace('', 'y' * 9999) }}",
    "{{ ['aaaaaaaaaa'] | join | join('aaaaaaaaaaaaaaaaaaaaa') "
    + "| join('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa')" * 6
    + " }}",
]
FOR_EVER = (
    "{% for a in range(1000) %}{% for b in range(1000) %}{% for c in range(1000) %}"
    "{% for d in range(1000) %}{% endfor %}{% endfor %}{% endfor %}{% endfor %}"
)


def with_line(text: str):
    def build(document: Document) -> None:
        letter(document)
        document.add_paragraph(text)

    return build


@pytest.mark.parametrize("bomb", GIGABYTES)
def test_an_expression_that_builds_gigabytes_ends_in_a_line(tmp_path: Path, bomb: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ConfigurationError) as refused:
        filler(tmp_path, text=TEXT + bomb)
    assert len(str(refused.value).splitlines()) == 1
    assert re.search(
        r"more than (512 MB|10 seconds); look for what grows: email\.txt", str(refused.value)
    )
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


def test_in_the_letter_and_in_an_ask_too(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"512 MB; .*grows: letter\.docx: ljust"):
        filler(tmp_path / "a", build=with_line("{{ 'x'.ljust(10000000000) }}"))
    toml = TOML.replace("{{ reader.constituency", "{{ reader.constituency.ljust(10000000000)")
    with pytest.raises(ConfigurationError, match=r"grows: campaign\.toml: asks\.press: ljust"):
        filler(tmp_path / "b", toml=toml)


@pytest.mark.minutes
def test_loops_in_loops_end_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"more than 10 seconds; look for .*for in for"):
        filler(tmp_path, text=TEXT + FOR_EVER)


def test_only_the_reader_who_sets_it_off_would_not_be_filled_either(tmp_path: Path) -> None:
    made = filler(tmp_path, text=TEXT + "{{ 'x'.ljust(reader.columns.width | int) }}")
    assert isinstance(made._filling, Guarded)
    assert made.fill(reader(columns={"width": "9"})).text.endswith("x        ")
    with pytest.raises(RowError, match="control character"):  # handed back as by any filler
        made.fill(reader(name="a\x07b", columns={"width": "9"}))
    with pytest.raises(ConfigurationError, match="512 MB"):
        made.fill(reader(columns={"width": "10000000000"}))


def test_a_letter_filled_apart_is_the_letter_filled_here(tmp_path: Path) -> None:
    one = filler(tmp_path / "a")
    here = one.fill(reader())
    apart = filler(tmp_path / "b", text=TEXT + "{{ ''.ljust(0) }}")
    assert isinstance(apart._filling, Guarded)
    assert (one.may_be_copied, apart.may_be_copied) == (True, False)
    assert apart.fill(reader()).docx == here.docx
    assert apart.specimen("mp").reader.role == "mp"
    assert apart.context(reader())["facts"].region == "Exampleshire"
