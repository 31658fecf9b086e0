"""What an operator can get wrong: one clear line, exit 2, nothing changed, nothing half-sent."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows.operations import check
from tests.integration.commands.office import CAMPAIGN, LIST, READERS, Ended, Office, faults
from tests.servers.certificates import Certificates
from tests.servers.fault import FaultServer
from tests.servers.programs import free_port
from tests.servers.script import Answer, Drop, Phase, Stall, always, once

Start = Callable[..., FaultServer]
Prepared = tuple[Office, dict[str, Any]]
Approved = tuple[Office, str]
WORD = ("--by", "E. Marchbank", "--why", "as the server's log has it")


def refused(ended: Ended, *words: str) -> None:
    """The command ended with exit 2 and one line in which these words stand."""
    assert ended.code == 2, ended
    line = ended.line
    assert line.startswith("dear-minister: ")
    for word in words:
        assert word in line


# campaign and contacts


def in_file(name: str, old: str, new: str) -> Callable[[Office], None]:
    def spoil(office: Office) -> None:
        path = office.campaign / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return spoil


def without(name: str) -> Callable[[Office], None]:
    return lambda office: (office.campaign / name).unlink()


def instead(name: str, content: bytes) -> Callable[[Office], None]:
    def spoil(office: Office) -> None:
        (office.campaign / name).write_bytes(content)

    return spoil


CAMPAIGNS: dict[str, tuple[Callable[[Office], None], tuple[str, ...]]] = {
    "an unknown name in a template": (
        in_file("email.txt", "{{ salutation }}", "{{ slautation }}"),
        ("email.txt", "slautation"),
    ),
    "an unknown name in the subject": (
        in_file("campaign.toml", "{{ facts.dialogue_date }}", "{{ facts.dialog_date }}"),
        ("campaign.toml", "dialog_date"),
    ),
    "a tag that is not closed": (
        in_file("email.html", "{{ salutation }}", "{{ salutation }"),
        ("email.html",),
    ),
    "no letter": (without("letter.docx"), ("letter.docx",)),
    "no mail": (without("email.txt"), ("email.txt",)),
    "no settings": (without("campaign.toml"), ("campaign.toml", "missing")),
    "a letter that is no document": (
        instead("letter.docx", b"Dear Minister, this is a text file"),
        ("letter.docx",),
    ),
    "settings that are no TOML": (instead("campaign.toml", b"title = R2P\n"), ("campaign.toml",)),
    "a list that is not there": (
        in_file("campaign.toml", "contacts/few.csv", "contacts/fwe.csv"),
        ("contacts/fwe.csv",),
    ),
    "a list without a required column": (
        lambda office: office.contacts.write_text(LIST.replace("name", "reader"), "utf-8"),
        ("contacts/few.csv", "name"),
    ),
    "an empty list": (
        lambda office: office.contacts.write_text("", "utf-8"),
        ("contacts/few.csv",),
    ),
    "a sender without an address": (
        in_file("campaign.toml", 'email = "chair@example.org"', 'email = ""'),
        ("MAIL_FROM", "sender.email"),
    ),
    "a sender whose mailbox is not ASCII": (
        in_file("campaign.toml", "chair@example.org", "chäir@example.org"),
        ("sender.email", "chäir@example.org"),
    ),
}


@pytest.mark.parametrize("fault", CAMPAIGNS)
def test_a_campaign_at_fault_is_told_before_anything_is_frozen(office: Office, fault: str) -> None:
    spoil, words = CAMPAIGNS[fault]
    spoil(office)
    refused(office.run("prepare", CAMPAIGN), *words)
    assert office.json("status") == {"mailings": []}
    refused(office.run("preview", CAMPAIGN), *words)
    assert not list((office.folder / "var").glob("preview/**/*.docx"))


@pytest.mark.parametrize("fault", CAMPAIGNS)
def test_check_tells_a_campaign_at_fault_among_whatever_else_there_is(
    office: Office, fault: str
) -> None:
    spoil, words = CAMPAIGNS[fault]
    spoil(office)
    ended = office.run("check", CAMPAIGN, "--json")
    assert ended.code == 2
    assert ended.err == ""
    errors = [one for one in ended.document["problems"] if one["severity"] == "error"]
    assert len(errors) == 1
    assert all(word in f"{errors[0]['where']} {errors[0]['what']}" for word in words)


@pytest.mark.parametrize("command", ["check", "preview", "prepare"])
def test_a_campaign_that_is_not_there_is_told_with_those_that_are(
    office: Office, command: str
) -> None:
    ended = office.run(command, "r2p-dialogue-2014")
    assert ended.code == 2
    assert "r2p-dialogue-2014" in ended.said
    assert CAMPAIGN in ended.said
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--contacts", "nobody.csv"), ("nobody.csv",)),
        (("--contacts", "contacts"), ("contacts",)),
        (("--contacts", "var-less/../contacts/few.txt"), ("few.txt",)),
        (("--as-of", "4 September"), ("4 September", "2013-09-04")),
        (("--as-of", "2013-02-30"), ("2013-02-30",)),
    ],
)
def test_an_option_that_makes_no_sense_is_told(
    office: Office, options: tuple[str, ...], words: tuple[str, ...]
) -> None:
    refused(office.run("prepare", CAMPAIGN, *options), *words)


def test_a_contact_that_is_not_among_the_readers_is_told(office: Office) -> None:
    refused(office.run("preview", CAMPAIGN, "--contact", "vague"), "--contact vague")


# the folder for runtime files


@pytest.mark.parametrize(
    "command",
    [("prepare", CAMPAIGN), ("status",), ("verify",), ("send", "x"), ("preview", CAMPAIGN)],
    ids=lambda command: command[0],
)
def test_where_var_cannot_be_written_the_path_and_the_setting_are_told(
    office: Office, command: tuple[str, ...]
) -> None:
    (office.folder / "var").write_text("a file in place of the folder")
    refused(office.run(*command), "var", "cannot be written")


def test_check_tells_that_var_cannot_be_written(office: Office) -> None:
    (office.folder / "var").write_text("a file in place of the folder")
    ended = office.run("check", CAMPAIGN)
    assert ended.code == 2
    assert "error: ledger: var: cannot be written" in ended.said


def test_a_mailbox_that_cannot_be_written_begins_no_rehearsal(prepared: Prepared) -> None:
    office, made = prepared
    (office.folder / "var" / "mailbox").write_text("a file in place of the folder")
    refused(office.run("send", made["mailing"]), "mailbox", "cannot be written")
    assert office.json("status", made["mailing"])["rehearsals"] == {}


# the mail server


def nothing_left(office: Office, mailing: str, server: FaultServer) -> None:
    """Not one letter was tried, and the server holds none."""
    assert server.reached(Phase.MAIL) == 0
    assert server.copies.all == []
    rows = office.json("status", mailing)["dispatches"]
    assert [(row["state"], row["attempts"]) for row in rows] == [("ready", 0)] * 3


def test_a_server_that_is_not_there_is_told_with_the_setting(approved: Approved) -> None:
    office, mailing = approved
    port = free_port()
    office.set(SMTP_HOST="127.0.0.1", SMTP_PORT=port, SMTP_SECURITY="none")
    ended = office.run("send", mailing, "--live")
    assert ended.code == 2
    *tries, last = ended.err.splitlines()
    assert f"127.0.0.1:{port}" in last
    assert "SMTP_HOST, SMTP_PORT" in last
    assert "nothing was sent" in last
    assert len(tries) == 2
    assert all("next try in" in one for one in tries)
    assert office.states(mailing) == {"ready": 3}


def test_a_wrong_password_is_told_and_not_printed(approved: Approved, fault_server: Start) -> None:
    office, mailing = approved
    server = fault_server(users={"chair": "right"})
    office.to(server, SMTP_USER="chair", SMTP_PASSWORD="wrong-and-secret")
    ended = office.run("send", mailing, "--live")
    assert ended.code == 2
    assert "535 5.7.8" in ended.err.splitlines()[-1]
    assert "SMTP_USER and SMTP_PASSWORD" in ended.err.splitlines()[-1]
    assert "secret" not in ended.out + ended.err
    nothing_left(office, mailing, server)


def test_without_a_password_nobody_is_asked_for_one(
    approved: Approved, fault_server: Start
) -> None:
    office, _ = approved
    server = fault_server(users={"chair": "right"})
    office.to(server, SMTP_USER="chair")
    ended = office.process("check", CAMPAIGN)
    assert ended.code == 2
    assert "login refused" in ended.said
    assert "Password" not in ended.said


CERTIFICATES = {
    "one that nobody vouches for": Certificates.unknown,
    "one that has expired": Certificates.expired,
    "one for another name": Certificates.other_name,
}


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("certificate", CERTIFICATES)
def test_a_certificate_not_to_be_trusted_stops_the_run_before_the_password(
    approved: Approved,
    fault_server: Start,
    certificates: Certificates,
    certificate: str,
    security: str,
) -> None:
    office, mailing = approved
    context = CERTIFICATES[certificate](certificates)
    server = fault_server(security=security, context=context, users={"chair": "right"})
    office.set(SSL_CERT_FILE=certificates.authority)
    office.to(server, SMTP_USER="chair", SMTP_PASSWORD="right")
    refused(office.run("send", mailing, "--live"), "certificate", f"localhost:{server.port}")
    assert server.reached(Phase.AUTH) == 0
    nothing_left(office, mailing, server)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_to_be_trusted_is_one(
    approved: Approved, fault_server: Start, certificates: Certificates, security: str
) -> None:
    """So that the refusals above are about the certificate and nothing else."""
    office, mailing = approved
    server = fault_server(security=security, context=certificates.good(), users={"chair": "right"})
    office.set(SSL_CERT_FILE=certificates.authority)
    office.to(server, SMTP_USER="chair", SMTP_PASSWORD="right")
    assert office.run("send", mailing, "--live").code == 0
    assert server.recipients == READERS


@pytest.mark.parametrize(("security", "word"), [("starttls", "STARTTLS"), ("tls", "no TLS")])
def test_a_server_that_does_not_encrypt_is_told_nothing(
    approved: Approved, fault_server: Start, security: str, word: str
) -> None:
    office, mailing = approved
    server = fault_server(users={"chair": "right"})
    office.to(server, SMTP_SECURITY=security, SMTP_USER="chair", SMTP_PASSWORD="right")
    refused(office.run("send", mailing, "--live"), word, "SMTP_SECURITY")
    assert server.reached(Phase.AUTH) == 0
    nothing_left(office, mailing, server)


def test_a_server_that_takes_no_login_is_told_as_such(
    approved: Approved, fault_server: Start
) -> None:
    office, mailing = approved
    server = fault_server()
    office.to(server, SMTP_USER="chair", SMTP_PASSWORD="right")
    refused(office.run("send", mailing, "--live"), "AUTH", "SMTP_USER")
    nothing_left(office, mailing, server)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"SMTP_HOST": ""}, ("SMTP_HOST is not set",)),
        (
            {"SMTP_HOST": "mail.example.org", "SMTP_SECURITY": "none"},
            ("SMTP_SECURITY: none", "mail.example.org"),
        ),
        ({"SMTP_HOST": "mail..example.org"}, ("mail..example.org", "SMTP_HOST")),
        ({"SMTP_HOST": "x" * 64 + ".example.org"}, ("SMTP_HOST",)),
        ({"SMTP_HOST": "localhost", "SMTP_PORT": "smtp"}, ("SMTP_PORT",)),
        ({"MAIL_RATE": "at once"}, ("MAIL_RATE", "at once")),
        ({"MAIL_RETRY_MINUTES": "nan"}, ("MAIL_RETRY_MINUTES",)),
        ({"LEDGER_URL": "postgresql+psycopg://u:secret@host:port/x"}, ("LEDGER_URL",)),
        ({"LEDGER_URL": "sqlite+aiosqlite:///x.db"}, ("LEDGER_URL",)),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)
def test_a_setting_at_fault_is_told_and_nothing_is_said_to_anybody(
    approved: Approved, settings: dict[str, str], words: tuple[str, ...]
) -> None:
    office, mailing = approved
    office.set(**settings)
    ended = office.run("send", mailing, "--live")
    refused(ended, *words)
    assert "secret" not in ended.err


def test_a_redirected_rehearsal_without_a_server_begins_nothing(prepared: Prepared) -> None:
    office, made = prepared
    office.set(MAIL_REDIRECT_TO="proof@example.org")
    refused(office.run("send", made["mailing"]), "SMTP_HOST")
    assert office.json("status", made["mailing"])["rehearsals"] == {}


def test_check_tells_a_server_at_fault_as_an_error(office: Office, fault_server: Start) -> None:
    server = fault_server(users={"chair": "right"})
    office.to(server, SMTP_USER="chair", SMTP_PASSWORD="wrong-and-secret")
    ended = office.run("check", CAMPAIGN, "--json")
    assert ended.code == 2
    (problem,) = faults(ended.document["problems"])
    assert (problem["where"], problem["severity"]) == ("mail server", "error")
    assert "login refused" in problem["what"]
    assert "secret" not in ended.out


def test_check_does_not_wait_for_a_silent_server_as_long_as_a_sending_would(
    office: Office, fault_server: Start
) -> None:
    server = fault_server([always(Phase.GREETING, Stall())])
    office.to(server, SMTP_TIMEOUT=600)
    office.patch.setattr(check, "PATIENCE", 0.2)
    ended = office.run("check", CAMPAIGN)
    assert ended.code == 2
    assert "no answer in time" in ended.said


def test_a_sender_that_the_server_does_not_take_is_told_and_no_letter_is_to_blame(
    approved: Approved, fault_server: Start
) -> None:
    office, mailing = approved
    server = fault_server([always(Phase.MAIL, Answer(550, ("5.7.1 not from you",)))])
    office.to(server)
    ended = office.run("send", mailing, "--live")
    assert ended.code == 2
    assert "MAIL_FROM" in ended.line
    assert office.states(mailing) == {"ready": 3}


# sign-off


def test_what_is_not_signed_off_does_not_go(prepared: Prepared, fault_server: Start) -> None:
    office, made = prepared
    server = fault_server()
    office.to(server)
    refused(
        office.run("send", made["mailing"], "--live"),
        "not signed off",
        f"dear-minister approve {made['mailing']} --by NAME --hash {made['hash'][:12]}",
    )
    nothing_left(office, made["mailing"], server)


@pytest.mark.parametrize("digest", ["", "0" * 12, "short"])
def test_a_hash_that_is_not_the_mailings_signs_nothing_off(prepared: Prepared, digest: str) -> None:
    office, made = prepared
    given = made["hash"][:7] if digest == "short" else digest
    refused(
        office.run("approve", made["mailing"], "--by", "The Chair", "--hash", given),
        "nothing was signed off",
    )
    assert office.json("status", made["mailing"])["signed_off_by"] is None


def test_nobody_signs_off_without_a_name(prepared: Prepared) -> None:
    office, made = prepared
    refused(office.run("approve", made["mailing"], "--by", "  ", "--hash", made["hash"]), "--by")
    assert office.run("approve", made["mailing"], "--hash", made["hash"]).code == 2


EDITS: dict[str, Callable[[Office], Any]] = {
    "templates/r2p-dialogue-2013/email.txt was edited": in_file("email.txt", "{{", "So {{"),
    "templates/r2p-dialogue-2013/letter.docx was edited": lambda office: (
        office.campaign / "letter.docx"
    ).write_bytes((office.campaign / "letter.docx").read_bytes() + b"\x00"),
    "contacts/few.csv was edited": lambda office: office.contacts.write_text(
        LIST.replace("lucas@", "caroline.lucas@"), "utf-8"
    ),
    "contacts/few.csv is gone": lambda office: office.contacts.unlink(),
    "templates/r2p-dialogue-2013/notes.txt is new": instead("notes.txt", b"later"),
}


@pytest.mark.parametrize("told", EDITS)
def test_an_edit_after_the_sign_off_stops_the_live_sending_until_it_is_signed_off_again(
    approved: Approved, fault_server: Start, told: str
) -> None:
    office, mailing = approved
    server = fault_server()
    office.to(server)
    EDITS[told](office)
    refused(office.run("send", mailing, "--live"), "hash differs", told)
    nothing_left(office, mailing, server)
    digest = office.json("status", mailing)["hash"]
    again = office.run("approve", mailing, "--by", "The Chair", "--hash", digest, "--json")
    assert again.document["edits"] == [told]
    assert office.run("send", mailing, "--live").code == 0
    assert server.recipients == READERS


def test_no_later_approve_changes_under_whose_name_letters_went(
    approved: Approved, fault_server: Start
) -> None:
    office, mailing = approved
    office.to(fault_server())
    assert office.run("send", mailing, "--live", "--limit", "1").code == 1
    digest = office.json("status", mailing)["hash"]
    later = office.run("approve", mailing, "--by", "Somebody Else", "--hash", digest)
    refused(later, "signed off by The Chair on ", "letters have gone since")
    assert office.json("status", mailing)["signed_off_by"] == "The Chair"
    _, _, send = later.line.partition("as it was frozen: dear-minister ")
    assert office.run(*send.split()).code == 0  # as it was printed
    assert office.states(mailing) == {"sent": 3}


def test_letters_changed_in_the_ledger_do_not_go(approved: Approved, fault_server: Start) -> None:
    office, mailing = approved
    server = fault_server()
    office.to(server)
    with sqlite3.connect(office.folder / "var" / "ledger.db") as raw:
        raw.execute("UPDATE letter SET content = CAST(replace(content, 'Dear', 'Drat') AS BLOB)")
    refused(office.run("send", mailing, "--live"), "hash differs")
    nothing_left(office, mailing, server)


def test_a_mailing_superseded_by_another_does_not_go(
    prepared: Prepared, fault_server: Start
) -> None:
    office, made = prepared
    server = fault_server()
    office.to(server)
    newer = office.json("prepare", CAMPAIGN, "--as-of", "2013-09-05")
    refused(
        office.run("approve", made["mailing"], "--by", "C", "--hash", made["hash"]), "superseded"
    )
    assert office.approve(newer).code == 0
    assert office.run("send", newer["mailing"], "--live").code == 0
    assert server.recipients == READERS


def test_a_mailing_prepared_after_the_sign_off_of_another_writes_to_nobody_twice(
    approved: Approved,
) -> None:
    office, mailing = approved
    ended = office.run("prepare", CAMPAIGN, "--as-of", "2013-09-05", "--json")
    assert (ended.code, ended.document["mailing"]) == (0, None)
    assert len(ended.document["passed_over"]) == 3
    assert office.states(mailing) == {"ready": 3}


# ids and words that lead nowhere


@pytest.mark.parametrize("name", ["r2p", "x' OR '1'='1", "../../etc/passwd", "%", "🙂", "-"])
@pytest.mark.parametrize("command", ["status", "send", "approve", "export", "withdraw", "resolve"])
def test_an_id_that_is_none_is_told_with_the_command_that_lists_them(
    prepared: Prepared, command: str, name: str
) -> None:
    office, made = prepared
    options = {
        "approve": ("--by", "The Chair", "--hash", "0" * 12),
        "export": ("--to", "x.csv"),
        "withdraw": WORD,
        "resolve": ("--as", "sent", *WORD),
    }.get(command, ())
    refused(office.run(command, *options, "--", name), name, "dear-minister status")
    assert office.states(made["mailing"]) == {"ready": 3}


def test_an_argument_that_is_not_text_is_told(office: Office) -> None:
    ended = office.process("status", b"\xff\xfe".decode("utf-8", "surrogateescape"))
    refused(ended, "not UTF-8")


def test_a_letter_that_is_not_uncertain_is_not_settled(approved: Approved) -> None:
    office, mailing = approved
    refused(
        office.run("resolve", f"{mailing}:1", "--as", "sent", *WORD),
        "is ready, not uncertain or refused; nothing was changed",
    )
    assert office.states(mailing) == {"ready": 3}


def test_of_two_words_that_contradict_each_other_the_first_stands(
    approved: Approved, fault_server: Start
) -> None:
    office, mailing = approved
    server = fault_server([once(Phase.STORED, Drop(), to=READERS[1])])
    office.to(server)
    office.run("send", mailing, "--live", "--limit", 2)
    dispatch = f"{mailing}:2"
    for incomplete in (("--as", "sent"), ("--as", "maybe", *WORD), WORD):
        refused(office.run("resolve", dispatch, *incomplete))
    assert office.run("resolve", dispatch, "--as", "sent", *WORD).code == 0
    refused(
        office.run("resolve", dispatch, "--as", "resend", *WORD),
        "is sent, not uncertain or refused; nothing was changed",
    )
    assert office.run("send", mailing, "--live").code == 0
    assert server.copies.count().most_common(1)[0][1] == 1
    assert office.run("verify").code == 0


def test_what_has_left_cannot_be_withdrawn(approved: Approved, fault_server: Start) -> None:
    office, mailing = approved
    office.to(fault_server())
    office.run("send", mailing, "--live")
    refused(office.run("withdraw", mailing, *WORD), "nothing to withdraw", "sent")
    assert office.states(mailing) == {"sent": 3}


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("trustees.pdf", (".csv, .xlsx, .json or .zip",)),
        ("trustees", (".csv, .xlsx, .json or .zip",)),
        ("contacts/few.csv/trustees.csv", ("there is no folder contacts/few.csv",)),
    ],
)
def test_an_export_that_cannot_be_written_is_told(
    prepared: Prepared, target: str, words: tuple[str, ...]
) -> None:
    office, made = prepared
    refused(office.run("export", made["mailing"], "--to", target), *words)
    assert office.contacts.read_text("utf-8") == LIST


@pytest.mark.parametrize(
    "arguments",
    [
        ("send",),
        ("send", "x", "--limit", "0"),
        ("send", "x", "--patience", "-1"),
        ("send", "x", "--alive"),
        ("post", "x"),
        ("prepare",),
    ],
    ids=" ".join,
)
def test_wrong_use_is_exit_2_with_the_usage(office: Office, arguments: tuple[str, ...]) -> None:
    ended = office.run(*arguments)
    assert ended.code == 2
    assert "Usage: " in ended.err
    assert "Traceback" not in ended.err
    assert not (office.folder / "var").exists()


# the ledger


def spoilt(path: Path, how: str) -> None:
    if how == "newer":
        with sqlite3.connect(path) as raw:
            raw.execute("UPDATE alembic_version SET version_num = '9999'")
        raw.close()
    elif how == "another program's":
        path.unlink()
        with sqlite3.connect(path) as raw:
            raw.execute("CREATE TABLE cookies (name TEXT)")
        raw.close()
    else:
        path.write_bytes(b"id,name\nhague,William Hague\n" * 100)


@pytest.mark.parametrize("how", ["newer", "another program's", "not a ledger"])
@pytest.mark.parametrize("command", ["status", "prepare", "send", "verify"])
def test_a_ledger_that_is_none_of_ours_is_refused_and_left_as_it_is(
    prepared: Prepared, command: str, how: str
) -> None:
    office, made = prepared
    path = office.folder / "var" / "ledger.db"
    spoilt(path, how)
    before = path.read_bytes()
    arguments = {"prepare": (CAMPAIGN,), "send": (made["mailing"],)}.get(command, ())
    refused(office.run(command, *arguments), "ledger.db", how)
    assert path.read_bytes() == before


# what is written where


def test_a_traceback_is_no_answer_to_a_reader_of_json(approved: Approved) -> None:
    """Names outside ASCII reach the pipe in UTF-8, whatever the terminal's own encoding."""
    office, mailing = approved
    ended = office.process("status", mailing, "--json", env={"PYTHONIOENCODING": "ascii"})
    assert ended.code == 0
    assert "Siân Glyndŵr-O'Brien MP" in [one["name"] for one in ended.document["dispatches"]]


def test_whoever_stops_reading_early_gets_no_traceback(approved: Approved) -> None:
    office, mailing = approved
    ended = office.process_into_nothing("status", mailing, "--json")
    assert "Traceback" not in ended.err
    assert "Exception" not in ended.err
