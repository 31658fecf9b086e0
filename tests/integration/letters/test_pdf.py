"""PDFs laid out together are what each letter would be alone; and LibreOffice may misbehave."""

import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from docx.document import Document

from flows.errors import ConfigurationError
from flows.letters import libreoffice
from flows.letters.docx import bundle
from flows.letters.letter import Letter
from flows.letters.libreoffice import Office
from flows.letters.pdf import convert, layout, split
from flows.letters.pdf.layout import Patience
from flows.letters.pdf.text import text
from tests.conftest import need
from tests.integration.letters.letter_templates import (
    TEMPLATES,
    filled,
    model_letters,
    pixels,
    plain,
    shown,
)

pytestmark = pytest.mark.usefixtures("soffice")


@pytest.fixture(scope="module")
def soffice() -> str:
    return need("soffice", "libreoffice-writer-nogui")


def one_by_one(letters: list[Letter]) -> list[bytes]:
    with Office(libreoffice.find()) as opened:
        documents = {letter.reader.contact.id: partial(bytes, letter.docx) for letter in letters}
        found = dict(opened.converted(documents, 120))
    return [found[letter.reader.contact.id] for letter in letters]


def need_equal(letters: list[Letter]) -> None:
    together = list(convert.convert(letters))
    for one, alone in zip(together, one_by_one(letters), strict=True):
        assert isinstance(one, Letter)
        assert shown(one.pdf) == shown(alone)
        assert pixels(one.pdf) == pixels(alone)


@pytest.mark.parametrize("name", TEMPLATES)
def test_letters_laid_out_together_equal_letters_laid_out_alone(name: str, tmp_path: Path) -> None:
    need_equal(filled(tmp_path, TEMPLATES[name], 5))


def test_the_model_letter_laid_out_together_equals_itself_alone() -> None:
    need_equal(model_letters(7))


def test_all_but_letters_with_several_sections_are_laid_out_together(tmp_path: Path) -> None:
    for name, build in TEMPLATES.items():
        docxs = [letter.docx for letter in filled(tmp_path / name, build, 3)]
        if name == "several sections":
            with pytest.raises(bundle.UnsuitableError, match="several sections"):
                bundle.bundled(docxs)
        else:
            bundle.bundled(docxs)


def test_bytes_are_the_same_in_every_run_and_for_any_number_of_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "LETTERS_A_DOCUMENT", 3)
    letters = filled(tmp_path, TEMPLATES["logo and page numbers"], 8)
    first = [one.pdf for one in convert.convert(letters, processes=1)]
    assert [one.pdf for one in convert.convert(letters, processes=2)] == first
    assert [one.pdf for one in convert.convert(letters, processes=1)] == first


def test_each_pdf_has_a_title_of_its_own_and_nothing_of_the_others(tmp_path: Path) -> None:
    def titled(document: Document) -> None:
        plain(document)
        document.core_properties.title = "For {{ reader.name }}"

    for number, one in enumerate(convert.convert(filled(tmp_path, titled, 3))):
        assert isinstance(one, Letter)
        with pikepdf.open(BytesIO(one.pdf)) as opened:
            assert opened.docinfo["/Title"] == f"For Reader Name{number}"
            assert "/Dests" not in opened.Root
        assert f"Name{number}" in shown(one.pdf)
        assert not any(f"Name{other}" in shown(one.pdf) for other in range(3) if other != number)


def test_a_pdf_that_shows_another_readers_letter_is_not_kept(tmp_path: Path) -> None:
    first, second = list(convert.convert(filled(tmp_path, plain, 2)))
    assert convert.mixed_up(first, [first, second], text(first.pdf)) == ""
    swapped = replace(first, pdf=second.pdf)
    assert "does not show 'clean-rivers/1/r0'" in convert.mixed_up(
        swapped, [first, second], text(swapped.pdf)
    )
    with pikepdf.open(BytesIO(first.pdf)) as both:
        with pikepdf.open(BytesIO(second.pdf)) as more:
            both.pages.extend(more.pages)
        both.save(tmp_path / "both.pdf")
    joined = replace(first, pdf=(tmp_path / "both.pdf").read_bytes())
    assert "shows 'clean-rivers/1/r1'" in convert.mixed_up(
        joined, [first, second], text(joined.pdf)
    )


def test_pages_that_bookmarks_do_not_divide_are_not_split(tmp_path: Path) -> None:
    (one,) = convert.convert(filled(tmp_path, plain, 1))
    with pytest.raises(split.SplitError):
        split.split(one.pdf, [split.About()])
    with pytest.raises(split.SplitError):
        split.split(b"%PDF-1.7 nonsense %%EOF", [split.About()])


@pytest.fixture
def misbehaving(tmp_path: Path, soffice: str) -> Callable[[str], str]:
    """A LibreOffice that does something else when a document of this batch holds a poison word."""

    def made(harm: str) -> str:
        script = tmp_path / "soffice-misbehaving"
        script.write_text(
            f"#!{sys.executable}\n"
            "import os, sys, zipfile\n"
            "for name in sys.argv:\n"
            "    if name.endswith('.docx'):\n"
            "        if b'POISON' in zipfile.ZipFile(name).read('word/document.xml'):\n"
            f"            os.execl('/bin/sh', 'sh', '-c', {harm!r})\n"
            f"os.execl({soffice!r}, *sys.argv)\n"
        )
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        return str(script)

    return made


def poisoned(folder: Path) -> list[Letter]:
    letters = filled(folder, plain, 4)
    bad = filled(folder / "bad", lambda document: _poison(document), 3)[2]
    return [*letters[:2], bad, letters[3]]


def _poison(document: Document) -> None:
    plain(document)
    document.add_paragraph("POISON {{ reader.name }}")


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param("sleep 600 & sleep 600", id="hangs", marks=pytest.mark.minutes),
        pytest.param("kill -SEGV $$", id="crashes"),
        pytest.param("exit 0", id="writes nothing"),
        pytest.param("echo garbage >out/0.pdf; exit 0", id="writes nonsense"),
    ],
)
def test_a_letter_that_libreoffice_fails_on_is_named_and_the_others_are_laid_out(
    harm: str, tmp_path: Path, misbehaving: Callable[[str], str]
) -> None:
    letters = poisoned(tmp_path / "letters")
    patience = Patience(start=4, letter=0)
    results = list(
        convert.convert(letters, program=misbehaving(harm), patience=patience, processes=1)
    )
    assert [isinstance(one, convert.Failed) for one in results] == [False, False, True, False]
    assert isinstance(results[2], convert.Failed)
    assert results[2].letter.reader.contact.id == "r2"
    assert "LibreOffice could not make a PDF" in results[2].reason


def test_a_libreoffice_that_fills_the_disk_is_stopped_and_the_letter_named(
    tmp_path: Path, misbehaving: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libreoffice, "LARGEST_OUTPUT", 2_000_000)
    seen = tmp_path / "size"
    program = misbehaving(f"yes | head -c 50000000 >out/0.pdf; stat -c %s out/0.pdf >>{seen}")
    results = list(convert.convert(poisoned(tmp_path / "letters"), program=program, processes=1))
    assert [isinstance(one, convert.Failed) for one in results] == [False, False, True, False]
    assert {int(size) for size in seen.read_text().split()} <= {2_000_000}


def test_no_room_for_the_documents_is_told_with_what_to_do(tmp_path: Path) -> None:
    with Office(libreoffice.find()) as opened:
        opened._room = tmp_path / "file"  # a folder that cannot be made
        (tmp_path / "file").write_text("")
        with pytest.raises(ConfigurationError, match="make room on this disk"):
            list(opened.converted({"x": partial(bytes, b"letter")}, 10))


def test_letters_are_put_together_while_libreoffice_starts(tmp_path: Path) -> None:
    docx, started = poisoned(tmp_path)[0].docx, []

    def make() -> bytes:
        started.append(opened._running is not None)
        return docx

    with Office(libreoffice.find()) as opened:
        documents = {"a": make, "b": make, "none": lambda: None, "c": make}
        assert [name for name, _ in opened.converted(documents, 60)] == ["a", "b", "c"]
    assert started == [False, True, True]


def test_a_pdf_is_taken_while_libreoffice_is_busy_with_the_next(tmp_path: Path) -> None:
    go, script = tmp_path / "go", tmp_path / "soffice-slow"
    os.mkfifo(go)
    script.write_text(
        "#!/bin/sh\nprintf '%%PDF-1.7 a %%%%EOF' >out/a.pdf; printf '%%PDF-1.7' >out/b.pdf\n"
        f"read line <{go}; printf '%%PDF-1.7 b %%%%EOF' >out/b.pdf\n"
    )
    script.chmod(0o755)
    with Office(str(script)) as opened:
        found = opened.converted(dict.fromkeys("ab", partial(bytes, b"letter")), 60)
        assert next(found) == ("a", b"%PDF-1.7 a %%EOF")
        go.write_text("go\n")
        assert list(found) == [("b", b"%PDF-1.7 b %%EOF")]


def test_an_interrupt_does_not_wait_for_libreoffice(
    tmp_path: Path, misbehaving: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    child = tmp_path / "child.pid"
    program = misbehaving(f"echo $$ >{child}; sleep 600")
    letters = poisoned(tmp_path / "letters")

    def interrupt() -> None:
        while not (child.exists() and child.read_text().strip()):
            threading.Event().wait(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        list(convert.convert(letters, program=program, processes=1))
    thread.join()
    assert not _runs(int(child.read_text()))


def test_what_libreoffice_started_and_its_profile_are_gone_when_it_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, misbehaving: Callable[[str], str]
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    child = tmp_path / "child.pid"
    program = misbehaving(f"sleep 613 & echo $! >{child}; wait")
    with Office(program) as opened:
        docx = poisoned(tmp_path / "letters")[2].docx
        assert list(opened.converted({"x": partial(bytes, docx)}, 3)) == []
        assert not _runs(int(child.read_text()))
    assert not list(tmp_path.glob("dear-minister-office-*"))


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # A killed child waits for init to collect it; it runs no more.
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True)
    return not state.stdout.strip().startswith(b"Z") and bool(state.stdout.strip())


def test_two_conversions_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    first, second = filled(tmp_path / "a", plain, 2), filled(tmp_path / "b", plain, 2)

    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda letters: list(convert.convert(letters)), (first, second)))
    assert all(isinstance(one, Letter) for found in both for one in found)


def test_without_libreoffice_the_package_to_install_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"apt-get install .*libreoffice-writer-nogui"):
        libreoffice.find("no-such-office")
