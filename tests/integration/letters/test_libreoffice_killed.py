"""No letters stay in the temporary folder when the process that lays them out is killed."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from flows.letters import libreoffice
from flows.letters.libreoffice import Office
from tests.conftest import ROOT, need
from tests.integration.letters.letter_templates import filled, plain

_CONVERSION = """
import sys
from pathlib import Path
from flows.letters import libreoffice
docx = Path(sys.argv[1]).read_bytes()
with libreoffice.Office(libreoffice.find()) as office:
    for name, pdf in office.converted({str(n): lambda: docx for n in range(2000)}, 600):
        print(office._running.pid, office._watch.pid, flush=True)
        sys.stdin.read()
"""


class Conversion:
    """A process whose LibreOffice is at work: one letter is laid out, many wait."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        office, watch = map(psutil.Process, map(int, process.stdout.readline().split()))
        self.process, self.watch = process, watch
        self.libreoffice = [office, *office.children(recursive=True)]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def conversion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Conversion]]:
    need("soffice", "libreoffice-writer-nogui")
    (folder := tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    letter = tmp_path / "letter.docx"
    letter.write_bytes(filled(tmp_path / "letters", plain, 1)[0].docx)
    begun: list[Conversion] = []

    def begin() -> Conversion:
        process = subprocess.Popen(
            [sys.executable, "-c", _CONVERSION, str(letter)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        begun.append(Conversion(process))
        return begun[-1]

    yield begin
    for one in begun:
        one.kill()
        one.process.communicate()
        for process in one.libreoffice:
            with suppress(psutil.NoSuchProcess):
                process.kill()


def rooms(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("tmp/*dear-minister-office-*"))


def at_work(process: psutil.Process) -> bool:
    # A killed child waits for init to collect it; it runs no more.
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def until(what: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while not (done := what()) and time.monotonic() < end:
        threading.Event().wait(0.05)
    return done


def test_libreoffice_ends_and_its_letters_go_with_a_process_that_is_killed(
    conversion: Callable[[], Conversion], tmp_path: Path
) -> None:
    killed = conversion()
    assert len(rooms(tmp_path)) == 1
    for process in killed.libreoffice:
        process.suspend()  # it hangs, and would not end by itself
    assert any(map(at_work, killed.libreoffice))
    killed.kill()
    assert until(lambda: not rooms(tmp_path))
    assert until(lambda: not any(map(at_work, killed.libreoffice)))


def test_what_was_left_when_everything_was_killed_goes_with_the_next_conversion_and_no_more(
    conversion: Callable[[], Conversion], tmp_path: Path
) -> None:
    killed, living = conversion(), conversion()
    for process in (killed.watch, *killed.libreoffice):
        process.kill()
    killed.kill()
    assert len(rooms(tmp_path)) == 2
    (elsewhere := tmp_path / "elsewhere").mkdir()
    (elsewhere / "letter.docx").write_text("not ours")
    (tmp_path / "tmp/dear-minister-office-link").symlink_to(elsewhere)

    with Office(libreoffice.find()):
        assert len(rooms(tmp_path)) == 3  # the living one's, this one's, and the link
    assert any(map(at_work, living.libreoffice))
    assert (elsewhere / "letter.docx").exists()
    living.kill()
    assert until(lambda: rooms(tmp_path) == ["dear-minister-office-link"])
