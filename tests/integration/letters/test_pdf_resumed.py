"""A conversion that is killed goes on where it stopped: nothing is laid out twice."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from flows.letters.letter import Letter
from flows.letters.pdf import convert, layout
from flows.letters.pdf.kept import KeptPages
from tests.conftest import ROOT, need
from tests.integration.letters.letter_templates import model_letters

LETTERS = 7
_SCRIPT = """
import sys
from pathlib import Path
from flows.letters.pdf import convert, layout
from flows.letters.pdf.kept import KeptPages
from tests.integration.letters.letter_templates import model_letters
layout.LETTERS_A_DOCUMENT = convert.LETTERS_A_DOCUMENT = 2
layout.DOCUMENTS_A_CALL = 1
kept, program = KeptPages(Path(sys.argv[1])), sys.argv[2]
for _ in convert.convert(model_letters(int(sys.argv[3])), processes=1, program=program, kept=kept):
    pass
"""
_OFFICE = """#!/bin/sh
# LibreOffice, but the second document that this process is to lay out is its end.
if [ -e "{folder}/begun" ] && [ ! -e "{folder}/killed" ]; then
    touch "{folder}/killed"
    kill -9 $PPID
    exit 1
fi
touch "{folder}/begun"
for last; do :; done
sha256sum < "$last" >> "{folder}/laid-out"
exec "{program}" "$@"
"""


def test_a_killed_conversion_goes_on_where_it_stopped_and_lays_nothing_out_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = need("soffice", "libreoffice-writer-nogui")
    office = tmp_path / "office"
    office.write_text(_OFFICE.format(folder=tmp_path, program=program))
    office.chmod(0o755)
    pages = tmp_path / "pages"

    def run() -> int:
        command = [sys.executable, "-c", _SCRIPT, str(pages), str(office), str(LETTERS)]
        return subprocess.run(command, cwd=ROOT, env={**os.environ}, timeout=300).returncode

    assert run() == -signal.SIGKILL
    before = len(list(pages.glob("*.zip")))
    assert before == 1
    assert run() == 0
    laid_out = Counter((tmp_path / "laid-out").read_text().split("-\n"))
    del laid_out[""]
    assert set(laid_out.values()) == {1}
    assert len(laid_out) == len(list(pages.glob("*.zip"))) == 4  # two letters in each, one alone

    # What was kept is what an unbroken conversion gives, and is asked for by its bytes alone.
    monkeypatch.setattr(layout, "LETTERS_A_DOCUMENT", 2)
    monkeypatch.setattr(convert, "LETTERS_A_DOCUMENT", 2)
    letters = model_letters(LETTERS)
    again = list(convert.convert(letters, processes=1, program="true", kept=KeptPages(pages)))
    unbroken = list(convert.convert(letters, processes=1))
    assert again == unbroken
    assert all(isinstance(one, Letter) and one.pdf for one in again)


def test_what_was_cut_short_on_the_disk_or_is_of_other_letters_is_not_taken(tmp_path: Path) -> None:
    kept = KeptPages(tmp_path)
    kept.keep([b"one", b"two"], [b"%PDF one", b"%PDF two"])
    assert kept.find([b"one", b"two"]) == [b"%PDF one", b"%PDF two"]
    assert kept.find([b"two", b"one"]) is None
    assert kept.find([b"one"]) is None
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-30])
    assert kept.find([b"one", b"two"]) is None
    kept.remove()
    assert not tmp_path.exists()
