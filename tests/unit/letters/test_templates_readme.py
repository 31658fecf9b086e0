"""templates/README.md says what the code does: every key, name, call and filter, and no other."""

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from flows.letters import campaign
from flows.letters.campaign_toml import Ask, Chase, Enclosure, Picture, Signatory, Table
from flows.letters.context import Context
from flows.letters.number_filters import filters
from flows.letters.template_functions import Values
from flows.people.audience import STALE_OFFICES
from flows.people.criteria import Criteria
from flows.people.style import Style
from tests.conftest import ROOT
from tests.unit.letters.small_campaign import ON, folder

README = (ROOT / "templates" / "README.md").read_text(encoding="utf-8")
TABLES = {
    "## campaign.toml": Table,
    "### [sender]": Signatory,
    "### signature": Picture,
    "### [[asks]]": Ask,
    "### [[attachments]]": Enclosure,
    "### [forms]": Style,
    "### [chase]": Chase,
}


def section(heading: str) -> str:
    (_, after) = README.split(f"\n{heading}\n")
    return re.split(r"\n##+ ", after)[0]


def rows(heading: str) -> dict[str, str]:
    """First column -> second, of a section's first table."""
    found = {}
    for line in section(heading).splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))]
        if line.startswith("| `"):
            found[cells[0].strip("`[]")] = cells[1]
    return found


def example(cell: str) -> str:
    found = re.match(r"`([^`]*)`", cell)
    assert found, cell
    return found[1]


@pytest.mark.parametrize("heading", TABLES)
def test_every_key_is_there_and_no_other(heading: str) -> None:
    assert set(rows(heading)) == {field.name for field in fields(TABLES[heading])}


def test_every_example_is_one_that_campaign_toml_takes(tmp_path: Path) -> None:
    lines, tables = [], []
    for key, cell in rows("## campaign.toml").items():
        if key not in {"facts", "sender", "asks", "attachments", "audience", "forms", "chase"}:
            lines.append(f"{key} = {example(cell)}")
    for heading in ("### [sender]", "### [[asks]]", "### [[attachments]]", "### [forms]"):
        tables.append(heading.removeprefix("### "))
        tables += [f"{key} = {example(cell)}" for key, cell in rows(heading).items()]
    tables += [
        "[chase]",
        *(f"{key} = {example(cell)}" for key, cell in rows("### [chase]").items()),
    ]
    for key in ("facts", "audience"):
        tables += [f"[{key}]", example(rows("## campaign.toml")[key])]
    text = "\n".join([*lines, *tables])
    assert tomllib.loads(text)
    made = campaign.load(folder(tmp_path, toml=text))
    assert (made.edition, made.post, made.signature.width) == (2, True, 40)  # type: ignore[union-attr]


def test_what_narrows_an_ask_narrows_the_audience() -> None:
    narrowing = set(rows("### [[asks]]")) - {"key", "text", "short"}
    assert narrowing == {field.name for field in fields(Criteria)}
    assert all(f'"{word}"' in section("### [[asks]]") for word in STALE_OFFICES)
    assert "[audience.exclude]" in README


def test_every_name_that_a_template_may_print_is_there(tmp_path: Path) -> None:
    known = Context(campaign.load(folder(tmp_path)), ON).known()
    printed = set(
        re.findall(r"`(\w+)`", section("## What a template may print").split("Of the")[0])
    )
    assert set(known) <= printed
    text = section("## What a template may print")
    for name in known["reader"]:
        assert f"`{name}`" in text, name
    assert "`notes` are never printed" in text


def test_every_call_and_filter_is_there(tmp_path: Path) -> None:
    text = section("## What a template may print")
    for name in Values(tmp_path).functions():
        assert re.search(rf"{{{{r? ?{name}\(", text), name
    assert "{{ signature }}" in text
    shown = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 3 and cells[0].strip("`") in filters("en_GB"):
            shown[cells[0].strip("`")] = cells
    assert set(shown) == set(filters("en_GB"))
    for name, (_, given, printed) in shown.items():
        assert filters("en_GB")[name](given.strip("`")) == printed.partition(";")[0]
