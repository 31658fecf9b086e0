"""A newcomer's road: an office folder and a campaign of one's own, from an installed wheel."""

import os
import pty
import re
import shutil
import subprocess
import tomllib
from datetime import date
from pathlib import Path

import pytest
from docx import Document

from tests.integration.commands.installed import Installed
from tests.integration.commands.office import CAMPAIGN, PROGRAM, Ended, Office, bare_environment

WORDS = (
    '--subject "Rivers & “lakes”" --sender "Siân Élan" --position Chair '
    '--organisation "Friends of the Rivers" --email chair@example.org'
)
NO_SENDER = WORDS.replace("chair@example.org", "'chair(at)example.org'")


def write_letter(folder: Path) -> None:
    """What an operator does in Word."""
    path = folder / "letter.docx"
    document = Document(str(path))
    (paragraph,) = [one for one in document.paragraphs if one.text.startswith("WRITE YOUR LETTER")]
    paragraph.text = "I write about {{ campaign.title }}."
    document.save(str(path))


@pytest.fixture
def folder(installed: Installed, tmp_path: Path) -> Path:
    made = installed.run("dear-minister init letters", tmp_path)
    assert made.code == 0, made.err
    return tmp_path / "letters"


def test_init_makes_a_folder_in_which_the_samples_can_be_previewed_at_once(
    installed: Installed, folder: Path
) -> None:
    names = {path.name for path in folder.iterdir()}
    assert names == {"README.md", "templates", "contacts", ".env", ".gitignore"}
    assert (folder / ".env").stat().st_mode & 0o777 == 0o600
    done = installed.run("dear-minister preview r2p-dialogue-2013 --contact hague-fco", folder)
    assert done.code == 0, done.err
    assert f"office folder: {folder}" in done.err
    assert (folder / "var/preview/r2p-dialogue-2013/letter-hague-fco.docx").is_file()


def test_every_command_of_the_office_folders_readme_is_one(
    installed: Installed, folder: Path
) -> None:
    text = (folder / "README.md").read_text(encoding="utf-8")
    told = installed.run("dear-minister --help", folder).out
    commands = set(re.findall(r"^  ([a-z-]+)", told, re.MULTILINE))
    assert set(re.findall(r"dear-minister ([a-z-]+)", text)) <= commands


def test_init_overwrites_nothing(installed: Installed, folder: Path) -> None:
    (folder / ".env").write_text("SMTP_HOST=mine.example.org\n", encoding="utf-8")
    again = installed.run("dear-minister init letters", folder.parent)
    assert again.code == 2
    assert "letters/README.md: is there already" in again.line
    assert "mine" in (folder / ".env").read_text(encoding="utf-8")


def test_a_campaign_of_ones_own_has_todays_date_and_ones_own_words_and_nobody_elses(
    installed: Installed, folder: Path
) -> None:
    made = installed.run(f"dear-minister new rivers {WORDS}", folder)
    assert made.code == 0, made.err
    campaign = folder / "templates" / "rivers"
    table = tomllib.loads((campaign / "campaign.toml").read_text(encoding="utf-8"))
    assert table["date"] == date.today()
    assert table["subject"] == "Rivers & “lakes”"
    assert table["sender"]["name"] == "Siân Élan"
    write_letter(campaign)
    done = installed.run("dear-minister preview rivers --contact hague-fco", folder)
    assert done.code == 0, done.err
    words = "\n".join(
        paragraph.text
        for paragraph in Document(
            str(folder / "var/preview/rivers/letter-hague-fco.docx")
        ).paragraphs
    )
    mail = (folder / "var/preview/rivers/mail-hague-fco.eml").read_text(encoding="utf-8")
    for text in (words, mail):
        assert "2013" not in text
        assert "Marchbank" not in text
    assert "I write about Rivers & “lakes”." in words


def test_a_letter_that_nobody_wrote_is_not_frozen(installed: Installed, folder: Path) -> None:
    installed.run(f"dear-minister new rivers {WORDS}", folder)
    told = "templates/rivers/letter.docx: is not written yet"
    checked = installed.run("dear-minister check rivers", folder)
    assert (checked.code, f"error: {told}" in checked.out) == (2, True)
    refused = installed.run("dear-minister prepare rivers", folder)
    assert (refused.code, told in refused.err) == (2, True)
    write_letter(folder / "templates" / "rivers")
    assert installed.run("dear-minister prepare rivers", folder).code == 0


def test_a_copy_of_ones_own_campaign_keeps_who_signs(installed: Installed, folder: Path) -> None:
    installed.run(f"dear-minister new rivers {WORDS}", folder)
    done = installed.run('dear-minister new lakes --from rivers --subject "Lakes"', folder)
    assert done.code == 0, done.err
    text = (folder / "templates/lakes/campaign.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text)["sender"]["name"] == "Siân Élan"
    assert tomllib.loads(text)["title"] == "Lakes"
    assert "# Nobody gets the same edition" in text


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("new rivers", "needs --subject, --sender, --organisation, --email"),
        (f"new rivers {NO_SENDER}", "'chair(at)example.org' cannot be a sender"),
        ("new 'my letter' --subject x", "my letter: cannot be a campaign's name"),
        ("new ../out --subject x", "../out: cannot be a campaign's name"),
        ("new r2p-dialogue-2013 --subject x", "templates/r2p-dialogue-2013: is there already"),
        ("new x --from nothing", "there is no campaign nothing under templates/"),
    ],
)
def test_what_cannot_be_made_is_said_and_nothing_is_left(
    installed: Installed, folder: Path, line: str, what: str
) -> None:
    before = sorted(folder.rglob("*"))
    told = installed.run(f"dear-minister {line}", folder)
    assert told.code == 2
    assert what in told.err
    assert "Traceback" not in told.err
    assert sorted(folder.rglob("*")) == before


def test_on_a_terminal_new_asks_for_the_words(office: Office) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [PROGRAM, "new", "rivers"],
        cwd=office.folder,
        env={**bare_environment(), "TERM": "dumb"},
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as asking:
        os.write(ours, "Rivers\nSiân\nChair\nFriends\nchair@example.org\n".encode())
        out, err = asking.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert asking.returncode == 0, err.decode()
    assert "Who signs it (full name)" in err.decode()
    assert b"templates/rivers/letter.docx" in out
    text = (office.folder / "templates/rivers/campaign.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text)["sender"]["organisation"] == "Friends"


def test_the_demo_needs_no_office_folder(installed: Installed, tmp_path: Path) -> None:
    done = installed.run("dear-minister demo", tmp_path)
    assert done.code == 0, done.err
    assert "64 of 64 letters sent" in done.out
    assert "Prefect runs the campaign" not in done.out  # progress is no result
    assert len(list((tmp_path / "var/demo/mailbox").glob("*.eml"))) == 64


def test_the_program_says_its_version_and_completes_its_commands(
    installed: Installed, folder: Path
) -> None:
    assert installed.run("dear-minister --version", folder).out.startswith("dear-minister ")
    asked = {"_DEAR_MINISTER_COMPLETE": "complete_bash"}
    for words, answer in (
        ("dear-minister sta", "status"),
        ("dear-minister check r2p", "r2p-dialogue-2013"),
    ):
        count = str(len(words.split()) - 1)
        done = installed.run("dear-minister", folder, **asked, COMP_WORDS=words, COMP_CWORD=count)
        assert done.out.split() == [answer], done.err


@pytest.mark.parametrize(
    "command",
    [
        "status",
        "new rivers --subject x --sender x --organisation x --email x@example.org",
        "check rivers",
        "prepare rivers",
        "send rivers-1-abcd",
        "replies",
        "contacts suppress --email x@example.org --reason asked",
        "contacts import sheet.csv",
        "serve",
        "verify",
    ],
)
def test_outside_an_office_folder_a_command_says_so_in_a_line_and_writes_nothing(
    office: Office, tmp_path: Path, command: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "sheet.csv").write_text("Name,E-mail\nAnn Lee,ann@example.org\n")
    done = Office(elsewhere, office.patch, office.capture).process(*command.split())
    assert done.code == 2
    told = [line for line in done.err.splitlines() if line.startswith("dear-minister: ")]
    assert told == [
        "dear-minister: there is no office folder here or above: cd into yours, name it with "
        "--office DIR, or make one: dear-minister init FOLDER"
    ]
    assert [path.name for path in elsewhere.rglob("*")] == ["sheet.csv"]


def test_outside_an_office_folder_a_list_can_be_read_through_and_brought_in_to_a_named_file(
    office: Office, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "list.csv").write_text("id,name,house\na,Alex Smith,commons\nb,,commons\n")
    there = Office(elsewhere, office.patch, office.capture)
    for command in ("address", "check"):
        done = there.process("contacts", command, "list.csv")
        assert done.code == 1, done.err
        assert "no office folder is here or above" in done.err
    assert [path.name for path in elsewhere.rglob("*")] == ["list.csv"]
    done = there.process("contacts", "import", "list.csv", "--to", "made.csv")
    assert done.code == 1, done.err
    assert {path.name for path in elsewhere.rglob("*") if not path.name.startswith(".")} == {
        "list.csv",
        "made.csv",
        "made.csv.source",
        "made-refused-rows.csv",
    }


def test_a_campaign_named_by_its_path_is_worked_on_in_the_office_folder_around_it(
    office: Office, tmp_path: Path
) -> None:
    """Else a second ledger would begin, which does not know whom the first one wrote to."""
    there = Office(tmp_path, office.patch, office.capture)
    done = there.process("prepare", f"office/templates/{CAMPAIGN}")
    assert done.code == 0, done.err
    assert "--office office" in done.err
    assert (office.folder / "var" / "ledger.db").is_file()
    assert not (tmp_path / "var").exists()


def test_an_office_whose_campaigns_are_all_gone_is_still_one(office: Office) -> None:
    shutil.rmtree(office.campaign)
    assert office.process("status").code == 0
    assert "there is no campaign" in office.process("check", CAMPAIGN).out


def test_a_command_to_be_typed_next_names_the_office_folder_that_was_named(
    installed: Installed, folder: Path
) -> None:
    """From anywhere, copied as it stands; a folder's name with a blank in it too."""
    office = folder.rename(folder.with_name("our office"))
    elsewhere = office.parent

    def run(line: str) -> Ended:
        return installed.run(line, elsewhere)

    run(f"dear-minister new rivers {WORDS} --office 'our office'")
    write_letter(office / "templates" / "rivers")
    done = run("dear-minister prepare rivers --office 'our office'")
    assert done.code == 0, done.err
    commands = re.findall(r"dear-minister .*", done.err)
    assert commands
    assert all(" --office 'our office'" in line for line in commands), commands
    (rehearse,) = [line for line in commands if " send " in line]
    assert run(rehearse).code == 0, rehearse
    refused = run("dear-minister approve nothing --by X --hash abcd --office 'our office'")
    (again,) = re.findall(r"see them all with: (dear-minister .*)", refused.err)
    assert run(again).code == 0, again
    # The folder that --office names is only repeated where it was named.
    assert "--office" not in installed.run("dear-minister status", office).said
