"""What the documents draw and list is what the code says."""

import re

from flows.post.states import TRANSITIONS
from tests.conftest import ROOT


def test_the_diagram_of_states_has_the_transitions_of_the_code_and_no_other() -> None:
    text = (ROOT / "flows" / "README.md").read_text(encoding="utf-8")
    diagram = text.partition("```mermaid")[2].partition("```")[0]
    drawn = set(re.findall(r"^\s+(\w+) --> (\w+)", diagram, re.MULTILINE))
    known = {(str(old), str(new)) for old, found in TRANSITIONS.items() for new in found}
    assert drawn == known


def test_the_folders_of_tests_that_their_readme_names_are_there() -> None:
    text = (ROOT / "tests" / "README.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    named = [name for row in rows for name in re.findall(r"`([a-z/]+)`", row)]
    assert len(named) >= 12
    assert [name for name in named if not (ROOT / "tests" / name).is_dir()] == []
