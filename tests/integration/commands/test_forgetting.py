"""``forget``: a person's data go from ledger and files, and nothing goes out to them again."""

import json
from collections.abc import Callable

import pytest

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


def test_old_mailings_forgotten_by_date_leave_the_copies_of_lists_and_name_them(
    sent: tuple[Office, str],
) -> None:
    office, _ = sent
    copy = office.folder / "contacts" / ".peers.imported.csv"
    copy.write_text("id,person,name\nwarsi,warsi,Baroness Warsi\n", encoding="utf-8")
    left = office.json("forget", "--before", "2099-01-01", *WHO, "--yes")["elsewhere"]
    assert "warsi" in copy.read_text(encoding="utf-8")
    assert any("contacts/.peers.imported.csv: what the source" in place for place in left)
