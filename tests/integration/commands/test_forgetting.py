"""``forget``: a person's data go from ledger and files, and nothing goes out to them again."""

import json
import shutil
from collections.abc import Callable

import pytest
from python_calamine import CalamineWorkbook

from tests.integration.commands.office import CAMPAIGN, READERS, Office
from tests.servers.fault import FaultServer

WHO = ("--by", "E. Marchbank", "--why", "asked to be forgotten")


@pytest.fixture
def sent(
    approved: tuple[Office, str], fault_server: Callable[..., FaultServer]
) -> tuple[Office, str]:
    """An office that rehearsed a mailing, looked at it, and sent it."""
    office, mailing = approved
    office.run("send", mailing)
    office.run("preview", CAMPAIGN)
    office.run("print", mailing)
    office.to(fault_server())
    assert office.run("send", mailing, "--live").code == 0
    return office, mailing


def where_named(office: Office, *words: bytes) -> list[str]:
    """Files of the runtime folder in which one of these words stands."""
    return [
        str(path)
        for path in (office.folder / "var").rglob("*")
        if path.is_file() and any(word in path.read_bytes() for word in words)
    ]


def test_a_person_is_gone_from_every_file_and_the_ledger_verifies(
    sent: tuple[Office, str],
) -> None:
    office, mailing = sent
    assert where_named(office, READERS[1].encode())
    done = office.json("forget", "--person", "lucas", *WHO, "--yes")
    assert done["letters"] == [f"{mailing}:2"]
    assert "contact lists and the suppression list" in done["elsewhere"]
    assert where_named(office, READERS[1].encode(), b"Lucas") == []
    assert where_named(office, READERS[0].encode())
    assert office.run("verify").code == 0
    status = office.run("status", mailing)
    assert status.code == 0
    assert "(forgotten)" in status.out
    assert "Lucas" not in status.out
    for name in ("who.csv", "who.xlsx", "who.json", "who.zip"):
        assert office.run("export", mailing, "--to", office.folder / name).code == 0, name
    assert "lucas" not in (office.folder / "who.csv").read_text(encoding="utf-8-sig").lower()


def test_what_was_deleted_is_said_by_folder_and_rows_of_others_stay_to_be_corrected(
    office: Office, fault_server: Callable[..., FaultServer]
) -> None:
    faulty = "peer,peer,Baroness Warsi,,,F,lords,,,not an address\n"
    office.contacts.write_text(office.contacts.read_text("utf-8") + faulty, encoding="utf-8")
    made = office.prepare()
    office.approve(made)
    office.run("send", made["mailing"])
    office.run("preview", CAMPAIGN)
    office.run("report", made["mailing"])
    refused = office.run("forget", "--person", "lucas", *WHO, "--yes")
    withdraw = f"dear-minister withdraw {made['mailing']}:2"
    assert (refused.code, withdraw in refused.line) == (2, True)

    office.to(fault_server())
    office.run("send", made["mailing"], "--live")
    folder = office.folder / "var"
    previews = sum(path.is_file() for path in (folder / "preview").rglob("*"))
    told = office.run("forget", "--person", "lucas", *WHO, "--yes")
    assert told.code == 0
    assert f"  of var/preview: {previews} files\n" in told.out
    assert f"  of var/mailings/{made['mailing']}: 1 file\n" in told.out
    assert "  of var/mailbox: 1 file\n" in told.out
    assert "make them anew" in told.err
    assert not (folder / "preview").exists()
    (left,) = (folder / "mailings" / made["mailing"]).iterdir()
    assert "Baroness Warsi" in left.read_text(encoding="utf-8-sig")
    done = office.json("forget", "--before", "2099-01-01", *WHO, "--yes")
    assert done["deleted"] == {f"var/mailings/{made['mailing']}": 1, "var/mailbox": 2}


def test_nobody_who_was_forgotten_is_in_the_next_mailing(sent: tuple[Office, str]) -> None:
    office, _ = sent
    office.run("forget", "--person", "lucas", *WHO, "--yes")
    office.contacts.write_text(
        office.contacts.read_text(encoding="utf-8")
        + "green,green,A Green,Mr,,M,commons,,,g@example.org\n",
        encoding="utf-8",
    )
    made = office.prepare()
    assert made["ready"] == 1
    assert len(made["passed_over"]) == 3


def test_old_mailings_are_forgotten_by_date(sent: tuple[Office, str]) -> None:
    office, mailing = sent
    nothing = office.run("forget", "--before", "2000-01-01", *WHO, "--yes")
    assert nothing.code == 2
    assert "no mailing from before 2000-01-01 is left to forget" in nothing.line
    done = office.json("forget", "--before", "2099-01-01", *WHO, "--yes")
    assert done["mailings"] == [mailing]
    assert where_named(office, *(reader.encode() for reader in READERS)) == []
    assert office.run("verify").code == 0
    assert json.loads(office.run("status", "--json").out)["mailings"][0]["counts"] == {"sent": 3}


@pytest.mark.parametrize("what", [(), ("--person", "lucas", "--before", "2099-01-01")])
def test_one_thing_is_named_to_be_forgotten(
    sent: tuple[Office, str], what: tuple[str, ...]
) -> None:
    office, _ = sent
    ended = office.run("forget", *what, *WHO, "--yes")
    assert ended.code == 2
    assert "--person ID, or --before DATE" in ended.line


def test_where_nobody_can_be_asked_nothing_is_forgotten(sent: tuple[Office, str]) -> None:
    office, _ = sent
    ended = office.process("forget", "--person", "lucas", *WHO)
    assert ended.code == 2
    assert "say --yes to remove it" in ended.err
    assert where_named(office, READERS[1].encode())


def test_a_person_is_taken_out_of_the_hidden_copies_of_imported_lists(
    sent: tuple[Office, str],
) -> None:
    """They tell corrections by hand from what the source had; nobody would look for them."""
    office, _ = sent
    for name, rows in (
        ("ministers", 'lucas-mp,lucas,Caroline Lucas,\nhague,hague,William Hague,"a, b"\n'),
        ("peers", "warsi,warsi,Baroness Warsi,\n"),
    ):
        (office.folder / "contacts" / f".{name}.imported.csv").write_text(
            f"id,person,name,notes\n{rows}", encoding="utf-8"
        )
    peers = (office.folder / "contacts/.peers.imported.csv").stat().st_ino
    done = office.json("forget", "--person", "lucas", *WHO, "--yes")
    assert done["copies"] == {"contacts/.ministers.imported.csv": 1}
    assert (office.folder / "contacts/.ministers.imported.csv").read_text(encoding="utf-8") == (
        'id,person,name,notes\nhague,hague,William Hague,"a, b"\n'
    )
    assert (office.folder / "contacts/.peers.imported.csv").stat().st_ino == peers  # not replaced


def test_rows_of_a_person_that_were_handed_back_go_from_every_file_that_the_program_wrote(
    sent: tuple[Office, str],
) -> None:
    office, _ = sent
    faulty = office.folder / "faulty.csv"
    rows = (
        "id,name,house,email\n"
        "lucas,Caroline Lucas,commons,lucas@example.org at work\n"
        "peer,Baroness Warsi,lords,not an address\n"
    )
    faulty.write_text(rows, encoding="utf-8")
    own = office.folder / "contacts" / "my-refused-rows.csv"
    own.write_text(rows, encoding="utf-8")
    office.run("contacts", "check", "faulty.csv")
    office.run("prepare", CAMPAIGN, "--contacts", faulty, "--contacts", office.contacts)
    (mailed,) = (office.folder / "var/mailings").glob("*/refused-rows.csv")
    sheet = office.folder / "var/contacts/faulty-refused-rows.xlsx"
    half = sheet.with_name(f".{mailed.name}.x1y2z3a4")
    half.write_bytes(mailed.read_bytes())
    mails = set((office.folder / "var/mailbox").iterdir())
    office.set(SMTP_HOST="")
    assert office.run("sample", CAMPAIGN, "--to", "me@example.org", "--count", "3").code == 0
    samples = set((office.folder / "var/mailbox").iterdir()) - mails
    assert sum("Lucas" in path.read_text() for path in samples) == 1

    killed = office.folder / "var"
    for name in ("members-api/1.json", "mailings/never-frozen/.pages/1.zip", "mailbox/1.part"):
        (killed / name).parent.mkdir(parents=True, exist_ok=True)
        (killed / name).write_text("{}, Caroline Lucas")
    (hers,) = (path for path in samples if "Lucas" in path.read_text())
    shutil.copy(hers, killed / "mailbox/1.part")

    done = office.json("forget", "--person", "lucas", *WHO, "--yes")
    names = {str(path.relative_to(office.folder)): 1 for path in (mailed, sheet)}
    assert done["handed_back"] == names
    assert where_named(office, READERS[1].encode(), b"Lucas") == []
    assert sum(path.exists() for path in samples) == len(samples) - 1
    assert "Baroness Warsi" in mailed.read_text(encoding="utf-8-sig")
    (heading, *left) = CalamineWorkbook.from_path(str(sheet)).get_sheet_by_index(0).to_python()
    assert [row[heading.index("name")] for row in left] == ["Baroness Warsi"]
    assert own.read_text(encoding="utf-8") == faulty.read_text(encoding="utf-8") == rows
    assert office.run("verify").code == 0


def test_lists_of_the_office_are_not_touched_where_runtime_files_lie_beside_them(
    office: Office,
) -> None:
    office.set(DEAR_MINISTER_VAR=".")
    own = office.folder / "contacts" / "my-refused-rows.csv"
    own.write_text("id,name\nlucas,Caroline Lucas\n", encoding="utf-8")
    assert office.run("forget", "--person", "lucas", *WHO, "--yes").code == 2
    assert "Caroline Lucas" in own.read_text(encoding="utf-8")


def test_a_person_who_was_only_handed_back_is_forgotten_too(office: Office) -> None:
    faulty = office.folder / "faulty.csv"
    faulty.write_text("id,name,email\nlucas,Caroline Lucas,none\n", encoding="utf-8")
    office.run("contacts", "check", "faulty.csv")
    nobody = office.run("forget", "--person", "somebody", *WHO, "--yes")
    assert (nobody.code, "no letter of the ledger is to somebody" in nobody.line) == (2, True)
    told = office.run("forget", "--person", "lucas", *WHO, "--yes")
    back = "var/contacts/faulty-refused-rows.xlsx"
    assert f"taken out of {back}, rows that were handed back: 1 row" in told.out
    assert not (office.folder / back).exists()
    assert office.run("verify").code == 0


def test_what_cannot_be_taken_out_of_rows_handed_back_is_named(sent: tuple[Office, str]) -> None:
    office, _ = sent
    (folder := office.folder / "var/contacts").mkdir()
    (folder / "a-refused-rows.xlsx").write_text("Caroline Lucas, and no workbook")
    other = "id,name,refused_reason\nother,C. Lucas,may be Caroline Lucas\n"
    (folder / "b-refused-rows.csv").write_text(other)
    left = "\n".join(office.json("forget", "--person", "lucas", *WHO, "--yes")["elsewhere"])
    assert "could not be taken out: var/contacts/a-refused-rows.xlsx: " in left
    assert "var/contacts/b-refused-rows.csv: rows that were handed back, of others" in left
    assert (folder / "b-refused-rows.csv").read_text() == other


def test_old_mailings_forgotten_by_date_leave_the_copies_of_lists_and_name_them(
    sent: tuple[Office, str],
) -> None:
    office, _ = sent
    copy = office.folder / "contacts" / ".peers.imported.csv"
    copy.write_text("id,person,name\nwarsi,warsi,Baroness Warsi\n", encoding="utf-8")
    left = office.json("forget", "--before", "2099-01-01", *WHO, "--yes")["elsewhere"]
    assert "warsi" in copy.read_text(encoding="utf-8")
    assert any("contacts/.peers.imported.csv: what the source" in place for place in left)
