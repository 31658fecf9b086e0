"""Commands that somebody stops, at a question or before, and answers that stdout cannot take."""

import re
import signal
import subprocess
from pathlib import Path

import pytest

from flows.cli.answer import Exit
from flows.operations import preview
from tests.conftest import ROOT
from tests.integration.commands.office import (
    CAMPAIGN,
    LIST,
    PROGRAM,
    Office,
    bare_environment,
)
from tests.integration.commands.terminal import terminal

QUESTIONS = {
    "send MAILING --live": "now? [y/N]",
    "withdraw MAILING --by X --why Y": "Withdraw them too? [y/N]",
    "forget --before 2099-01-01 --by X --why Y": "for good? [y/N]",
    "new rivers": "What the letter is about",
}


@pytest.fixture
def asking(office: Office) -> tuple[Office, str]:
    """An office with a mailing that is signed off, by mail and by post, and its id."""
    office.contacts.write_text(LIST + "post,post,Zoe Adams,Ms,,F,commons,,,\n", encoding="utf-8")
    office.set(SMTP_HOST="localhost", SMTP_PORT=9, SMTP_SECURITY="none")
    made = office.prepare()
    assert office.approve(made).code == 0
    return office, made["mailing"]


@pytest.mark.parametrize(
    ("ctrl", "code", "said"),
    [
        ("C", Exit.STOPPED, "stopped: nothing was done"),
        ("D", Exit.NOTHING_DONE, "the input ended without an answer; nothing was done"),
    ],
)
@pytest.mark.parametrize("command", QUESTIONS)
def test_ctrl_c_and_the_end_of_the_input_end_every_question_and_nothing_is_done(
    asking: tuple[Office, str], command: str, ctrl: str, code: Exit, said: str
) -> None:
    office, mailing = asking
    arguments = command.replace("MAILING", mailing).split()
    before = office.states(mailing)
    with terminal(office, *arguments) as asked:
        asked.wait_for(QUESTIONS[command])
        if ctrl == "C":
            asked.process.send_signal(signal.SIGINT)
        else:
            asked.type("\x04")
        assert asked.finish() == code
    assert said in asked.shown
    assert "Traceback" not in asked.shown
    assert office.states(mailing) == before
    assert not (office.folder / "templates" / "rivers").exists()


def test_ctrl_c_while_the_program_is_loaded_ends_it_in_a_line(
    office: Office, tmp_path: Path
) -> None:
    loaded = tmp_path / "loaded"
    loaded.mkdir()
    (loaded / "typer.py").write_text("import signal\nsignal.raise_signal(signal.SIGINT)\n")
    done = office.process("status", env={"PYTHONPATH": str(loaded)})
    assert done.code == Exit.STOPPED
    assert done.err == "\ndear-minister: stopped: nothing was done\n"


def test_a_preview_that_is_stopped_says_what_it_wrote(office: Office) -> None:
    write = preview.write
    written: list[Path] = []

    def stopped_at_the_third(path: Path, content: bytes, *, durable: bool) -> None:
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(path)
        write(path, content, durable=durable)

    office.patch.setattr(preview, "write", stopped_at_the_third)
    done = office.run("preview", CAMPAIGN)
    assert done.code == Exit.STOPPED
    assert f"stopped: 2 files written to var/preview/{CAMPAIGN}, each whole" in done.err


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "command", ["contacts address contacts/few.csv -q", "status -q --json", "--help", "send --help"]
)
def test_an_answer_that_stdout_cannot_take_is_said_in_a_line(
    office: Office, command: str, unbuffered: str
) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [PROGRAM, *command.split()],
            cwd=office.folder,
            env={**bare_environment(), "PYTHONUNBUFFERED": unbuffered},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == Exit.ATTENTION
    assert done.stderr == (
        "dear-minister: stdout: cannot be written (No space left on device); the command itself "
        "was done, only its answer is lost\n"
    )


def test_the_readme_has_every_exit_code_and_no_other() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text.partition("| exit code | |")[2].partition("\n\n")[0]
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)] == list(Exit)
