"""What a campaigner asks before anything is frozen: names, numbers, specimens."""

from collections.abc import Callable

from tests.integration.commands.office import CAMPAIGN, LIST, READERS, Office
from tests.servers.fault import FaultServer

Start = Callable[..., FaultServer]


def test_fields_shows_every_name_with_one_readers_value(office: Office) -> None:
    shown = office.json("fields", CAMPAIGN, "--contact", "lucas")
    assert shown["contact"] == "lucas"
    values = shown["values"]
    assert values["reader.name"] == "Caroline Lucas"
    assert values["salutation"] == "Dear Dr Lucas"
    assert values["facts.dialogue_date"] == "11 September 2013"
    assert "Press Ministers" in values["asks"]
    assert any(call.startswith("picture(") for call in shown["functions"])
    assert "reader.name" in office.run("fields", CAMPAIGN, "--contact", "lucas").out


def test_fields_works_where_a_template_does_not(office: Office) -> None:
    (office.campaign / "email.txt").write_text("{{ reader.nmae }} {% if %}", encoding="utf-8")
    assert office.json("fields", CAMPAIGN)["values"]["reader.name"] == "William Hague"


def test_fields_of_somebody_who_gets_no_letter_is_said(office: Office) -> None:
    told = office.run("fields", CAMPAIGN, "--contact", "nobody")
    assert (told.code, "--contact nobody: not among the readers" in told.line) == (2, True)
    assert told.line.endswith("ids are in the lists: hague, lucas, glyndwr")
    near = office.run("preview", CAMPAIGN, "--contact", "lucass")
    assert near.line.endswith("ids are in the lists: lucas, ...")


def test_check_and_prepare_say_how_many_letters_to_whom_and_of_what_date(office: Office) -> None:
    office.contacts.write_text(LIST + "post,post,Zoe Adams,Ms,,F,commons,,,\n", encoding="utf-8")
    for command in ("check", "prepare"):
        lines = office.run(command, CAMPAIGN).out.splitlines()
        assert "4 letters, 3 by mail and 1 by post: 3 MPs, 1 minister" in lines
        assert "dated 4 September 2013" in lines
    numbers = office.json("check", CAMPAIGN)["overview"]
    assert (numbers["by_mail"], numbers["by_post"]) == (3, 1)
    assert numbers["roles"] == {"mp": 3, "minister": 1}


def test_check_says_what_is_printed_although_it_is_blank(office: Office) -> None:
    path = office.campaign / "email.txt"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text + "\n{{ reader.constituency }} {% if reader.party %}{{ reader.party }}{% endif %}\n",
        encoding="utf-8",
    )
    assert office.json("check", CAMPAIGN)["overview"]["blank"] == {"reader.constituency": 3}
    assert "printed although blank: reader.constituency in 3 letters" in (
        office.run("check", CAMPAIGN).out
    )


def test_check_names_two_letters_with_the_same_envelope(office: Office) -> None:
    twin = "twin,twin,Caroline Lucas,Dr,,F,commons,,,other@example.org\n"
    office.contacts.write_text(LIST + twin, encoding="utf-8")
    alike = office.json("check", CAMPAIGN)["overview"]["alike"]
    assert alike in ([["lucas", "twin"]], [])  # where the two are not told apart, none is left


def test_a_hundred_rows_of_one_cause_are_one_line(office: Office) -> None:
    bad = "".join(f"x{n},x{n},No House {n},Mr,,M,nowhere,,,x{n}@example.org\n" for n in range(100))
    office.contacts.write_text(LIST + bad, encoding="utf-8")
    for command in ("check", "prepare"):
        told = office.run(command, CAMPAIGN).out
        assert told.count("nowhere") == 1, told
        assert "100 rows (" in told
    found = office.json("check", CAMPAIGN)["problems"]
    assert sum(1 for fault in found if fault["severity"] == "row") == 100


def test_specimens_go_to_ones_own_address_and_to_nobody_else(
    office: Office, fault_server: Start
) -> None:
    server = fault_server()
    office.to(server)
    done = office.run("sample", CAMPAIGN, "--to", "me@example.org", "--count", 2)
    assert done.code == 0, done.err
    copies = server.copies.all
    assert [copy.recipient for copy in copies] == ["me@example.org"] * 2
    for copy in copies:
        assert copy.content is not None
        head = copy.content.partition(b"\r\n\r\n")[0].decode()
        assert "would go to" in head
        assert not any(f"To: {reader}" in head for reader in READERS)
    assert "2 letters sent to me@example.org and nobody else" in done.out
    assert office.json("status")["mailings"] == []


def test_without_a_server_specimens_are_kept_in_the_built_in_mailbox(office: Office) -> None:
    done = office.json("sample", CAMPAIGN, "--to", "me@example.org")
    assert len(done["sent"]) == len(list((office.folder / "var/mailbox").glob("*.eml")))


def test_an_address_that_is_none_gets_no_specimen(office: Office, fault_server: Start) -> None:
    office.to(fault_server())
    told = office.run("sample", CAMPAIGN, "--to", "me")
    assert (told.code, told.line.startswith("dear-minister: --to me: ")) == (2, True)
