"""Where a command writes: in an office folder alone, and only where somebody can mean it to."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.integration.commands.office import CAMPAIGN, Office

Prepared = tuple[Office, dict[str, Any]]

WRITING = {
    "export MAILING --to": "out.xlsx",
    "report MAILING --to": "out.html",
    "replies export --to": "out.csv",
    "replies corrections --to": "out.csv",
    "replies show 1 --to": "out.eml",
    "contacts import contacts/few.csv --to": "out.csv",
}


@pytest.mark.parametrize("command", WRITING)
def test_a_file_in_no_folder_is_refused_with_the_folder_and_the_folder_is_not_made(
    prepared: Prepared, command: str
) -> None:
    office, made = prepared
    words = command.replace("MAILING", made["mailing"]).split()
    done = office.process(*words, f"nowhere/below/{WRITING[command]}")
    assert done.code == 2
    assert "there is no folder nowhere/below; make it" in done.line
    assert not (office.folder / "nowhere").exists()


@pytest.mark.parametrize("command", WRITING)
def test_what_is_no_regular_file_is_not_replaced_by_one(prepared: Prepared, command: str) -> None:
    office, made = prepared
    words = command.replace("MAILING", made["mailing"]).split()
    pipe = office.folder / f"pipe-{WRITING[command]}"
    os.mkfifo(pipe)
    done = office.process(*words, pipe.name)
    assert done.code == 2
    assert f"{pipe.name}: is not a regular file" in done.line
    assert pipe.is_fifo()


def test_a_file_of_a_preview_does_not_take_the_place_of_a_device(office: Office) -> None:
    (office.folder / "shown").mkdir()
    pipe = office.folder / "shown" / "letter-hague.docx"
    os.mkfifo(pipe)
    done = office.process("preview", CAMPAIGN, "--contact", "hague", "--out", "shown")
    assert (done.code, "is not a regular file" in done.line) == (2, True)
    assert pipe.is_fifo()


def test_what_goes_under_var_makes_its_folders(prepared: Prepared) -> None:
    office, made = prepared
    for path in (office.folder / "var" / "mailings").rglob("*"):
        assert path.name != "report.html"
    assert office.process("report", made["mailing"]).code == 0
    assert (office.folder / "var" / "mailings" / made["mailing"] / "report.html").is_file()


def test_files_that_are_named_begin_at_the_folder_one_stands_in(prepared: Prepared) -> None:
    office, made = prepared
    inside = Office(office.folder / "contacts", office.patch, office.capture)
    assert inside.process("contacts", "check", "few.csv").code == 0
    assert inside.process("check", CAMPAIGN, "--contacts", "few.csv").code != 2
    assert inside.process("export", made["mailing"], "--to", "sub.xlsx").code == 0
    assert (office.folder / "contacts" / "sub.xlsx").is_file()


@pytest.mark.parametrize(
    "command",
    [
        "status",
        f"check {CAMPAIGN}",
        "contacts suppress --email x@example.org --reason asked",
        "contacts check office/contacts/few.csv",
        "verify",
        "doctor",
    ],
)
@pytest.mark.parametrize("by", ["option", "environment"])
def test_a_folder_that_is_named_and_is_no_office_is_refused_and_nothing_is_written_there(
    office: Office, tmp_path: Path, command: str, by: str
) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    there = Office(tmp_path, office.patch, office.capture)
    named = ["--office", "bare"] if by == "option" else []
    settings = {} if named else {"DEAR_MINISTER_OFFICE": "bare"}
    done = there.process(*command.split(), *named, env=settings)
    assert done.code == 2
    assert "bare: is no office folder" in done.line
    assert list(bare.iterdir()) == []


def test_no_office_folder_is_made_inside_another(office: Office) -> None:
    for folder in ("second", "contacts/second"):
        told = office.process("init", folder)
        assert told.code == 2
        assert f"{folder}: lies in the office folder {office.folder}; name a folder" in told.line
    assert not (office.folder / "second").exists()
