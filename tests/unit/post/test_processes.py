"""Processes that fill letters: in order, whoever started them, and told when one dies."""

import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from flows.errors import DearMinisterError
from flows.letters.campaign import Campaign
from flows.letters.processes import answers
from flows.people.contact import Reader
from flows.post.mailing.frozen_letter import FrozenLetter
from flows.post.mailing.rendering import begin
from tests.conftest import ROOT
from tests.unit.post.ledger_fixtures import MARK, ON

UNGUARDED = """
from datetime import date
from pathlib import Path
from flows.letters.campaign import load
from flows.people import forms
from flows.people.lists import loading
from flows.people.readers import readers
from flows.post.mailing.rendering import render
from tests.unit.post.ledger_fixtures import MARK

campaign = load(Path("templates/r2p-dialogue-2013"))
on = date(2013, 9, 4)
loaded = loading.load([Path("contacts/mps.csv")])
found = readers(loaded.contacts, forms.country(campaign.country), campaign.forms, on).readers
print(len(list(render(campaign, on, found, MARK, 2))), len(found))
"""


def prepare(campaign: Campaign) -> object:
    return (campaign.folder, campaign.fingerprint, ON, MARK)


def test_answers_come_in_the_order_of_their_jobs(
    campaign: Campaign, everyone: tuple[Reader, ...]
) -> None:
    jobs = [[one] for one in everyone]
    found = list(answers(begin, prepare(campaign), jobs, 3))
    assert [one.contact for (one,) in found] == [one.contact.id for one in everyone]
    assert all(isinstance(one, FrozenLetter) for (one,) in found)


def test_a_script_without_a_main_guard_runs_once(tmp_path: Path) -> None:
    script = tmp_path / "office.py"
    script.write_text(UNGUARDED)
    ended = subprocess.run(
        [sys.executable, script],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    filled, of = ended.stdout.split()
    assert filled == of, ended.stderr


def test_a_process_that_dies_is_told_in_a_line(
    campaign: Campaign, everyone: tuple[Reader, ...]
) -> None:
    found = answers(begin, prepare(campaign), ([one] for one in everyone), 2)
    next(found)
    for process in _children():
        os.kill(process, signal.SIGKILL)
    with pytest.raises(DearMinisterError, match=r"ended by itself .* LETTER_PROCESSES=1"):
        list(found)
    assert not _children()


def test_a_campaign_edited_meanwhile_stops_it(
    campaign: Campaign, everyone: tuple[Reader, ...]
) -> None:
    other = (campaign.folder, "another fingerprint", date(2013, 9, 4), MARK)
    with pytest.raises(DearMinisterError, match="was edited while letters were being filled"):
        list(answers(begin, other, [everyone], 1))


def test_whoever_stops_listening_leaves_no_process(
    campaign: Campaign, everyone: tuple[Reader, ...]
) -> None:
    found = answers(begin, prepare(campaign), ([one] for one in everyone), 2)
    next(found)
    assert len(_children()) == 2
    found.close()
    assert not _children()


def _children() -> list[int]:
    """Processes of this one's own that fill letters."""
    found = []
    for tasks in Path("/proc/self/task").iterdir():
        for child in (tasks / "children").read_text().split():
            line = Path(f"/proc/{child}/cmdline").read_text()
            found += [int(child)] if "flows.letters.processes" in line else []
    return found
