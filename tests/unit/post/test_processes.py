"""Processes that fill letters: in order, whoever started them, and told when one dies."""

import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import psutil
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

COPIED = """
import hashlib, os, signal, sys, threading
from datetime import date
from pathlib import Path
import psutil
from flows.errors import DearMinisterError
from flows.letters.campaign import load
from flows.letters.processes import can_fork
from flows.people import forms
from flows.people.lists import loading
from flows.people.readers import readers
from flows.post.ledger.opening import open_ledger
from flows.post.ledger.workers import alive, hold
from flows.post.mailing.rendering import render
from tests.unit.post.ledger_fixtures import MARK

campaign = load(Path("templates/r2p-dialogue-2013"))
on = date(2013, 9, 4)
loaded = loading.load([Path("contacts/mps.csv")])
found = readers(loaded.contacts, forms.country(campaign.country), campaign.forms, on).readers * 8


def letters(processes):
    return render(campaign, on, found, MARK, processes)


def digest(processes):
    total = hashlib.sha256()
    for letter in letters(processes):
        total.update(letter.content)
    return total.hexdigest()


def children():
    return psutil.Process().children()
"""
THREE_WAYS = """
assert can_fork()
here, copies = digest(1), digest(2)
waiting = threading.Event()
thread = threading.Thread(target=waiting.wait)
thread.start()
assert not can_fork()
anew = digest(2)
waiting.set()
thread.join()
print(len({here, copies, anew}))
"""
LEFT_ALONE = """
made = letters(2)
print(next(made).contact, *(child.pid for child in children()), flush=True)
signal.pause()
"""
KILLED = """
made = letters(2)
next(made)
assert [child.cmdline() for child in children()] == [psutil.Process().cmdline()] * 2
for child in children():
    child.kill()
try:
    list(made)
except DearMinisterError as error:
    print(error)
assert not children()
"""
HOLDING = """
import subprocess
url = "sqlite:///" + sys.argv[1]
ledger = open_ledger(url)
with hold(ledger) as worker:
    digest(2)
    assert not children()
    looked = (
        "from flows.post.ledger.opening import open_ledger;"
        "from flows.post.ledger.workers import alive;"
        f"ledger = open_ledger({url!r});"
        "connection = ledger.engine.connect();"
        f"print(alive(ledger, connection, {worker!r}))"
    )
    print(subprocess.run([sys.executable, "-c", looked], capture_output=True, text=True).stdout)
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


def test_a_copy_of_a_process_makes_the_bytes_that_it_makes_itself_and_a_new_one(
    tmp_path: Path,
) -> None:
    assert said(tmp_path, THREE_WAYS) == "1"


def test_a_copy_that_dies_is_told_in_a_line(tmp_path: Path) -> None:
    assert "ended by itself (exit code -9)" in said(tmp_path, KILLED)


def test_a_hold_on_the_ledger_outlives_the_copies_of_its_process(tmp_path: Path) -> None:
    assert said(tmp_path, HOLDING, str(tmp_path / "ledger.db")) == "True"


def test_copies_end_with_the_process_that_they_were_made_from(tmp_path: Path) -> None:
    with subprocess.Popen(**script(tmp_path, LEFT_ALONE), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        _, *pids = process.stdout.readline().split()
        copies = [psutil.Process(int(pid)) for pid in pids]
        process.kill()
    assert len(copies) == 2
    assert not psutil.wait_procs(copies, timeout=30)[1]


def script(folder: Path, code: str, *arguments: str) -> dict[str, Any]:
    """What starts a program that fills letters for every MP: a process of one thread."""
    path = folder / "office.py"
    path.write_text(COPIED + code)
    return {
        "args": [sys.executable, path, *arguments],
        "cwd": ROOT,
        "env": {**os.environ, "PYTHONPATH": str(ROOT)},
        "text": True,
    }


def said(folder: Path, code: str, *arguments: str) -> str:
    """What such a program prints."""
    ended = subprocess.run(
        **script(folder, code, *arguments), capture_output=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return str(ended.stdout).strip()


def _children() -> list[int]:
    """Processes of this one's own that fill letters."""
    found = []
    for tasks in Path("/proc/self/task").iterdir():
        for child in (tasks / "children").read_text().split():
            line = Path(f"/proc/{child}/cmdline").read_text()
            found += [int(child)] if "flows.letters.processes" in line else []
    return found
