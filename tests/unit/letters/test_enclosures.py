"""Papers and copies that go with a letter."""

import email
import email.policy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from flows.errors import ConfigurationError, RowError
from flows.letters import attachment, campaign, message
from flows.letters.filler import Filler
from tests.unit.letters.small_campaign import ON, TEXT, TOML, folder, reader

PDF = b"%PDF-1.7 a briefing"


def made(path: Path, toml: str, files: dict[str, bytes] | None = None) -> Filler:
    found = folder(path, toml=toml + TOML if "[[" not in toml else TOML + toml)
    for name, content in (files or {}).items():
        (found / name).parent.mkdir(parents=True, exist_ok=True)
        (found / name).write_bytes(content)
    return Filler(campaign.load(found), ON)


def sent(filler: Filler, **fields: Any) -> Any:
    data = message.freeze(
        filler.fill(reader(**fields)),
        sender="chair@example.org",
        reply_to="",
        message_id="<1@example.org>",
        date=datetime(2013, 9, 4, tzinfo=UTC),
    )
    return email.message_from_bytes(data, policy=email.policy.SMTP)


def test_a_paper_for_all_follows_the_letter_under_its_name(tmp_path: Path) -> None:
    toml = '\n[[attachments]]\nfile = "b.pdf"\nname = "Briefing.pdf"\n'
    mail = sent(made(tmp_path, toml, {"b.pdf": PDF}))
    letter, paper = mail.iter_attachments()
    assert letter.get_filename() == "letter-r1.docx"
    assert (paper.get_filename(), paper.get_content()) == ("Briefing.pdf", PDF)
    assert paper.get_content_type() == "application/pdf"


def test_a_paper_for_all_is_read_and_coded_once(tmp_path: Path) -> None:
    filler = made(tmp_path, '\n[[attachments]]\nfile = "b.pdf"\n', {"b.pdf": PDF})
    first, second = filler.fill(reader()), filler.fill(reader(id="r2"))
    assert first.enclosed[0] is second.enclosed[0]


def test_a_paper_goes_to_its_roles_alone(tmp_path: Path) -> None:
    toml = '\n[[attachments]]\nfile = "b.pdf"\nroles = ["mp"]\n'
    filler = made(tmp_path, toml, {"b.pdf": PDF})
    assert filler.fill(reader("minister")).enclosed == ()
    assert [paper.name for paper in filler.fill(reader("mp")).enclosed] == ["b.pdf"]


def test_each_reader_gets_the_paper_of_the_own_id(tmp_path: Path) -> None:
    toml = '\n[[attachments]]\nfile = "papers/{{ reader.id }}.pdf"\nname = "Your seat.pdf"\n'
    filler = made(tmp_path, toml, {"papers/r1.pdf": PDF})
    (paper,) = filler.fill(reader()).enclosed
    assert (paper.name, paper.content) == ("Your seat.pdf", PDF)
    with pytest.raises(RowError, match=r"attachments: .*r2\.pdf: cannot be read"):
        filler.fill(reader(id="r2"))


def test_an_optional_paper_may_be_missing(tmp_path: Path) -> None:
    toml = '\n[[attachments]]\nfile = "{{ reader.id }}.pdf"\noptional = true\n'
    assert made(tmp_path, toml).fill(reader()).enclosed == ()


def test_a_readers_data_cannot_reach_a_file_outside_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.pdf").write_bytes(PDF)
    toml = '\n[[attachments]]\nfile = "{{ reader.office }}.pdf"\noptional = true\n'
    with pytest.raises(RowError, match="outside the campaign's folder"):
        made(tmp_path, toml).fill(reader(office="../secret"))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("gone.pdf", None, "gone.pdf: cannot be read"),
        ("b.exe", b"MZ", "attach .pdf"),
        ("b.pdf", b"hello", "is not what its name says"),
        ("b.pdf", PDF + bytes(attachment.LARGEST), "is larger than"),
    ],
)
def test_a_paper_that_cannot_be_attached_stops_the_campaign(
    tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    files = {} if content is None else {name: content}
    with pytest.raises(ConfigurationError, match=said):
        made(tmp_path, f'\n[[attachments]]\nfile = "{name}"\n', files)


def test_a_copy_goes_to_the_association_that_the_list_names(tmp_path: Path) -> None:
    filler = made(tmp_path, 'cc = "{{ reader.columns.association }}"\n')
    mail = sent(filler, columns={"association": "Wye Local <wye@example.org>; b@example.org"})
    assert [one.addr_spec for one in mail["Cc"].addresses] == ["wye@example.org", "b@example.org"]
    assert sent(filler, columns={"association": ""})["Cc"] is None


def test_a_copy_to_no_address_hands_the_row_back(tmp_path: Path) -> None:
    filler = made(tmp_path, 'cc = "{{ reader.columns.association }}"\n')
    with pytest.raises(RowError, match=r"cc: .*not one e-mail address"):
        filler.fill(reader(columns={"association": "nobody"}))


HOSTILE = [
    "Anna <evil@example.net>",
    "evil@example.net, Anna",
    "Anna; evil@example.net",
    '" <evil@example.net>, "Anna',
    "Anna\\",
    "evil@example.net (Anna",
    "undisclosed: evil@example.net;",
    "\ue0001\ue001 <evil@example.net>",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_a_list_says_of_a_reader_is_a_name_and_adds_no_recipient(
    tmp_path: Path, name: str
) -> None:
    filler = made(tmp_path, 'cc = "{{ reader.columns.who }} <cc@example.org>"\n')
    (copy,) = filler.fill(reader(columns={"who": name})).cc
    assert copy.address == "cc@example.org"
    mail = sent(filler, columns={"who": name})
    assert [one.addr_spec for one in mail["Cc"].addresses] == ["cc@example.org"]
    filler = made(
        tmp_path / "b", 'cc = "First <a@example.org>, {{ reader.columns.who }} <b@example.org>"\n'
    )
    assert [copy.address for copy in filler.fill(reader(columns={"who": name})).cc] == [
        "a@example.org",
        "b@example.org",
    ]


@pytest.mark.parametrize("local", ["a@example.org, evil", "a> <evil", "evil@example.net <a"])
def test_part_of_an_address_from_a_list_makes_one_address_or_none(
    tmp_path: Path, local: str
) -> None:
    filler = made(tmp_path, 'cc = "Local <{{ reader.columns.who }}@example.org>"\n')
    with pytest.raises(RowError, match="cc: "):
        filler.fill(reader(columns={"who": local}))
    assert filler.fill(reader(columns={"who": "wye"})).cc == (("Local", "wye@example.org"),)


def test_pdf_is_attached_where_libreoffice_is_and_the_campaign_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = folder(tmp_path)
    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/soffice")
    assert campaign.load(found).letter == "pdf"
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert campaign.load(found).letter == "docx"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file that no campaign may send."""
    found = tmp_path / "elsewhere" / "members.pdf"
    found.parent.mkdir()
    found.write_bytes(PDF + b" members")
    return found


def test_a_link_out_of_the_folder_is_no_attachment(tmp_path: Path, outside: Path) -> None:
    found = folder(tmp_path, toml=TOML + '\n[[attachments]]\nfile = "b.pdf"\n')
    (found / "b.pdf").symlink_to(outside)
    with pytest.raises(ConfigurationError, match=r"b\.pdf is outside the campaign's folder"):
        Filler(campaign.load(found), ON)


def test_a_link_out_of_the_folder_is_not_included_in_the_mail(
    tmp_path: Path, outside: Path
) -> None:
    outside.write_text("members")
    found = folder(tmp_path, text=TEXT + "{% include 'more.txt' %}")
    (found / "more.txt").symlink_to(outside)
    with pytest.raises(ConfigurationError, match=r"more\.txt is outside the campaign's folder"):
        Filler(campaign.load(found), ON)


@pytest.mark.parametrize("name", ["a" * 5_000 + ".pdf", "a/" * 3_000 + "b.pdf", "../b.pdf"])
def test_a_name_that_no_file_can_have_hands_the_row_back(tmp_path: Path, name: str) -> None:
    filler = made(tmp_path, '\n[[attachments]]\nfile = "{{ reader.columns.paper }}"\n')
    with pytest.raises(RowError, match="attachments: "):
        filler.fill(reader(columns={"paper": name}))


@pytest.mark.parametrize("name", ["a" * 5_000, "a\x00b"])
def test_an_optional_file_of_such_a_name_is_not_there(tmp_path: Path, name: str) -> None:
    toml = '\n[[attachments]]\nfile = "{{ reader.columns.paper }}.pdf"\noptional = true\n'
    filler = made(tmp_path, toml)
    if "\x00" in name:
        with pytest.raises(RowError, match="control character"):
            filler.fill(reader(columns={"paper": name}))
    else:
        assert filler.fill(reader(columns={"paper": name})).enclosed == ()
