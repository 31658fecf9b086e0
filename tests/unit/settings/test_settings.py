"""Settings: what wins over what, what blank means, and a line for each one at fault."""

import re
from email.utils import parseaddr
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows import settings
from flows.errors import ConfigurationError
from flows.people.email_address import mailbox
from flows.settings import Settings, load
from tests.conftest import ROOT

Patch = pytest.MonkeyPatch


def env_file(text: str, mode: int = 0o600) -> None:
    path = Path(".env")
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def _warnings() -> tuple[str, ...]:
    return tuple(map(str, settings.warnings()))


def test_an_option_wins_over_the_environment_and_the_environment_over_the_file(
    monkeypatch: Patch,
) -> None:
    assert load().smtp_host == ""
    env_file("SMTP_HOST=file.example.org\nMAIL_FROM=file@example.org\n")
    assert load().smtp_host == "file.example.org"
    monkeypatch.setenv("SMTP_HOST", "environment.example.org")
    assert load().smtp_host == "environment.example.org"
    assert load(smtp_host="option.example.org").smtp_host == "option.example.org"
    assert load(smtp_host="option.example.org").mail_from == "file@example.org"


def test_without_any_setting_everything_is_safe() -> None:
    found = load()
    assert found.ledger == "sqlite:///var/ledger.db"
    assert found.smtp_security == "tls"
    assert found.mail_redirect_to == ""
    assert found.schedule.minutes == (5, 15, 30, 60, 120, 240)
    assert found.schedule.give_up_days == 5


@pytest.mark.parametrize("name", sorted({*Settings.model_fields} - {"dear_minister_office"}))
def test_a_blank_line_in_env_or_environment_is_as_good_as_none(
    monkeypatch: Patch, name: str
) -> None:
    env_file(f"{name.upper()}=\n")
    assert load() == Settings()
    monkeypatch.setenv(name.upper(), "")
    assert load() == Settings()


def test_env_example_names_every_setting_with_what_holds_without_it() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = dict(re.findall(r"^([A-Z_]+)=(.*)$", text, re.MULTILINE))
    names = {name.upper() for name in Settings.model_fields}
    assert {*named} == names - {"DEAR_MINISTER_OFFICE"}
    env_file(text)
    assert load() == Settings()


@pytest.mark.parametrize(
    ("security", "port"), [("tls", 465), ("starttls", 587), ("STARTTLS", 587), (" Tls ", 465)]
)
def test_without_a_port_it_is_the_securitys_own(
    monkeypatch: Patch, security: str, port: int
) -> None:
    monkeypatch.setenv("SMTP_HOST", "mail.example.org")
    monkeypatch.setenv("SMTP_SECURITY", security)
    assert load().server.port == port
    monkeypatch.setenv("SMTP_PORT", "2525")
    assert load().server.port == 2525


def test_unencrypted_mail_goes_to_this_machine_alone(monkeypatch: Patch) -> None:
    monkeypatch.setenv("SMTP_SECURITY", "none")
    monkeypatch.setenv("SMTP_HOST", "localhost")
    assert load().server.port == 25
    monkeypatch.setenv("SMTP_HOST", "mail.example.org")
    with pytest.raises(ConfigurationError, match="SMTP_SECURITY: none is allowed only to this"):
        _ = load().server


@pytest.mark.parametrize(("host", "setting"), [("server", "SMTP_HOST"), ("archive", "IMAP_HOST")])
def test_a_server_that_is_not_named_is_asked_for(host: str, setting: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"{setting} is not set.*\.env"):
        getattr(load(), host)


BAD = {
    "SMTP_PORT": ["smtp", "-1", "65536", "465 or 587"],
    "SMTP_SECURITY": ["ssl", "yes"],
    "SMTP_CONNECTIONS": ["0", "65", "many"],
    "SMTP_TIMEOUT": ["0", "-1", "ten", "nan"],
    "IMAP_PORT": ["imaps"],
    "IMAP_SECURITY": ["ssl"],
    "MAIL_FROM": ["chair", "The Chair", "chair@", "UNA, Exampleshire <chair@example.org>"],
    "MAIL_REPLY_TO": ["office at example.org"],
    "MAIL_BCC_ARCHIVE": ["archive", "büro@example.org", "archivé@example.org"],
    "MAIL_REDIRECT_TO": ["me", "proof@example.org\nBcc: all@example.org"],
    "DEAR_MINISTER_VAR": ["var?mode=ro"],  # would end the ledger's address
    "MAIL_RATE": ["fast", "0/minute"],
    "MAIL_RETRY_MINUTES": ["soon", "-5", "nan"],
    "MAIL_GIVE_UP_DAYS": ["0", "-1", "week", "inf"],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in BAD.items() for value in values]
)
def test_a_value_that_makes_no_sense_is_told_with_its_settings_name(
    monkeypatch: Patch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    monkeypatch.setenv("SMTP_PASSWORD", "hidden")
    with pytest.raises(ConfigurationError) as told:
        load()
    assert str(told.value).startswith(f"{name}: ")
    assert "hidden" not in f"{told.value} {told.value.__cause__}"
    assert len(str(told.value).splitlines()) == 1


def test_each_setting_at_fault_has_a_line_of_its_own(monkeypatch: Patch) -> None:
    monkeypatch.setenv("SMTP_PORT", "smtp")
    monkeypatch.setenv("SMTP_SECURITY", "ssl")
    with pytest.raises(ConfigurationError) as told:
        load()
    assert [line.partition(":")[0] for line in str(told.value).splitlines()] == [
        "SMTP_PORT",
        "SMTP_SECURITY",
    ]


@pytest.mark.parametrize("setting", ["SMTP_PASSWORD", "IMAP_PASSWORD"])
def test_a_password_shows_in_no_text_of_the_settings(monkeypatch: Patch, setting: str) -> None:
    monkeypatch.setenv(setting, "hidden#word")
    monkeypatch.setenv("SMTP_HOST", "mail.example.org")
    monkeypatch.setenv("IMAP_HOST", "mail.example.org")
    found = load()
    assert "hidden" not in f"{found!r} {found} {found.server!r} {found.archive!r}"
    assert "hidden#word" in (found.server.password, found.archive.password)


def test_a_password_in_quotes_may_hold_anything(monkeypatch: Patch) -> None:
    env_file("SMTP_HOST=mail.example.org\nSMTP_PASSWORD='a #b $c \"d é'\n")
    assert load().server.password == 'a #b $c "d é'


def test_an_env_file_that_is_not_utf_8_is_told() -> None:
    Path(".env").write_bytes("SMTP_PASSWORD=geheimniß\n".encode("cp1252"))
    with pytest.raises(ConfigurationError, match=r"\.env: is not UTF-8 text"):
        load()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o666])
def test_an_env_file_that_others_can_read_is_warned_of_with_the_command_to_type(mode: int) -> None:
    env_file("SMTP_HOST=\n", mode)
    assert "type: chmod 600 .env" in _warnings()[0]


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_an_env_file_for_its_owner_alone_is_not_warned_of(mode: int) -> None:
    assert _warnings() == ()
    env_file("SMTP_HOST=\n", mode)
    assert _warnings() == ()


def faults() -> list[str]:
    with pytest.raises(ConfigurationError) as raised:
        load()
    return [str(fault) for fault in raised.value.faults]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("SMTP_PASWORD=secret", "SMTP_PASWORD is not a setting; was SMTP_PASSWORD meant?"),
        ("smtp_hosts=x", "smtp_hosts is not a setting; was SMTP_HOST meant?"),
        ("IMAP_TIMEOUT=5", "IMAP_TIMEOUT is not a setting; there are IMAP_HOST, "),
        ("MAIL_FROM = ", None),
        ("SMTP_HOST", "SMTP_HOST has no = behind it; write SMTP_HOST=value"),
        ("SMTP HOST=mail", "cannot be read; write NAME=value, the value in quotes"),
        ('SMTP_USER="chair', "cannot be read; write NAME=value, the value in quotes"),
        ('SMTP_USER="chair" and more', "cannot be read; write NAME=value, the value in quotes"),
        ("MAIL_RATE=9/hour\nMAIL_RATE=9/minute", "MAIL_RATE stands in this file twice"),
        ("DEAR_MINISTER_OFFICE=x", "DEAR_MINISTER_OFFICE says where this file is"),
        ("PREFECT_API_URL=http://x", None),
        ("EDITOR=vi", None),
    ],
)
def test_a_line_of_env_at_fault_stops_the_command_naming_file_and_line(
    line: str, what: str | None
) -> None:
    env_file(f"# the office\n\nSMTP_CONNECTIONS=2\n{line}\n")
    if what is None:
        assert load().smtp_connections == 2
        return
    (fault,) = faults()
    number = 4 + line.count("\n")
    assert fault.startswith(f".env:{number}: {what}")
    assert "secret" not in fault


def test_every_line_of_env_at_fault_is_named_at_once() -> None:
    env_file("SMTP_HSOT=x\nSMTP_PORT=25\nnonsense here\n")
    assert [fault.partition(": ")[0] for fault in faults()] == [".env:1", ".env:3"]


@pytest.mark.parametrize(
    "value",
    [
        '"Other Person" <other@example.org>',
        '"Other Person" <other@example.org>   # until May',
        "'\"Other Person\" <other@example.org>'",
        "Other Person <other@example.org>",
    ],
)
def test_a_sender_is_named_as_env_example_shows_it(value: str) -> None:
    env_file(f"SMTP_CONNECTIONS=2\nMAIL_FROM={value}\nMAIL_RATE=9/hour\n")
    assert parseaddr(load().mail_from) == ("Other Person", "other@example.org")
    assert load().mail_rate == "9/hour"


@pytest.mark.parametrize("password", ["pa$$word", "${HOME}", "$HOME", "a$b${c:-d}"])
@pytest.mark.parametrize("quote", ["", '"', "'"])
def test_a_dollar_in_a_password_is_kept_as_typed(password: str, quote: str) -> None:
    env_file(f"SMTP_PASSWORD={quote}{password}{quote}\n")
    assert load().smtp_password.get_secret_value() == password


def test_every_setting_at_fault_is_named_at_once() -> None:
    env_file("MAIL_FROM=nobody\nMAIL_RATE=fast\nMAIL_RETRY_MINUTES=soon\n")
    with pytest.raises(ConfigurationError) as raised:
        load()
    named = [line.partition(":")[0] for line in str(raised.value).splitlines()]
    assert named == ["MAIL_FROM", "MAIL_RATE", "MAIL_RETRY_MINUTES"]


def test_letters_leave_30_a_minute_where_nothing_is_said_and_at_will_to_this_machine(
    monkeypatch: Patch,
) -> None:
    monkeypatch.setenv("SMTP_HOST", "mail.example.org")
    assert load().seconds_between_letters == 2.0
    monkeypatch.setenv("SMTP_HOST", "127.0.0.1")
    assert load().seconds_between_letters == 0.0
    monkeypatch.setenv("MAIL_RATE", "60/minute")
    assert load().seconds_between_letters == 1.0


def test_var_moves_the_ledger_with_it(monkeypatch: Patch) -> None:
    monkeypatch.setenv("DEAR_MINISTER_VAR", "/srv/letters var")
    assert load().ledger == "sqlite:////srv/letters var/ledger.db"
    monkeypatch.setenv("LEDGER_URL", "sqlite:///elsewhere.db")
    assert load().ledger == "sqlite:///elsewhere.db"


@pytest.mark.parametrize(
    ("name", "address", "mailbox_"),
    [
        ("Eleanor Marchbank", "chair@example.org", '"Eleanor Marchbank" <chair@example.org>'),
        ("", "chair@example.org", "chair@example.org"),
        ("Eleanor", "The Chair <chair@example.org>", '"The Chair" <chair@example.org>'),
        ("Siân", "chair@example.org", '"Siân" <chair@example.org>'),
    ],
)
def test_the_sender_is_named_as_the_setting_names_it_else_as_the_campaign_does(
    name: str, address: str, mailbox_: str
) -> None:
    assert mailbox(name, address) == mailbox_


@given(st.text(st.characters(exclude_categories=["C", "Z"]), max_size=40))
def test_whatever_the_senders_name_it_is_read_back_as_it_was(name: str) -> None:
    assert parseaddr(mailbox(name, "chair@example.org")) == (name, "chair@example.org")


def test_a_date_is_written_as_2013_09_04() -> None:
    assert settings.day(" 2013-09-04 ").isoformat() == "2013-09-04"
    for text in ("4 September 2013", "2013-02-30", "", "04/09/2013"):
        with pytest.raises(ConfigurationError, match="2013-09-04"):
            settings.day(text)


def test_a_password_typed_into_the_wrong_line_is_not_shown(monkeypatch: Patch) -> None:
    monkeypatch.setenv("SMTP_PORT", "hidden")
    with pytest.raises(ConfigurationError) as told:
        load()
    assert "hidden" not in f"{told.value} {told.value.__cause__}"
