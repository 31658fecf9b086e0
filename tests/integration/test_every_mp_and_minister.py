"""Everyone at once: 650 MPs and 137 ministerial posts of 4 September 2013, end to end."""

import html
import io
import json
import os
import re
import subprocess
import sys
from collections import Counter
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from docx import Document

from flows.operations import draft
from flows.people.contact import Reader
from tests.conftest import ROOT, shared_data
from tests.mps_and_ministers import contact_list

COMMAND = Path(sys.executable).with_name("dear-minister")


def command(var: Path, *arguments: str) -> Any:
    done = subprocess.run(
        [COMMAND, *arguments, "--json"],
        cwd=ROOT,
        env={**os.environ, "DEAR_MINISTER_VAR": str(var)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def attached(message: EmailMessage) -> bytes:
    (attachment,) = message.iter_attachments()
    content = attachment.get_content()
    assert isinstance(content, bytes)
    return content


def words_of_letter(message: EmailMessage) -> str:
    with ZipFile(io.BytesIO(attached(message))) as document:
        body = document.read("word/document.xml").decode()
    paragraphs = re.findall(r"<w:p[ >].*?</w:p>", body, re.DOTALL)
    return "\n".join(
        html.unescape("".join(re.findall(r"<w:t(?: [^>]*)?>([^<]*)", paragraph)))
        for paragraph in paragraphs
    )


class Posted:
    """What the run left: readers as they should be, mails as they are, the two documents."""

    def __init__(self, folder: Path) -> None:
        self.list = folder / "everyone.csv"
        self.rows = contact_list(shared_data(), self.list)
        self.readers = draft.draft("r2p-dialogue-2013", [self.list]).readers
        self.prepared = command(
            folder, "prepare", "r2p-dialogue-2013", "--contacts", str(self.list)
        )
        command(folder, "send", self.prepared["mailing"])
        self.status = command(folder, "status", self.prepared["mailing"])
        self.mails: dict[str, list[EmailMessage]] = {}
        for path in (folder / "mailbox").glob("*.eml"):
            mail = message_from_bytes(path.read_bytes(), policy=SMTP)
            assert isinstance(mail, EmailMessage)
            self.mails.setdefault(mail["To"].addresses[0].addr_spec, []).append(mail)


@pytest.fixture(scope="module")
def posted(tmp_path_factory: pytest.TempPathFactory) -> Posted:
    return Posted(tmp_path_factory.mktemp("everyone"))


def test_each_person_gets_one_letter_however_many_posts(posted: Posted) -> None:
    people = {row["person"] for row in posted.rows}
    assert len(posted.rows) == 787
    assert posted.prepared["ready"] == len(people) == 675
    assert posted.prepared["refused"] == []
    assert all(len(copies) == 1 for copies in posted.mails.values())
    assert len(posted.mails) == 675


def test_the_mailbox_holds_what_status_says_was_sent(posted: Posted) -> None:
    assert posted.status["counts"] == {"sent": 675}
    told = {one["email"]: one["message_id"] for one in posted.status["dispatches"]}
    assert told == {to: mail["Message-ID"] for to, (mail,) in posted.mails.items()}


def test_each_letter_names_its_own_reader_and_nobody_else(posted: Posted) -> None:
    names = Counter(reader.contact.name for reader in posted.readers)
    openings = {reader.address.salutation for reader in posted.readers}
    for reader in posted.readers:
        (mail,) = posted.mails[reader.contact.email]
        body = mail.get_body(("plain",))
        assert body is not None
        letter = words_of_letter(mail)
        for words in (letter, body.get_content()):
            assert f"{reader.address.salutation}," in words
            strangers = [
                opening
                for opening in openings
                if f"{opening}," in words and opening != reader.address.salutation
            ]
            assert strangers == []
        assert reader.address.lines[0] in letter
        others = [name for name in names if name in letter and name not in own_names(reader)]
        assert others == []


def test_a_word_processor_library_reads_the_same_words(posted: Posted) -> None:
    for reader in posted.readers[::50]:
        (mail,) = posted.mails[reader.contact.email]
        read = "\n".join(one.text for one in Document(io.BytesIO(attached(mail))).paragraphs)
        assert f"{reader.address.salutation}," in read
        assert reader.address.lines[0] in read


def own_names(reader: Reader) -> str:
    """Everything a reader's own letter may hold that looks like a name."""
    own = (reader.contact.name, *reader.address.lines, *reader.postal)
    return " ".join(own)


@pytest.mark.parametrize("name", ["Siân James", "Fiona O'Donnell", "Stephen O'Brien"])
def test_special_letters_arrive_as_they_were_typed(posted: Posted, name: str) -> None:
    (reader,) = [one for one in posted.readers if one.contact.name == name]
    (mail,) = posted.mails[reader.contact.email]
    assert name in words_of_letter(mail)
    assert mail["To"].addresses[0].display_name == name


def test_an_ampersand_in_an_office_cuts_nothing_off(tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text(
        "id,name,title,house,rank,office,email\n"
        "a,Ada Glyndŵr,Ms,commons,mos,Minister for R&D <and> {{ x }},a@example.org\n",
        encoding="utf-8",
    )
    prepared = command(tmp_path, "prepare", "r2p-dialogue-2013", "--contacts", str(people))
    command(tmp_path, "send", prepared["mailing"])
    (path,) = (tmp_path / "mailbox").glob("*.eml")
    mail = message_from_bytes(path.read_bytes(), policy=SMTP)
    assert isinstance(mail, EmailMessage)
    letter = words_of_letter(mail)
    assert "Minister for R&D <and> {{ x }}" in letter
    assert "Ada Glyndŵr" in letter
    assert "Yours sincerely" in letter
