"""One person, one letter, through the commands: two lists at once, another list afterwards."""

from typing import Any

import pytest

from tests.integration.commands.office import CAMPAIGN, Office
from tests.servers.fault import FaultServer

MINISTERS = """\
id,person,name,title,privy_counsellor,gender,house,rank,office,constituency,email
fco,parl-379,William Hague,,yes,M,commons,sos,First Secretary of State,"Richmond, Yorks",
"""
MPS = """\
id,person,name,title,gender,house,constituency,email
m1,twfy-10251,William J Hague,Mr,M,commons,RICHMOND YORKS,hague@example.org
m2,twfy-24910,Caroline Lucas,Dr,F,commons,Brighton Pavilion,lucas@example.org
"""


@pytest.fixture
def two(office: Office) -> Office:
    """An office with ministers and MPs in lists of two sources."""
    (office.folder / "contacts" / "ministers.csv").write_text(MINISTERS, "utf-8")
    (office.folder / "contacts" / "mps.csv").write_text(MPS, "utf-8")
    return office


BOTH = ("--contacts", "contacts/ministers.csv", "--contacts", "contacts/mps.csv")


def send_live(office: Office, made: dict[str, Any], server: FaultServer) -> list[str]:
    office.to(server)
    assert office.approve(made).code == 0
    assert office.run("send", made["mailing"], "--live").code == 0
    return sorted(copy.recipient for copy in server.copies.all)


def test_a_minister_in_both_lists_gets_one_letter_with_what_either_list_knows(two: Office) -> None:
    made = two.json("prepare", CAMPAIGN, *BOTH)
    assert made["ready"] == 2
    assert made["accounted"]["merged"] == 1
    with FaultServer() as server:
        assert send_live(two, made, server) == ["hague@example.org", "lucas@example.org"]
    (hague,) = [copy for copy in server.copies.all if copy.recipient == "hague@example.org"]
    assert hague.content is not None
    assert b"Dear Secretary of State" in hague.content


def test_who_names_the_rows_that_came_together_and_why(two: Office) -> None:
    ended = two.run("contacts", "who", CAMPAIGN, *BOTH)
    assert (
        "merged contacts/mps.csv:2: William J Hague is William Hague in contacts/ministers.csv:2: "
        "the seat Richmond, Yorks and the surname"
    ) in ended.out
    assert "3 rows: 2 letters, 1 merged\nmerged: 1 by one seat and surname\n" in ended.out
    document = two.json("contacts", "who", CAMPAIGN, *BOTH)
    (merged,) = document["merged"]
    assert merged["why"] == "the seat Richmond, Yorks and the surname"
    assert document["merged_by"] == {"one seat and surname": 1}
    assert (document["accounted"]["letter"], document["accounted"]["merged"]) == (2, 1)
    prepared = two.run("prepare", CAMPAIGN, *BOTH)
    assert "merged: 1 by one seat and surname; which: dear-minister contacts who" in prepared.out


def test_another_list_after_the_sending_finds_who_has_the_edition_already(two: Office) -> None:
    made = two.json("prepare", CAMPAIGN, "--contacts", "contacts/mps.csv")
    with FaultServer() as server:
        send_live(two, made, server)
    again = two.json("prepare", CAMPAIGN, *BOTH)
    assert again["accounted"] == {
        **again["accounted"],
        "rows": 3,
        "letter": 0,
        "served_already": 2,
        "merged": 1,
    }
    office_list = MINISTERS.replace("parl-379", "foreign-secretary").replace("fco", "fs")
    (two.folder / "contacts" / "own.csv").write_text(office_list, "utf-8")
    assert two.json("prepare", CAMPAIGN, "--contacts", "contacts/own.csv")["ready"] == 0


def test_a_name_alone_is_not_enough_and_asks(two: Office) -> None:
    made = two.json("prepare", CAMPAIGN, "--contacts", "contacts/mps.csv")
    with FaultServer() as server:
        send_live(two, made, server)
    own = "id,name,title,gender,house,email\nx,Caroline Lucas,Dr,F,commons,caroline@example.org\n"
    (two.folder / "contacts" / "own.csv").write_text(own, "utf-8")
    again = two.json("prepare", CAMPAIGN, "--contacts", "contacts/own.csv")
    assert again["ready"] == 0
    assert again["accounted"]["possible_double"] == 1
    (refused,) = again["refused"]
    assert "may be Dr Caroline Lucas MP, who has this edition already" in refused["reason"]
    assert two.run("contacts", "distinct", "x", "twfy-24910", "--by", "E. Marchbank").code == 0
    assert two.json("prepare", CAMPAIGN, "--contacts", "contacts/own.csv")["ready"] == 1


def test_an_objection_holds_under_the_id_of_another_list(two: Office) -> None:
    assert two.run("contacts", "suppress", "--person", "twfy-10251", "--reason", "asked").code == 0
    made = two.json("prepare", CAMPAIGN, "--contacts", "contacts/ministers.csv")
    assert made["ready"] == 0
    assert made["accounted"]["left_out"] == 1


def test_an_objection_noted_after_the_freeze_holds_at_the_moment_of_sending(two: Office) -> None:
    made = two.json("prepare", CAMPAIGN, "--contacts", "contacts/mps.csv")
    assert two.run("contacts", "suppress", "--person", "parl-379", "--reason", "asked").code == 0
    with FaultServer() as server:
        assert send_live(two, made, server) == ["lucas@example.org"]
    states = {
        one["contact"]: one["state"] for one in two.json("status", made["mailing"])["dispatches"]
    }
    assert states == {"m1": "withdrawn", "m2": "sent"}


def test_a_list_of_nothing_but_possible_doubles_freezes_nothing(two: Office) -> None:
    own = "id,name,title,gender,house,email\n"
    own += "a,Elizabeth Ray,Ms,F,commons,a@example.org\n"
    own += "b,Liz Ray,Ms,F,commons,b@example.org\n"
    (two.folder / "contacts" / "own.csv").write_text(own, "utf-8")
    made = two.json("prepare", CAMPAIGN, "--contacts", "contacts/own.csv")
    assert made["ready"] == 0
    assert made["accounted"]["possible_double"] == 2
    assert [one["column"] for one in made["refused"]] == ["person", "person"]
    assert two.json("status") == {"mailings": []}
