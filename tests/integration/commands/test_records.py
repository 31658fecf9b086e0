"""The record of a mailing as others get it: evidence that checks without this program, a report."""

import csv
import hashlib
import json
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.integration.commands.office import Office
from tests.servers.fault import FaultServer
from tests.servers.script import Answer, Drop, Phase, always


@pytest.fixture
def sent(approved: tuple[Office, str]) -> tuple[Office, str, FaultServer]:
    """A mailing sent live: one letter stored, one refused, one whose answer never came."""
    office, mailing = approved
    rules = [
        always(Phase.RCPT, Answer(550, ("5.1.1 no such user",)), to="lucas@example.org"),
        always(Phase.DOT, Drop(), to="glyndwr@example.org"),
    ]
    with FaultServer(rules) as server:
        office.to(server)
        office.run("send", mailing, "--live", "--patience", 0)
    return office, mailing, server


@pytest.fixture
def pack(sent: tuple[Office, str, FaultServer], tmp_path: Path) -> tuple[Path, str]:
    """The evidence pack, unpacked, and the mailing's hash."""
    office, mailing, _ = sent
    written = office.json("export", mailing, "--to", "evidence.zip")
    assert written == {"file": "evidence.zip", "rehearsal": 0, "dispatches": 3}
    folder = tmp_path / "evidence"
    with ZipFile(office.folder / "evidence.zip") as archive:
        assert archive.testzip() is None
        archive.extractall(folder)
    return folder, office.json("status", mailing)["hash"]


def test_the_manifest_covers_every_file_and_agrees_with_it(pack: tuple[Path, str]) -> None:
    folder, _ = pack
    checker = shutil.which("sha256sum")
    if checker is None:
        pytest.skip("sha256sum is not on this machine")
    ended = subprocess.run(
        [checker, "-c", "--strict", "SHA256SUMS"], cwd=folder, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    named = {line.split(": ")[0] for line in ended.stdout.splitlines()}
    there = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    assert named == there - {"SHA256SUMS"}
    (folder / "log.csv").write_text("nothing happened")
    ended = subprocess.run([checker, "-c", "SHA256SUMS"], cwd=folder, capture_output=True)
    assert ended.returncode == 1


def test_the_hash_that_was_signed_leads_to_every_mail(pack: tuple[Path, str]) -> None:
    folder, signed = pack
    manifest = (folder / "signed-off.jsonl").read_bytes()
    assert hashlib.sha256(manifest).hexdigest() == signed
    with (folder / "sign-offs.csv").open(encoding="utf-8-sig", newline="") as file:
        (sign_off,) = csv.DictReader(file)
    assert (sign_off["by"], sign_off["hash"]) == ("The Chair", signed)
    letters = [json.loads(line) for line in manifest.splitlines()[1:]]
    mails = sorted((folder / "mails").iterdir())
    assert [hashlib.sha256(mail.read_bytes()).hexdigest() for mail in mails] == [
        line[-1] for line in letters
    ]
    assert len(list((folder / "letters").iterdir())) == 3


def test_the_lines_of_python_in_how_to_check_find_a_rewritten_log(pack: tuple[Path, str]) -> None:
    folder, _ = pack
    page = (folder / "HOW-TO-CHECK.txt").read_text(encoding="utf-8")
    code = textwrap.dedent(page[page.index(" " * 9 + "import hashlib") : page.index("\n  5. ")])
    check = [sys.executable, "-c", code]
    assert subprocess.run(check, cwd=folder, capture_output=True).returncode == 0
    log = folder / "log.jsonl"
    log.write_text(log.read_text("utf-8").replace("no such user", "welcome"), encoding="utf-8")
    ended = subprocess.run(check, cwd=folder, capture_output=True, text=True)
    assert "AssertionError" in ended.stderr


def test_what_the_server_stored_is_the_mail_in_the_pack(
    sent: tuple[Office, str, FaultServer], pack: tuple[Path, str]
) -> None:
    _, _, server = sent
    (stored,) = [one for one in server.copies.all if one.recipient == "hague@example.org"]
    (mail,) = (pack[0] / "mails").glob("*hague*.eml")
    assert stored.content == mail.read_bytes()


def test_the_same_evidence_makes_the_same_bytes(sent: tuple[Office, str, FaultServer]) -> None:
    office, mailing, _ = sent
    first, second = office.folder / "a.zip", office.folder / "b.zip"
    for target in (first, second):
        assert office.run("export", mailing, "--to", target).code == 0

    def without_the_time(path: Path) -> dict[str, bytes]:
        with ZipFile(path) as archive:
            names = set(archive.namelist()) - {"report.html", "SHA256SUMS"}
            return {name: archive.read(name) for name in names}

    assert without_the_time(first) == without_the_time(second)


def test_another_ending_is_refused_and_writes_nothing(approved: tuple[Office, str]) -> None:
    office, mailing = approved
    ended = office.run("export", mailing, "--to", "record.ods")
    assert ended.code == 2
    assert ended.line.endswith("name a file ending in .csv, .xlsx, .json or .zip")
    assert not (office.folder / "record.ods").exists()


def test_the_report_says_where_it_is_and_that_letters_need_a_person(
    sent: tuple[Office, str, FaultServer],
) -> None:
    office, mailing, _ = sent
    ended = office.run("report", mailing)
    assert ended.code == 1
    words, path = ended.out.splitlines()
    assert words == "the live sending: 1 uncertain, 1 refused, 1 sent"
    assert path == f"var/mailings/{mailing}/report.html"
    page = (office.folder / path).read_text(encoding="utf-8")
    assert "550 5.1.1 no such user" in page
    assert "resolve" in page


def test_the_report_of_a_rehearsal_is_no_report_of_a_sending(
    prepared: tuple[Office, dict[str, str]],
) -> None:
    office, made = prepared
    office.run("send", made["mailing"])
    found = office.json("report", made["mailing"])
    assert found["rehearsal"] == 1
    assert found["outcomes"] == {"sent": 3}
    assert "This was rehearsal 1." in (office.folder / found["file"]).read_text("utf-8")
